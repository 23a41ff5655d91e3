"""Documents in the database: numbers without gaps, writing them once, reading them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import UpdateBase

from domain.accounting.documents import Document, DocumentKind, LegalEntity
from domain.accounting.model import DocumentDue
from domain.accounting.tables import (
    books,
    document_due,
    document_series,
    invoice,
    invoice_party,
    legal_entity,
)
from domain.common.ids import CustomerId, OrderId
from domain.common.paging import Keyset, Page, PageRequest, page_of
from domain.common.sql import insert_many
from domain.common.transaction import Tx

_DOCUMENTS = TypeAdapter(list[Document])
_ENTITIES = TypeAdapter(list[LegalEntity])
_DUE = TypeAdapter(DocumentDue)
_CONTENT = TypeAdapter(Any)
_COLUMNS = [column.name for column in invoice.columns]
_PARTY = [column.name for column in invoice_party.columns]


async def business_day(connection: AsyncConnection, at: datetime) -> date:
    """The day of `at` in the time zone of the books."""
    local = sa.cast(sa.func.timezone(books.c.time_zone, sa.literal(at)), sa.Date)
    return (await connection.execute(sa.select(local))).scalar_one()


async def legal_entities(connection: AsyncConnection) -> list[LegalEntity]:
    """All of them, by code."""
    rows = await connection.execute(sa.select(legal_entity).order_by(legal_entity.c.code))
    return _ENTITIES.validate_python([dict(row) for row in rows.mappings()])


async def documents_due(connection: AsyncConnection, limit: int) -> Sequence[tuple[UUID, int]]:
    """Orders with the versions that wait for their document, the oldest first."""
    c = document_due.c
    query = sa.select(c.order_id, c.order_version).order_by(c.at, c.order_id, c.order_version)
    return [
        (row.order_id, row.order_version) for row in await connection.execute(query.limit(limit))
    ]


async def taken_due(tx: Tx, order_id: UUID, version: int) -> DocumentDue | None:
    """What is due of that version of an order; it is not due any more once this transaction is
    committed. None if somebody else has it.
    """
    c = document_due.c
    mine = sa.select(c.order_id).where(c.order_id == order_id, c.order_version == version)
    locked = mine.with_for_update(skip_locked=True).cte("locked")
    gone = (
        sa.delete(document_due)
        .where(c.order_id.in_(sa.select(locked.c.order_id)), c.order_version == version)
        .returning(*c)
    )
    row = (await tx.connection.execute(gone)).mappings().first()
    return None if row is None else _DUE.validate_python(dict(row))


async def next_number(tx: Tx, entity: str, kind: DocumentKind, country: str, year: int) -> int:
    """The next number of a series, 1 for a new one. It is given back if this transaction fails, so
    there are no gaps.

    Locks: the series, until the end of the transaction.
    """
    c = document_series.c
    first = insert(document_series).values(
        entity=entity, kind=kind.value, country=country, year=year, last_number=1
    )
    taken = first.on_conflict_do_update(
        index_elements=[c.entity, c.kind, c.country, c.year],
        set_={"last_number": c.last_number + 1},
    ).returning(c.last_number)
    return (await tx.connection.execute(taken)).scalar_one()


def document_writes(documents: Sequence[Document]) -> list[UpdateBase]:
    """The writes that store documents with those they are addressed to."""
    rows = [_row(each) for each in documents]
    parties = [
        {"invoice_id": each.id, **{name: getattr(each.party, name) for name in _PARTY[1:]}}
        for each in documents
        if each.party is not None
    ]
    writes: list[UpdateBase] = [insert_many(invoice, _COLUMNS, rows)] if rows else []
    return [*writes, insert_many(invoice_party, _PARTY, parties)] if parties else writes


def _row(document: Document) -> dict[str, Any]:
    row = {
        field.name: getattr(document, field.name)
        for field in fields(Document)
        if field.name in _COLUMNS
    }
    return {**row, "content": _CONTENT.dump_python(document.content, mode="json")}


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Which documents to list; None means any. Days are business days, both included."""

    kind: DocumentKind | None = None
    order_number: str | None = None
    number: str | None = None
    customer_id: CustomerId | None = None
    country: str | None = None
    issued_from: date | None = None
    issued_to: date | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """The filter over `invoice`."""
        c = invoice.c
        wanted = {
            c.kind: self.kind.value if self.kind else None,
            c.order_number: self.order_number,
            c.number: self.number,
            c.customer_id: self.customer_id,
            c.country: self.country,
        }
        found = [column == value for column, value in wanted.items() if value is not None]
        if self.issued_from is not None:
            found.append(c.issued_on >= self.issued_from)
        if self.issued_to is not None:
            found.append(c.issued_on <= self.issued_to)
        return found


def _document() -> sa.ColumnElement[object]:
    party = (
        sa.select(sa.func.to_jsonb(invoice_party.table_valued()))
        .where(invoice_party.c.invoice_id == invoice.c.id)
        .correlate_except(invoice_party)
        .scalar_subquery()
    )
    return sa.func.to_jsonb(invoice.table_valued()).op("||")(
        sa.func.jsonb_build_object("party", party)
    )


async def document_by_id(connection: AsyncConnection, document_id: UUID) -> Document | None:
    """The document."""
    found = await connection.scalars(sa.select(_document()).where(invoice.c.id == document_id))
    return next(iter(_DOCUMENTS.validate_python(found.all())), None)


async def documents_of(
    connection: AsyncConnection, order_ids: Collection[UUID]
) -> Mapping[OrderId, list[Document]]:
    """The documents of those orders, the oldest first. One statement."""
    query = (
        sa.select(_document())
        .where(invoice.c.order_id.in_(list(order_ids)))
        .order_by(invoice.c.issued_at, invoice.c.id)
    )
    found: dict[OrderId, list[Document]] = {}
    for document in _DOCUMENTS.validate_python((await connection.scalars(query)).all()):
        found.setdefault(document.order_id, []).append(document)
    return found


async def documents_page(
    connection: AsyncConnection, wanted: DocumentFilter, request: PageRequest
) -> Page[Document]:
    """A page of documents, the newest first. One statement."""
    c = invoice.c
    query = sa.select(_document()).where(*wanted.conditions())
    if request.after is not None:
        seen = sa.tuple_(sa.literal(request.after.at), sa.literal(request.after.id))
        query = query.where(sa.tuple_(c.issued_at, c.id) < seen)
    query = query.order_by(c.issued_at.desc(), c.id.desc()).limit(request.first + 1)
    found = _DOCUMENTS.validate_python((await connection.scalars(query)).all())
    return page_of(found, request, lambda each: Keyset(each.issued_at, each.id))


async def count_documents(connection: AsyncConnection, wanted: DocumentFilter) -> int:
    """The number of documents that pass the filter."""
    query = sa.select(sa.func.count()).select_from(invoice).where(*wanted.conditions())
    return (await connection.execute(query)).scalar_one()
