"""Issuing invoices and credit notes for what orders brought: when goods leave, and come back.

What is due was stored with the change of the order (`bookkeeping`). Each is issued in a transaction
of its own, so that orders never wait for the numbers of a series; the scheduler issues what nobody
asked for, and what a crash left.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import sqlalchemy as sa

from domain.accounting.documents import (
    Content,
    Document,
    DocumentKind,
    DocumentLine,
    InvoiceId,
    LegalEntity,
    Paid,
    Party,
    Seller,
    entity_for,
    number_of,
    parted,
    taxes_of,
)
from domain.accounting.invoices import (
    business_day,
    document_writes,
    documents_due,
    legal_entities,
    next_number,
    taken_due,
)
from domain.accounting.model import DocumentDue, Share
from domain.accounting.receivables import receivable_write
from domain.accounting.settling import offset
from domain.accounting.tables import invoice
from domain.common.database import Database
from domain.common.ids import OrderId, new_id
from domain.common.money import rounded
from domain.common.sql import together
from domain.common.transaction import Tx
from domain.orders.model import Line, Order
from domain.orders.repository import orders_by_id

ACTOR = "SYSTEM:invoicing"


async def issue_due(database: Database, *, limit: int = 100) -> int:
    """How many changes of orders got their documents, which they did not have yet. Each in a
    transaction of its own; safe on many workers at once.
    """
    due = await database.read_primary(lambda connection: documents_due(connection, limit))
    issued = 0
    for order_id, version in due:
        issued += await database.run(
            lambda tx, one=order_id, at=version: _issue(tx, OrderId(one), at), actor_key=ACTOR
        )
    return issued


async def _issue(tx: Tx, order_id: OrderId, version: int) -> int:
    """Locks: what is due, then the series of invoices, then that of credit notes, then what the
    customer owes.
    """
    due = await taken_due(tx, order_id, version)
    if due is None:
        return 0
    order = (await orders_by_id(tx.connection, [order_id]))[order_id]
    entity = entity_for(await legal_entities(tx.connection), order.country)
    day = await business_day(tx.connection, await tx.now())
    documents = [
        await _numbered(tx, _document(order, due, kind, shares, entity, day))
        for kind, shares in parted(due.shares).items()
    ]
    documents = [await _correcting(tx, each) for each in documents]
    writes = document_writes(documents)
    if due.on_account_minor:
        pay_until = day + timedelta(days=entity.payment_days)
        invoiced = documents[0].id if documents else None
        writes.append(
            receivable_write(
                due,
                order.number,
                order.customer_id,
                order.currency,
                invoiced,
                pay_until,
                await tx.now(),
            )
        )
    if writes:
        await tx.connection.execute(together(*writes))
    if due.on_account_minor:
        await offset(tx, order.customer_id, order.currency)
    return 1


async def _numbered(tx: Tx, document: Document) -> Document:
    sequence = await next_number(
        tx, document.entity, document.kind, document.country, document.year
    )
    number = number_of(document.number, document.kind, document.country, document.year, sequence)
    return replace(document, number=number, sequence=sequence, issued_at=await tx.now())


async def _correcting(tx: Tx, document: Document) -> Document:
    """A credit note names the invoices of its order."""
    if document.kind is DocumentKind.INVOICE:
        return document
    c = invoice.c
    query = sa.select(c.number).where(
        c.order_id == document.order_id, c.kind == DocumentKind.INVOICE.value
    )
    found = await tx.connection.scalars(query.order_by(c.issued_at, c.id))
    return replace(document, corrects=tuple(found.all()))


def _document(
    order: Order,
    due: DocumentDue,
    kind: DocumentKind,
    shares: Sequence[Share],
    entity: LegalEntity,
    day: date,
) -> Document:
    """The document, whose number is yet the prefix of its entity."""
    sign = 1 if kind is DocumentKind.INVOICE else -1
    lines = tuple(_line(order, share, sign) for share in shares)
    gross, tax = (
        sum(line.gross_minor for line in lines),
        sum(line.tax_minor for line in lines),
    )
    on_account = kind is DocumentKind.INVOICE and due.on_account_minor > 0
    return Document(
        id=InvoiceId(new_id()),
        number=entity.prefix,
        kind=kind,
        entity=entity.code,
        country=order.country,
        year=day.year,
        sequence=0,
        order_id=order.id,
        order_number=order.number,
        order_version=due.order_version,
        channel=order.channel,
        customer_id=order.customer_id,
        language=order.language,
        currency=order.currency,
        net_minor=gross - tax,
        tax_minor=tax,
        total_minor=gross,
        issued_at=due.at,
        supplied_at=due.at,
        issued_on=day,
        due_on=day + timedelta(days=entity.payment_days) if on_account else None,
        content=Content(_seller(entity), order.tax_included, lines, taxes_of(lines), _paid(order)),
        party=_party(order),
    )


def _line(order: Order, share: Share, sign: int) -> DocumentLine:
    rate = Decimal(share.rate)
    line = next((line for line in order.lines if line.id == share.line_id), None)
    if line is None:
        return DocumentLine(
            share.kind, None, "", 0, None, 0, rate, sign * share.gross_minor,
            sign * share.tax_minor,
        )  # fmt: skip
    return DocumentLine(
        kind=share.kind,
        sku=line.sku,
        name=_name(line, order.language),
        quantity=sign * share.units,
        unit_price_minor=line.unit_price_minor,
        discount_minor=rounded(
            Decimal(order.discount_of(line.id) * sign * share.units) / line.ordered_quantity
        ),
        rate=rate,
        gross_minor=sign * share.gross_minor,
        tax_minor=sign * share.tax_minor,
    )


def _name(line: Line, language: str) -> str:
    names = line.names
    return names.get(language) or names.get("en") or next(iter(names.values()), line.sku)


def _seller(entity: LegalEntity) -> Seller:
    return Seller(
        entity.name,
        entity.street,
        entity.postal_code,
        entity.city,
        entity.country,
        entity.tax_number,
    )


def _party(order: Order) -> Party | None:
    if order.address is None:
        return None
    to = order.address
    return Party(to.recipient, to.street, to.postal_code, to.city, to.region, to.country)


def _paid(order: Order) -> tuple[Paid, ...]:
    return tuple(
        Paid(paid.tender.value, paid.captured_minor)
        for paid in order.payments
        if paid.captured_minor
    )
