from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.common.errors import ValidationFailed
from domain.common.ids import LocationId, Sku
from domain.stock.model import (
    AdjustmentReason,
    Bucket,
    Demand,
    Level,
    MovementReason,
    StockLevelId,
    aggregate,
    check_adjustment,
    explode,
    kit_available,
    network_available,
)

ROME, MILAN = LocationId(UUID(int=1)), LocationId(UUID(int=2))
HAT, SCARF = Sku("HAT"), Sku("SCARF")
EMPTY = Level(
    id=StockLevelId(UUID(int=3)),
    sku=HAT,
    location_id=ROME,
    on_hand=0,
    allocated=0,
    reserved=0,
    damaged=0,
    inspection=0,
    quality_hold=0,
    display=0,
    safety=0,
    version=1,
    updated_at=datetime(2025, 1, 1, tzinfo=UTC),
)
UNITS = st.integers(0, 10_000)
skus = st.sampled_from([Sku(name) for name in "ABCDE"])
kits = st.dictionaries(skus, st.integers(1, 9), min_size=1)
shelves = st.dictionaries(skus, st.integers(-5, 200))


@st.composite
def levels(draw: st.DrawFn) -> Level:
    """Levels that the database's CHECK constraints allow."""
    parts = [draw(UNITS) for _ in range(6)]
    allocated, reserved, damaged, inspection, quality_hold, display = parts
    return replace(
        EMPTY,
        on_hand=sum(parts) + draw(UNITS),
        allocated=allocated,
        reserved=reserved,
        damaged=damaged,
        inspection=inspection,
        quality_hold=quality_hold,
        display=display,
        safety=draw(UNITS),
    )


def test_available_is_what_no_one_claims_above_safety_stock() -> None:
    level = replace(
        EMPTY, on_hand=30, allocated=3, reserved=4, damaged=1, inspection=2, quality_hold=1,
        display=1, safety=5,
    )  # fmt: skip

    assert (level.unavailable, level.free, level.available) == (5, 18, 13)


@given(levels())
def test_available_is_never_negative_and_never_more_than_free(level: Level) -> None:
    assert 0 <= level.available <= level.free


@given(levels(), UNITS)
def test_what_is_available_can_be_reserved_and_not_one_unit_more(level: Level, more: int) -> None:
    sold = replace(level, reserved=level.reserved + level.available)

    assert sold.available == 0
    assert sold.free >= min(level.free, level.safety)
    raised = replace(level, safety=level.safety + more)
    assert raised.available == max(0, level.available - more)


@given(kits, shelves)
def test_the_kits_available_can_be_built_and_not_one_more(
    kit: dict[Sku, int], shelf: dict[Sku, int]
) -> None:
    count = kit_available(kit, shelf)

    def buildable(kits_wanted: int) -> bool:
        return all(max(0, shelf.get(sku, 0)) >= each * kits_wanted for sku, each in kit.items())

    assert buildable(count)
    assert not buildable(count + 1)


@given(kits, shelves, skus, st.integers(1, 50))
def test_more_of_a_component_never_means_fewer_kits(
    kit: dict[Sku, int], shelf: dict[Sku, int], sku: Sku, more: int
) -> None:
    richer = {**shelf, sku: shelf.get(sku, 0) + more}

    assert kit_available(kit, richer) >= kit_available(kit, shelf)


def test_a_kit_without_components_is_never_available() -> None:
    assert kit_available({}, {HAT: 3}) == 0


@given(st.lists(st.integers(-100, 100)), st.integers(-100, -1))
def test_a_location_with_less_than_nothing_hides_no_stock(units: list[int], less: int) -> None:
    assert network_available([*units, less]) == network_available(units)
    assert network_available(units) == sum(unit for unit in units if unit > 0)


