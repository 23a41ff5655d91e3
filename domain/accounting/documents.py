"""Invoices and credit notes as values (pure). They never change once they are issued."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.accounting.model import Share, ShareKind
from domain.common.ids import ChannelCode, CustomerId, OrderId

InvoiceId = NewType("InvoiceId", UUID)


class DocumentKind(StrEnum):
    """What a document says: that money is due or was paid, or that it is given back."""

    INVOICE = "INVOICE"
    CREDIT_NOTE = "CREDIT_NOTE"


_MARKS = {DocumentKind.INVOICE: "INV", DocumentKind.CREDIT_NOTE: "CRN"}


@dataclass(frozen=True, slots=True)
class LegalEntity:
    """Who invoices. `countries`: those that it sells to; none stands for all that are left."""

    code: str
    prefix: str
    name: str
    street: str
    postal_code: str
    city: str
    country: str
    tax_number: str
    countries: tuple[str, ...]
    payment_days: int
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Seller:
    """Who invoiced, as it was then."""

    name: str
    street: str
    postal_code: str
    city: str
    country: str
    tax_number: str


@dataclass(frozen=True, slots=True)
class Party:
    """To whom a document is addressed. Personal data; kept apart from the document."""

    name: str = field(repr=False)
    street: str = field(repr=False)
    postal_code: str = field(repr=False)
    city: str = field(repr=False)
    region: str = field(repr=False)
    country: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """What a line of a document is for, all of it positive in an invoice and in a credit note; only
    a fee in a credit note is below 0. Minor units; `gross_minor` is with tax.
    """

    kind: ShareKind
    sku: str | None
    name: str
    quantity: int
    unit_price_minor: int | None
    discount_minor: int
    rate: Decimal
    gross_minor: int
    tax_minor: int

    @property
    def net_minor(self) -> int:
        """Without tax."""
        return self.gross_minor - self.tax_minor


@dataclass(frozen=True, slots=True)
class TaxPart:
    """What bears one rate: without tax, and the tax."""

    rate: Decimal
    net_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class Paid:
    """How the order of a document is paid."""

    tender: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Content:
    """What stands on a document, apart from personal data. `tax_included`: prices are with tax."""

    seller: Seller
    tax_included: bool
    lines: tuple[DocumentLine, ...]
    taxes: tuple[TaxPart, ...]
    paid: tuple[Paid, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """An invoice or a credit note. `sequence` is its place in its series."""

    id: InvoiceId
    number: str
    kind: DocumentKind
    entity: str
    country: str
    year: int
    sequence: int
    order_id: OrderId
    order_number: str
    order_version: int
    channel: ChannelCode
    customer_id: CustomerId
    language: str
    currency: str
    net_minor: int
    tax_minor: int
    total_minor: int
    issued_at: datetime
    supplied_at: datetime
    issued_on: date
    due_on: date | None
    content: Content
    corrects: tuple[str, ...] = ()
    party: Party | None = None


def entity_for(entities: Sequence[LegalEntity], country: str) -> LegalEntity:
    """Who invoices in that country: the first that names it, else the first that names none."""
    for entity in entities:
        if country in entity.countries:
            return entity
    return next(entity for entity in entities if not entity.countries)


def number_of(prefix: str, kind: DocumentKind, country: str, year: int, sequence: int) -> str:
    """The number of a document, such as IT26-INV-000001; 20 characters at most until a series has a
    million of them.
    """
    return f"{prefix}{country}{year % 100:02d}-{_MARKS[kind]}-{sequence:06d}"


def parted(shares: Iterable[Share]) -> Mapping[DocumentKind, tuple[Share, ...]]:
    """The shares that are invoiced, and those that are credited. A fee goes with what is credited,
    if anything is.
    """
    given = list(shares)
    back = [each for each in given if _is_credit(each)]
    fees = [each for each in given if each.kind is ShareKind.FEE and not _is_credit(each)]
    out = [each for each in given if not _is_credit(each) and each.kind is not ShareKind.FEE]
    (back if back else out).extend(fees)
    found = {DocumentKind.INVOICE: tuple(out), DocumentKind.CREDIT_NOTE: tuple(back)}
    return {kind: parts for kind, parts in found.items() if parts}


def _is_credit(share: Share) -> bool:
    return share.gross_minor < 0 or (share.gross_minor == 0 and share.units < 0)


def taxes_of(lines: Iterable[DocumentLine]) -> tuple[TaxPart, ...]:
    """The sums by rate, the highest first."""
    found: dict[Decimal, TaxPart] = {}
    for line in lines:
        known = found.get(line.rate, TaxPart(line.rate, 0, 0))
        found[line.rate] = TaxPart(
            line.rate, known.net_minor + line.net_minor, known.tax_minor + line.tax_minor
        )
    return tuple(found[rate] for rate in sorted(found, reverse=True))
