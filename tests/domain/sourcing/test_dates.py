"""Goods that are wanted by a date, and orders that leave complete or not at all."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.common.ids import OrderId, Sku
from domain.sourcing.costing import late_days
from domain.sourcing.deciding import RuledPolicy
from domain.sourcing.decision import CostKind, Trace
from domain.sourcing.model import Candidate, Plan, Question, SourcingReason
from domain.sourcing.recording import question_of, question_record
from domain.sourcing.rules.conditions import LocationAmong, LocationFact
from domain.sourcing.rules.model import (
    MAX_LATE_DAYS,
    STANDARD_COSTS,
    Effect,
    EffectKind,
    Rule,
)
from domain.sourcing.wording.sentences import Language, sentences
from domain.trials.comparing import PastOrder, compared
from tests.domain.sourcing.examples import AT
from tests.support.sourcing import MILAN, ROME, candidate, question, version, wanted

HATS = [wanted(1, 2, "HAT")]


def coming(code: str, days: float, stock: int = 9, km: bool = False) -> Candidate:
    """A location whose goods arrive so many days after AT."""
    place = candidate(code, MILAN if km else ROME, {"HAT": stock})
    return replace(place, arrives_at=AT + timedelta(days=days))


def wanted_by(days: float | None, *candidates: Candidate, complete: bool = False) -> Question:
    """Two hats in Rome, wanted so many days after AT."""
    asked = question(HATS, candidates)
    by = None if days is None else AT + timedelta(days=days)
    where = replace(asked.circumstances, deliver_by=by, ship_complete=complete)
    return replace(asked, circumstances=where)


def trace_of(plan: Plan) -> Trace:
    """Its trace."""
    assert plan.trace is not None
    return plan.trace


def codes(plan: Plan) -> list[str]:
    """Who serves."""
    return [parcel.code for parcel in trace_of(plan).chosen.parcels]


@pytest.mark.parametrize(
    ("arrives", "by", "days"),
    [(2, 2, 0), (1, 2, 0), (2.01, 2, 1), (3, 2, 1), (3.5, 2, 2), (9, None, 0)],
)
def test_days_late_are_days_begun(arrives: float, by: float | None, days: int) -> None:
    deliver_by: datetime | None = None if by is None else AT + timedelta(days=by)
    assert late_days(coming("A", arrives), deliver_by) == days


def test_nobody_is_late_whose_date_is_not_known() -> None:
    assert late_days(candidate("A", stock={"HAT": 1}), AT) == 0


def test_a_farther_location_in_time_is_worth_its_way() -> None:
    near, far = coming("NEAR", 5), coming("FAR", 2, km=True)
    assert codes(RuledPolicy().plan(wanted_by(None, near, far))) == ["NEAR"]
    assert codes(RuledPolicy().plan(wanted_by(5, near, far))) == ["NEAR"]
    plan = RuledPolicy().plan(wanted_by(3, near, far))
    assert codes(plan) == ["FAR"]
    other = trace_of(plan).others[0]
    assert {term.kind: term.amount_minor for term in other.terms}[CostKind.LATENESS] == 2 * 2 * 200
    assert other.parcels[0].late_days == 2


def test_rules_say_what_a_day_is_worth() -> None:
    near, far = coming("NEAR", 5), coming("FAR", 2, km=True)
    patient = version(costs=replace(STANDARD_COSTS, late_minor=1))
    plan = RuledPolicy([patient]).plan(wanted_by(3, near, far))
    assert codes(plan) == ["NEAR"]
    assert trace_of(plan).chosen.parcels[0].late_days == 2


def test_a_date_long_ago_makes_no_order_worthless() -> None:
    plan = RuledPolicy().plan(wanted_by(-9_000, coming("A", 2)))
    assert not plan.unfilled
    terms = {term.kind: term.amount_minor for term in trace_of(plan).chosen.terms}
    assert terms[CostKind.LATENESS] == 2 * MAX_LATE_DAYS * STANDARD_COSTS.late_minor


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 3), st.booleans()), min_size=1, max_size=4
    ),
    st.integers(0, 6),
)
def test_a_decision_with_a_date_is_made_again_from_its_record(
    places: list[tuple[int, int, bool]], by: int
) -> None:
    given_ones = [
        coming(f"C{number}", days, stock, km) for number, (days, stock, km) in enumerate(places)
    ]
    asked = wanted_by(by, *given_ones)
    plan, again = (RuledPolicy().plan(q) for q in (asked, question_of(question_record(asked))))
    assert again == plan
    assert trace_of(again).plan_hash == trace_of(plan).plan_hash


def test_the_days_are_told_in_every_language() -> None:
    found = trace_of(RuledPolicy().plan(wanted_by(3, coming("A", 5))))
    names = {found.chosen.parcels[0].location_id: "Roma"}
    told = {each: sentences(found, names, each) for each in Language}
    assert "From Roma the goods come up to 2 days late." in told[Language.EN]
    assert "Da Roma la merce arriva con un ritardo fino a 2 giorni." in told[Language.IT]
    assert "Desde Roma la mercancía llega con un retraso de hasta 2 días." in told[Language.ES]
    assert "late delivery 8.00 EUR" in told[Language.EN][0]
    one = trace_of(RuledPolicy().plan(wanted_by(4, coming("A", 5))))
    assert "Da Roma la merce arriva con un ritardo fino a 1 giorno." in sentences(
        one, names, Language.IT
    )


def test_an_order_that_leaves_complete_keeps_what_there_is() -> None:
    asked = wanted_by(None, coming("A", 2, stock=1), complete=True)
    plan = RuledPolicy().plan(asked)
    assert [part.quantity for part in plan.assignments] == [1]
    assert sum(plan.unfilled.values()) == 1
    found = trace_of(plan)
    told = {each: sentences(found, {}, each, ships_complete=True) for each in Language}
    assert any("before all of it can" in each for each in told[Language.EN])
    assert any("prima che possa partire tutto" in each for each in told[Language.IT])
    assert any("antes de que pueda salir todo" in each for each in told[Language.ES])
    served = RuledPolicy().plan(wanted_by(None, coming("A", 2), complete=True))
    assert not served.unfilled


def test_an_order_that_leaves_complete_is_served_in_full_though_a_part_is_cheaper() -> None:
    cheap, dear = coming("NEAR", 2, stock=1), coming("FAR", 2, km=True)
    costs = version(costs=replace(STANDARD_COSTS, unfilled_minor=700))
    parted = wanted_by(None, cheap, dear)
    assert sum(RuledPolicy([costs]).plan(parted).unfilled.values()) == 0
    costs = version(costs=replace(STANDARD_COSTS, unfilled_minor=200, parcel_minor=150))
    alone = wanted_by(None, cheap, dear)
    whole = wanted_by(None, cheap, dear, complete=True)
    assert sum(RuledPolicy([costs]).plan(alone).unfilled.values()) == 1
    assert sum(RuledPolicy([costs]).plan(whole).unfilled.values()) == 0


def test_the_rule_that_limits_parcels_is_named() -> None:
    one = Rule("one parcel", Effect(EffectKind.CAP_PARCELS, 1))
    asked = wanted_by(None, coming("A", 2, stock=1), coming("B", 2, stock=1))
    found = trace_of(RuledPolicy([version(one)]).plan(asked))
    assert (found.binding, found.max_parcels_rule) == (("MAX_PARCELS",), "one parcel")
    for language in Language:
        assert any("one parcel" in each for each in sentences(found, {}, language))
    free = trace_of(RuledPolicy([version(one)]).plan(wanted_by(None, coming("A", 2))))
    assert free.max_parcels_rule is None


def expected(code: str, days: float, stock: int = 9) -> Candidate:
    """A location in Rome that has the units in so many days, and brings them two days later."""
    there = coming(code, days + 2, stock)
    return replace(there, expected_at=AT + timedelta(days=days))


def test_expected_stock_is_weighed_and_its_units_wait() -> None:
    soon, far = expected("NEAR", 3), coming("FAR", 2, km=True)
    plan = RuledPolicy().plan(wanted_by(6, soon, far))
    assert codes(plan) == ["NEAR"]
    assert (plan.assignments, sum(plan.unfilled.values())) == ((), 2)
    assert plan.reason is SourcingReason.NOTHING_AVAILABLE
    assert trace_of(plan).chosen.unfilled == ()
    assert trace_of(plan).chosen.parcels[0].expected_at == AT + timedelta(days=3)
    assert codes(RuledPolicy().plan(wanted_by(4, soon, far))) == ["FAR"]


def test_what_is_there_comes_before_what_is_expected_there() -> None:
    there, later = coming("A", 2, stock=2), expected("A", 0.5)
    plan = RuledPolicy().plan(wanted_by(9, later, there))
    assert not plan.unfilled
    partly = RuledPolicy().plan(
        wanted_by(9, expected("A", 1, stock=1), replace(there, available={Sku("HAT"): 1}))
    )
    assert [part.quantity for part in partly.assignments] == [1]
    assert sum(partly.unfilled.values()) == 1
    assert partly.reason is SourcingReason.PARTIAL


def test_what_is_expected_is_no_work_of_today_and_cannot_be_forced() -> None:
    busy = replace(expected("A", 3), daily_capacity=1, used_today=5)
    plan = RuledPolicy().plan(wanted_by(9, busy))
    assert codes(plan) == ["A"]
    forced = RuledPolicy().forced(wanted_by(9, busy), busy.location_id)
    assert forced.assignments == ()
    assert codes(forced) == []


def test_a_rule_about_a_location_counts_for_what_it_expects_too() -> None:
    no_stores = Rule(
        "no stores",
        Effect(EffectKind.FORBID),
        where=LocationAmong(LocationFact.CODE, ("A",)),
    )
    asked = wanted_by(9, expected("A", 1), coming("A", 2), coming("B", 2, km=True))
    assert codes(RuledPolicy([version(no_stores)]).plan(asked)) == ["B"]


def test_what_is_expected_has_its_own_price_when_rules_are_tried() -> None:
    asked = wanted_by(9, expected("A", 1, stock=1), coming("A", 2, stock=1))
    then = PastOrder(OrderId(UUID(int=7)), "W-7", AT, asked, trace_of(RuledPolicy().plan(asked)))
    late = replace(then.question.circumstances, deliver_by=AT + timedelta(days=2))
    for past in (then, replace(then, question=replace(asked, circumstances=late))):
        outcome = compared(past, version())
        assert len(outcome.after.parcels) == 2
        assert (outcome.is_changed, outcome.delta_minor) == (False, 0)


def test_what_waits_is_told_in_every_language() -> None:
    found = trace_of(RuledPolicy().plan(wanted_by(9, expected("A", 3))))
    names = {found.chosen.parcels[0].location_id: "Roma"}
    told = {each: sentences(found, names, each)[1] for each in Language}
    assert told == {
        Language.EN: "Roma expects it on 2026-10-04: these units wait until then.",
        Language.IT: "Roma attende la merce per il 04/10/2026: le unità aspettano fino ad allora.",
        Language.ES: "Roma espera la mercancía el 04/10/2026: las unidades esperan hasta entonces.",
    }
