"""Bringing a demo order to its stage, through the same use cases that people use."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.demo.wishes import Stage, Wish
from domain.common.database import Database
from domain.common.ids import FulfillmentOrderId, LocationId, OrderId
from domain.common.transaction import Tx
from domain.fulfillment.picking import confirm_pick
from domain.identity.model import Actor, Role
from domain.locations.model import LocationCode
from domain.orders import holding, work
from domain.orders.cancel import cancel_order
from domain.orders.checkout import Till, place_order
from domain.orders.collect import collect_paid
from domain.orders.commands import ChangeHold, ChangeOrder, ChangeWork, Delivery, PlaceOrder
from domain.orders.errors import PaymentDeclined
from domain.orders.model import Order
from domain.orders.place import Terms
from domain.orders.release_money import settle_leftovers
from domain.orders.repository import orders_by_id
from domain.orders.states import UnfilledPolicy
from domain.payments.gateway import PaymentGateway
from domain.pickup.waiting import mark_ready
from domain.shipments.commands import (
    DeliverShipment,
    GivenParcel,
    RecordTrackingEvent,
    ShipFulfillmentOrder,
)
from domain.shipments.deliver import deliver_shipment
from domain.shipments.model import TrackingStatus
from domain.shipments.ship import ship_fulfillment_order
from domain.shipments.track import record_tracking_event

CARRIER = "VELOX"
FLOOR = Actor("demo-floor", Role.OPERATIONS)
AGENT = Actor("demo-agent", Role.CALL_CENTER)
_SELLERS = {"call-center": Role.CALL_CENTER, "pos": Role.POS}
_ROAD = (Stage.RELEASED, Stage.PICKING, Stage.PICKED, Stage.PACKED)
_STEPS = {
    Stage.PICKING: work.start_picking,
    Stage.PICKED: confirm_pick,
    Stage.PACKED: work.pack,
}
_LEFT = (Stage.SHIPPED, Stage.IN_TRANSIT, Stage.DELIVERED)
_FETCHED = (Stage.READY, Stage.COLLECTED)


@dataclass(frozen=True, slots=True)
class Shop:
    """What placing and working demo orders needs."""

    database: Database
    gateway: PaymentGateway
    terms: Terms
    locations: Mapping[LocationCode, LocationId]


async def fulfil(shop: Shop, wish: Wish, now: datetime) -> None:
    """The wish is an order at its stage. Repeated, it changes nothing and goes on where it was cut
    off: every step has a key made of the order's reference.

    Raises:
        DomainError: the order went another way meanwhile, which the caller may leave as it is.
    """
    seller = _seller(shop, wish)
    till = Till(shop.database, shop.gateway, shop.terms, seller)
    try:
        placed = await place_order(till, _command(shop, wish), placed_at=now - wish.age)
    except PaymentDeclined:
        if wish.stage is Stage.DECLINED:
            return
        raise
    match wish.stage:
        case Stage.HELD:
            await _hold(shop, wish, placed.order_id)
        case Stage.CANCELLED:
            await _cancel(shop, wish, placed.order_id)
        case Stage.CONFIRMED | Stage.BACKORDERED | Stage.SOLD:
            return
        case _:
            await _work(shop, wish, placed.order_id)


def _seller(shop: Shop, wish: Wish) -> Actor:
    role = _SELLERS.get(wish.channel, Role.CHANNEL)
    places = [shop.locations[wish.location]] if role is Role.POS and wish.location else []
    channels = [wish.channel] if role is Role.CHANNEL else []
    return Actor(f"demo-{wish.channel}", role, frozenset(places), frozenset(channels))


def _command(shop: Shop, wish: Wish) -> PlaceOrder:
    place = shop.locations[wish.location] if wish.location else None
    wants_all = wish.stage is not Stage.BACKORDERED
    return PlaceOrder(
        idempotency_key=wish.reference,
        channel=wish.channel,
        customer=wish.customer,
        lines=wish.lines,
        delivery=Delivery(wish.mode, wish.address, place),
        payment=wish.payment,
        unfilled_policy=UnfilledPolicy.REFUSE if wants_all else UnfilledPolicy.BACKORDER,
        external_reference=wish.reference,
    )


async def _hold(shop: Shop, wish: Wish, order_id: OrderId) -> None:
    assert wish.hold is not None
    key = f"{wish.reference}-hold"
    command = ChangeHold(key, order_id, wish.hold, reason="to be looked at")
    await shop.database.run(lambda tx: holding.hold_order(tx, AGENT, command), actor_key=AGENT.key)


async def _cancel(shop: Shop, wish: Wish, order_id: OrderId) -> None:
    command = ChangeOrder(f"{wish.reference}-cancel", order_id, reason="changed their mind")
    await shop.database.run(lambda tx: cancel_order(tx, AGENT, command), actor_key=AGENT.key)
    await settle_leftovers(shop.database, shop.gateway, order_id, AGENT.key)


async def _work(shop: Shop, wish: Wish, order_id: OrderId) -> None:
    key = f"{wish.reference}-release"
    await shop.database.run(
        lambda tx: work.release_order(tx, FLOOR, ChangeOrder(key, order_id)), actor_key=FLOOR.key
    )
    found = await shop.database.read_primary(lambda c: orders_by_id(c, [order_id]))
    order = found[order_id]
    for place, each in enumerate(order.fulfillment_orders):
        await _prepare(shop, wish, each.id)
        if wish.stage in _LEFT:
            await _send(shop, wish, order, each.id, place)
    if wish.stage is Stage.COLLECTED:
        command = ChangeOrder(f"{wish.reference}-collect", order_id)
        await collect_paid(shop.database, shop.gateway, FLOOR, command)


async def _prepare(shop: Shop, wish: Wish, work_id: FulfillmentOrderId) -> None:
    """The fulfillment order is picked and packed as far as the stage asks for."""
    last = _ROAD.index(wish.stage) if wish.stage in _ROAD else len(_ROAD) - 1

    async def steps(tx: Tx) -> None:
        for stage in _ROAD[1 : last + 1]:
            await _STEPS[stage](tx, FLOOR, ChangeWork(_key(wish, work_id, stage), work_id))
        if wish.stage in _FETCHED:
            ready = ChangeWork(_key(wish, work_id, Stage.READY), work_id)
            await mark_ready(tx, FLOOR, ready)

    await shop.database.run(steps, actor_key=FLOOR.key)


async def _send(
    shop: Shop, wish: Wish, order: Order, work_id: FulfillmentOrderId, place: int
) -> None:
    """The packed goods are with the carrier, and as far as the stage asks for."""
    number = f"VX{wish.number:06d}{place}"
    command = ShipFulfillmentOrder(
        _key(wish, work_id, Stage.SHIPPED), work_id, CARRIER, (GivenParcel(number),)
    )
    sent = await ship_fulfillment_order(shop.database, shop.gateway, FLOOR, command)
    if wish.stage is Stage.SHIPPED:
        return
    report = RecordTrackingEvent(
        idempotency_key=_key(wish, work_id, Stage.IN_TRANSIT),
        carrier=CARRIER,
        tracking_number=number,
        external_id=f"{number}-1",
        status=TrackingStatus.IN_TRANSIT,
        occurred_at=order.placed_at + timedelta(hours=20),
        place="Bologna",
    )
    await shop.database.run(
        lambda tx: record_tracking_event(tx, FLOOR, report), actor_key=FLOOR.key
    )
    if wish.stage is Stage.DELIVERED:
        done = DeliverShipment(_key(wish, work_id, Stage.DELIVERED), sent.shipment_id)
        await shop.database.run(lambda tx: deliver_shipment(tx, FLOOR, done), actor_key=FLOOR.key)


def _key(wish: Wish, work_id: FulfillmentOrderId, stage: Stage) -> str:
    return f"{wish.reference}-{stage.value.lower()}-{work_id}"
