"""Payments after what the PSP tells of them: captures and refunds of ours that were not heard of,
and those that were made by others, in the PSP's dashboard. The order's row must be locked.
"""

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.payments import capturing, refunding
from domain.payments.capturing import Capture
from domain.payments.gateway import GatewayAnswer, Outcome
from domain.payments.model import Payment, captured
from domain.payments.news import AuthorisationNews, RefundNews, RefundState
from domain.payments.refunding import Refund
from domain.payments.tables import payment_capture, payment_refund

_DONE, _DECLINED = "DONE", "DECLINED"


async def book_captures(
    connection: AsyncConnection, paid: Payment, news: AuthorisationNews, now: datetime
) -> Payment:
    """`paid` with all captures that the PSP tells of; those of others are stored as DONE."""
    query = sa.select(payment_capture).where(payment_capture.c.payment_id == paid.id)
    rows = (await connection.execute(query)).all()
    made = [
        Capture(row.psp_key, paid.id, news.reference, row.amount_minor)
        for row in rows
        if row.psp_key in news.captures
    ]
    approved = GatewayAnswer(Outcome.APPROVED, news.reference)
    answers = [(capture, approved) for capture in made]
    (after,), _ = await capturing.record(connection, [paid], answers, now)
    ours = sum(capture.amount_minor for capture in made)
    foreign = _foreign_key(news.reference, "")
    known = sum(row.amount_minor for row in rows if row.psp_key.startswith(foreign))
    others = min(news.captured_minor - ours - known, after.capturable_minor)
    if others <= 0:
        return after
    await connection.execute(
        sa.insert(payment_capture).values(
            psp_key=_foreign_key(news.reference, str(news.captured_minor)),
            payment_id=paid.id,
            purpose_id=paid.order_id,
            attempt=1 + len(rows),
            amount_minor=others,
            state=_DONE,
            created_at=now,
        )
    )
    return captured(after, others, now)


async def book_refund(
    connection: AsyncConnection, paid: Payment, news: RefundNews, now: datetime
) -> Payment | None:
    """`paid` after the refund; None when what it gives back is not known to be captured yet, or
    when it is ours and its intent is not there.

    A refund that fails after all is owed to the customer. One of others that gives back what is
    owed already, since the PSP had refused it, settles that.
    """
    key = news.psp_key or _foreign_key(news.reference, news.id)
    mine = payment_refund.c.psp_key == key
    row = (await connection.execute(sa.select(payment_refund).where(mine))).one_or_none()
    failed = news.state is RefundState.FAILED
    if row is None:
        return None if news.psp_key else await _refunded_by_others(connection, paid, news, now)
    if row.state == "PENDING":
        outcome = Outcome.DECLINED if failed else Outcome.APPROVED
        answer = GatewayAnswer(outcome, news.reference, news.reason)
        asked = Refund(key, paid.id, news.reference, row.amount_minor)
        (after,) = await refunding.record(connection, [paid], [(asked, answer)], now)
        return after
    if row.state == _DONE and failed:
        failure = {"state": _DECLINED, "reason": news.reason}
        await connection.execute(sa.update(payment_refund).where(mine).values(**failure))
        return replace(
            paid,
            refunded_minor=paid.refunded_minor - row.amount_minor,
            refund_due_minor=paid.refund_due_minor + row.amount_minor,
            updated_at=now,
        )
    return paid


async def _refunded_by_others(
    connection: AsyncConnection, paid: Payment, news: RefundNews, now: datetime
) -> Payment | None:
    failed = news.state is RefundState.FAILED
    if not failed and paid.refundable_minor + paid.refund_due_minor < news.amount_minor:
        return None
    await connection.execute(
        sa.insert(payment_refund).values(
            psp_key=_foreign_key(news.reference, news.id),
            payment_id=paid.id,
            order_id=paid.order_id,
            attempt=0,
            amount_minor=news.amount_minor,
            state=_DECLINED if failed else _DONE,
            reason=news.reason,
            created_at=now,
        )
    )
    if failed:
        return paid
    return replace(
        paid,
        refunded_minor=paid.refunded_minor + news.amount_minor,
        refund_due_minor=max(0, paid.refund_due_minor - news.amount_minor),
        updated_at=now,
    )


def _foreign_key(reference: str, name: str) -> str:
    """A key for what was made by others: no key of ours begins so."""
    return f"psp-{reference}-{name}"
