"""A location's work for an order: release, start picking, pick, pack, ready for pickup."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from domain.common.errors import NotFound, check_version
from domain.common.idempotency import once
from domain.common.ids import FulfillmentOrderId
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.locations.model import next_cut_off
from domain.locations.repository import all_locations_by_id
from domain.orders.commands import ChangeOrder, ChangeWork
from domain.orders.lifecycle import Action, move, require_no_hold, require_status
from domain.orders.model import (
    CARRIED,
    FulfillmentOrder,
    Group,
    GroupState,
    Order,
    OrderStatus,
)
from domain.orders.repository import locked_order, locked_order_of_work
from domain.orders.results import Changed, WorkChanged
from domain.orders.saving import save
from domain.orders.visibility import require_visible


async def release_order(tx: Tx, actor: Actor, command: ChangeOrder) -> Changed:
    """The order with all allocated units released to their locations' work queues.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict: see there.
        OrderOnHold: it has a hold. IllegalTransition: it is not CONFIRMED, or nothing is allocated.

    Locks: the order.
    """

    async def work() -> Changed:
        before = require_visible(actor, await locked_order(tx.connection, command.order_id))
        check_version(command.expected_version, before.version)
        require_status(before, Action.RELEASE.value, OrderStatus.CONFIRMED)
        require_no_hold(before)
        after = move(before, Action.RELEASE, lambda group: group.state is GroupState.ALLOCATED)
        after = await _with_due_times(tx, after)
        saved = await save(tx, before, after, Action.RELEASE.value)
        return Changed(saved.id, saved.version)

    return await once(tx, "releaseOrder", command, Changed, work)


async def _with_due_times(tx: Tx, order: Order) -> Order:
    places = {work.location_id for work in order.fulfillment_orders}
    found = await all_locations_by_id(tx.connection, places)
    now = await tx.now()

    def due(work: FulfillmentOrder) -> datetime | None:
        if work.due_at is not None or order.delivery_mode not in CARRIED:
            return work.due_at
        return next_cut_off(found[work.location_id], now)

    works = tuple(replace(work, due_at=due(work)) for work in order.fulfillment_orders)
    return replace(order, fulfillment_orders=works)


async def start_picking(tx: Tx, actor: Actor, command: ChangeWork) -> WorkChanged:
    """The fulfillment order with its released units in picking. Raises and locks: `advance`."""
    return await advance(tx, actor, command, "startPicking", Action.START_PICKING)


async def confirm_pick(tx: Tx, actor: Actor, command: ChangeWork) -> WorkChanged:
    """The fulfillment order with all its units picked. Raises and locks: `advance`."""
    return await advance(tx, actor, command, "confirmPick", Action.CONFIRM_PICK)


async def pack(tx: Tx, actor: Actor, command: ChangeWork) -> WorkChanged:
    """The fulfillment order with all its units packed. Raises and locks: `advance`."""
    return await advance(tx, actor, command, "packFulfillmentOrder", Action.PACK)


async def mark_ready(tx: Tx, actor: Actor, command: ChangeWork) -> WorkChanged:
    """The fulfillment order, ready for the customer. Raises and locks: `advance`."""
    return await advance(tx, actor, command, "markReadyForPickup", Action.MARK_READY)


async def advance(
    tx: Tx, actor: Actor, command: ChangeWork, operation: str, action: Action
) -> WorkChanged:
    """The fulfillment order after `action` on all its units.

    Raises:
        NotFound: no such work, or at a location out of the actor's scope.
        VersionConflict, IdempotencyConflict: see there. OrderOnHold: the order has a hold.
        IllegalTransition: a unit is in another state than the action needs.

    Locks: the order.
    """

    async def work() -> WorkChanged:
        before, work_id = await locked_work(tx, actor, command)
        require_no_hold(before)
        after = move(before, action, belongs_to(work_id))
        saved = await save(tx, before, after, action.value)
        return WorkChanged(work_id, saved.id, find_work(saved, work_id).version)

    return await once(tx, operation, command, WorkChanged, work)


async def locked_work(
    tx: Tx, actor: Actor, command: ChangeWork
) -> tuple[Order, FulfillmentOrderId]:
    """The order of a fulfillment order that the actor may work on, its row locked.

    Raises:
        NotFound: no such work, or at a location out of the actor's scope.
        VersionConflict: the fulfillment order has another version than expected.
    """
    order, work_id = await locked_order_of_work(tx.connection, command.fulfillment_order_id)
    found = find_work(order, work_id)
    if not actor.works_at(found.location_id):
        raise NotFound("fulfillment order", str(work_id))
    check_version(command.expected_version, found.version)
    return order, work_id


def find_work(order: Order, work_id: FulfillmentOrderId) -> FulfillmentOrder:
    """The fulfillment order of that id; it must be one of the order's."""
    return next(work for work in order.fulfillment_orders if work.id == work_id)


def belongs_to(work_id: FulfillmentOrderId) -> Callable[[Group], bool]:
    """A choice of groups: those of one fulfillment order."""
    return lambda group: group.fulfillment_order_id == work_id
