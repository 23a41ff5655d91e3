"""Shipping on a real database: the money comes in once and to the cent, or the goods stay."""

import asyncio
from dataclasses import replace
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
from domain.common.ids import FulfillmentOrderId
from domain.common.tables import idempotency_key
from domain.identity.model import Actor, Role
from domain.orders.commands import ChangeHold, GivenPayment
from domain.orders.errors import CaptureFailed, IllegalTransition, OrderOnHold
from domain.orders.holding import hold_order, release_hold
from domain.orders.model import Order
from domain.orders.states import FulfillmentStatus, GroupState, Hold
from domain.orders.tables import line_group, order_history, sales_order
from domain.payments.model import PaymentStatus, Tender
from domain.payments.tables import payment, payment_capture, sandbox_charge, sandbox_operation
from domain.shipments.commands import ShipFulfillmentOrder
from domain.shipments.errors import DuplicateTrackingNumber, ParcelsDoNotMatch
from domain.shipments.model import ShipmentStatus, TrackingStatus
from domain.shipments.results import ShipmentChange
from domain.shipments.tables import parcel as parcel_table
from domain.shipments.tables import shipment
from domain.stock.audit import violations
from tests.support import stock
from tests.support.packed_order import (
    Interrupted,
    captured_minor,
    loaded,
    packed,
    parcel,
    placed,
    ship,
    shipments,
    shipping,
    units,
    work_at,
)
from tests.support.shop import ADMIN, MILAN, MILAN_TILL, ROME, ROME_TILL, Shop, open_shop
from tests.support.statements import counted_statements

S = GroupState
EXTERNAL = GivenPayment(Tender.EXTERNAL)


@pytest.fixture
async def shop(engine: AsyncEngine, clean_database: str) -> Shop:
    return await open_shop(
        engine, {"HAT": {"ROME": 5, "MILAN": 5}, "SCARF": {"ROME": 5, "MILAN": 3}}
    )


async def count(shop: Shop, table: sa.Table) -> int:
    return await shop.scalar(sa.select(sa.func.count()).select_from(table))


async def everything(shop: Shop) -> dict[str, list[Any]]:
    """All rows that shipping may touch."""
    tables = (sales_order, line_group, order_history, payment, shipment, parcel_table)
    rows = {table.name: await shop.rows(sa.select(table)) for table in tables}
    rows["level"] = [await stock.level_at(shop.database.writes, sku) for sku in ("HAT", "SCARF")]
    return rows


async def outcome(attempt: Any) -> ShipmentChange | str:
    """What became of an attempt to ship: the result, or the code of the refusal."""
    try:
        return await attempt
    except DomainError as refusal:
        return refusal.code


async def hold(shop: Shop, order: Order) -> None:
    command = ChangeHold(uuid4().hex, order.id, Hold.FRAUD)
    await shop.database.run(lambda tx: hold_order(tx, ADMIN, command), actor_key=ADMIN.key)


async def lift(shop: Shop, order: Order) -> None:
    command = ChangeHold(uuid4().hex, order.id, Hold.FRAUD)
    await shop.database.run(lambda tx: release_hold(tx, ADMIN, command), actor_key=ADMIN.key)


async def test_goods_leave_and_their_value_is_captured(shop: Shop) -> None:
    order = await packed(shop, {"HAT": 2, "SCARF": 1}, shipping_minor=499)

    done = await ship(shop, shipping(order, service="Express", carrier="dhl"), ROME_TILL)

    after = await loaded(shop, order.id)
    assert units(after) == {S.SHIPPED: 3}
    assert {group.shipment_id for group in after.groups} == {done.shipment_id}
    assert after.fulfillment_status is FulfillmentStatus.SHIPPED
    assert (after.payment_status, captured_minor(after)) == (PaymentStatus.CAPTURED, 7979)
    (found,) = await shipments(shop, order.id)
    assert (found.id, found.version, found.status) == (done.shipment_id, 1, ShipmentStatus.SHIPPED)
    assert (found.carrier, found.service, found.location_id) == ("DHL", "Express", ROME)
    assert found.parcels[0].status is TrackingStatus.HANDED_OVER
    assert await shop.scalar(sa.select(shipment.c.captured_minor)) == 7979
    level = await stock.level_at(shop.database.writes, "HAT")
    assert (level.on_hand, level.allocated) == (3, 0)
    assert await shop.database.read(violations) == []


