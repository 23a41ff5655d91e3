"""Promises against inbound stock: as early as can be, never more than comes in or waits."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.common.ids import LineGroupId, LocationId, OrderLineId, Sku
from domain.orders.model import Group, Line, Order
from domain.orders.promises import (
    Offer,
    kept,
    promised,
    promised_at,
    promised_dates,
    told,
    waiting,
)
from domain.orders.states import GroupState, OrderStatus
from domain.supply.model import Inbound, InboundId, InboundSource
from tests.domain.orders.test_lifecycle import order_in

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HAT, SCARF = Sku("HAT"), Sku("SCARF")
GOODS = {"HAT": {HAT: 1}, "SCARF": {SCARF: 1}, "SET": {HAT: 1, SCARF: 2}}
PLACE = LocationId(UUID(int=1))


def day(number: int) -> datetime:
    return NOW + timedelta(days=number)


def an_order(lines: Sequence[tuple[str, Sequence[int]]]) -> Order:
    """A confirmed order whose lines wait in groups of these sizes."""
    made = [
        Line(
            OrderLineId(UUID(int=number)), number, Sku(sku), {}, sum(units), 100, Decimal(0), 0,
            100 * sum(units), GOODS[sku],
        )
        for number, (sku, units) in enumerate(lines, start=1)
    ]  # fmt: skip
    groups = [
        Group(
            LineGroupId(UUID(int=100 * line.position + place)), line.id, n, GroupState.BACKORDERED
        )
        for line, (_, units) in zip(made, lines, strict=True)
        for place, n in enumerate(units)
    ]
    order = order_in(GroupState.BACKORDERED)
    return replace(order, lines=tuple(made), groups=tuple(groups), confirmed_at=NOW)


def an_offer(number: int, sku: Sku, free: int, eta: datetime, priority: int = 100) -> Offer:
    inbound = Inbound(
        id=InboundId(UUID(int=number)),
        source=InboundSource.PURCHASE_ORDER,
        source_id=UUID(int=number),
        reference="P",
        sku=sku,
        location_id=PLACE,
        quantity=free,
        received=0,
        eta=eta,
        confidence=Decimal(1),
        closed_at=None,
        updated_at=NOW,
        version=1,
    )
    return Offer(inbound, free, priority)


LINES = st.lists(
    st.tuples(st.sampled_from(sorted(GOODS)), st.lists(st.integers(1, 4), min_size=1, max_size=3)),
    min_size=1,
    max_size=3,
)
OFFERS = st.lists(
    st.tuples(st.sampled_from([HAT, SCARF]), st.integers(0, 6), st.integers(-1, 5)), max_size=6
).map(lambda rows: [an_offer(n, sku, free, day(at)) for n, (sku, free, at) in enumerate(rows, 1)])


@given(LINES.map(an_order), OFFERS)
def test_no_more_is_promised_than_comes_in_or_waits(order: Order, offers: list[Offer]) -> None:
    after = promised(order, offers, NOW)
    by_inbound: Counter[object] = Counter()
    by_part: Counter[object] = Counter()
    for each in after.promises:
        by_inbound[each.inbound_id] += each.quantity
        by_part[each.line_id, each.sku] += each.quantity
        assert each.promised_at > NOW
    assert all(by_inbound[offer.inbound.id] <= offer.free for offer in offers)
    for line in order.lines:
        kits = {by_part[line.id, sku] / each for sku, each in line.components.items()}
        assert len(kits) == 1
        assert kits.pop() <= line.ordered_quantity
    assert promised(after, offers, NOW) == after
    assert kept(after) == after


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), OFFERS)
def test_units_are_promised_as_early_as_can_be(units: list[int], offers: list[Offer]) -> None:
    after = promised(an_order([("HAT", units)]), offers, NOW)
    coming = sorted(
        offer.inbound.eta
        for offer in offers
        if offer.inbound.sku == HAT and offer.inbound.eta > NOW
        for _ in range(offer.free)
    )
    first = coming[: sum(units)]
    shown = sorted(each.promised_at for each in after.promises for _ in range(each.quantity))
    assert shown == first
    dates, position = promised_dates(after), 0
    for group in after.groups:
        position += group.quantity
        assert dates.get(group.id) == (first[position - 1] if position <= len(first) else None)
    assert promised_at(after) == (first[-1] if len(first) == sum(units) else None)


@given(LINES.map(an_order), OFFERS, st.data())
def test_what_waits_no_more_is_promised_no_more(
    order: Order, offers: list[Offer], data: st.DataObject
) -> None:
    before = promised(order, offers, NOW)
    served = frozenset(data.draw(st.sets(st.sampled_from([group.id for group in order.groups]))))
    groups = tuple(
        replace(group, state=GroupState.ALLOCATED) if group.id in served else group
        for group in before.groups
    )
    after = kept(replace(before, groups=groups))
    left = waiting(after)
    for part in {part for part, _ in told(before.promises)}:
        was = sorted(_units(before, part))
        assert sorted(_units(after, part)) == was[: left.get(part, 0)]
    assert kept(replace(before, status=OrderStatus.CANCELLED)).promises == ()


def _units(order: Order, part: tuple[OrderLineId, Sku]) -> list[datetime]:
    mine = [each for each in order.promises if (each.line_id, each.sku) == part]
    return [each.promised_at for each in mine for _ in range(each.quantity)]


def test_a_promise_stays_where_it_is_unless_another_is_earlier() -> None:
    order = an_order([("HAT", [2])])
    first, same, sooner = (
        an_offer(2, HAT, 2, day(4)), an_offer(1, HAT, 2, day(4)), an_offer(3, HAT, 1, day(2)),
    )  # fmt: skip
    before = promised(order, [first], NOW)
    assert promised(before, [same, first], NOW) == before
    after = promised(before, [same, first, sooner], NOW)
    assert sorted(_units(after, (order.lines[0].id, HAT))) == [day(2), day(4)]


def test_an_overdue_promise_is_kept_and_none_is_made() -> None:
    order = an_order([("HAT", [2])])
    before = promised(order, [an_offer(1, HAT, 1, day(1))], NOW)
    late = day(2)
    assert promised(before, [an_offer(1, HAT, 5, day(1))], late) == before
    assert promised(order, [an_offer(1, HAT, 5, day(1))], late).promises == ()


def test_locations_that_could_not_serve_are_not_promised() -> None:
    order = an_order([("HAT", [2])])
    tried = replace(order.groups[0], excluded_location_ids=(PLACE,))
    order = replace(order, groups=(tried,))
    assert promised(order, [an_offer(1, HAT, 5, day(1))], NOW).promises == ()
