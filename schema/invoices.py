"""Invoices and credit notes as clients see them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import strawberry
from strawberry import relay

from domain.accounting import documents as domain
from domain.accounting.documents import DocumentKind
from domain.accounting.invoices import DocumentFilter, documents_of
from domain.accounting.model import ShareKind
from domain.common.ids import CustomerId, OrderId
from schema.access import access
from schema.context import Info
from schema.enums import described
from schema.ids import global_id, id_of
from schema.money import Money

INVOICE_PATH = "/invoices"

described(
    DocumentKind,
    "What a document says.",
    {
        "INVOICE": "Goods left, or were taken at the till: they are charged.",
        "CREDIT_NOTE": "What was invoiced is taken back, all of it or in part.",
    },
    name="InvoiceKind",
)
described(
    ShareKind,
    "What a line of an invoice or credit note is for.",
    {
        "GOODS": "Units of a line of the order.",
        "SHIPPING": "The shipping fee, or part of it.",
        "FEE": "What is kept of the value of goods that came back.",
        "ALLOWANCE": "What was given back though the goods are kept.",
    },
    name="InvoiceLineKind",
)


@access()
@strawberry.type(description="A line of an invoice or credit note.")
class InvoiceLine:
    """Twin of domain DocumentLine."""

    kind: ShareKind = strawberry.field(description="What it is for.")
    sku: str | None = strawberry.field(description="The SKU; null unless it is for goods.")
    name: str = strawberry.field(description="As the customer read it; empty unless for goods.")
    quantity: int = strawberry.field(description="Units; 0 unless it is for goods.")
    unit_price: Money | None = strawberry.field(description="List price of a unit, if it has one.")
    discount: Money = strawberry.field(description="What promotions took off the line.")
    tax_rate: Decimal = strawberry.field(description="Rate of its tax; 0.22 is 22 %.")
    net: Money = strawberry.field(description="Without tax.")
    tax: Money = strawberry.field(description="The tax.")
    gross: Money = strawberry.field(description="With tax.")

    @staticmethod
    def of(line: domain.DocumentLine, currency: str) -> "InvoiceLine":
        """The twin."""
        price = line.unit_price_minor
        return InvoiceLine(
            kind=line.kind,
            sku=line.sku,
            name=line.name,
            quantity=line.quantity,
            unit_price=None if price is None else Money.of(price, currency),
            discount=Money.of(line.discount_minor, currency),
            tax_rate=line.rate,
            net=Money.of(line.net_minor, currency),
            tax=Money.of(line.tax_minor, currency),
            gross=Money.of(line.gross_minor, currency),
        )


@access()
@strawberry.type(description="What bears one rate of tax on an invoice or credit note.")
class InvoiceTax:
    """Twin of domain TaxPart."""

    rate: Decimal = strawberry.field(description="The rate; 0.22 is 22 %.")
    net: Money = strawberry.field(description="What bears it, without tax.")
    tax: Money = strawberry.field(description="The tax.")

    @staticmethod
    def of(part: domain.TaxPart, currency: str) -> "InvoiceTax":
        """The twin."""
        return InvoiceTax(
            rate=part.rate,
            net=Money.of(part.net_minor, currency),
            tax=Money.of(part.tax_minor, currency),
        )


@access()
@strawberry.type(
    description="An invoice or a credit note; it never changes. The amounts of a credit note are "
    "what it gives back, above 0."
)
class Invoice:
    """Twin of domain Document."""

    id: strawberry.ID = strawberry.field(description="Its id.")
    number: str = strawberry.field(description="Its number; a series has no gaps.")
    kind: DocumentKind = strawberry.field(description="Invoice or credit note.")
    order_id: relay.GlobalID = strawberry.field(description="The order.")
    order_number: str = strawberry.field(description="The order's number.")
    country: str = strawberry.field(description="Country of taxation, ISO 3166-1.")
    issued_at: datetime = strawberry.field(description="When it was issued (UTC).")
    issued_on: date = strawberry.field(description="The business day on which it was issued.")
    supplied_at: datetime = strawberry.field(
        description="When the goods left, or what is credited happened (UTC)."
    )
    due_on: date | None = strawberry.field(
        description="Until when what is on account is to be paid; null if nothing is."
    )
    net: Money = strawberry.field(description="Without tax.")
    tax: Money = strawberry.field(description="The tax.")
    total: Money = strawberry.field(description="With tax.")
    lines: list[InvoiceLine] = strawberry.field(description="What it is for.")
    taxes: list[InvoiceTax] = strawberry.field(description="By rate, the highest first.")
    corrects: list[str] = strawberry.field(
        description="Numbers of the order's invoices that a credit note corrects."
    )
    url: str = strawberry.field(
        description="Path of its PDF on this server, for whoever may see the order, with the same "
        "bearer token as here."
    )

    @staticmethod
    def of(document: domain.Document) -> "Invoice":
        """The twin."""
        currency = document.currency
        return Invoice(
            id=strawberry.ID(str(document.id)),
            number=document.number,
            kind=document.kind,
            order_id=global_id("Order", document.order_id),
            order_number=document.order_number,
            country=document.country,
            issued_at=document.issued_at,
            issued_on=document.issued_on,
            supplied_at=document.supplied_at,
            due_on=document.due_on,
            net=Money.of(document.net_minor, currency),
            tax=Money.of(document.tax_minor, currency),
            total=Money.of(document.total_minor, currency),
            lines=[InvoiceLine.of(line, currency) for line in document.content.lines],
            taxes=[InvoiceTax.of(part, currency) for part in document.content.taxes],
            corrects=list(document.corrects),
            url=f"{INVOICE_PATH}/{document.id}.pdf",
        )


async def load_invoices(info: Info, order_id: OrderId) -> list[Invoice]:
    """The documents of an order, loaded for all orders of the operation at once."""

    async def load(keys: list[OrderId]) -> list[list[domain.Document]]:
        found = await info.context.read(lambda c: documents_of(c, keys))
        return [found.get(key, []) for key in keys]

    loaded = await info.context.loader("invoices_by_order", load).load(order_id)
    return [Invoice.of(each) for each in loaded]


@strawberry.input(description="Which invoices and credit notes to list; all conditions hold.")
class InvoiceFilterInput:
    """Twin of DocumentFilter."""

    kind: DocumentKind | None = strawberry.field(default=None, description="Only of this kind.")
    number: str | None = strawberry.field(default=None, description="Only of this number.")
    order_number: str | None = strawberry.field(default=None, description="Only of this order.")
    customer_id: relay.GlobalID | None = strawberry.field(
        default=None, description="Only of this customer."
    )
    country: str | None = strawberry.field(default=None, description="Only of this country.")
    issued_from: date | None = strawberry.field(
        default=None, description="Issued on this business day or later."
    )
    issued_to: date | None = strawberry.field(
        default=None, description="Issued on this business day or before."
    )

    def to_domain(self) -> DocumentFilter:
        """The filter.

        Raises:
            ValidationFailed: the customer's id is malformed.
        """
        given = self.customer_id
        return DocumentFilter(
            kind=self.kind,
            number=self.number,
            order_number=self.order_number,
            customer_id=CustomerId(id_of(given, "Customer", "customerId")) if given else None,
            country=self.country,
            issued_from=self.issued_from,
            issued_to=self.issued_to,
        )


InvoiceWhere = Annotated[
    InvoiceFilterInput | None, strawberry.argument(description="Which; all unless given.")
]
