"""Parcels move exactly their own units of an order."""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.common.errors import ValidationFailed
from domain.common.ids import (
    ChannelCode,
    CustomerId,
    FulfillmentOrderId,
    LineGroupId,
    LocationId,
    OrderId,
    OrderLineId,
    Sku,
)
from domain.orders.errors import IllegalTransition, OrderOnHold
from domain.orders.lifecycle import split, with_hold
from domain.orders.model import (
    FulfillmentOrder,
    Group,
    Line,
    Order,
)
from domain.orders.states import (
    DeliveryMode,
    GroupState,
    Hold,
    OrderStatus,
    UnfilledPolicy,
)
from domain.shipments.commands import GivenParcel, GivenParcelLine, ShipFulfillmentOrder
from domain.shipments.errors import ParcelsDoNotMatch
from domain.shipments.model import RANK, Parcel, Shipment, TrackingStatus, state_of_units
from domain.shipments.units import delivered, dispatched, parcel_moved

NOW = datetime(2026, 10, 1, tzinfo=UTC)
PLACE = LocationId(UUID(int=1))
WORK = FulfillmentOrderId(UUID(int=2))
T = TrackingStatus


def packed(*quantities: int, mode: DeliveryMode = DeliveryMode.SHIP) -> Order:
    """A confirmed order with one packed group of each quantity, each the only one of its line."""
    lines = [line(position, n) for position, n in enumerate(quantities, start=1)]
    groups = [
        Group(
            LineGroupId(UUID(int=100 + each.position)),
            each.id,
            each.ordered_quantity,
            GroupState.PACKED,
            PLACE,
            WORK,
        )
        for each in lines
    ]
    total = sum(each.total_minor for each in lines)
    order_id = OrderId(UUID(int=3))
    return Order(
        id=order_id,
        number="U-1",
        tracking_token="t",
        channel=ChannelCode("WEB"),
        external_reference=None,
        source_code=None,
        customer_id=CustomerId(UUID(int=4)),
        status=OrderStatus.CONFIRMED,
        holds=frozenset(),
        delivery_mode=mode,
        delivery_location_id=None,
        unfilled_policy=UnfilledPolicy.REFUSE,
        language="it",
        country="IT",
        currency="EUR",
        items_minor=total,
        shipping_minor=0,
        discount_minor=0,
        tax_minor=0,
        tax_included=True,
        total_minor=total,
        placed_at=NOW,
        placed_by="TEST",
        pay_until=None,
        confirmed_at=NOW,
        closed_at=None,
        updated_at=NOW,
        version=1,
        lines=tuple(lines),
        groups=tuple(groups),
        fulfillment_orders=(
            FulfillmentOrder(WORK, order_id, PLACE, DeliveryMode.SHIP, None, NOW, NOW, 1),
        ),
    )


def line(position: int, quantity: int) -> Line:
    line_id = OrderLineId(UUID(int=10 + position))
    sku = Sku(f"S{position}")
    zero = Decimal(0)
    return Line(line_id, position, sku, {}, quantity, 100, zero, 0, 100 * quantity, {sku: 1})


def command(*parcels: dict[int, int]) -> ShipFulfillmentOrder:
    """Parcels by the units of line positions in them."""
    made = tuple(
        GivenParcel(
            f"P{number}",
            lines=tuple(
                GivenParcelLine(OrderLineId(UUID(int=10 + position)), n)
                for position, n in units.items()
            ),
        )
        for number, units in enumerate(parcels, start=1)
    )
    return ShipFulfillmentOrder("k", WORK, "DHL", made)


def ship(order: Order, *parcels: dict[int, int]) -> tuple[Order, Shipment]:
    return dispatched(order, WORK, command(*parcels), NOW)


def units(order: Order) -> Counter[tuple[OrderLineId, GroupState]]:
    sums: Counter[tuple[OrderLineId, GroupState]] = Counter()
    for group in order.groups:
        sums[group.line_id, group.state] += group.quantity
    return sums


def test_one_parcel_without_lines_holds_everything() -> None:
    after, shipment = ship(packed(2, 5), {})
    assert [(str(each.line_id)[-2:], each.quantity) for each in shipment.parcels[0].lines] == [
        ("0b", 2),
        ("0c", 5),
    ]
    assert {group.state for group in after.groups} == {GroupState.SHIPPED}
    assert {group.shipment_id for group in after.groups} == {shipment.id}


@pytest.mark.parametrize(
    ("parcels", "differences"),
    [
        ([{1: 2}], [(11, 3, 2)]),
        ([{1: 4}], [(11, 3, 4)]),
        ([{1: 3, 7: 1}], [(17, 0, 1)]),
        ([{7: 3}], [(11, 3, 0), (17, 0, 3)]),
        ([{1: 2}, {1: 2}], [(11, 3, 4)]),
    ],
)
def test_parcels_must_hold_exactly_what_was_packed(
    parcels: list[dict[int, int]], differences: list[tuple[int, int, int]]
) -> None:
    with pytest.raises(ParcelsDoNotMatch) as refused:
        ship(packed(3), *parcels)
    found = [(each.line_id.int, each.packed, each.given) for each in refused.value.differences]
    assert found == differences


