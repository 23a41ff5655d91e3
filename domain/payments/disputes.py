"""Disputes: payments that customers' banks take back (chargebacks), until they are won or lost."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.ids import OrderId, PaymentId, new_id
from domain.common.paging import Keyset, Page, PageRequest, page_of
from domain.common.sql import among
from domain.payments.model import Payment
from domain.payments.news import CLOSED_DISPUTES, DisputeNews, DisputeState
from domain.payments.psp_tables import payment_dispute as disputes


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute about a payment of an order; `amount_minor` in minor units of `currency`."""

    id: UUID
    provider: str
    reference: str
    payment_id: PaymentId
    order_id: OrderId
    state: DisputeState
    reason: str
    currency: str
    amount_minor: int
    evidence_due_at: datetime | None
    holds_order: bool
    told_at: datetime
    opened_at: datetime
    closed_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether it is neither won nor lost."""
        return self.state not in CLOSED_DISPUTES


def told(
    before: Dispute | None,
    provider: str,
    paid: Payment,
    news: DisputeNews,
    at: datetime,
    now: datetime,
) -> Dispute | None:
    """The dispute after what the PSP told at `at`; None when that is older than what is known, or
    the dispute is closed. Pure.
    """
    if before is not None and not (before.is_open and _is_news(before, news, at)):
        return None
    return Dispute(
        id=new_id() if before is None else before.id,
        provider=provider,
        reference=news.id,
        payment_id=paid.id,
        order_id=paid.order_id,
        state=news.state,
        reason=news.reason,
        currency=news.currency,
        amount_minor=news.amount_minor,
        evidence_due_at=news.evidence_due_at,
        holds_order=False if before is None else before.holds_order,
        told_at=at,
        opened_at=now if before is None else before.opened_at,
        closed_at=now if news.state in CLOSED_DISPUTES else None,
    )


def _is_news(before: Dispute, news: DisputeNews, at: datetime) -> bool:
    closes = news.state in CLOSED_DISPUTES
    changes = (news.state, news.amount_minor, news.evidence_due_at, news.reason) != (
        before.state,
        before.amount_minor,
        before.evidence_due_at,
        before.reason,
    )
    return closes or (at >= before.told_at and changes)


async def dispute_of(connection: AsyncConnection, provider: str, reference: str) -> Dispute | None:
    """The dispute that the PSP calls so, if it is known."""
    c = disputes.c
    query = sa.select(disputes).where(c.provider == provider, c.reference == reference)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _dispute(row)


async def store_dispute(connection: AsyncConnection, dispute: Dispute) -> None:
    """The dispute is stored as it is now. The order must be locked."""
    row = {column.name: getattr(dispute, column.name) for column in disputes.c}
    row["state"] = dispute.state.value
    wanted = insert(disputes).values(**row)
    changing = ("state", "reason", "amount_minor", "evidence_due_at", "holds_order", "told_at")
    changed = {name: wanted.excluded[name] for name in (*changing, "closed_at")}
    await connection.execute(
        wanted.on_conflict_do_update(index_elements=[disputes.c.id], set_=changed)
    )


async def disputes_of_orders(
    connection: AsyncConnection, order_ids: Collection[UUID]
) -> Mapping[OrderId, Sequence[Dispute]]:
    """The disputes of each of the orders that has some, the oldest first. One statement."""
    query = sa.select(disputes).where(among(disputes.c.order_id, order_ids))
    found: dict[OrderId, list[Dispute]] = {}
    rows = await connection.execute(query.order_by(disputes.c.opened_at, disputes.c.id))
    for row in rows.mappings():
        found.setdefault(OrderId(row["order_id"]), []).append(_dispute(row))
    return found


async def disputes_page(
    connection: AsyncConnection, states: Collection[DisputeState] | None, request: PageRequest
) -> Page[Dispute]:
    """A page of all disputes, the newest first; of these states if given."""
    query = sa.select(disputes).where(_in(states))
    if request.after is not None:
        place = sa.tuple_(disputes.c.opened_at, disputes.c.id)
        query = query.where(place < sa.tuple_(request.after.at, request.after.id))
    newest = query.order_by(disputes.c.opened_at.desc(), disputes.c.id.desc())
    rows = await connection.execute(newest.limit(request.first + 1))
    found = [_dispute(row) for row in rows.mappings()]
    return page_of(found, request, lambda each: Keyset(each.opened_at, each.id))


async def count_disputes(
    connection: AsyncConnection, states: Collection[DisputeState] | None
) -> int:
    """How many entries the whole list of `disputes_page` has."""
    query = sa.select(sa.func.count()).select_from(disputes).where(_in(states))
    return await connection.scalar(query) or 0


def _in(states: Collection[DisputeState] | None) -> sa.ColumnElement[bool]:
    return sa.true() if states is None else disputes.c.state.in_([each.value for each in states])


def _dispute(row: Mapping[Any, Any]) -> Dispute:
    given: dict[str, Any] = {**row, "state": DisputeState(row["state"])}
    return Dispute(**given)
