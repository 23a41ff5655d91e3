"""Putting an order on hold and lifting the hold. A held order keeps its stock, and rests."""

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.database import Database
from domain.common.errors import Forbidden, ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.ids import OrderId
from domain.common.transaction import Tx
from domain.identity.model import Actor, Role
from domain.orders.commands import ChangeHold
from domain.orders.lifecycle import with_hold, without_hold
from domain.orders.model import Order
from domain.orders.placing_rules import check_text
from domain.orders.repository import locked_order
from domain.orders.results import Changed
from domain.orders.saving import save
from domain.orders.states import Hold
from domain.orders.tables import sales_order
from domain.orders.tendering import needs_approval
from domain.orders.visibility import require_visible


async def hold_order(tx: Tx, actor: Actor, command: ChangeHold) -> Changed:
    """The order with one more hold. SCHEDULED ends by itself at the moment `until`.

    Raises:
        ValidationFailed: SCHEDULED without `until`, another hold with it, or a moment that is over.
        NotFound, VersionConflict, IdempotencyConflict: see there.
        IllegalTransition: its life is over, or it has that hold already.

    Locks: the order.
    """
    check_text("reason", command.reason)
    if (command.hold is Hold.SCHEDULED) != (command.until is not None):
        raise ValidationFailed("until", "is needed for SCHEDULED, and for it only")
    if command.until is not None and command.until.tzinfo is None:
        raise ValidationFailed("until", "must have an offset from UTC, such as Z")

    async def work() -> Changed:
        before = require_visible(actor, await locked_order(tx.connection, command.order_id))
        check_version(command.expected_version, before.version)
        if command.until is not None and command.until <= await tx.now():
            raise ValidationFailed("until", "is over")
        after = with_hold(before, command.hold)
        if command.hold is Hold.SCHEDULED:
            after = replace(after, hold_until=command.until)
        detail = {"hold": command.hold.value}
        saved = await save(tx, before, after, "HOLD", reason=command.reason, detail=detail)
        return Changed(saved.id, saved.version)

    return await once(tx, "holdOrder", command, Changed, work)


async def release_hold(tx: Tx, actor: Actor, command: ChangeHold) -> Changed:
    """The order without that hold.

    Raises:
        as `hold_order`; IllegalTransition: it does not have that hold.
        Forbidden: it is beyond the customer's credit limit, and the actor may not agree to that.

    Locks: the order.
    """
    check_text("reason", command.reason)

    async def work() -> Changed:
        before = require_visible(actor, await locked_order(tx.connection, command.order_id))
        check_version(command.expected_version, before.version)
        _check_credit(actor, before, command.hold)
        after = lifted(before, command.hold)
        detail = {"hold": command.hold.value}
        saved = await save(tx, before, after, "RELEASE_HOLD", reason=command.reason, detail=detail)
        return Changed(saved.id, saved.version)

    return await once(tx, "releaseHold", command, Changed, work)


def _check_credit(actor: Actor, order: Order, hold: Hold) -> None:
    agrees = actor.role in (Role.FINANCE, Role.OPERATIONS, Role.ADMIN)
    if hold is Hold.PAYMENT and needs_approval(order) and not agrees:
        raise Forbidden("finance or operations agree to what is beyond a credit limit")


def lifted(order: Order, hold: Hold) -> Order:
    """`order` without that hold.

    Raises:
        IllegalTransition: it does not have it.
    """
    after = without_hold(order, hold)
    return replace(after, hold_until=None) if hold is Hold.SCHEDULED else after


async def lift_due(database: Database, *, limit: int = 100) -> int:
    """How many orders' scheduled holds ended because their moment has come (database time)."""
    due = await database.read(lambda connection: _due(connection, limit))
    ended = 0
    for order_id in due:
        ended += await database.run(
            lambda tx, one=order_id: _lift(tx, one), actor_key="SYSTEM:hold-timer"
        )
    return ended


async def _lift(tx: Tx, order_id: OrderId) -> int:
    before = await locked_order(tx.connection, order_id)
    until = before.hold_until
    if Hold.SCHEDULED not in before.holds or until is None or until > await tx.now():
        return 0
    detail = {"hold": Hold.SCHEDULED.value}
    await save(tx, before, lifted(before, Hold.SCHEDULED), "RELEASE_HOLD", detail=detail)
    return 1


async def _due(connection: AsyncConnection, limit: int) -> Sequence[OrderId]:
    c = sales_order.c
    query = sa.select(c.id).where(c.hold_until <= sa.func.now()).order_by(c.hold_until)
    return (await connection.scalars(query.limit(limit))).all()
