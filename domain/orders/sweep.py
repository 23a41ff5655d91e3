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
from domain.orders.model import Order
from domain.orders.notices import NoticeKind, notice
from domain.orders.release_money import let_go, settle_leftovers
from domain.orders.repository import locked_order
from domain.orders.saving import save
from domain.orders.states import GroupState, OrderStatus
from domain.orders.tables import sales_order
from domain.payments.gateway import PaymentGateway
from domain.stock.model import MovementReason

SWEEPER = "SYSTEM:sweep"


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
    """How many orders had money that was not let go yet; all of them are settled now."""
    return await let_go(database, gateway, limit=limit, actor_key=SWEEPER)


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
    told = notice(before.id, NoticeKind.PAYMENT_WINDOW_ENDED, "expired", {})
    await save(tx, before, after, "EXPIRE", told, reason="not paid in time")
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