async def test_each_change_is_published_once_with_the_shipment(shop: Shop) -> None:
    order = await packed(shop, {"HAT": 1})
    before = len(await stock.events(shop.database.writes))
    done = await ship(shop, shipping(order, parcel("jd 014 600")))
    events = (await stock.events(shop.database.writes))[before:]
    assert sorted(event["type"] for event in events) == [
        "FulfillmentOrderChanged",
        "OrderChanged",
        "ShipmentChanged",
        "StockChanged",
    ]
    (news,) = [event for event in events if event["type"] == "ShipmentChanged"]
    (found,) = await shipments(shop, order.id)
    assert found.shipped_at is not None
    assert (news["aggregate"], news["version"]) == ("shipment", 1)
    assert news["aggregate_id"] == str(done.shipment_id)
    assert news["topics"] == [f"order:{order.id}", f"customer:{order.customer_id}"]
    assert news["payload"] == {
        "shipment_id": str(done.shipment_id),
        "order_id": str(order.id),
        "version": 1,
        "status": "SHIPPED",
        "carrier": "DHL",
        "service": "",
        "parcels": [
            {
                "tracking_number": "JD014600",
                "status": "HANDED_OVER",
                "notice": None,
                "expected_at": None,
                "lines": [{"line_id": str(order.lines[0].id), "quantity": 1}],
            }
        ],
        "shipped_at": found.shipped_at.isoformat(),
        "delivered_at": None,
    }


async def test_two_shipments_capture_the_total_to_the_cent(shop: Shop) -> None:
    order = await packed(shop, {"HAT": 8}, shipping_minor=501)
    assert order.total_minor == 16421
    await ship(shop, shipping(order, work_id=work_at(order, MILAN).id))
    half = await loaded(shop, order.id)
    assert units(half) == {S.SHIPPED: 3, S.PACKED: 5}
    assert half.fulfillment_status is FulfillmentStatus.PARTIALLY_SHIPPED
    assert (captured_minor(half), half.payment_status) == (6157, PaymentStatus.PARTIALLY_CAPTURED)
    await ship(shop, shipping(order, work_id=work_at(order, ROME).id))
    whole = await loaded(shop, order.id)
    assert (captured_minor(whole), whole.payment_status) == (16421, PaymentStatus.CAPTURED)
    parts = await shop.rows(sa.select(shipment.c.captured_minor).order_by(shipment.c.id))
    assert [row[0] for row in parts] == [6157, 10264]


async def test_two_shipments_at_the_same_time_lose_no_cent(shop: Shop) -> None:
    order = await packed(shop, {"HAT": 8}, shipping_minor=501)
    rome, milan = work_at(order, ROME), work_at(order, MILAN)

    async def the_other_leaves() -> None:
        if captured_minor(await loaded(shop, order.id)) == 0:
            await ship(shop, shipping(order, work_id=milan.id))

    await ship(
        shop,
        shipping(order, work_id=rome.id),
        gateway=Interrupted(shop.gateway, the_other_leaves),
    )

    after = await loaded(shop, order.id)
    assert units(after) == {S.SHIPPED: 8}
    assert (captured_minor(after), after.payment_status) == (16421, PaymentStatus.CAPTURED)
    amounts = await shop.rows(sa.select(payment_capture.c.amount_minor))
    assert sorted(row[0] for row in amounts) == [1, 6157, 10263]
    assert [row.captured_minor for row in await shop.rows(sa.select(sandbox_charge))] == [16421]


async def test_paid_orders_ship_without_a_capture(shop: Shop) -> None:
    order = await packed(shop, {"HAT": 1}, payment=EXTERNAL)
    await ship(shop, shipping(order))
    assert await count(shop, payment_capture) == 0
    assert units(await loaded(shop, order.id)) == {S.SHIPPED: 1}


async def test_refused_capture_leaves_all_as_it_was(shop: Shop) -> None:
    order = await packed(shop, {"HAT": 1}, token="tok_capture_fail")
    before = await everything(shop)
    command = shipping(order)
    for attempt in (1, 2):
        with pytest.raises(CaptureFailed) as refused:
            await ship(shop, command)
        assert refused.value.reason == "capture_refused"
        assert await everything(shop) == before
        states = [row.state for row in await shop.rows(sa.select(payment_capture))]
        assert states == ["DECLINED"] * attempt
    assert await shop.database.read(violations) == []


async def test_replay_gives_the_same_and_another_input_conflicts(shop: Shop) -> None:
    order = await packed(shop, {"HAT": 1})
    command = shipping(order, expected_version=order.fulfillment_orders[0].version)
    first = await ship(shop, command)
    after = await everything(shop)
    assert await ship(shop, command) == first
    with pytest.raises(IdempotencyConflict):
        await ship(shop, replace(command, carrier="UPS"))
    assert await everything(shop) == after


