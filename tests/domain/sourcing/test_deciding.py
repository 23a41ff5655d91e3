"""From a question to a plan: costs, ties, limits, and what is said about them."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.common.ids import LocationId, OrderLineId, Sku
from domain.sourcing.deciding import RuledPolicy
from domain.sourcing.decision import CostKind, EliminationReason, Trace
from domain.sourcing.model import Plan, Question, SourcingReason, distance_km
from domain.sourcing.problem import ProofStatus
from domain.sourcing.rules.conditions import LocationAmong, LocationFact, OnWeekdays
from domain.sourcing.rules.model import Effect, EffectKind, Rule
from tests.support.sourcing import (
    MADRID,
    MILAN,
    ROME,
    candidate,
    line_id,
    place_id,
    question,
    version,
    wanted,
)


def plan_of(asked: Question) -> Plan:
    """The plan by costs alone."""
    return RuledPolicy().plan(asked)


def trace_of(plan: Plan) -> Trace:
    """Its trace."""
    assert plan.trace is not None
    return plan.trace


def places(plan: Plan) -> set[LocationId]:
    """Who serves."""
    return {part.location_id for part in plan.assignments}


def test_distance_is_the_great_circle() -> None:
    assert round(distance_km(ROME, MILAN)) == 477
    assert distance_km(ROME, ROME) == 0


def test_the_nearest_with_everything_is_the_cheapest() -> None:
    near, far = candidate("ROME", ROME, {"HAT": 1}), candidate("MILAN", MILAN, {"HAT": 9})
    plan = plan_of(question([wanted(1, 1, "HAT")], [far, near]))
    assert places(plan) == {near.location_id}
    assert plan.reason is SourcingReason.SINGLE_LOCATION
    assert places(plan_of(question([wanted(1, 2, "HAT")], [far, near]))) == {far.location_id}


def test_priority_then_code_decide_among_equals() -> None:
    second, first = candidate("A", stock={"HAT": 1}, priority=2), candidate("B", stock={"HAT": 1})
    lines = [wanted(1, 1, "HAT")]
    assert places(plan_of(question(lines, [second, first], None))) == {first.location_id}
    same = candidate("AA", stock={"HAT": 1})
    assert places(plan_of(question(lines, [first, same], None))) == {same.location_id}


def test_a_parcel_more_only_when_it_is_cheaper() -> None:
    lines = [wanted(1, 1, "HAT"), wanted(2, 1, "SCARF")]
    hat, scarf = candidate("A", ROME, {"HAT": 1}), candidate("B", ROME, {"SCARF": 1})
    far = candidate("MADRID", MADRID, {"HAT": 1, "SCARF": 1}, country="ES")
    near = candidate("MILAN", MILAN, {"HAT": 1, "SCARF": 1})
    assert places(plan_of(question(lines, [hat, scarf, near]))) == {near.location_id}
    plan = plan_of(question(lines, [hat, scarf, far]))
    assert plan.reason is SourcingReason.SPLIT
    assert places(plan) == {hat.location_id, scarf.location_id}
    trace = trace_of(plan)
    assert trace.chosen.cost_minor == 2 * 500
    (other,) = [each for each in trace.others if len(each.parcels) == 1 and not each.unfilled]
    assert other.parcels[0].code == "MADRID"
    assert other.cost_minor == 1500 + round(distance_km(ROME, MADRID) / 2)


def test_lines_that_share_a_component_do_not_count_it_twice() -> None:
    lines = [wanted(1, 1, "HAT"), wanted(2, 1, "HAT", "SCARF")]
    plan = plan_of(question(lines, [candidate("A", stock={"HAT": 1, "SCARF": 1})]))
    assert sum(plan.unfilled.values()) == 1
    assert plan.reason is SourcingReason.PARTIAL


def test_equal_lines_are_one_demand_and_served_in_their_order() -> None:
    lines = [wanted(1, 1, "HAT"), wanted(2, 1, "HAT")]
    plan = plan_of(question(lines, [candidate("A", stock={"HAT": 1})]))
    assert [part.line_id for part in plan.assignments] == [line_id(1)]
    assert plan.unfilled == {line_id(2): 1}


def test_weight_doubt_and_distance_are_terms_of_the_cost() -> None:
    doubtful = candidate("A", MILAN, {"HAT": 5}, trust=Decimal("0.75"))
    trace = trace_of(plan_of(question([wanted(1, 2, "HAT", weight_g=1500)], [doubtful])))
    terms = {term.kind: term.amount_minor for term in trace.chosen.terms}
    assert terms == {
        CostKind.PARCEL: 500,
        CostKind.DISTANCE: round(distance_km(ROME, MILAN) / 2),
        CostKind.SHIPPING: 2 * 75,
        CostKind.RISK: 2 * 25,
    }
    assert trace.chosen.cost_minor == sum(terms.values()) == trace.proof.bound
    assert trace.proof.status is ProofStatus.OPTIMAL


def test_where_the_customer_collects_nothing_is_sent() -> None:
    home = candidate("STORE", MADRID, {"HAT": 1}, is_home=True, country="ES")
    near = candidate("ROME", ROME, {"HAT": 1})
    asked = question([wanted(1, 1, "HAT", weight_g=900)], [near, home])
    plan = plan_of(asked)
    assert places(plan) == {home.location_id}
    assert trace_of(plan).chosen.cost_minor == 0


def test_a_location_at_its_capacity_is_left_out() -> None:
    full = candidate("ROME", ROME, {"HAT": 1}, daily_capacity=40, used_today=40)
    next_best = candidate("MILAN", MILAN, {"HAT": 1}, daily_capacity=40, used_today=39)
    plan = plan_of(question([wanted(1, 1, "HAT")], [full, next_best]))
    assert places(plan) == {next_best.location_id}
    trace = trace_of(plan)
    (left_out,) = trace.eliminated
    assert left_out.reason is EliminationReason.AT_CAPACITY
    assert (left_out.code, left_out.value, left_out.threshold) == ("ROME", "40", "40")
    assert trace.binding == ("CAPACITY",)
    alone = plan_of(question([wanted(1, 1, "HAT")], [full]))
    assert places(alone) == {full.location_id}, "no sale is refused because people are busy"
    assert (trace_of(alone).eliminated, trace_of(alone).binding) == ((), ())
    carried_out = question([wanted(1, 1, "HAT")], [full], delivery_mode="TAKE_AWAY")
    assert places(plan_of(carried_out)) == {full.location_id}


def test_nobody_has_anything() -> None:
    asked = question([wanted(1, 2, "HAT")], [candidate("ROME", ROME, {"HAT": 0})])
    plan = plan_of(replace(asked, failed=(place_id("MILAN"),)))
    assert plan.reason is SourcingReason.NOTHING_AVAILABLE
    assert plan.unfilled == {line_id(1): 2}
    reasons = [(each.location_id, each.reason) for each in trace_of(plan).eliminated]
    assert reasons == [
        (place_id("MILAN"), EliminationReason.FAILED_BEFORE),
        (place_id("ROME"), EliminationReason.NO_STOCK),
    ]


def test_an_operator_forces_a_location_and_sees_what_it_costs() -> None:
    near = candidate("ROME", ROME, {"HAT": 1})
    full = candidate("MILAN", MILAN, {"HAT": 1}, daily_capacity=1, used_today=1)
    asked = question([wanted(1, 1, "HAT")], [near, full])
    plan = RuledPolicy().forced(asked, full.location_id)
    assert places(plan) == {full.location_id}
    more = trace_of(plan).chosen.cost_minor - trace_of(plan_of(asked)).chosen.cost_minor
    assert more == round(distance_km(ROME, MILAN) / 2)


def test_the_same_question_gets_the_same_plan_and_hash_in_any_order() -> None:
    lines = [wanted(1, 2, "HAT"), wanted(2, 1, "SCARF")]
    some = [candidate(f"L{i}", ROME, {"HAT": 1, "SCARF": i % 2}) for i in range(6)]
    first, again = plan_of(question(lines, some)), plan_of(question(lines, some))
    assert first == again
    assert trace_of(first).plan_hash == trace_of(again).plan_hash
    assert plan_of(question(lines, some[::-1])) == first
    more = trace_of(plan_of(question([wanted(1, 1, "HAT"), lines[1]], some)))
    assert more.plan_hash != trace_of(first).plan_hash


def test_dates_in_rules_are_those_of_the_merchant() -> None:
    """It is Thursday 9:00 in UTC, and Thursday in Rome, but Wednesday in Honolulu."""
    near, dc = candidate("ROME", stock={"HAT": 1}), candidate("DC", MILAN, {"HAT": 1}, kind="DC")
    asked = question([wanted(1, 1, "HAT")], [near, dc])
    rule = Rule(
        "Thursdays",
        Effect(EffectKind.REQUIRE),
        OnWeekdays((4,)),
        LocationAmong(LocationFact.KIND, ("DC",)),
    )
    in_rome, far_away = version(rule), version(rule, time_zone="Pacific/Honolulu")
    assert places(RuledPolicy([in_rome]).plan(asked)) == {dc.location_id}
    assert places(RuledPolicy([far_away]).plan(asked)) == {near.location_id}


def test_rules_cap_parcels_shares_and_capacities_and_say_so() -> None:
    some = [candidate(code, stock={"HAT": 2}) for code in ("A", "B", "C")]
    lines = [wanted(1, 5, "HAT")]
    cap = Rule("two at most", Effect(EffectKind.CAP_PARCELS, 2))
    plan = RuledPolicy([version(cap)]).plan(question(lines, some))
    assert plan.unfilled == {line_id(1): 1}
    assert trace_of(plan).binding == ("MAX_PARCELS",)
    share = Rule("a fifth each", Effect(EffectKind.CAP_SHARE, 20))
    plan = RuledPolicy([version(share)]).plan(question(lines, some))
    assert [part.quantity for part in plan.assignments] == [1, 1, 1]
    assert trace_of(plan).binding == ("SHARE",)
    busy = [replace(each, used_today=3) for each in some]
    tired = Rule("three a day", Effect(EffectKind.CAP_CAPACITY, 3))
    plan = RuledPolicy([version(tired)]).plan(question(lines, busy))
    assert plan.reason is SourcingReason.NOTHING_AVAILABLE
    assert trace_of(plan).binding == ("CAPACITY",)
    assert {each.threshold for each in trace_of(plan).eliminated} == {"3"}


@settings(max_examples=200)
@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=6),
)
def test_each_unit_is_served_once_and_never_more_than_there_is(
    quantities: list[int], stock: list[tuple[int, int]]
) -> None:
    lines = [wanted(i, units, ("HAT", "SCARF")[i % 2]) for i, units in enumerate(quantities)]
    some = [candidate(f"L{i}", ROME, {"HAT": h, "SCARF": s}) for i, (h, s) in enumerate(stock)]
    plan = plan_of(question(lines, some))
    served: Counter[OrderLineId] = Counter()
    taken: Counter[tuple[LocationId, Sku]] = Counter()
    by_id = {line.line_id: line for line in lines}
    for part in plan.assignments:
        served[part.line_id] += part.quantity
        for sku in by_id[part.line_id].components:
            taken[part.location_id, sku] += part.quantity
    for line in lines:
        assert served[line.line_id] + plan.unfilled.get(line.line_id, 0) == line.quantity
    for each in some:
        for sku, units in each.available.items():
            assert taken[each.location_id, sku] <= units
    there = Counter({Sku("HAT"): sum(h for h, _ in stock), Sku("SCARF"): sum(s for _, s in stock)})
    demand: Counter[Sku] = Counter()
    for line in lines:
        demand[next(iter(line.components))] += line.quantity
    assert bool(plan.unfilled) == any(demand[sku] > there[sku] for sku in demand)
    trace = trace_of(plan)
    assert trace.proof.bound == trace.chosen.cost_minor
    assert sum(term.amount_minor for term in trace.chosen.terms) == trace.chosen.cost_minor
    served_by_trace = Counter[OrderLineId]()
    for parcel in trace.chosen.parcels:
        for part in parcel.lines:
            served_by_trace[part.line_id] += part.quantity
    assert served_by_trace == served
