"""Giving back what was captured and is not due: a persisted intent, the PSP call, the record.

As for captures (`capturing.py`): `prepare` and `record` run in transactions in which the order's
row is locked, `perform` runs between them. What no PSP can give back, since it was paid in cash, on
a terminal or elsewhere, or since the PSP refuses, is owed to the customer (`refund_due_minor`)
until staff pay it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.ids import PaymentId
from domain.common.sql import insert_many
from domain.payments.gateway import GatewayAnswer, Outcome, PaymentGateway
from domain.payments.model import Payment
from domain.payments.tables import payment_refund as refunds

PENDING, DONE, DECLINED = "PENDING", "DONE", "DECLINED"
_COLUMNS = ("psp_key", "payment_id", "order_id", "attempt", "amount_minor", "state", "created_at")


@dataclass(frozen=True, slots=True)
class Refund:
    """A wish to refund `amount_minor` of a payment; repeated with the same key until answered."""

    psp_key: str
    payment_id: PaymentId
    reference: str
    amount_minor: int


Refunded = Sequence[tuple[Refund, GatewayAnswer]]


async def prepare(
    connection: AsyncConnection,
    payments: Sequence[Payment],
    order_id: UUID,
    amount_minor: int,
    now: datetime,
) -> tuple[tuple[Payment, ...], list[Refund]]:
    """The payments with what is owed on those that no PSP can refund, and the refunds to ask for,
    which together give back `amount_minor`, newest payment first.

    Refunds of an earlier, unanswered attempt are handed back unchanged, and nothing else is done.
    """
    by_id = {payment.id: payment for payment in payments}
    query = sa.select(refunds).where(refunds.c.order_id == order_id).order_by(refunds.c.psp_key)
    rows = (await connection.execute(query)).all()
    pending = [row for row in rows if row.state == PENDING]
    if pending:
        return tuple(payments), [
            Refund(row.psp_key, row.payment_id, _reference(by_id[row.payment_id]), row.amount_minor)
            for row in pending
        ]
    attempt = 1 + max((row.attempt for row in rows), default=0)
    asked: list[Refund] = []
    left = amount_minor
    for payment in reversed(payments):
        part = min(left, payment.refundable_minor)
        if part <= 0:
            continue
        left -= part
        if payment.psp_reference is None:
            owed = payment.refund_due_minor + part
            by_id[payment.id] = replace(payment, refund_due_minor=owed, updated_at=now)
        else:
            key = f"refund-{payment.id}-{attempt}"
            asked.append(Refund(key, payment.id, payment.psp_reference, part))
    if asked:
        await connection.execute(_insert(asked, order_id, attempt, now))
    return tuple(by_id[payment.id] for payment in payments), asked


async def leaving_minor(connection: AsyncConnection, order_id: UUID) -> int:
    """What is asked to be refunded of the order's payments and not answered yet, minor units."""
    asked = sa.select(sa.func.coalesce(sa.func.sum(refunds.c.amount_minor), 0))
    pending = asked.where(refunds.c.order_id == order_id, refunds.c.state == PENDING)
    return int(await connection.scalar(pending) or 0)


async def perform(gateway: PaymentGateway, wanted: Sequence[Refund]) -> Refunded:
    """The PSP's answer to each refund, same order. Call it outside any transaction."""
    return [
        (each, await gateway.refund(each.psp_key, each.reference, each.amount_minor))
        for each in wanted
    ]


async def record(
    connection: AsyncConnection, payments: Sequence[Payment], results: Refunded, now: datetime
) -> tuple[Payment, ...]:
    """The payments after the answers. What the PSP refuses is owed. An answer that was recorded
    before changes nothing; UNKNOWN leaves the refund pending.
    """
    by_id = {payment.id: payment for payment in payments}
    for refund, answer in results:
        if answer.outcome is Outcome.UNKNOWN:
            continue
        approved = answer.outcome is Outcome.APPROVED
        first = await connection.execute(
            sa.update(refunds)
            .where(refunds.c.psp_key == refund.psp_key, refunds.c.state == PENDING)
            .values(state=DONE if approved else DECLINED, reason=answer.reason)
        )
        if first.rowcount == 1:
            paid = by_id[refund.payment_id]
            by_id[paid.id] = _answered(paid, refund.amount_minor, now, approved=approved)
    return tuple(by_id[payment.id] for payment in payments)


def _answered(payment: Payment, amount_minor: int, now: datetime, *, approved: bool) -> Payment:
    if approved:
        total = payment.refunded_minor + amount_minor
        return replace(payment, refunded_minor=total, updated_at=now)
    owed = payment.refund_due_minor + amount_minor
    return replace(payment, refund_due_minor=owed, updated_at=now)


def _reference(payment: Payment) -> str:
    return payment.psp_reference or ""


def _insert(wanted: Sequence[Refund], order_id: UUID, attempt: int, now: datetime) -> sa.Executable:
    rows = [
        {
            "psp_key": refund.psp_key,
            "payment_id": refund.payment_id,
            "order_id": order_id,
            "attempt": attempt,
            "amount_minor": refund.amount_minor,
            "state": PENDING,
            "created_at": now,
        }
        for refund in wanted
    ]
    return insert_many(refunds, _COLUMNS, rows)