@given(st.lists(st.tuples(skus, st.sampled_from([ROME, MILAN]), st.integers(1, 50))))
def test_demand_is_summed_per_place_and_sorted(lines: list[tuple[Sku, LocationId, int]]) -> None:
    demands = aggregate([Demand(*line) for line in lines])

    places = [(demand.location_id, demand.sku) for demand in demands]
    assert places == sorted(set(places))
    assert sum(demand.quantity for demand in demands) == sum(line[2] for line in lines)


def test_demand_keeps_the_version_that_a_line_expects() -> None:
    lines = [Demand(HAT, ROME, 1), Demand(HAT, ROME, 2, expected_version=7)]

    assert aggregate(lines) == [Demand(HAT, ROME, 3, expected_version=7)]


def test_lines_of_one_level_cannot_expect_different_versions() -> None:
    lines = [Demand(HAT, ROME, 1, expected_version=6), Demand(HAT, ROME, 2, expected_version=7)]

    with pytest.raises(ValidationFailed):
        aggregate(lines)


@pytest.mark.parametrize("quantity", [0, -1])
def test_demand_is_at_least_one_unit(quantity: int) -> None:
    with pytest.raises(ValidationFailed):
        aggregate([Demand(HAT, ROME, quantity)])


@given(kits, st.integers(1, 20))
def test_a_kit_and_its_component_are_one_demand(kit: dict[Sku, int], wanted: int) -> None:
    component, each = next(iter(kit.items()))
    set_sku = Sku("SET")
    lines = [Demand(set_sku, ROME, wanted), Demand(component, ROME, 1)]

    demands = {demand.sku: demand.quantity for demand in aggregate(explode(lines, {set_sku: kit}))}

    assert set_sku not in demands
    assert demands[component] == wanted * each + 1


OK = [
    (AdjustmentReason.DAMAGE, Bucket.FREE, Bucket.DAMAGED),
    (AdjustmentReason.DAMAGE, Bucket.DAMAGED, Bucket.EXTERNAL),
    (AdjustmentReason.DISPLAY, Bucket.DISPLAY, Bucket.FREE),
    (AdjustmentReason.QUALITY, Bucket.QUALITY_HOLD, Bucket.FREE),
    (AdjustmentReason.INSPECTION, Bucket.INSPECTION, Bucket.DAMAGED),
    (AdjustmentReason.THEFT, Bucket.DISPLAY, Bucket.EXTERNAL),
    (AdjustmentReason.FOUND, Bucket.EXTERNAL, Bucket.FREE),
    (AdjustmentReason.CORRECTION, Bucket.FREE, Bucket.EXTERNAL),
]
WRONG = [
    (AdjustmentReason.DAMAGE, Bucket.FREE, Bucket.DISPLAY),
    (AdjustmentReason.DISPLAY, Bucket.FREE, Bucket.EXTERNAL),
    (AdjustmentReason.THEFT, Bucket.EXTERNAL, Bucket.FREE),
    (AdjustmentReason.FOUND, Bucket.FREE, Bucket.EXTERNAL),
    (AdjustmentReason.COUNT, Bucket.EXTERNAL, Bucket.FREE),
    (AdjustmentReason.CORRECTION, Bucket.FREE, Bucket.FREE),
    (AdjustmentReason.CORRECTION, Bucket.RESERVED, Bucket.FREE),
    (AdjustmentReason.CORRECTION, Bucket.FREE, Bucket.ALLOCATED),
]


@pytest.mark.parametrize(("reason", "source", "target"), OK)
def test_people_move_units_for_a_reason_that_fits(
    reason: AdjustmentReason, source: Bucket, target: Bucket
) -> None:
    check_adjustment(reason, source, target)


@pytest.mark.parametrize(("reason", "source", "target"), WRONG)
def test_people_do_not_move_units_for_another_reason(
    reason: AdjustmentReason, source: Bucket, target: Bucket
) -> None:
    with pytest.raises(ValidationFailed):
        check_adjustment(reason, source, target)


def test_every_adjustment_is_a_reason_of_the_ledger() -> None:
    assert {reason.value for reason in AdjustmentReason} <= {each.value for each in MovementReason}
