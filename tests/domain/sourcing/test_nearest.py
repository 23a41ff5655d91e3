"""Nearest single location, else the fewest, never more than there is."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from domain.common.ids import LocationId, OrderLineId, Sku, new_id
from domain.sourcing.model import Candidate, Place, SourcingReason, Wanted, distance_km
from domain.sourcing.nearest import NearestFirst

ROME, MILAN, MADRID = Place(41.9028, 12.4964), Place(45.4642, 9.19), Place(40.4168, -3.7038)


def candidate(code: str, place: Place, priority: int = 1, **available: int) -> Candidate:
    """A location with units by SKU."""
    skus = {Sku(sku): units for sku, units in available.items()}
    return Candidate(LocationId(new_id()), code, place, priority, skus)


def wanted(quantity: int, **components: int) -> Wanted:
    """Units of one line."""
    return Wanted(
        OrderLineId(new_id()), quantity, {Sku(sku): each for sku, each in components.items()}
    )


def test_distance_is_the_great_circle() -> None:
    assert round(distance_km(ROME, MILAN)) == 477
    assert distance_km(ROME, ROME) == 0


def test_nearest_with_everything_wins() -> None:
    near = candidate("ROME", ROME, HAT=1)
    far = candidate("MADRID", MADRID, HAT=9)
    plan = NearestFirst().plan([wanted(1, HAT=1)], [far, near], ROME)
    assert [part.location_id for part in plan.assignments] == [near.location_id]
    assert plan.reason is SourcingReason.SINGLE_NEAREST
    plan = NearestFirst().plan([wanted(2, HAT=1)], [far, near], ROME)
    assert [part.location_id for part in plan.assignments] == [far.location_id]


def test_priority_then_code_decide_without_a_place() -> None:
    second = candidate("A", ROME, priority=2, HAT=1)
    first = candidate("B", MADRID, priority=1, HAT=1)
    plan = NearestFirst().plan([wanted(1, HAT=1)], [second, first], None)
    assert plan.assignments[0].location_id == first.location_id


def test_two_places_rather_than_three() -> None:
    places = [
        candidate("A", ROME, HAT=1),
        candidate("B", MILAN, HAT=1, SCARF=1),
        candidate("C", MADRID, HAT=2),
    ]
    plan = NearestFirst().plan([wanted(2, HAT=1), wanted(1, SCARF=1)], places, ROME)
    assert len({part.location_id for part in plan.assignments}) == 2
    assert plan.reason is SourcingReason.FEWEST_SPLIT


def test_lines_that_share_a_component_do_not_count_it_twice() -> None:
    line, kit = wanted(1, HAT=1), wanted(1, HAT=1, SCARF=1)
    plan = NearestFirst().plan([line, kit], [candidate("A", ROME, HAT=1, SCARF=1)], None)
    assert plan.unfilled == {kit.line_id: 1}
    assert plan.reason is SourcingReason.PARTIAL


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=6),
)
def test_plans_serve_each_unit_once_and_never_more_than_there_is(
    quantities: list[int], stock: list[tuple[int, int]]
) -> None:
    lines = [
        wanted(quantity, **{("HAT", "SCARF")[i % 2]: 1}) for i, quantity in enumerate(quantities)
    ]
    places = [candidate(f"L{i}", ROME, i, HAT=h, SCARF=s) for i, (h, s) in enumerate(stock)]
    plan = NearestFirst().plan(lines, places, None)
    served: Counter[OrderLineId] = Counter()
    taken: Counter[tuple[LocationId, Sku]] = Counter()
    by_id = {line.line_id: line for line in lines}
    for part in plan.assignments:
        served[part.line_id] += part.quantity
        for sku in by_id[part.line_id].components:
            taken[part.location_id, sku] += part.quantity
    for line in lines:
        assert served[line.line_id] + plan.unfilled.get(line.line_id, 0) == line.quantity
    for place in places:
        for sku, units in place.available.items():
            assert taken[place.location_id, sku] <= units
    total = Counter({Sku("HAT"): sum(h for h, _ in stock), Sku("SCARF"): sum(s for _, s in stock)})
    demand: Counter[Sku] = Counter()
    for line in lines:
        demand[next(iter(line.components))] += line.quantity
    assert bool(plan.unfilled) == any(demand[sku] > total[sku] for sku in demand)
