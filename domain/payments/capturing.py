"""Capturing what leaves: a persisted intent, the PSP call, the record (ADR 0017).

`prepare` and `record` run in transactions in which the order's row is locked; `perform` runs
between them, without a transaction. A crash between them is healed by repeating the three.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.ids import PaymentId
from domain.common.sql import insert_many
from domain.payments.gateway import GatewayAnswer, Outcome, PaymentGateway
from domain.payments.model import IN_HOUSE, Payment, Tender, captured, in_taking_order
from domain.payments.tables import payment_capture as captures

PENDING, DONE, DECLINED = "PENDING", "DONE", "DECLINED"


@dataclass(frozen=True, slots=True)
class Capture:
    """A wish to capture `amount_minor` of a payment; repeated with the same key until answered.

    Without a `reference` the money is in house, and nobody has to be asked.
    """

    psp_key: str
    payment_id: PaymentId
    reference: str | None
    amount_minor: int


Captured = Sequence[tuple[Capture, GatewayAnswer]]


async def prepare(
    connection: AsyncConnection,
    payments: Sequence[Payment],
    purpose_id: UUID,
    amount_minor: int,
    now: datetime,
) -> list[Capture]:
    """The captures that bring in `amount_minor` for one purpose, in taking order.

    Intents of an earlier, unanswered attempt for the same purpose are handed back unchanged.
    """
    by_id = {payment.id: payment for payment in payments}
    rows = (
        await connection.execute(
            sa.select(captures).where(captures.c.purpose_id == purpose_id).order_by("psp_key")
        )
    ).all()
    pending = [row for row in rows if row.state == PENDING]
    if pending:
        return [
            Capture(
                row.psp_key,
                PaymentId(row.payment_id),
                _reference(by_id[PaymentId(row.payment_id)]),
                row.amount_minor,
            )
            for row in pending
        ]
    attempt = 1 + max((row.attempt for row in rows), default=0)
    wanted = _share_out(payments, purpose_id, amount_minor, attempt)
    if wanted:
        await connection.execute(_insert(wanted, purpose_id, attempt, now))
    return wanted


def _share_out(
    payments: Sequence[Payment], purpose_id: UUID, amount_minor: int, attempt: int
) -> list[Capture]:
    wanted: list[Capture] = []
    left = amount_minor
    for payment in in_taking_order(payments):
        part = min(left, payment.capturable_minor)
        if part > 0:
            key = f"capture-{payment.id}-{purpose_id}-{attempt}"
            wanted.append(Capture(key, payment.id, _reference(payment), part))
            left -= part
    return wanted


def reference_of(tender: Tender, psp_reference: str | None) -> str | None:
    """What a capture asks the PSP for; None when the money is in house."""
    return None if tender in IN_HOUSE else psp_reference or ""


def _reference(payment: Payment) -> str | None:
    return reference_of(payment.tender, payment.psp_reference)


def _insert(
    wanted: Sequence[Capture], purpose_id: UUID, attempt: int, now: datetime
) -> sa.Executable:
    columns = [
        "psp_key",
        "payment_id",
        "purpose_id",
        "attempt",
        "amount_minor",
        "state",
        "created_at",
    ]
    rows = [
        {
            "psp_key": capture.psp_key,
            "payment_id": capture.payment_id,
            "purpose_id": purpose_id,
            "attempt": attempt,
            "amount_minor": capture.amount_minor,
            "state": PENDING,
            "created_at": now,
        }
        for capture in wanted
    ]
    return insert_many(captures, columns, rows)


async def perform(gateway: PaymentGateway, wanted: Sequence[Capture]) -> Captured:
    """The PSP's answer to each capture, same order. Call it outside any transaction."""
    return [(each, await _asked(gateway, each)) for each in wanted]


async def _asked(gateway: PaymentGateway, wanted: Capture) -> GatewayAnswer:
    if wanted.reference is None:
        return GatewayAnswer(Outcome.APPROVED)
    return await gateway.capture(wanted.psp_key, wanted.reference, wanted.amount_minor)


async def record(
    connection: AsyncConnection, payments: Sequence[Payment], results: Captured, now: datetime
) -> tuple[tuple[Payment, ...], str | None]:
    """The payments after the answers, and the reason of the first refusal (None: all captured).

    An answer that was recorded before changes nothing. UNKNOWN leaves the intent pending.
    """
    by_id = {payment.id: payment for payment in payments}
    refusal: str | None = None
    for capture, answer in results:
        if answer.outcome is Outcome.UNKNOWN:
            refusal = refusal or "no answer"
            continue
        approved = answer.outcome is Outcome.APPROVED
        first = await connection.execute(
            sa.update(captures)
            .where(captures.c.psp_key == capture.psp_key, captures.c.state == PENDING)
            .values(state=DONE if approved else DECLINED, reason=answer.reason)
        )
        if approved and first.rowcount == 1:
            paid = by_id[capture.payment_id]
            by_id[paid.id] = captured(paid, capture.amount_minor, now)
        if not approved:
            refusal = refusal or answer.reason or "refused"
    return tuple(by_id[payment.id] for payment in payments), refusal