async def test_same_key_twenty_times_at_once_is_one_shipment(shop: Shop) -> None:
    order = await packed(shop, {"HAT": 1})
    command = shipping(order)
    results = await asyncio.gather(*[ship(shop, command) for _ in range(20)])
    assert len(set(results)) == 1
    assert await count(shop, shipment) == 1
    assert await count(shop, sandbox_operation) == 1


async def test_two_clerks_ship_the_same_work_at_once(shop: Shop) -> None:
    order = await packed(shop, {"HAT": 2})
    results = await asyncio.gather(*[outcome(ship(shop, shipping(order))) for _ in range(8)])
    codes = [result for result in results if isinstance(result, str)]
    assert codes == ["ILLEGAL_TRANSITION"] * 7
    assert await count(shop, shipment) == 1
    assert await count(shop, sandbox_operation) == 1
    assert captured_minor(await loaded(shop, order.id)) == 3980
    assert await shop.database.read(violations) == []


@pytest.mark.parametrize("same_key", [True, False])
async def test_death_between_capture_and_record_captures_once(shop: Shop, same_key: bool) -> None:
    order = await packed(shop, {"HAT": 1})
    before = await everything(shop)

    async def die() -> None:
        raise ConnectionError("the process is gone")

    command = shipping(order, key="first")
    with pytest.raises(ConnectionError):
        await ship(shop, command, gateway=Interrupted(shop.gateway, die))
    assert await everything(shop) == before
    assert [row.state for row in await shop.rows(sa.select(payment_capture))] == ["PENDING"]

    await ship(shop, command if same_key else replace(command, idempotency_key="second"))

    assert [row.state for row in await shop.rows(sa.select(payment_capture))] == ["DONE"]
    assert [row.captured_minor for row in await shop.rows(sa.select(sandbox_charge))] == [1990]
    assert await count(shop, sandbox_operation) == 1
    assert captured_minor(await loaded(shop, order.id)) == 1990
    assert await shop.database.read(violations) == []


async def test_hold_during_the_capture_stops_the_goods_and_keeps_the_money_in_the_books(
    shop: Shop,
) -> None:
    order = await packed(shop, {"HAT": 1})
    command = shipping(order)
    with pytest.raises(OrderOnHold):
        await ship(shop, command, gateway=Interrupted(shop.gateway, lambda: hold(shop, order)))
    held = await loaded(shop, order.id)
    assert (units(held), captured_minor(held)) == ({S.PACKED: 1}, 1990)
    await lift(shop, order)
    await ship(shop, command)
    after = await loaded(shop, order.id)
    assert (units(after), captured_minor(after)) == ({S.SHIPPED: 1}, 1990)
    assert await count(shop, sandbox_operation) == 1


async def test_who_may_not_ship_changes_nothing(shop: Shop) -> None:
    order = await packed(shop, {"HAT": 1})
    before, keys = await everything(shop), await count(shop, idempotency_key)
    at_milan = Actor("w", Role.WAREHOUSE, location_ids=frozenset({MILAN}))
    outsiders = (Role.CALL_CENTER, Role.FINANCE, Role.CHANNEL, Role.CUSTOMER)
    cases: list[tuple[Actor, type[DomainError]]] = [
        (MILAN_TILL, NotFound),
        (at_milan, NotFound),
        *[(Actor("x", role), Forbidden) for role in outsiders],
    ]
    for actor, refusal in cases:
        with pytest.raises(refusal):
            await ship(shop, shipping(order), actor)
    assert await everything(shop) == before
    assert await count(shop, idempotency_key) == keys
    assert await count(shop, payment_capture) == 0


async def test_illegal_states_are_refused_before_any_money_moves(shop: Shop) -> None:
    planned = await placed(shop, {"HAT": 1})
    picking = await packed(shop, {"HAT": 1}, steps=())
    shipped = await packed(shop, {"HAT": 1})
    await ship(shop, shipping(shipped))
    before, captures = await everything(shop), await count(shop, payment_capture)
    for order in (planned, picking, shipped):
        with pytest.raises(IllegalTransition):
            await ship(shop, shipping(order))
    with pytest.raises(NotFound):
        await ship(shop, shipping(planned, work_id=FulfillmentOrderId(uuid4())))
    assert await everything(shop) == before
    assert await count(shop, payment_capture) == captures


