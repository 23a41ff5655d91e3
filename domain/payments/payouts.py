"""Payouts: what PSPs transfer to the retailer's bank account, and of what it is made up.

A PSP tells of a payout; its lines are asked for afterwards (`store_lines`), outside transactions.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.database import Database
from domain.common.sql import insert_many
from domain.common.transaction import Tx
from domain.payments.inbox import actor_of
from domain.payments.news import PayoutNews, PayoutState
from domain.payments.psp_tables import psp_payout, psp_payout_line


@dataclass(frozen=True, slots=True)
class PayoutLine:
    """A part of a payout, in minor units: `net_minor` is `amount_minor` without `fee_minor`; what
    was given back is negative. `payment_reference`: as `Payment.psp_reference`, if it is about one.
    """

    reference: str
    kind: str
    payment_reference: str | None
    currency: str
    amount_minor: int
    fee_minor: int
    net_minor: int
    occurred_at: datetime


class PayoutSource(Protocol):
    """A PSP that tells of what its payouts are made up."""

    async def payout_lines(self, reference: str) -> Sequence[PayoutLine] | None:
        """The lines of the payout; None when there is no answer, or it cannot be read."""
        ...


async def record_payout(tx: Tx, provider: str, news: PayoutNews, told_at: datetime) -> None:
    """The payout is stored as the PSP told; what it told before, at a later time, stands."""
    wanted = insert(psp_payout).values(
        provider=provider,
        reference=news.id,
        state=news.state.value,
        currency=news.currency,
        amount_minor=news.amount_minor,
        arrives_on=news.arrives_on,
        told_at=told_at,
        received_at=await tx.now(),
    )
    changed = {
        name: wanted.excluded[name] for name in ("state", "amount_minor", "arrives_on", "told_at")
    }
    await tx.connection.execute(
        wanted.on_conflict_do_update(
            index_elements=[psp_payout.c.provider, psp_payout.c.reference],
            set_=changed,
            where=psp_payout.c.told_at < wanted.excluded.told_at,
        )
    )


async def store_lines(
    database: Database, provider: str, source: PayoutSource, *, limit: int = 10
) -> int:
    """How many payouts got their lines and the sum of their fees. A payout that was paid is asked
    about until the PSP tells; those that were asked about longest ago come first.
    """
    due = await database.read(lambda connection: _without_lines(connection, provider, limit))
    stored = 0
    for reference in due:
        lines = await source.payout_lines(reference)

        async def step(
            tx: Tx, payout: str = reference, told: Sequence[PayoutLine] | None = lines
        ) -> int:
            return await _store(tx, provider, payout, told)

        stored += await database.run(step, actor_key=actor_of(provider))
    return stored


async def _store(tx: Tx, provider: str, reference: str, lines: Sequence[PayoutLine] | None) -> int:
    c = psp_payout.c
    mine = sa.and_(c.provider == provider, c.reference == reference, c.lines_at.is_(None))
    change: dict[str, object] = {"asked_at": sa.func.now()}
    if lines is not None:
        fee = sum(line.fee_minor for line in lines)
        change |= {"lines_at": sa.func.now(), "fee_minor": fee}
    first = await tx.connection.execute(sa.update(psp_payout).where(mine).values(**change))
    if lines is None or first.rowcount == 0:
        return 0
    if lines:
        key = {"provider": provider, "payout_reference": reference}
        rows = [key | asdict(line) for line in lines]
        await tx.connection.execute(insert_many(psp_payout_line, list(rows[0]), rows))
    return 1


async def _without_lines(connection: AsyncConnection, provider: str, limit: int) -> Sequence[str]:
    c = psp_payout.c
    query = sa.select(c.reference).where(
        c.provider == provider, c.state == PayoutState.PAID.value, c.lines_at.is_(None)
    )
    first = sa.func.coalesce(c.asked_at, c.received_at)
    return (await connection.scalars(query.order_by(first).limit(limit))).all()
