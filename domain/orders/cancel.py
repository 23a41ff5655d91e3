"""Cancelling units, or a whole order, before any location began to work on them."""

from collections.abc import Collection
from dataclasses import replace

from domain.common.errors import ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.ids import LineGroupId
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.orders.commands import CancelLines, ChangeOrder
from domain.orders.lifecycle import Action, move, require_status
from domain.orders.model import Order
from domain.orders.notices import NoticeKind, notice
from domain.orders.placing_rules import check_text
from domain.orders.repository import locked_order
from domain.orders.results import Changed
from domain.orders.saving import save
from domain.orders.states import (
    CANCELLABLE,
    UNSOURCED,
    GroupState,
    OrderStatus,
)
from domain.orders.stock_needs import demand_of, demand_of_groups, reservation_owner
from domain.orders.units import one_of, parted, per_line
from domain.orders.visibility import require_visible
from domain.stock.allocation import deallocate, release
from domain.stock.model import MovementReason


async def cancel_order(tx: Tx, actor: Actor, command: ChangeOrder) -> Changed:
    """The order, CANCELLED, its stock free again. What was authorised is voided afterwards by
    `release_money.settle_leftovers`, which the caller runs at once.

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


async def cancel_lines(tx: Tx, actor: Actor, command: CancelLines) -> Changed:
    """The order with those units CANCELLED, their stock free again; units without stock go first.
    Money that is not due any more is let go afterwards by `release_money.settle_leftovers`, which
    the caller runs at once.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict, ValidationFailed: see there.
        IllegalTransition: the order is not CONFIRMED.
        QuantityExceeded: fewer units of a line are waiting; of others a location is asked
            (`fulfillment.cancelling`).

    Locks: the order, then stock levels in (location, sku) order.
    """
    check_text("reason", command.reason)
    wanted = per_line(command.lines)
    if not wanted or 0 in wanted.values():
        raise ValidationFailed("lines", "must name units")

    async def work() -> Changed:
        before = require_visible(actor, await locked_order(tx.connection, command.order_id))
        check_version(command.expected_version, before.version)
        require_status(before, "CANCEL_LINES", OrderStatus.CONFIRMED)
        waiting = sorted(
            (group for group in before.groups if group.state in CANCELLABLE),
            key=lambda group: (group.state not in UNSOURCED, group.id),
        )
        order, chosen = parted(before, waiting, wanted)
        saved = await cancel_units(tx, before, order, chosen, command.reason)
        return Changed(saved.id, saved.version)

    return await once(tx, "cancelOrderLines", command, Changed, work)


async def cancel_units(
    tx: Tx, before: Order, order: Order, chosen: Collection[LineGroupId], reason: str | None
) -> Order:
    """The saved order with these waiting groups CANCELLED and what they had allocated free.

    `order` is the locked order `before` with its groups split as needed.
    Locks: stock levels in (location, sku) order.
    """
    taken = [g for g in order.groups if g.id in chosen and g.state is GroupState.ALLOCATED]
    after = move(order, Action.CANCEL, one_of(chosen), reason=reason or "cancelled")
    demand = demand_of_groups(order, taken)
    if demand:
        await deallocate(tx, demand, reason=MovementReason.CANCELLED, reference=order.number)
    units = sum(group.quantity for group in order.groups if group.id in chosen)
    told = notice(order.id, NoticeKind.UNITS_CANCELLED, f"v{before.version + 1}", {"units": units})
    return await save(tx, before, after, "CANCEL_LINES", told, reason=reason)


async def give_back(tx: Tx, order: Order, reason: MovementReason) -> None:
    """All stock that the order holds is free: its reservations and its allocations.

    Locks: stock levels in (location, sku) order.
    """
    if any(group.state is GroupState.NEW for group in order.groups):
        await release(tx, owner=reservation_owner(order.id), reason=reason)
    allocated = demand_of(order, [GroupState.ALLOCATED])
    if allocated:
        await deallocate(tx, allocated, reason=reason, reference=order.number)
