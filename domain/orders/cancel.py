"""Cancelling a whole order before any location began to work on it."""

from dataclasses import replace

from domain.common.errors import check_version
from domain.common.idempotency import once
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.orders.commands import ChangeOrder
from domain.orders.lifecycle import Action, move, require_status
from domain.orders.model import GroupState, Order, OrderStatus
from domain.orders.placing_rules import check_text
from domain.orders.repository import locked_order
from domain.orders.results import Changed
from domain.orders.saving import save
from domain.orders.stock_needs import demand_of, reservation_owner
from domain.orders.visibility import require_visible
from domain.stock.allocation import deallocate, release
from domain.stock.model import MovementReason


async def cancel_order(tx: Tx, actor: Actor, command: ChangeOrder) -> Changed:
    """The order, CANCELLED, its stock free again. What was authorised is voided afterwards by
    `sweep.settle_leftovers`, which the caller runs at once.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict, ValidationFailed: see there.
        IllegalTransition: its life is over, or a location has begun to work.

    Locks: the order, then stock levels in (location, sku) order.
    """
    check_text("reason", command.reason)

    async def work() -> Changed:
        before = require_visible(actor, await locked_order(tx.connection, command.order_id))
        check_version(command.expected_version, before.version)
        require_status(before, "CANCEL", OrderStatus.PENDING_PAYMENT, OrderStatus.CONFIRMED)
        after = move(before, Action.CANCEL, lambda group: True, reason="cancelled")
        await give_back(tx, before, MovementReason.CANCELLED)
        after = replace(after, pay_until=None)
        saved = await save(tx, before, after, "CANCEL", reason=command.reason)
        return Changed(saved.id, saved.version)

    return await once(tx, "cancelOrder", command, Changed, work)


async def give_back(tx: Tx, order: Order, reason: MovementReason) -> None:
    """All stock that the order holds is free: its reservations and its allocations.

    Locks: stock levels in (location, sku) order.
    """
    if any(group.state is GroupState.NEW for group in order.groups):
        await release(tx, owner=reservation_owner(order.id), reason=reason)
    allocated = demand_of(order, [GroupState.ALLOCATED])
    if allocated:
        await deallocate(tx, allocated, reason=reason, reference=order.number)
