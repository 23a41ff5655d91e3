"""What a simulation comes to, for orders that are made up."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import orjson

from domain.common.ids import LocationId, OrderId
from domain.sourcing.costing import total
from domain.sourcing.deciding import decided
from domain.sourcing.decision import CostKind
from domain.sourcing.model import Question
from domain.sourcing.rules.conditions import LocationAmong, LocationFact
from domain.sourcing.rules.model import (
    ANY_ORDER,
    CostSettings,
    Effect,
    EffectKind,
    Rule,
    RuleSetId,
    RuleSetStatus,
    RuleSetVersion,
    RuleSetVersionId,
)
from domain.trials.comparing import Happened, Outcome, PastOrder, Served, compared
from domain.trials.sums import MOST_EXAMPLES, MOST_LOCATIONS, Load, Sums
from tests.support.sourcing import MILAN, NOW, ROME, candidate, place_id, question, wanted

STORES = LocationAmong(LocationFact.KIND, ("STORE",))
COSTS = CostSettings(parcel_minor=400, per_100km_minor=100, unfilled_minor=50_000)


def asked(hats: int = 1, *, store: int = 9, warehouse: int = 9) -> Question:
    """Hats to Rome, where the warehouse is; the store is in Milan."""
    return question(
        [wanted(1, hats, "HAT")],
        [
            candidate("DC", ROME, {"HAT": warehouse}, kind="DC"),
            candidate("STORE", MILAN, {"HAT": store}),
        ],
    )


def past(given: Question, number: int = 1, **served: tuple[int, int]) -> PastOrder:
    """An order that was decided by the standard costs; `served` is units and parcels by code."""
    trace = decided(given, None).trace
    assert trace is not None
    really: Mapping[LocationId, Served] = {
        place_id(code): Served(code, *counts) for code, counts in served.items()
    }
    happened = Happened(really, measured=1, on_time=number % 2)
    at = NOW + timedelta(minutes=number)
    return PastOrder(OrderId(UUID(int=number)), f"W-{number}", at, given, trace, happened)


def tried(*rules: Rule) -> RuleSetVersion:
    """A draft of these rules."""
    return RuleSetVersion(
        id=RuleSetVersionId(UUID(int=2)),
        rule_set_id=RuleSetId(UUID(int=1)),
        name="Stores first",
        scope=ANY_ORDER,
        number=1,
        rules=rules,
        costs=COSTS,
        status=RuleSetStatus.DRAFT,
        valid_from=None,
        valid_until=None,
        author="ADMIN:anna",
        note="",
        created_at=NOW,
    )


STORES_FIRST = tried(Rule("stores first", Effect(EffectKind.REQUIRE), where=STORES))


def summed(*outcomes: Outcome) -> Sums:
    sums = Sums()
    for each in outcomes:
        sums.add(each)
    return sums


def test_rules_that_change_nothing_are_reported_as_that() -> None:
    sums = summed(*(compared(past(asked(2), n, DC=(2, 1)), tried()) for n in (1, 2)))
    assert (sums.orders, sums.changed, sums.examples) == (2, 0, [])
    assert sums.before == sums.after
    assert (sums.before.cost_minor, sums.before.parcels) == (800, 2)
    assert sums.stored_minor == {"EUR": 1000}
    assert (sums.actual.as_before, sums.actual.as_after) == (2, 2)


def test_stores_first_moves_orders_from_the_warehouse() -> None:
    outcome = compared(past(asked(2), DC=(2, 1)), STORES_FIRST)
    sums = summed(outcome)
    km = outcome.after.parcels[0].distance_km
    assert km is not None
    assert round(km) == 477
    assert (sums.changed, sums.before.cost_minor, sums.after.cost_minor) == (1, 400, 877)
    assert sums.after.terms == {CostKind.PARCEL: 400, CostKind.DISTANCE: 477}
    assert (sums.before.distance_km, sums.after.distance_km) == (0.0, km)
    assert (sums.actual.as_before, sums.actual.as_after, sums.actual.parcels) == (1, 0, 1)
    assert list(sums.largest_changes()) == [
        Load(place_id("DC"), "DC", 2, 1, 0, 0, 2, 1),
        Load(place_id("STORE"), "STORE", 0, 0, 2, 1, 0, 0),
    ]
    [example] = sums.examples
    assert (example.number, example.delta_minor, example.cause) == ("W-1", 477, CostKind.DISTANCE)
    assert [each.code for each in example.before.places] == ["DC"]
    assert [(each.code, each.units) for each in example.after.places] == [("STORE", 2)]


def test_both_plans_are_priced_by_the_rules_that_are_tried() -> None:
    markdown = Rule("season's end", Effect(EffectKind.MARKDOWN, 900), where=STORES)
    outcome = compared(past(asked(3, store=2)), tried(markdown))
    assert outcome.before.cost_minor == 400
    assert (outcome.before_marked, outcome.after_marked) == (0, 2)
    assert total(outcome.after.terms) == outcome.after.cost_minor == 400 + 877 - 1800
    chosen = decided(outcome.order.question, tried(markdown)).trace
    assert chosen is not None
    assert outcome.after == chosen.chosen
    sums = summed(outcome)
    assert (sums.before.split, sums.after.split) == (0, 1)
    assert (sums.before.marked_down, sums.after.marked_down) == (0, 2)


def test_units_that_the_rules_leave_without_a_location_are_counted() -> None:
    sums = summed(compared(past(asked(3, store=2)), STORES_FIRST))
    assert (sums.before.unfilled, sums.after.unfilled) == (0, 1)
    assert sums.after.terms[CostKind.UNFILLED] == 50_000
    assert sums.examples[0].after.unfilled == 1


def test_an_order_of_which_nothing_was_served_is_no_actual_order() -> None:
    sums = summed(compared(past(asked(), 1), tried()), compared(past(asked(), 2), tried()))
    assert (sums.actual.orders, sums.actual.as_before, sums.actual.units) == (0, 0, 0)
    assert (sums.actual.measured, sums.actual.on_time) == (2, 1)


def test_the_examples_are_the_largest_changes_whatever_their_order() -> None:
    outcomes = [compared(past(asked(1 + n % 7, store=4), n), STORES_FIRST) for n in range(40)]
    sums = summed(*outcomes)
    assert sums.examples == summed(*reversed(outcomes)).examples
    ranked = sorted(outcomes, key=lambda each: (-abs(each.delta_minor), each.order.at))
    numbers = [each.order.number for each in ranked[:MOST_EXAMPLES]]
    assert [each.number for each in sums.examples] == numbers
    assert len(numbers) == MOST_EXAMPLES


def test_locations_are_listed_by_how_much_changes() -> None:
    sums = Sums()
    for n in range(60):
        sums.loads[str(n)] = Load(UUID(int=n), f"L{n:02}", before_units=10, after_units=10 + n)
    codes = [each.code for each in sums.largest_changes()]
    assert codes == [f"L{n}" for n in range(59, 59 - MOST_LOCATIONS, -1)]


def test_sums_are_gone_on_with_from_their_record() -> None:
    outcomes = [
        compared(past(asked(1 + n % 5, store=3), n, DC=(1, 1)), STORES_FIRST) for n in range(30)
    ]
    half = Sums.of(orjson.loads(orjson.dumps(summed(*outcomes[:17]).record())))
    for each in outcomes[17:]:
        half.add(each)
    assert half == summed(*outcomes)
    assert Sums.of(None) == Sums()
