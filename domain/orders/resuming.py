"""PSP calls that were cut off are finished by a worker (ADR 0017).

Whoever repeats a request goes on where it stopped. For those that nobody repeats a worker does: an
authorisation settles its order, a capture is recorded, a refund and a void are finished. Each is
asked for with its own key, less often each time (`payments.retrying`).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.database import Database
from domain.common.ids import OrderId, PaymentId
from domain.common.transaction import Tx
from domain.orders.checkout import authorise_open
from domain.orders.release_money import refund_excess, settle_leftovers
from domain.orders.repository import locked_order, orders_by_id
from domain.orders.results import Placed, PlacementOutcome
from domain.orders.saving import save
from domain.orders.settle import cancel_unstocked, confirm
from domain.orders.states import OrderStatus
from domain.orders.tables import sales_order
from domain.payments import capturing
from domain.payments.capturing import Capture
from domain.payments.gateway import PaymentGateway
from domain.payments.model import Tender
from domain.payments.retrying import ACTOR, GRACE, is_due
from domain.payments.tables import payment, payment_capture, payment_refund
from domain.stock.errors import InsufficientStock


async def resume_payments(
    database: Database, gateway: PaymentGateway, *, limit: int = 100, grace: timedelta = GRACE
) -> int:
    """How many authorisations, captures and refunds were taken up again: those that were begun
    longer than `grace` ago and are due (database time). `gateway` is a worker's
    (`payments.retrying`). Safe on many workers at once.
    """
    unsettled = await database.read_primary(lambda c: _unsettled(c, limit, grace))
    for order_id in unsettled:
        await _settle(database, gateway, order_id)
    captures = await database.read_primary(lambda c: _open_captures(c, limit, grace))
    for order_id, wanted in captures:
        await _capture(database, gateway, order_id, wanted)
    refunds = await database.read_primary(lambda c: _open_refunds(c, limit, grace))
    for order_id in refunds:
        await refund_excess(database, gateway, order_id, ACTOR)
    return len(unsettled) + len(captures) + len(refunds)


async def _settle(database: Database, gateway: PaymentGateway, order_id: OrderId) -> None:
    orders = await database.read_primary(lambda c: orders_by_id(c, [order_id]))
    seen = orders[order_id]
    answers = await authorise_open(gateway, seen)

    async def settle(tx: Tx) -> Placed:
        return await confirm(tx, seen, None, answers)

    async def give_up(tx: Tx) -> Placed:
        return await cancel_unstocked(tx, seen, None, answers)

    try:
        placed = await database.run(settle, actor_key=ACTOR)
    except InsufficientStock:
        placed = await database.run(give_up, actor_key=ACTOR)
    if placed.outcome in (PlacementOutcome.OUT_OF_STOCK, PlacementOutcome.EXPIRED):
        await settle_leftovers(database, gateway, order_id, ACTOR)


async def _capture(
    database: Database, gateway: PaymentGateway, order_id: OrderId, wanted: Capture
) -> None:
    answers = await capturing.perform(gateway, [wanted])

    async def record(tx: Tx) -> None:
        before = await locked_order(tx.connection, order_id)
        payments, refusal = await capturing.record(
            tx.connection, before.payments, answers, await tx.now()
        )
        if payments != before.payments:
            after = replace(before, payments=payments)
            await save(tx, before, after, "CAPTURE", reason=refusal)

    await database.run(record, actor_key=ACTOR)


async def _unsettled(
    connection: AsyncConnection, limit: int, grace: timedelta
) -> Sequence[OrderId]:
    """Orders that wait for an answer of the PSP, or that are paid and were not confirmed."""
    o, p = sales_order.c, payment.c
    mine = sa.select(p.id).where(p.order_id == o.id)
    asked = sa.exists(
        mine.where(
            p.tender == Tender.CARD.value,
            p.state.in_(["PENDING", "UNKNOWN"]),
            is_due(p.psp_key),
        )
    )
    refused_or_open = sa.exists(mine.where(p.state.in_(["PENDING", "UNKNOWN", "DECLINED"])))
    query = (
        sa.select(o.id)
        .where(
            o.status == OrderStatus.PENDING_PAYMENT.value,
            o.pay_until > sa.func.now(),
            o.updated_at <= sa.func.now() - grace,
            sa.or_(asked, ~refused_or_open),
        )
        .order_by(o.pay_until)
        .limit(limit)
    )
    return [OrderId(each) for each in await connection.scalars(query)]


async def _open_captures(
    connection: AsyncConnection, limit: int, grace: timedelta
) -> Sequence[tuple[OrderId, Capture]]:
    c, p = payment_capture.c, payment.c
    query = (
        sa.select(p.order_id, p.tender, p.psp_reference, c.psp_key, c.payment_id, c.amount_minor)
        .join(payment, p.id == c.payment_id)
        .where(c.state == capturing.PENDING, c.created_at <= sa.func.now() - grace)
        .where(is_due(c.psp_key))
        .order_by(c.created_at)
        .limit(limit)
    )
    return [
        (
            OrderId(row.order_id),
            Capture(
                row.psp_key,
                PaymentId(row.payment_id),
                capturing.reference_of(Tender(row.tender), row.psp_reference),
                row.amount_minor,
            ),
        )
        for row in await connection.execute(query)
    ]


async def _open_refunds(
    connection: AsyncConnection, limit: int, grace: timedelta
) -> Sequence[OrderId]:
    c = payment_refund.c
    query = (
        sa.select(c.order_id)
        .distinct()
        .where(c.state == capturing.PENDING, c.created_at <= sa.func.now() - grace)
        .where(is_due(c.psp_key))
        .limit(limit)
    )
    return [OrderId(each) for each in await connection.scalars(query)]
