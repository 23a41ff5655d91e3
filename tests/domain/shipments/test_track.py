"""Tracking and delivery on a real database: news moves units, everything else changes nothing."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.errors import (
    DomainError,
    Forbidden,
    IdempotencyConflict,
    NotFound,
    ValidationFailed,
    VersionConflict,
)
from domain.common.ids import ShipmentId
from domain.identity.model import Actor, Role
from domain.orders.errors import IllegalTransition
from domain.orders.model import Order
from domain.orders.states import FulfillmentStatus, GroupState, OrderStatus
from domain.orders.tables import line_group, order_history, sales_order
from domain.shipments.commands import DeliverShipment, RecordTrackingEvent
from domain.shipments.deliver import deliver_shipment
from domain.shipments.events import shipment_payload
from domain.shipments.model import Shipment, ShipmentStatus, TrackingStatus
from domain.shipments.projection import shipment_states
from domain.shipments.results import ShipmentChange, Tracked
from domain.shipments.tables import shipment, tracking_event
from domain.shipments.track import record_tracking_event
from domain.stock.audit import violations
from tests.support import stock
from tests.support.packed_order import (
    loaded,
    packed,
    parcel,
    ship,
    shipments,
    shipping,
    units,
    work_at,
)
from tests.support.shop import ADMIN, MILAN, MILAN_TILL, ROME, ROME_TILL, WEB_SHOP, Shop, open_shop
from tests.support.statements import counted_statements

S, T = GroupState, TrackingStatus
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.fixture
async def shop(engine: AsyncEngine, clean_database: str) -> Shop:
    return await open_shop(engine, {"HAT": {"ROME": 5, "MILAN": 5}})


async def sent(shop: Shop, *parcels: Any, hats: int = 5) -> Order:
    """An order from Rome, shipped in these parcels."""
    order = await packed(shop, {"HAT": hats})
    await ship(shop, shipping(order, *parcels))
    return await loaded(shop, order.id)


def report(number: str, status: TrackingStatus, at: datetime = NOON, **changes: Any) -> Any:
    given: dict[str, Any] = {
        "idempotency_key": uuid4().hex,
        "carrier": "DHL",
        "tracking_number": number,
        "external_id": uuid4().hex,
        "status": status,
        "occurred_at": at,
        "place": "Roma",
    }
    return RecordTrackingEvent(**{**given, **changes})


async def track(shop: Shop, command: RecordTrackingEvent, actor: Actor = ADMIN) -> Tracked:
    return await shop.database.run(
        lambda tx: record_tracking_event(tx, actor, command), actor_key=actor.key
    )


async def deliver(shop: Shop, command: DeliverShipment, actor: Actor = ADMIN) -> ShipmentChange:
    return await shop.database.run(
        lambda tx: deliver_shipment(tx, actor, command), actor_key=actor.key
    )


async def only(shop: Shop, order: Order) -> Shipment:
    (found,) = await shipments(shop, order.id)
    return found


async def everything(shop: Shop) -> list[Any]:
    """All rows that tracking may touch."""
    tables = (sales_order, line_group, order_history, shipment, tracking_event)
    return [await shop.rows(sa.select(table).order_by(table.c[0])) for table in tables]


async def actions(shop: Shop) -> list[str]:
    rows = await shop.rows(sa.select(order_history.c.action).order_by(order_history.c.seq))
    return [row.action for row in rows]


async def news(shop: Shop) -> list[tuple[int, str]]:
    """Version and status of every published ShipmentChanged, in order."""
    events = await stock.events(shop.database.writes)
    return [
        (event["version"], event["payload"]["status"])
        for event in events
        if event["type"] == "ShipmentChanged"
    ]


async def test_a_parcel_travels_and_its_order_is_closed(shop: Shop) -> None:
    order = await sent(shop, parcel("A1"))
    before = await actions(shop)
    for status, state, life in (
        (T.IN_TRANSIT, S.IN_TRANSIT, OrderStatus.CONFIRMED),
        (T.OUT_FOR_DELIVERY, S.IN_TRANSIT, OrderStatus.CONFIRMED),
        (T.DELIVERED, S.DELIVERED, OrderStatus.CLOSED),
    ):
        assert (await track(shop, report("a1", status))).applied
        after = await loaded(shop, order.id)
        assert (units(after), after.status) == ({state: 5}, life)
    assert after.fulfillment_status is FulfillmentStatus.DELIVERED
    assert after.closed_at is not None
    found = await only(shop, order)
    assert (found.status, found.delivered_at) == (ShipmentStatus.DELIVERED, NOON)
    assert await shop.scalar(sa.select(shipment.c.status)) == "DELIVERED"
    assert (await actions(shop))[len(before) :] == ["MARK_IN_TRANSIT", "DELIVER"]
    assert await news(shop) == [
        (1, "SHIPPED"),
        (2, "IN_TRANSIT"),
        (3, "IN_TRANSIT"),
        (4, "DELIVERED"),
    ]


async def test_late_reports_are_kept_and_lower_nothing(shop: Shop) -> None:
    order = await sent(shop, parcel("A1"))
    await track(shop, report("A1", T.DELIVERED))
    before = await everything(shop)
    published = len(await stock.events(shop.database.writes))
    for status in TrackingStatus:
        done = await track(shop, report("A1", status, NOON + timedelta(hours=1)))
        assert not done.applied
    after = await everything(shop)
    assert after[:-1] == before[:-1]
    assert len(after[-1]) == len(before[-1]) + len(TrackingStatus)
    assert len(await stock.events(shop.database.writes)) == published
    assert (await only(shop, order)).parcels[0].status is T.DELIVERED


async def test_a_repeated_report_is_not_kept_again_and_answers_the_same(shop: Shop) -> None:
    await sent(shop, parcel("A1"))
    first = await track(shop, report("A1", T.IN_TRANSIT, external_id="e1"))
    before = await everything(shop)
    assert await track(shop, report("A1", T.IN_TRANSIT, external_id="e1")) == first
    assert await track(shop, report("A1", T.DELIVERED, external_id=" e1 ")) == first
    assert await everything(shop) == before


async def test_the_same_report_twenty_times_at_once_is_one(shop: Shop) -> None:
    order = await sent(shop, parcel("A1"))
    commands = [report("A1", T.IN_TRANSIT, external_id="e1") for _ in range(20)]
    results = await asyncio.gather(*[track(shop, command) for command in commands])
    assert len(set(results)) == 1
    assert len(await shop.rows(sa.select(tracking_event))) == 1
    assert (await only(shop, order)).version == 2


async def test_two_parcels_of_one_line_arrive_one_after_the_other(shop: Shop) -> None:
    order = await sent(shop, parcel("A", HAT=2), parcel("B", HAT=3))
    await track(shop, report("B", T.DELIVERED))
    half = await loaded(shop, order.id)
    assert units(half) == {S.SHIPPED: 2, S.DELIVERED: 3}
    assert (half.status, half.fulfillment_status) == (
        OrderStatus.CONFIRMED,
        FulfillmentStatus.PARTIALLY_DELIVERED,
    )
    found = await only(shop, order)
    assert (found.status, found.delivered_at) == (ShipmentStatus.PARTIALLY_DELIVERED, None)
    assert [each.tracking_number for each in found.parcels] == ["A", "B"]
    await track(shop, report("A", T.IN_TRANSIT))
    assert units(await loaded(shop, order.id)) == {S.IN_TRANSIT: 2, S.DELIVERED: 3}
    await track(shop, report("A", T.DELIVERED, NOON + timedelta(days=1)))
    whole = await loaded(shop, order.id)
    assert (units(whole), whole.status) == ({S.DELIVERED: 5}, OrderStatus.CLOSED)
    assert (await only(shop, order)).delivered_at == NOON + timedelta(days=1)
    assert await shop.database.read(violations) == []


async def test_the_order_stays_open_until_all_its_shipments_arrived(shop: Shop) -> None:
    order = await packed(shop, {"HAT": 8})
    await ship(shop, shipping(order, parcel("R"), work_id=work_at(order, ROME).id))
    await track(shop, report("R", T.DELIVERED))
    assert units(await loaded(shop, order.id)) == {S.DELIVERED: 5, S.PACKED: 3}
    await ship(shop, shipping(order, parcel("M"), work_id=work_at(order, MILAN).id))
    await track(shop, report("M", T.DELIVERED))
    assert (await loaded(shop, order.id)).status is OrderStatus.CLOSED


async def test_trouble_is_recorded_and_published_without_a_change_of_status(shop: Shop) -> None:
    order = await sent(shop, parcel("A"))
    version = order.version
    assert (await track(shop, report("A", T.DELAYED))).applied
    found = await only(shop, order)
    assert (found.version, found.status) == (2, ShipmentStatus.SHIPPED)
    assert (found.parcels[0].status, found.parcels[0].notice) == (T.HANDED_OVER, T.DELAYED)
    assert (await loaded(shop, order.id)).version == version
    last = (await stock.events(shop.database.writes))[-1]
    assert last["payload"]["parcels"][0]["notice"] == "DELAYED"
    assert not (await track(shop, report("A", T.DELAYED, NOON - timedelta(hours=1)))).applied
    await track(shop, report("A", T.IN_TRANSIT))
    assert (await only(shop, order)).parcels[0].notice is None


async def test_who_may_not_report_changes_nothing(shop: Shop) -> None:
    await sent(shop, parcel("A"))
    before = await everything(shop)
    cases: list[tuple[Actor, type[DomainError]]] = [
        (MILAN_TILL, Forbidden),
        (ROME_TILL, Forbidden),
        (Actor("c", Role.CALL_CENTER), Forbidden),
        (Actor("u", Role.CUSTOMER), Forbidden),
        (Actor("w", Role.WAREHOUSE, location_ids=frozenset({MILAN})), NotFound),
        (Actor("m", Role.CHANNEL), NotFound),
    ]
    for actor, refusal in cases:
        with pytest.raises(refusal):
            await track(shop, report("A", T.IN_TRANSIT), actor)
    assert await everything(shop) == before


async def test_the_channel_and_the_warehouse_of_the_parcel_may_report(shop: Shop) -> None:
    await sent(shop, parcel("A"))
    packer = Actor("w", Role.WAREHOUSE, location_ids=frozenset({ROME}))
    assert (await track(shop, report("A", T.IN_TRANSIT), WEB_SHOP)).applied
    assert (await track(shop, report("A", T.DELIVERED), packer)).applied


async def test_bad_reports_change_nothing(shop: Shop) -> None:
    await sent(shop, parcel("A"))
    before = await everything(shop)
    naive, future = NOON.replace(tzinfo=None), datetime.now(UTC) + timedelta(hours=2)
    cases: list[tuple[RecordTrackingEvent, type[DomainError]]] = [
        (report("B", T.IN_TRANSIT), NotFound),
        (report("A", T.IN_TRANSIT, carrier="UPS"), NotFound),
        (report("A", T.IN_TRANSIT, carrier="D H L"), ValidationFailed),
        (report("?", T.IN_TRANSIT), ValidationFailed),
        (report("A", T.IN_TRANSIT, external_id=" "), ValidationFailed),
        (report("A", T.IN_TRANSIT, place="x" * 201), ValidationFailed),
        (report("A", T.IN_TRANSIT, naive), ValidationFailed),
        (report("A", T.IN_TRANSIT, future), ValidationFailed),
    ]
    for command, refusal in cases:
        with pytest.raises(refusal):
            await track(shop, command)
    assert await everything(shop) == before


async def test_a_report_is_replayed_and_its_key_is_good_for_one_input(shop: Shop) -> None:
    await sent(shop, parcel("A"))
    first = await track(shop, report("A", T.IN_TRANSIT, idempotency_key="k", external_id="e"))
    same = report("A", T.IN_TRANSIT, idempotency_key="k", external_id="e")
    assert await track(shop, same) == first
    with pytest.raises(IdempotencyConflict):
        await track(shop, report("A", T.DELIVERED, idempotency_key="k", external_id="e"))


async def test_own_delivery_brings_all_parcels(shop: Shop) -> None:
    order = await sent(shop, parcel("A", HAT=2), parcel("B", HAT=3))
    await track(shop, report("A", T.DELIVERED))
    found = await only(shop, order)
    command = DeliverShipment("k", found.id, expected_version=found.version)

    done = await deliver(shop, command, ROME_TILL)

    after = await loaded(shop, order.id)
    assert (units(after), after.status) == ({S.DELIVERED: 5}, OrderStatus.CLOSED)
    whole = await only(shop, order)
    assert (whole.version, done.version) == (3, 3)
    assert whole.status is ShipmentStatus.DELIVERED
    assert whole.delivered_at == after.closed_at
    assert await deliver(shop, command, ROME_TILL) == done
    with pytest.raises(IllegalTransition):
        await deliver(shop, DeliverShipment("again", found.id))
    late = await track(shop, report("B", T.IN_TRANSIT))
    assert not late.applied


async def test_refused_deliveries_change_nothing(shop: Shop) -> None:
    order = await sent(shop, parcel("A"))
    found = await only(shop, order)
    before = await everything(shop)
    cases: list[tuple[Actor, DeliverShipment, type[DomainError]]] = [
        (MILAN_TILL, DeliverShipment("k", found.id), NotFound),
        (Actor("c", Role.CALL_CENTER), DeliverShipment("k", found.id), Forbidden),
        (ADMIN, DeliverShipment("k", found.id, expected_version=7), VersionConflict),
        (ADMIN, DeliverShipment("k", ShipmentId(uuid4())), NotFound),
    ]
    for actor, command, refusal in cases:
        with pytest.raises(refusal):
            await deliver(shop, command, actor)
    assert await everything(shop) == before


async def test_two_vans_deliver_at_once_and_one_is_believed(shop: Shop) -> None:
    order = await sent(shop, parcel("A"))
    found = await only(shop, order)
    results = await asyncio.gather(
        *[deliver(shop, DeliverShipment(f"k{n}", found.id)) for n in range(6)],
        return_exceptions=True,
    )
    assert sum(isinstance(result, ShipmentChange) for result in results) == 1
    assert sum(isinstance(result, IllegalTransition) for result in results) == 5
    assert (await only(shop, order)).version == 2


async def test_snapshots_have_the_shape_of_the_events(shop: Shop, engine: AsyncEngine) -> None:
    orders = [await sent(shop, parcel(f"A{n}"), hats=1) for n in range(3)]
    await track(shop, report("A1", T.DELAYED))
    async with engine.connect() as connection:
        with counted_statements(engine) as statements:
            states = await shipment_states(connection, [order.id for order in orders])
    assert len(statements) == 1
    last = {
        event["aggregate_id"]: event["payload"]
        for event in await stock.events(shop.database.writes)
        if event["type"] == "ShipmentChanged"
    }
    assert {state["shipment_id"]: state for state in states} == last
    assert states[0] == shipment_payload(await only(shop, orders[0]))


async def test_a_report_takes_at_most_8_statements(shop: Shop, engine: AsyncEngine) -> None:
    await sent(shop, parcel("A", HAT=2), parcel("B", HAT=3))
    await track(shop, report("B", T.IN_TRANSIT))
    with counted_statements(engine) as statements:
        await track(shop, report("A", T.IN_TRANSIT))
    assert len(statements) <= 8, statements