def test_one_of_several_parcels_may_not_be_empty() -> None:
    with pytest.raises(ValidationFailed) as refused:
        ship(packed(3), {1: 3}, {})
    assert refused.value.field == "parcels.1.lines"


def test_only_confirmed_packed_orders_to_be_shipped_are_shipped() -> None:
    with pytest.raises(OrderOnHold):
        ship(with_hold(packed(1), Hold.FRAUD), {})
    with pytest.raises(IllegalTransition):
        ship(packed(1, mode=DeliveryMode.PICKUP), {})
    with pytest.raises(IllegalTransition):
        ship(ship(packed(1), {})[0], {})


def test_a_parcel_with_a_part_of_a_group_splits_it() -> None:
    order, shipment = ship(packed(5), {1: 2}, {1: 3})
    order = parcel_moved(order, shipment.parcels[1], T.IN_TRANSIT)
    assert sorted((group.state.value, group.quantity) for group in order.groups) == [
        ("IN_TRANSIT", 3),
        ("SHIPPED", 2),
    ]
    assert len({group.id for group in order.groups}) == 2


def test_a_status_within_the_same_state_moves_nothing() -> None:
    order, shipment = ship(packed(5), {})
    assert parcel_moved(order, shipment.parcels[0], T.LABEL_CREATED) is order


def test_units_of_another_shipment_stay() -> None:
    order, shipment = ship(packed(2), {})
    stranger = Group(LineGroupId(uuid4()), order.lines[0].id, 4, GroupState.SHIPPED, PLACE)
    both = split(order, order.groups[0].id, 1, LineGroupId(uuid4()))
    both = parcel_moved(
        Order(
            **{name: getattr(both, name) for name in Order.__slots__ if name != "groups"},
            groups=(stranger, *both.groups),
        ),
        shipment.parcels[0],
        T.DELIVERED,
    )
    assert [group for group in both.groups if group.id == stranger.id] == [stranger]
    assert units(both)[order.lines[0].id, GroupState.DELIVERED] == 2


def test_more_units_than_there_are_cannot_move() -> None:
    order, shipment = ship(packed(2), {})
    moved = parcel_moved(order, shipment.parcels[0], T.IN_TRANSIT)
    with pytest.raises(IllegalTransition):
        parcel_moved(moved, shipment.parcels[0], T.IN_TRANSIT)


def test_delivering_the_rest_closes_the_order_and_cannot_be_repeated() -> None:
    order, shipment = ship(packed(2, 2), {1: 1, 2: 2}, {1: 1})
    order = parcel_moved(order, shipment.parcels[0], T.DELIVERED)
    assert order.status is OrderStatus.CONFIRMED
    order = delivered(order, shipment.id)
    assert order.status is OrderStatus.CLOSED
    with pytest.raises(IllegalTransition):
        delivered(order, shipment.id)


@pytest.mark.parametrize("quantity", [0, 3, 4, -1])
def test_split_leaves_units_on_both_sides(quantity: int) -> None:
    order = packed(3)
    with pytest.raises(ValueError, match="cannot split"):
        split(order, order.groups[0].id, quantity, LineGroupId(uuid4()))


@given(st.integers(2, 1000).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n - 1))))
def test_split_keeps_the_sum(sizes: tuple[int, int]) -> None:
    whole, part = sizes
    order = packed(whole)
    rest_id = LineGroupId(uuid4())
    first, second = split(order, order.groups[0].id, part, rest_id).groups
    assert (first.id, first.quantity) == (order.groups[0].id, part)
    assert (second.id, second.quantity) == (rest_id, whole - part)


@st.composite
def journeys(draw: st.DrawFn) -> tuple[list[dict[int, int]], list[tuple[int, TrackingStatus]]]:
    """Parcels of an order with one or two lines, and ranked reports of them in any order."""
    filled = st.dictionaries(st.integers(1, 2), st.integers(1, 4), min_size=1)
    parcels = draw(st.lists(filled, min_size=1, max_size=4))
    report = st.tuples(st.integers(0, len(parcels) - 1), st.sampled_from(sorted(RANK)))
    return parcels, draw(st.lists(report, max_size=15))


@given(journeys())
def test_units_are_where_their_parcels_are(
    journey: tuple[list[dict[int, int]], list[tuple[int, TrackingStatus]]],
) -> None:
    parcels, reports = journey
    totals = Counter[int]()
    for each in parcels:
        totals.update(each)
    if sorted(totals) != list(range(1, len(totals) + 1)):
        return
    order, shipment = ship(packed(*[totals[position] for position in sorted(totals)]), *parcels)
    standing: list[Parcel] = list(shipment.parcels)
    for index, status in reports:
        parcel = standing[index]
        if not parcel.is_news(status, NOW):
            continue
        order = parcel_moved(order, parcel, status)
        standing[index] = Parcel(
            parcel.id, parcel.shipment_id, parcel.position, "DHL", "P", None, status, parcel.lines
        )
        expected: Counter[tuple[OrderLineId, GroupState]] = Counter()
        for each in standing:
            for held in each.lines:
                expected[held.line_id, state_of_units(each.status)] += held.quantity
        assert units(order) == expected
    everything = all(each.status is T.DELIVERED for each in standing)
    assert (order.status is OrderStatus.CLOSED) == everything
