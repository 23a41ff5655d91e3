"""Goods that another location sends to the store where they are collected.

What is on the way is in no level: it left the sender's on hand when it was dispatched, and joins
the store's when it is received (I15). Its units are the groups in TRANSFER_IN_TRANSIT.
"""

from dataclasses import replace

from domain.common.errors import NotFound, check_version
from domain.common.idempotency import once
from domain.common.ids import FulfillmentOrderId, LineGroupId, LocationId
from domain.common.transaction import Tx
from domain.fulfillment.failing import sourced_anew
from domain.identity.model import Actor
from domain.orders.commands import ChangeWork
from domain.orders.errors import IllegalTransition
from domain.orders.lifecycle import Action, move, require_no_cancel_request, require_no_hold
from domain.orders.model import Order
from domain.orders.place import Terms
from domain.orders.repository import locked_order_of_work
from domain.orders.resourcing import without_location
from domain.orders.results import WorkChanged
from domain.orders.saving import save
from domain.orders.states import GroupState
from domain.orders.stock_needs import demand_of_groups
from domain.orders.units import one_of, parted, per_line
from domain.orders.work import belongs_to, find_work, locked_work
from domain.pickup.commands import ReceiveForPickup
from domain.pickup.waiting import save_ready
from domain.stock.allocation import issue
from domain.stock.allocation import move as move_stock
from domain.stock.model import Bucket, MovementReason
from domain.stock.receive import open_levels


async def dispatch_transfer(tx: Tx, actor: Actor, command: ChangeWork) -> WorkChanged:
    """The fulfillment order, its packed units on the way to the store where they are collected;
    they left this location's stock.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict, OrderOnHold: see `work.advance`.
        IllegalTransition: a unit is not packed, the goods are in that store already, or somebody
            asked to cancel.

    Locks: the order, then stock levels in (location, sku) order.
    """

    async def work() -> WorkChanged:
        before, work_id = await locked_work(tx, actor, command)
        require_no_hold(before)
        require_no_cancel_request(before, Action.DISPATCH_TRANSFER.value, work_id)
        if find_work(before, work_id).location_id == before.delivery_location_id:
            raise IllegalTransition(Action.DISPATCH_TRANSFER.value, "in the pickup store")
        after = move(before, Action.DISPATCH_TRANSFER, belongs_to(work_id))
        packed = [g for g in before.groups_of(work_id) if g.state is GroupState.PACKED]
        demand = demand_of_groups(before, packed)
        await issue(tx, demand, reason=MovementReason.TRANSFER_OUT, reference=before.number)
        saved = await save(tx, before, after, Action.DISPATCH_TRANSFER.value)
        return WorkChanged(work_id, saved.id, find_work(saved, work_id).version)

    return await once(tx, "dispatchPickupTransfer", command, WorkChanged, work)


async def receive_for_pickup(
    tx: Tx, actor: Actor, command: ReceiveForPickup, terms: Terms
) -> WorkChanged:
    """The fulfillment order with the units that arrived waiting for the customer, in the store's
    stock; units that did not arrive are lost on the way and sourced again, at other locations than
    the sender.

    Raises:
        NotFound: no such work, or the actor does not work at the store.
        VersionConflict, IdempotencyConflict, ValidationFailed: see there.
        QuantityExceeded: more units arrived than are on the way.
        IllegalTransition: nothing is on the way.

    Locks: the order, then stock levels in (location, sku) order.
    """
    lines = None if command.lines is None else per_line(command.lines)

    async def work() -> WorkChanged:
        before, work_id = await locked_order_of_work(tx.connection, command.fulfillment_order_id)
        store = before.delivery_location_id
        if store is None or not actor.works_at(store):
            raise NotFound("fulfillment order", str(work_id))
        check_version(command.expected_version, find_work(before, work_id).version)
        coming = [g for g in before.groups_of(work_id) if g.state is GroupState.TRANSFER_IN_TRANSIT]
        if not coming:
            raise IllegalTransition(Action.RECEIVE_TRANSFER.value, "nothing on the way")
        order, arrived = before, frozenset(group.id for group in coming)
        if lines is not None:
            order, arrived = parted(before, coming, lines)
        saved = await _received(tx, before, order, work_id, arrived, store)
        saved = await sourced_anew(tx, saved, terms)
        return WorkChanged(work_id, saved.id, find_work(saved, work_id).version)

    return await once(tx, "receivePickupTransfer", command, WorkChanged, work)


async def _received(
    tx: Tx,
    before: Order,
    order: Order,
    work_id: FulfillmentOrderId,
    arrived: frozenset[LineGroupId],
    store: LocationId,
) -> Order:
    missing = frozenset(
        group.id
        for group in order.groups_of(work_id)
        if group.state is GroupState.TRANSFER_IN_TRANSIT and group.id not in arrived
    )
    after = order
    if missing:
        sender = find_work(order, work_id).location_id
        after = move(after, Action.MISS_TRANSFER, one_of(missing), reason="lost on the way")
        after = without_location(after, one_of(missing), failed=sender)
    if not arrived:
        return await save(tx, before, after, Action.MISS_TRANSFER.value)
    after = _at_store(move(after, Action.RECEIVE_TRANSFER, one_of(arrived)), arrived, store)
    demand = demand_of_groups(after, [group for group in after.groups if group.id in arrived])
    await open_levels(tx, demand)
    await move_stock(
        tx,
        Bucket.EXTERNAL,
        Bucket.ALLOCATED,
        demand,
        MovementReason.TRANSFER_IN,
        before.number,
    )
    return await save_ready(tx, before, after, Action.RECEIVE_TRANSFER.value)


def _at_store(order: Order, arrived: frozenset[LineGroupId], store: LocationId) -> Order:
    groups = tuple(
        replace(group, location_id=store) if group.id in arrived else group
        for group in order.groups
    )
    return replace(order, groups=groups)
