"""A location's work for an order: release, start picking, pick, pack."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from domain.common.errors import NotFound, check_version
from domain.common.idempotency import once
from domain.common.ids import FulfillmentOrderId
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.locations.model import next_cut_off
from domain.locations.repository import all_locations_by_id
from domain.orders.commands import ChangeOrder, ChangeWork
from domain.orders.errors import IllegalTransition
from domain.orders.lifecycle import (
    Action,
    move,
    require_no_hold,
    require_status,
)
from domain.orders.model import FulfillmentOrder, Group, Order
from domain.orders.repository import locked_order, locked_order_of_work
from domain.orders.results import Changed, WorkChanged
from domain.orders.saving import save
from domain.orders.states import (
    CARRIED,
    UNSOURCED,
    GroupState,
    OrderStatus,
    UnfilledPolicy,
)
from domain.orders.visibility import require_visible

ACCEPT_WITHIN = timedelta(minutes=30)
"""How long a location may take to accept, unless told otherwise."""


async def release_order(
    tx: Tx, actor: Actor, command: ChangeOrder, accept_within: timedelta = ACCEPT_WITHIN
) -> Changed:
    """The order with all allocated units released: a request to each location, which it accepts or
    rejects within `accept_within`.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict: see there.
        OrderOnHold: it has a hold.
        IllegalTransition: it is not CONFIRMED, nothing is allocated, or it ships complete only and
            waits for stock.

    Locks: the order.
    """

    async def work() -> Changed:
        before = require_visible(actor, await locked_order(tx.connection, command.order_id))
        check_version(command.expected_version, before.version)
        require_status(before, Action.RELEASE.value, OrderStatus.CONFIRMED)
        require_no_hold(before)
        if waits_for_all(before):
            raise IllegalTransition(Action.RELEASE.value, "waiting for the rest of the order")
        after = await released(tx, before, accept_within)
        saved = await save(tx, before, after, Action.RELEASE.value)
        return Changed(saved.id, saved.version)

    return await once(tx, "releaseOrder", command, Changed, work)


def waits_for_all(order: Order) -> bool:
    """Whether nothing of the order may be released before it has stock for all of its units."""
    complete = order.unfilled_policy is UnfilledPolicy.SHIP_COMPLETE
    return complete and any(group.state in UNSOURCED for group in order.groups)


def allocated(group: Group) -> bool:
    """Whether the units can be released."""
    return group.state is GroupState.ALLOCATED


async def released(
    tx: Tx, order: Order, accept_within: timedelta, chosen: Callable[[Group], bool] = allocated
) -> Order:
    """`order` with its (chosen) allocated units released to the locations. Not saved yet.

    Raises:
        IllegalTransition: there are none, or a chosen one is not allocated.
    """
    after = move(order, Action.RELEASE, chosen)
    asked = {group.fulfillment_order_id for group in order.groups if chosen(group)}
    now = await tx.now()
    places = {work.location_id for work in order.fulfillment_orders if work.id in asked}
    found = await all_locations_by_id(tx.connection, places)

    def requested(work: FulfillmentOrder) -> FulfillmentOrder:
        if work.id not in asked:
            return work
        due = next_cut_off(found[work.location_id], now) if order.delivery_mode in CARRIED else None
        return replace(work, due_at=work.due_at or due, accept_by=now + accept_within)

    works = tuple(requested(work) for work in order.fulfillment_orders)
    return replace(after, fulfillment_orders=works)


async def start_picking(tx: Tx, actor: Actor, command: ChangeWork) -> WorkChanged:
    """The fulfillment order with its released units in picking. Raises and locks: `advance`."""
    return await advance(tx, actor, command, "startPicking", Action.START_PICKING)


async def pack(tx: Tx, actor: Actor, command: ChangeWork) -> WorkChanged:
    """The fulfillment order with all its units packed. Raises and locks: `advance`."""
    return await advance(tx, actor, command, "packFulfillmentOrder", Action.PACK)


async def advance(
    tx: Tx,
    actor: Actor,
    command: ChangeWork,
    operation: str,
    action: Action,
    *,
    then: Callable[[Tx, Order, FulfillmentOrderId], Awaitable[None]] | None = None,
) -> WorkChanged:
    """The fulfillment order after `action` on all its units, and after `then`, if there is
    something to do with the saved order.

    Raises:
        NotFound: no such work, or at a location out of the actor's scope.
        VersionConflict, IdempotencyConflict: see there. OrderOnHold: the order has a hold.
        IllegalTransition: a unit is in another state than the action needs.

    Locks: the order.
    """

    async def work() -> WorkChanged:
        before, work_id = await locked_work(tx, actor, command)
        require_no_hold(before)
        after = accepted(move(before, action, belongs_to(work_id)), work_id, await tx.now())
        saved = await save(tx, before, after, action.value)
        if then is not None:
            await then(tx, saved, work_id)
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


def accepted(order: Order, work_id: FulfillmentOrderId, now: datetime) -> Order:
    """`order` with that fulfillment order accepted, now unless it was before."""
    works = tuple(
        replace(work, accepted_at=work.accepted_at or now) if work.id == work_id else work
        for work in order.fulfillment_orders
    )
    return replace(order, fulfillment_orders=works)


def find_work(order: Order, work_id: FulfillmentOrderId) -> FulfillmentOrder:
    """The fulfillment order of that id; it must be one of the order's."""
    return next(work for work in order.fulfillment_orders if work.id == work_id)


def belongs_to(work_id: FulfillmentOrderId) -> Callable[[Group], bool]:
    """A choice of groups: those of one fulfillment order."""
    return lambda group: group.fulfillment_order_id == work_id