def bad_commands(order: Order) -> list[tuple[ShipFulfillmentOrder, type[DomainError]]]:
    """Commands for an order of two hats that must be refused, and how."""
    one = shipping(order, parcel("A", HAT=1))
    (light,) = one.parcels
    twice = replace(light, lines=(*light.lines, *light.lines))
    return [
        (shipping(order, expected_version=1), VersionConflict),
        (one, ParcelsDoNotMatch),
        (shipping(order, parcel("A", HAT=2), parcel("B", HAT=1)), ParcelsDoNotMatch),
        (shipping(order, parcel("a 1", HAT=1), parcel("A1", HAT=1)), DuplicateTrackingNumber),
        (shipping(order, parcel("A", HAT=1), parcel("B")), ValidationFailed),
        (shipping(order, parcel("A", HAT=0)), ValidationFailed),
        (shipping(order, parcel("  ")), ValidationFailed),
        (shipping(order, parcels=()), ValidationFailed),
        (shipping(order, parcels=one.parcels * 101), ValidationFailed),
        (shipping(order, parcels=(twice,)), ValidationFailed),
        (shipping(order, parcels=(replace(light, lines=light.lines * 201),)), ValidationFailed),
        (shipping(order, parcels=(replace(light, weight_g=0),)), ValidationFailed),
        (shipping(order, carrier=""), ValidationFailed),
        (shipping(order, service="x" * 65), ValidationFailed),
        (shipping(order, key="x" * 129), ValidationFailed),
    ]


async def test_bad_commands_change_nothing(shop: Shop) -> None:
    order = await packed(shop, {"HAT": 2})
    before, keys = await everything(shop), await count(shop, idempotency_key)
    for command, refusal in bad_commands(order):
        with pytest.raises(refusal):
            await ship(shop, command)
    assert await everything(shop) == before
    assert await count(shop, payment_capture) == 0
    assert await count(shop, idempotency_key) == keys


async def test_tracking_numbers_are_unique_for_a_carrier(shop: Shop) -> None:
    first, second = await packed(shop, {"HAT": 1}), await packed(shop, {"HAT": 1})
    await ship(shop, shipping(first, parcel("JD01")))
    with pytest.raises(DuplicateTrackingNumber) as refused:
        await ship(shop, shipping(second, parcel("jd 01")))
    assert (refused.value.carrier, refused.value.tracking_number) == ("DHL", "JD01")
    assert units(await loaded(shop, second.id)) == {S.PACKED: 1}
    await ship(shop, shipping(second, parcel("JD01"), carrier="UPS"))


async def test_tracking_number_taken_during_the_capture_is_refused_and_money_is_not_taken_twice(
    shop: Shop,
) -> None:
    first, second = await packed(shop, {"HAT": 1}), await packed(shop, {"HAT": 1})

    async def other_is_faster() -> None:
        await ship(shop, shipping(second, parcel("JD01")))

    with pytest.raises(DuplicateTrackingNumber):
        await ship(
            shop,
            shipping(first, parcel("JD01")),
            gateway=Interrupted(shop.gateway, other_is_faster),
        )
    assert units(await loaded(shop, first.id)) == {S.PACKED: 1}
    await ship(shop, shipping(first, parcel("JD02")))
    after = await loaded(shop, first.id)
    assert (units(after), captured_minor(after)) == ({S.SHIPPED: 1}, 1990)
    assert await count(shop, sandbox_operation) == 2


async def test_kit_components_leave_the_shelf(shop: Shop) -> None:
    order = await packed(shop, {"SET": 2})
    await ship(shop, shipping(order))
    for sku in ("HAT", "SCARF"):
        level = await stock.level_at(shop.database.writes, sku)
        assert (level.on_hand, level.allocated) == (3, 0)
    ledger = await stock.movements(shop.database.writes)
    assert sorted(ledger[-2:]) == [  # one statement wrote both
        ("HAT", "ALLOCATED", "EXTERNAL", 2, "SHIPPED"),
        ("SCARF", "ALLOCATED", "EXTERNAL", 2, "SHIPPED"),
    ]


async def test_shipping_takes_at_most_14_statements(shop: Shop, engine: AsyncEngine) -> None:
    await ship(shop, shipping(await packed(shop, {"HAT": 1})))
    order = await packed(shop, {"HAT": 2, "SCARF": 2})
    halves = parcel("A", HAT=1, SCARF=2), parcel("B", HAT=1)
    with counted_statements(engine, ignore="sandbox") as statements:
        await ship(shop, shipping(order, *halves))
    assert len(statements) <= 14, statements
