"""Goods that wait in a store: put ready, given more time, named a proxy, given up at last."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.database import Database
from domain.common.errors import ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.ids import LocationId, OrderId
from domain.common.texts import one_line
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.locations.model import Location
from domain.locations.repository import all_locations_by_id
from domain.orders.commands import ChangeWork
from domain.orders.errors import IllegalTransition
from domain.orders.lifecycle import Action, move, require_no_cancel_request, require_no_hold
from domain.orders.model import Order, Pickup
from domain.orders.notices import NoticeKind, notice
from domain.orders.placing_rules import check_text
from domain.orders.release_money import settle_leftovers
from domain.orders.repository import locked_order
from domain.orders.results import Changed, WorkChanged
from domain.orders.saving import save
from domain.orders.states import COLLECTED_IN_STORE, GroupState
from domain.orders.stock_needs import demand_of_groups
from domain.orders.tables import line_group, order_pickup
from domain.orders.visibility import require_visible
from domain.orders.work import belongs_to, find_work, locked_work
from domain.payments.gateway import PaymentGateway
from domain.pickup.commands import ExtendPickup, NameProxy
from domain.pickup.model import (
    DAYS_TO_COLLECT,
    MAX_DAYS_WAITING,
    MAX_EXTENSION_DAYS,
    collect_until,
    pickup_code,
)
from domain.stock.allocation import deallocate
from domain.stock.model import MovementReason

TIMER = "SYSTEM:pickup-timer"
_MOMENT = timedelta(microseconds=1)


async def mark_ready(tx: Tx, actor: Actor, command: ChangeWork) -> WorkChanged:
    """The fulfillment order, its units waiting for the customer: the customer has a code, and time
    until the store closes on the last day.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict, OrderOnHold: see `work.advance`.
        IllegalTransition: a unit is not packed, or the goods are not in the pickup store yet.

    Locks: the order.
    """

    async def work() -> WorkChanged:
        before, work_id = await locked_work(tx, actor, command)
        require_no_hold(before)
        require_no_cancel_request(before, Action.MARK_READY.value, work_id)
        if find_work(before, work_id).location_id != before.delivery_location_id:
            raise IllegalTransition(Action.MARK_READY.value, "not in the pickup store")
        after = move(before, Action.MARK_READY, belongs_to(work_id))
        saved = await save_ready(tx, before, after, Action.MARK_READY.value)
        return WorkChanged(work_id, saved.id, find_work(saved, work_id).version)

    return await once(tx, "markReadyForPickup", command, WorkChanged, work)


async def save_ready(tx: Tx, before: Order, after: Order, action: str) -> Order:
    """`after`, in which more units wait in the store, saved with code and deadline; the customer is
    told.
    """
    now = await tx.now()
    store = await _store(tx, after)
    known = after.pickup or Pickup(code=pickup_code())
    pickup = replace(known, ready_at=now, collect_until=collect_until(store, now, DAYS_TO_COLLECT))
    told = notice(
        after.id,
        NoticeKind.READY_FOR_PICKUP,
        f"v{before.version + 1}",
        {"collectUntil": pickup.collect_until.isoformat() if pickup.collect_until else None},
    )
    return await save(tx, before, replace(after, pickup=pickup), action, told)


async def name_proxy(tx: Tx, actor: Actor, command: NameProxy) -> Changed:
    """The order, which that person may collect too.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict, ValidationFailed: see there.
        IllegalTransition: it is not collected in a store, or nothing is left to collect.

    Locks: the order.
    """
    name = None if command.name is None else one_line("name", command.name, 200)
    check_text("name", name)

    def named(order: Order, _: Location) -> Pickup:
        return replace(order.pickup or Pickup(code=pickup_code()), proxy_name=name or None)

    return await _changed(tx, actor, command, "namePickupProxy", "NAME_PROXY", named)


async def extend_pickup(tx: Tx, actor: Actor, command: ExtendPickup) -> Changed:
    """The order with a later deadline, counted from the present one.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict: see there.
        ValidationFailed: not 1 to 14 days, or the goods would wait for more than 45 days.
        IllegalTransition: nothing waits for the customer.

    Locks: the order.
    """
    if not 1 <= command.days <= MAX_EXTENSION_DAYS:
        raise ValidationFailed("days", f"must be 1 to {MAX_EXTENSION_DAYS}")

    def extended(order: Order, store: Location) -> Pickup:
        pickup = order.pickup
        waiting = any(group.state is GroupState.READY_FOR_PICKUP for group in order.groups)
        if not waiting or pickup is None or not (pickup.collect_until and pickup.ready_at):
            raise IllegalTransition("EXTEND_PICKUP", order.fulfillment_status.value)
        # The deadline is a closing time: a moment earlier lies on the day that it ends.
        base = pickup.collect_until - _MOMENT
        until = collect_until(store, base, command.days)
        if until > pickup.ready_at + timedelta(days=MAX_DAYS_WAITING):
            raise ValidationFailed("days", f"would keep the goods over {MAX_DAYS_WAITING} days")
        return replace(pickup, collect_until=until)

    return await _changed(tx, actor, command, "extendPickup", "EXTEND_PICKUP", extended)


async def expire_pickups(database: Database, gateway: PaymentGateway, *, limit: int = 100) -> int:
    """How many orders' goods were given up because nobody collected them in time (database time):
    they are free again in that store, and money is let go. Each in a transaction of its own.
    """
    due = await database.read(lambda connection: _due(connection, limit))
    expired = 0
    for order_id in due:
        expired += await database.run(lambda tx, one=order_id: _expire(tx, one), actor_key=TIMER)
        await settle_leftovers(database, gateway, order_id, TIMER)
    return expired


async def _changed(
    tx: Tx,
    actor: Actor,
    command: NameProxy | ExtendPickup,
    operation: str,
    action: str,
    change: Callable[[Order, Location], Pickup],
) -> Changed:
    async def work() -> Changed:
        before = require_visible(actor, await locked_order(tx.connection, command.order_id))
        check_version(command.expected_version, before.version)
        if before.delivery_mode not in COLLECTED_IN_STORE or before.closed_at is not None:
            raise IllegalTransition(action, before.status.value)
        after = replace(before, pickup=change(before, await _store(tx, before)))
        saved = await save(tx, before, after, action)
        return Changed(saved.id, saved.version)

    return await once(tx, operation, command, Changed, work)


async def _store(tx: Tx, order: Order) -> Location:
    place = order.delivery_location_id
    assert place is not None  # placing refuses a pickup order without a store
    return (await all_locations_by_id(tx.connection, [place]))[LocationId(place)]


async def _expire(tx: Tx, order_id: OrderId) -> int:
    before = await locked_order(tx.connection, order_id)
    until = before.pickup.collect_until if before.pickup else None
    waiting = [g for g in before.groups if g.state is GroupState.READY_FOR_PICKUP]
    if until is None or until > await tx.now() or not waiting:
        return 0
    ids = {group.id for group in waiting}
    after = move(before, Action.EXPIRE_PICKUP, lambda group: group.id in ids, reason="expired")
    demand = demand_of_groups(before, waiting)
    await deallocate(tx, demand, reason=MovementReason.EXPIRED, reference=before.number)
    told = notice(before.id, NoticeKind.PICKUP_EXPIRED, f"v{before.version + 1}", {})
    await save(tx, before, after, Action.EXPIRE_PICKUP.value, told, reason="not collected in time")
    return 1


async def _due(connection: AsyncConnection, limit: int) -> Sequence[OrderId]:
    ready = sa.select(line_group.c.order_id).where(
        line_group.c.state == sa.literal_column("'READY_FOR_PICKUP'")
    )
    found = await connection.scalars(
        sa.select(order_pickup.c.order_id)
        .where(order_pickup.c.order_id.in_(ready), order_pickup.c.collect_until <= sa.func.now())
        .order_by(order_pickup.c.collect_until)
        .limit(limit)
    )
    return found.all()
