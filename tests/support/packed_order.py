"""Orders that are packed at every location that serves them, made through the use cases."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from domain.common.ids import FulfillmentOrderId, LocationId, OrderId
from domain.common.money import Money
from domain.common.transaction import Tx
from domain.fulfillment.picking import confirm_pick
from domain.identity.model import Actor
from domain.orders.checkout import place_order
from domain.orders.commands import ChangeOrder, ChangeWork
from domain.orders.model import FulfillmentOrder, Order
from domain.orders.repository import orders_by_id
from domain.orders.results import WorkChanged
from domain.orders.states import GroupState
from domain.orders.work import pack, release_order, start_picking
from domain.payments.gateway import GatewayAnswer, Operation, PaymentGateway
from domain.shipments.commands import GivenParcel, GivenParcelLine, ShipFulfillmentOrder
from domain.shipments.model import Shipment
from domain.shipments.repository import shipments_by_order
from domain.shipments.results import ShipmentChange
from domain.shipments.ship import ship_fulfillment_order
from tests.support.shop import ADMIN, Shop, order

Step = Callable[[Tx, Actor, ChangeWork], Awaitable[WorkChanged]]
STEPS: Sequence[Step] = (start_picking, confirm_pick, pack)


async def loaded(shop: Shop, order_id: OrderId) -> Order:
    """The order as it is committed now."""
    return (await shop.database.read(lambda c: orders_by_id(c, [order_id])))[order_id]


async def shipments(shop: Shop, order_id: OrderId) -> list[Shipment]:
    """Its shipments as they are committed now."""
    found = await shop.database.read(lambda c: shipments_by_order(c, [order_id]))
    return found.get(order_id, [])


async def placed(
    shop: Shop, lines: Mapping[str, int], *, shipping_minor: int = 0, **wish: Any
) -> Order:
    """A confirmed order to Rome, with a shipping fee in cents if told."""
    if shipping_minor:
        wish["shipping"] = Money(shipping_minor, "EUR")
    done = await place_order(shop.till(), order(lines=lines, **wish))
    return await loaded(shop, done.order_id)


async def packed(
    shop: Shop,
    lines: Mapping[str, int],
    *,
    steps: Sequence[Step] = STEPS,
    shipping_minor: int = 0,
    **wish: Any,
) -> Order:
    """As `placed`; then released and taken through `steps` at all its locations."""
    confirmed = await placed(shop, lines, shipping_minor=shipping_minor, **wish)
    release = ChangeOrder(uuid4().hex, confirmed.id)
    await shop.database.run(lambda tx: release_order(tx, ADMIN, release), actor_key=ADMIN.key)
    for work in confirmed.fulfillment_orders:
        for step in steps:
            await take(shop, step, work.id)
    return await loaded(shop, confirmed.id)


async def take(shop: Shop, step: Step, work_id: FulfillmentOrderId) -> None:
    """One step of a fulfillment order's work is done."""
    command = ChangeWork(uuid4().hex, work_id)

    async def run(tx: Tx) -> WorkChanged:
        return await step(tx, ADMIN, command)

    await shop.database.run(run, actor_key=ADMIN.key)


def work_at(given: Order, location_id: LocationId) -> FulfillmentOrder:
    """The order's work at a location."""
    return next(work for work in given.fulfillment_orders if work.location_id == location_id)


def parcel(number: str, **quantities: int) -> tuple[str, Mapping[str, int]]:
    """A parcel: its tracking number, and units by SKU."""
    return number, quantities


def shipping(
    given: Order,
    *parcels: tuple[str, Mapping[str, int]],
    work_id: FulfillmentOrderId | None = None,
    key: str | None = None,
    **changes: Any,
) -> ShipFulfillmentOrder:
    """The command that ships the order's (first) work in these parcels; all in one if none."""
    lines = {str(line.sku): line.id for line in given.lines}
    made = tuple(
        GivenParcel(number, 500, tuple(GivenParcelLine(lines[s], n) for s, n in units.items()))
        for number, units in parcels or ((uuid4().hex, {}),)
    )
    values: dict[str, Any] = {
        "idempotency_key": key or uuid4().hex,
        "fulfillment_order_id": work_id or given.fulfillment_orders[0].id,
        "carrier": "DHL",
        "parcels": made,
    }
    return ShipFulfillmentOrder(**{**values, **changes})


async def ship(
    shop: Shop,
    command: ShipFulfillmentOrder,
    actor: Actor = ADMIN,
    gateway: PaymentGateway | None = None,
) -> ShipmentChange:
    """The command, done."""
    return await ship_fulfillment_order(shop.database, gateway or shop.gateway, actor, command)


def units(given: Order) -> dict[GroupState, int]:
    """Units of the order by state."""
    sums: dict[GroupState, int] = {}
    for group in given.groups:
        sums[group.state] = sums.get(group.state, 0) + group.quantity
    return sums


def captured_minor(given: Order) -> int:
    """What was captured of the order."""
    return sum(paid.captured_minor for paid in given.payments)


@dataclass
class Interrupted:
    """A PSP to which something happens right after each capture, before its answer is back."""

    gateway: PaymentGateway
    meanwhile: Callable[[], Awaitable[None]]

    async def authorise(
        self, psp_key: str, token: str, amount_minor: int, currency: str
    ) -> GatewayAnswer:
        return await self.gateway.authorise(psp_key, token, amount_minor, currency)

    async def capture(self, psp_key: str, reference: str, amount_minor: int) -> GatewayAnswer:
        answer = await self.gateway.capture(psp_key, reference, amount_minor)
        await self.meanwhile()
        return answer

    async def refund(self, psp_key: str, reference: str, amount_minor: int) -> GatewayAnswer:
        return await self.gateway.refund(psp_key, reference, amount_minor)

    async def void(self, psp_key: str, reference: str) -> GatewayAnswer:
        return await self.gateway.void(psp_key, reference)

    async def look_up(
        self, operation: Operation, psp_key: str, reference: str | None
    ) -> GatewayAnswer | None:
        return await self.gateway.look_up(operation, psp_key, reference)
