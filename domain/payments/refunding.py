"""Giving back what was captured and is not due: a persisted intent, the PSP call, the record.

As for captures (`capturing.py`): `prepare` and `record` run in transactions in which the order's
row is locked, `perform` runs between them. What was paid from accounts of our own goes back there
at once. What nobody can give back, since it was paid in cash, on a terminal or elsewhere, or since
the PSP refuses, is owed to the customer (`refund_due_minor`) until staff pay it (`pay_due`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.accounting.model import (
    TENDER_ACCOUNTS,
    JournalTransaction,
    TransactionId,
    TransactionKind,
    pair,
)
from domain.accounting.posting import post
from domain.common.ids import PaymentId, new_id
from domain.common.sql import insert_many
from domain.common.transaction import Tx
from domain.payments.gateway import GatewayAnswer, Outcome, PaymentGateway
from domain.payments.in_house import refunded_in_house
from domain.payments.model import IN_HOUSE, Payment, Tender, in_taking_order
from domain.payments.tables import payment_refund as refunds

PENDING, DONE, DECLINED = "PENDING", "DONE", "DECLINED"
PAID_OUT_AS = frozenset({Tender.CASH, Tender.BANK_TRANSFER, Tender.STORE_CREDIT, Tender.CHEQUE})
"""Tenders by which staff pay what is owed."""
_COLUMNS = ("psp_key", "payment_id", "order_id", "attempt", "amount_minor", "state", "created_at")


@dataclass(frozen=True, slots=True)
class Refund:
    """A wish to refund `amount_minor` of a payment; repeated with the same key until answered."""

    psp_key: str
    payment_id: PaymentId
    reference: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class GivenBack:
    """How staff paid what was owed; `note` such as the reference of a transfer."""

    tender: Tender
    note: str = ""


Refunded = Sequence[tuple[Refund, GatewayAnswer]]


async def prepare(
    tx: Tx, payments: Sequence[Payment], order_id: UUID, amount_minor: int
) -> tuple[tuple[Payment, ...], list[Refund]]:
    """The payments after what can be given back in house, and with what is owed on those that no
    PSP can refund; and the refunds to ask for. Together they give back `amount_minor`, against the
    order in which the payments are taken.

    Refunds of an earlier, unanswered attempt are handed back unchanged, and nothing else is done.

    Locks: vouchers and credit accounts, one after the other.
    """
    now = await tx.now()
    by_id = {payment.id: payment for payment in payments}
    query = sa.select(refunds).where(refunds.c.order_id == order_id).order_by(refunds.c.psp_key)
    rows = (await tx.connection.execute(query)).all()
    pending = [row for row in rows if row.state == PENDING]
    if pending:
        return tuple(payments), [
            Refund(row.psp_key, row.payment_id, _reference(by_id[row.payment_id]), row.amount_minor)
            for row in pending
        ]
    attempt = 1 + max((row.attempt for row in rows), default=0)
    asked: list[Refund] = []
    left = amount_minor
    for payment in reversed(in_taking_order(payments)):
        part = min(left, payment.refundable_minor)
        if part <= 0:
            continue
        left -= part
        refund = Refund(f"refund-{payment.id}-{attempt}", payment.id, _reference(payment), part)
        if payment.tender in IN_HOUSE and await refunded_in_house(tx, payment, part):
            by_id[payment.id] = _answered(payment, part, now, approved=True)
            await tx.connection.execute(_insert([refund], order_id, attempt, now, state=DONE))
        elif payment.psp_reference is None:
            by_id[payment.id] = _answered(payment, part, now, approved=False)
        else:
            asked.append(refund)
    if asked:
        await tx.connection.execute(_insert(asked, order_id, attempt, now))
    return tuple(by_id[payment.id] for payment in payments), asked


async def pay_due(
    tx: Tx, payments: Sequence[Payment], due: GivenBack, amount_minor: int
) -> tuple[Payment, ...]:
    """The payments with so much less owed and so much more given back, as `due` says how. It must
    not be more than is owed.
    """
    now = await tx.now()
    after: list[Payment] = []
    left = amount_minor
    for payment in payments:
        part = min(left, payment.refund_due_minor)
        if part <= 0:
            after.append(payment)
            continue
        left -= part
        key = f"paid-out-{new_id()}"
        row = {
            "psp_key": key,
            "payment_id": payment.id,
            "order_id": payment.order_id,
            "attempt": 0,
            "amount_minor": part,
            "state": DONE,
            "created_at": now,
            "given_as": due.tender.value,
            "note": due.note or None,
            "asked_by": tx.actor_key,
        }
        await tx.connection.execute(sa.insert(refunds).values(row))
        await _given_as(tx, payment, due.tender, part, key)
        owed = replace(payment, refund_due_minor=payment.refund_due_minor - part)
        after.append(_answered(owed, part, now, approved=True))
    return tuple(after)


async def _given_as(tx: Tx, payment: Payment, tender: Tender, minor: int, source: str) -> None:
    """The ledger has the refund where it left: the order books it on the payment's own account."""
    if tender is payment.tender:
        return
    own, given = TENDER_ACCOUNTS[payment.tender], TENDER_ACCOUNTS[tender]
    entries = pair(own, given, minor, payment.currency, payment.order_id)
    kind, key = TransactionKind.REFUND_TENDER, TransactionId(new_id())
    await post(tx, JournalTransaction(key, kind, source, source, await tx.now(), entries))


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


def _insert(
    wanted: Sequence[Refund], order_id: UUID, attempt: int, now: datetime, state: str = PENDING
) -> sa.Executable:
    rows = [
        {
            "psp_key": refund.psp_key,
            "payment_id": refund.payment_id,
            "order_id": order_id,
            "attempt": attempt,
            "amount_minor": refund.amount_minor,
            "state": state,
            "created_at": now,
        }
        for refund in wanted
    ]
    return insert_many(refunds, _COLUMNS, rows)
