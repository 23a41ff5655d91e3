"""Finishing what callers left unfinished: unpaid orders expire, dead orders' money is let go."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.database import Database
from domain.common.ids import OrderId
from domain.common.transaction import Tx
from domain.orders.cancel import give_back
from domain.orders.model import GroupState, Order, OrderStatus
from domain.orders.repository import locked_order, orders_by_id
from domain.orders.saving import save
from domain.orders.tables import sales_order
from domain.payments.gateway import GatewayAnswer, Outcome, PaymentGateway
from domain.payments.model import (
    OPEN_STATES,
    Payment,
    PaymentState,
    authorisation_answered,
    voided,
)
from domain.payments.tables import payment
from domain.stock.model import MovementReason

SWEEPER = "SYSTEM:sweep"
DEAD = (OrderStatus.CANCELLED, OrderStatus.EXPIRED)


async def expire_unpaid(database: Database, gateway: PaymentGateway, *, limit: int = 100) -> int:
    """How many orders were ended because their payment window is over (database time).

    Each becomes EXPIRED in a transaction of its own, its reservations are free, and its open or
    authorised payments are settled and voided. Safe to run on many workers at once.
    """
    due = await database.read(lambda connection: _due(connection, limit))
    expired = 0
    for order_id in due:
        expired += await database.run(lambda tx, one=order_id: _expire(tx, one), actor_key=SWEEPER)
        await settle_leftovers(database, gateway, order_id, SWEEPER)
    return expired


async def void_leftovers(database: Database, gateway: PaymentGateway, *, limit: int = 100) -> int:
    """How many dead orders had money that was not let go yet; all of them are settled now."""
    found = await database.read(lambda connection: _with_leftovers(connection, limit))
    for order_id in found:
        await settle_leftovers(database, gateway, order_id, SWEEPER)
    return len(found)


async def settle_leftovers(
    database: Database, gateway: PaymentGateway, order_id: OrderId, actor_key: str
) -> None:
    """Nothing is authorised for a cancelled or expired order any more; others are left alone.

    A payment without an answer is asked for again with its own key, so that a charge that the PSP
    made without telling is found and voided. No lock is held during PSP calls.
    """
    orders = await database.read(lambda connection: orders_by_id(connection, [order_id]))
    order = orders.get(order_id)
    if order is None or order.status not in DEAD:
        return
    answers = [(paid, await _let_go(gateway, paid)) for paid in order.payments if _left(paid)]
    if not answers:
        return

    async def work(tx: Tx) -> None:
        before = await locked_order(tx.connection, order_id)
        now = await tx.now()
        by_id = {paid.id: answer for paid, answer in answers if answer is not None}
        payments = tuple(
            _ended(authorisation_answered(paid, by_id[paid.id], now), now)
            if paid.id in by_id and _left(paid)
            else paid
            for paid in before.payments
        )
        if payments != before.payments:
            await save(tx, before, replace(before, payments=payments), "VOID_PAYMENT")

    await database.run(work, actor_key=actor_key)


def _left(paid: Payment) -> bool:
    return paid.state in OPEN_STATES or (
        paid.state is PaymentState.AUTHORISED and paid.capturable_minor > 0
    )


def _ended(paid: Payment, now: datetime) -> Payment:
    return voided(paid, now) if paid.state is PaymentState.AUTHORISED else paid


async def _let_go(gateway: PaymentGateway, paid: Payment) -> GatewayAnswer | None:
    answer = GatewayAnswer(Outcome.APPROVED, paid.psp_reference)
    if paid.state in OPEN_STATES:
        answer = await gateway.authorise(
            paid.psp_key, paid.token or "", paid.amount_minor, paid.currency
        )
    if answer.outcome is Outcome.UNKNOWN:
        return None
    if answer.outcome is Outcome.APPROVED and answer.reference is not None:
        released = await gateway.void(f"void-{paid.id}", answer.reference)
        return answer if released.outcome is Outcome.APPROVED else None
    return answer


async def _expire(tx: Tx, order_id: OrderId) -> int:
    before = await locked_order(tx.connection, order_id)
    now = await tx.now()
    if before.status is not OrderStatus.PENDING_PAYMENT or _still_time(before, now):
        return 0
    await give_back(tx, before, MovementReason.EXPIRED)
    groups = tuple(
        replace(group, state=GroupState.CANCELLED, reason="expired") for group in before.groups
    )
    after = replace(before, groups=groups, status=OrderStatus.EXPIRED)
    await save(tx, before, after, "EXPIRE", reason="not paid in time")
    return 1


def _still_time(order: Order, now: datetime) -> bool:
    return order.pay_until is None or order.pay_until > now


async def _due(connection: AsyncConnection, limit: int) -> Sequence[OrderId]:
    found = await connection.scalars(
        sa.select(sales_order.c.id)
        .where(
            sales_order.c.status == OrderStatus.PENDING_PAYMENT.value,
            sales_order.c.pay_until <= sa.func.now(),
        )
        .order_by(sales_order.c.pay_until)
        .limit(limit)
    )
    return found.all()


async def _with_leftovers(connection: AsyncConnection, limit: int) -> Sequence[OrderId]:
    open_or_authorised = [
        PaymentState.PENDING.value,
        PaymentState.UNKNOWN.value,
        PaymentState.AUTHORISED.value,
    ]
    found = await connection.scalars(
        sa.select(sales_order.c.id)
        .join(payment, payment.c.order_id == sales_order.c.id)
        .where(
            sales_order.c.status.in_([status.value for status in DEAD]),
            payment.c.state.in_(open_or_authorised),
        )
        .distinct()
        .limit(limit)
    )
    return found.all()
