"""What customers owe: open items, how old they are, and payments that settle them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NewType
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import UpdateBase

from domain.accounting.model import DocumentDue
from domain.accounting.tables import books, invoice, receivable
from domain.common.ids import CustomerId, new_id
from domain.common.sql import insert_many

ReceivableId = NewType("ReceivableId", UUID)
_COLUMNS = [column.name for column in receivable.columns]


@dataclass(frozen=True, slots=True)
class OpenItem:
    """What is left to pay of an item, minor units; below 0 it is in the customer's favour."""

    id: ReceivableId
    order_number: str | None
    invoice_number: str | None
    customer_id: CustomerId
    currency: str
    amount_minor: int
    settled_minor: int
    due_on: date

    @property
    def open_minor(self) -> int:
        """What is left."""
        return self.amount_minor - self.settled_minor


_ITEMS = TypeAdapter(list[OpenItem])


@dataclass(frozen=True, slots=True)
class Ageing:
    """What a customer owes in one currency by the days since it was due, minor units. What is in
    the customer's favour is in `current_minor`.
    """

    customer_id: CustomerId
    currency: str
    current_minor: int
    days_1_30_minor: int
    days_31_60_minor: int
    days_61_90_minor: int
    over_90_minor: int

    @property
    def total_minor(self) -> int:
        """All of it."""
        return (
            self.current_minor
            + self.days_1_30_minor
            + self.days_31_60_minor
            + self.days_61_90_minor
            + self.over_90_minor
        )


_AGEINGS = TypeAdapter(list[Ageing])


def receivable_write(
    due: DocumentDue,
    order_number: str,
    customer_id: CustomerId,
    currency: str,
    invoice_id: UUID | None,
    due_on: date,
    now: datetime,
) -> UpdateBase:
    """The write that stores what a change of an order put on account, or took from it."""
    row: dict[str, Any] = {
        "id": new_id(),
        "order_id": due.order_id,
        "order_version": due.order_version,
        "order_number": order_number,
        "customer_id": customer_id,
        "invoice_id": invoice_id,
        "currency": currency,
        "amount_minor": due.on_account_minor,
        "settled_minor": 0,
        "due_on": due_on,
        "created_at": now,
    }
    return insert_many(receivable, _COLUMNS, [row])


def allocated(items: Sequence[OpenItem], paid_minor: int) -> tuple[list[tuple[OpenItem, int]], int]:
    """By how much each item is settled, and what is left of the payment. What is in the customer's
    favour is used up first, then the payment; the oldest items are settled first. `items` are in
    the order of `open_items_query`.
    """
    owed = sum(item.open_minor for item in items if item.open_minor > 0)
    favour = -sum(item.open_minor for item in items if item.open_minor < 0)
    used = min(favour, owed)
    spent = min(paid_minor, owed - used)
    found: list[tuple[OpenItem, int]] = []
    back, forth = used, used + spent
    for item in items:
        if item.open_minor < 0 and back:
            part = min(back, -item.open_minor)
            back -= part
            found.append((item, -part))
        elif item.open_minor > 0 and forth:
            part = min(forth, item.open_minor)
            forth -= part
            found.append((item, part))
    return found, paid_minor - spent


def items_of(rows: sa.Result[*tuple[Any, ...]]) -> list[OpenItem]:
    """The items of the rows of `open_items_query`."""
    return _ITEMS.validate_python([dict(row) for row in rows.mappings()])


def open_items_query(*conditions: sa.ColumnElement[bool]) -> sa.Select[*tuple[Any, ...]]:
    """Open items under the conditions, those in the customer's favour first, then the oldest."""
    c = receivable.c
    return (
        sa.select(
            c.id,
            c.order_number,
            invoice.c.number.label("invoice_number"),
            c.customer_id,
            c.currency,
            c.amount_minor,
            c.settled_minor,
            c.due_on,
        )
        .outerjoin(invoice, invoice.c.id == c.invoice_id)
        .where(c.settled_minor != c.amount_minor, *conditions)
        .order_by(c.amount_minor > 0, c.due_on, c.created_at, c.id)
    )


async def open_items(
    connection: AsyncConnection, customer_id: CustomerId | None, limit: int
) -> Sequence[OpenItem]:
    """Open items, of one customer or of all."""
    mine = [receivable.c.customer_id == customer_id] if customer_id else []
    return items_of(await connection.execute(open_items_query(*mine).limit(limit)))


async def ageing(
    connection: AsyncConnection,
    as_of: date | None,
    customer_id: CustomerId | None,
    currency: str | None,
    limit: int,
) -> Sequence[Ageing]:
    """What each customer owes by age at `as_of` (None: today in the time zone of the books), the
    largest first. What was settled since then counts as settled.
    """
    c = receivable.c
    today = sa.cast(sa.func.timezone(books.c.time_zone, sa.func.now()), sa.Date)
    day = sa.select(sa.func.coalesce(sa.literal(as_of, sa.Date), today)).scalar_subquery()
    late = sa.case((c.amount_minor < 0, 0), else_=day - c.due_on)
    left = c.amount_minor - c.settled_minor

    def part(name: str, *conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.coalesce(
            sa.cast(sa.func.sum(left).filter(*conditions), sa.BigInteger), 0
        ).label(name)

    wanted = [c.settled_minor != c.amount_minor]
    if customer_id is not None:
        wanted.append(c.customer_id == customer_id)
    if currency is not None:
        wanted.append(c.currency == currency)
    total = sa.func.sum(left)
    query = (
        sa.select(
            c.customer_id,
            c.currency,
            part("current_minor", late <= 0),
            part("days_1_30_minor", late.between(1, 30)),
            part("days_31_60_minor", late.between(31, 60)),
            part("days_61_90_minor", late.between(61, 90)),
            part("over_90_minor", late > 90),
        )
        .where(*wanted)
        .group_by(c.customer_id, c.currency)
        .order_by(total.desc(), c.customer_id, c.currency)
        .limit(limit)
    )
    rows = await connection.execute(query)
    return _AGEINGS.validate_python([dict(row) for row in rows.mappings()])
