"""Parcels by carriers' rates: zones, steps of weight, and what stays linear of them."""

from dataclasses import replace

import pytest

from domain.carriers.rating import RateRow
from domain.sourcing.carriage import Rates, with_carriage
from domain.sourcing.deciding import RuledPolicy, decided
from domain.sourcing.decision import CostKind, Trace
from domain.sourcing.model import Carriage, Plan, Question
from domain.sourcing.recording import question_of, question_record
from domain.sourcing.rules.model import STANDARD_COSTS
from tests.support.sourcing import MILAN, ROME, candidate, question, version, wanted

BY_RATES = version(costs=replace(STANDARD_COSTS, carrier_rates=True))
ITALY = [
    RateRow("STANDARD", "IT", "", 1_000, 590, "EUR"),
    RateRow("STANDARD", "IT", "", 5_000, 990, "EUR"),
    RateRow("STANDARD", "IT", "07", 5_000, 1_500, "EUR"),
    RateRow("STANDARD", "", "", 2_000, 2_500, "EUR"),
]
RATES: Rates = {"GLS": ITALY, "SWISS": [RateRow("CHEAP", "IT", "", 5_000, 1, "CHF")]}


def asked(postal_code: str = "00118", units: int = 4, stock: int = 9) -> Question:
    """Hats of 500 g each for that postal code in Italy, in Rome and in Milan."""
    places = [
        candidate("ROME", ROME, {"HAT": stock}),
        candidate("MILAN", MILAN, {"HAT": stock}),
    ]
    return question([wanted(1, units, "HAT", weight_g=500)], places, postal_code=postal_code)


def carriage(given: Question, rates: Rates = RATES) -> Carriage | None:
    """What is found for it in euros."""
    return with_carriage(given, rates, "EUR").circumstances.carriage


def trace_of(plan: Plan) -> Trace:
    """Its trace."""
    assert plan.trace is not None
    return plan.trace


def terms_of(plan: Plan) -> dict[str, int]:
    """The terms of the chosen plan."""
    return {term.kind.value: term.amount_minor for term in trace_of(plan).chosen.terms}


@pytest.mark.parametrize(
    ("postal_code", "units", "light", "whole"),
    [("00118", 2, 590, 590), ("00118", 4, 590, 990), ("07026", 4, 1_500, 1_500)],
)
def test_zone_and_weight_say_the_price(
    postal_code: str, units: int, light: int, whole: int
) -> None:
    expected = Carriage("GLS", "STANDARD", "EUR", light, whole, 500 * units)
    assert carriage(asked(postal_code, units)) == expected


def test_the_cheapest_service_that_carries_all_counts() -> None:
    small = [RateRow("SMALL", "IT", "", 1_000, 100, "EUR")]
    tied = {"AAA": [replace(row, service="X") for row in ITALY], **RATES, "BRT": small}
    found = carriage(asked(), tied)
    assert found is not None
    assert (found.carrier, found.service) == ("AAA", "X")
    light = carriage(asked(units=2), tied)
    assert light is not None
    assert light.carrier == "BRT"


@pytest.mark.parametrize("given", [asked(""), asked(units=11)])
def test_without_a_rate_the_costs_of_the_rules_count(given: Question) -> None:
    """No address, or too heavy for every service."""
    assert carriage(given) is None
    plan, usual = RuledPolicy([BY_RATES], RATES).plan(given), RuledPolicy().plan(given)
    assert terms_of(plan) == terms_of(usual)


def test_one_parcel_with_everything_costs_what_the_table_says() -> None:
    plan = RuledPolicy([BY_RATES], RATES).plan(asked())
    assert terms_of(plan) == {"PARCEL": 590, "SHIPPING": 400}
    assert [each.code for each in trace_of(plan).chosen.parcels] == ["ROME"]
    assert CostKind.DISTANCE not in terms_of(plan)


def test_each_parcel_pays_the_lowest_step_at_least() -> None:
    plan = RuledPolicy([BY_RATES], RATES).plan(asked(stock=2))
    assert terms_of(plan) == {"PARCEL": 2 * 590, "SHIPPING": 400}


def test_rates_count_for_rules_that_go_by_them_only() -> None:
    assert "DISTANCE" not in terms_of(RuledPolicy([version()], RATES).plan(asked()))
    plan = RuledPolicy([version()], RATES).plan(asked())
    assert plan.question is not None
    assert plan.question.circumstances.carriage is None
    assert terms_of(plan) == terms_of(RuledPolicy().plan(asked()))


def test_a_decision_by_rates_is_made_again_without_the_table() -> None:
    plan = RuledPolicy([BY_RATES], RATES).plan(asked("07026"))
    assert plan.question is not None
    record = question_record(plan.question)
    assert "07026" not in str(record)
    again = decided(question_of(record), BY_RATES)
    assert again == plan
    assert trace_of(again).plan_hash == trace_of(plan).plan_hash
