"""Samples of the papers of the house, of made-up orders: for looking at them without any."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from uuid import UUID

from app.invoices.pdf import invoice_pdf
from app.labels.content import LabelContent
from app.labels.pdf import label_pdf
from app.printing.pdf import pdf
from app.printing.sheet import Sheet
from domain.accounting.documents import (
    Content,
    Document,
    DocumentKind,
    DocumentLine,
    InvoiceId,
    Paid,
    Party,
    Seller,
    taxes_of,
)
from domain.accounting.model import ShareKind
from domain.common.ids import (
    ChannelCode,
    CustomerId,
    FulfillmentOrderId,
    LocationId,
    OrderId,
    Sku,
)
from domain.fulfillment.model import PickLine, PickList, PickListId, PickShare
from domain.orders.pricing import tax_of

_NOBODY = UUID("0192f0c4-0000-7000-8000-000000000000")
_AT = datetime(2026, 11, 27, 10, 30, tzinfo=UTC)
_SELLER = Seller(
    "Esempio Moda S.r.l.", "Via dell'Esempio 1", "20121", "Milano", "IT", "00000000000"
)
_ROME = Party("Ada Verdi", "Via Roma 1", "00100", "Roma", "RM", "IT")
_MADRID = Party("Ada Verdi", "Calle Mayor 1", "28013", "Madrid", "", "ES")
_LEEDS = Party("Ada Verdi", "1 Example Street", "LS1 1AA", "Leeds", "", "GB")


_PLACES: Mapping[str, tuple[str, Decimal, Party]] = MappingProxyType(
    {
        "it": ("IT", Decimal("0.22"), _ROME),
        "es": ("ES", Decimal("0.21"), _MADRID),
        "en": ("GB", Decimal("0.20"), _LEEDS),
    }
)


def papers() -> Mapping[str, bytes]:
    """PDFs by name: invoices in each language, a credit note, a label, a pick list."""
    return {
        **{f"invoice-{each}": invoice_pdf(invoice_sample(each)) for each in _PLACES},
        "credit-note-it": invoice_pdf(_credit_note(invoice_sample("it"))),
        "label": label_pdf(_label()),
        "pick-list": pdf(_sheet()),
    }


def invoice_sample(language: str) -> Document:
    """An invoice of nobody in Italian, Spanish or English (`it`, `es`, `en`)."""
    country, rate, to = _PLACES[language]
    return _invoice(language, f"{country}26-INV-000042", country, rate, to)


def _invoice(language: str, number: str, country: str, rate: Decimal, to: Party) -> Document:
    names = {
        "it": ("Cappello di lana", "Sciarpa di seta, città di Como", "Libro"),
        "es": ("Sombrero de lana", "Pañuelo de seda", "Libro"),
        "en": ("Wool hat", "Silk scarf", "Book"),
    }[language]
    low = Decimal("0.04")
    lines = (
        _line(names[0], "HAT", 2, 1990, 398, rate),
        _line(names[1], "SCARF", 1, 3500, 0, rate),
        _line(names[2], "BOOK", 3, 1200, 0, low),
        _extra(ShareKind.SHIPPING, 690, rate),
    )
    gross = sum(line.gross_minor for line in lines)
    tax = sum(line.tax_minor for line in lines)
    return Document(
        id=InvoiceId(_NOBODY),
        number=number,
        kind=DocumentKind.INVOICE,
        entity="MAIN",
        country=country,
        year=2026,
        sequence=int(number[-6:]),
        order_id=OrderId(_NOBODY),
        order_number="U-7K3F-92QX",
        order_version=7,
        channel=ChannelCode("WEB"),
        customer_id=CustomerId(_NOBODY),
        language=language,
        currency="GBP" if country == "GB" else "EUR",
        net_minor=gross - tax,
        tax_minor=tax,
        total_minor=gross,
        issued_at=_AT,
        supplied_at=_AT,
        issued_on=_AT.date(),
        due_on=date(2026, 12, 27),
        content=Content(
            _SELLER,
            tax_included=True,
            lines=lines,
            taxes=taxes_of(lines),
            paid=(Paid("GIFT_CARD", 2500), Paid("ON_ACCOUNT", gross - 2500)),
        ),
        party=to,
    )


def _credit_note(invoice: Document) -> Document:
    hat = replace(invoice.content.lines[0], quantity=1, discount_minor=199, gross_minor=1791)
    hat = replace(hat, tax_minor=_tax(1791, hat.rate))
    fee = _extra(ShareKind.FEE, -250, Decimal(0))
    lines = (hat, fee)
    gross, tax = 1541, hat.tax_minor
    return replace(
        invoice,
        number="IT26-CRN-000005",
        kind=DocumentKind.CREDIT_NOTE,
        net_minor=gross - tax,
        tax_minor=tax,
        total_minor=gross,
        due_on=None,
        content=replace(invoice.content, lines=lines, taxes=taxes_of(lines), paid=()),
        corrects=(invoice.number,),
    )


def _line(
    name: str, sku: str, quantity: int, price: int, discount: int, rate: Decimal
) -> DocumentLine:
    gross = quantity * price - discount
    return DocumentLine(
        ShareKind.GOODS, sku, name, quantity, price, discount, rate, gross, _tax(gross, rate)
    )


def _extra(kind: ShareKind, gross: int, rate: Decimal) -> DocumentLine:
    return DocumentLine(kind, None, "", 0, None, 0, rate, gross, _tax(gross, rate))


def _tax(gross: int, rate: Decimal) -> int:
    return tax_of(gross, rate, included=True)


def _label() -> LabelContent:
    return LabelContent(
        carrier="GLS",
        service="Standard",
        sender=("Esempio Moda", "Via dell'Esempio 1", "20121 Milano MI", "IT"),
        recipient=("Ada Verdi", "Via Roma 1", "00100 Roma RM", "IT", "Tel. +39 06 0000000"),
        weight="1.250 kg",
        mark="",
        tracking_number="GL0000000042IT",
    )


def _sheet() -> Sheet:
    work = FulfillmentOrderId(_NOBODY)
    hats = (PickShare("U-7K3F-92QX", work, 2), PickShare("U-81AA-03ZT", work, 1))
    lines = (
        PickLine("A", "A-01-3", Sku("HAT"), "Wool hat", hats),
        PickLine("A", "A-02-1", Sku("SCARF"), "Silk scarf", hats[:1]),
        PickLine("B", "B-11-2", Sku("BOOK"), "Book", hats[1:]),
    )
    picks = PickList(
        PickListId(_NOBODY), "P-4T9M-11AB", LocationId(_NOBODY), "W-0042", "sample", _AT, lines
    )
    return Sheet(picks, "Milano Centrale", "MILAN", _AT)
