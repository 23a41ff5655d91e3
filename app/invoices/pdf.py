"""An invoice or credit note as a PDF on A4."""

import io
from collections.abc import Sequence
from html import escape
from typing import Any

from babel.core import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

from app.invoices.wording import Wording, wording_for
from app.printing.fonts import BOLD, FONT, register_fonts, writable
from domain.accounting.documents import Document, DocumentLine
from domain.accounting.model import ShareKind
from domain.common.money import Money

_MARGIN = 18 * mm
_PADDING = 6
"""Of a frame of reportlab, points."""
_WIDTH = A4[0] - 2 * _MARGIN
_BODY = ParagraphStyle("body", fontName=FONT, fontSize=9, leading=12)
_SMALL = ParagraphStyle("small", parent=_BODY, fontSize=8, leading=10.5, textColor=colors.grey)
_STRONG = ParagraphStyle("strong", parent=_BODY, fontName=BOLD, fontSize=10, leading=13)
_TITLE = ParagraphStyle("title", parent=_BODY, fontName=BOLD, fontSize=16, leading=20)
_RIGHT = ParagraphStyle("right", parent=_BODY, alignment=TA_RIGHT)
_BARE = [("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 0),
         ("VALIGN", (0, 0), (-1, -1), "TOP")]  # fmt: skip
_GRID = [
    ("FONTNAME", (0, 0), (-1, 0), BOLD),
    ("FONTNAME", (0, 1), (-1, -1), FONT),
    ("FONTSIZE", (0, 0), (-1, -1), 8.5),
    ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.black),
    ("LINEBELOW", (0, 1), (-1, -1), 0.3, colors.lightgrey),
    ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (0, -1), 0),
    ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
]


def invoice_pdf(document: Document) -> bytes:
    """The whole document; equal documents give equal bytes. It takes a while: call it in a thread.

    Without `party`, since there was none or it was erased, it names nobody.
    """
    register_fonts()
    words = wording_for(document.language)
    title = f"{words.titles[document.kind]} {document.number}"
    target = io.BytesIO()
    layout = SimpleDocTemplate(
        target, pagesize=A4, title=title, author=document.content.seller.name or "Unico",
        leftMargin=_MARGIN - _PADDING, rightMargin=_MARGIN - _PADDING, topMargin=_MARGIN,
        bottomMargin=_MARGIN, invariant=1,
    )  # fmt: skip

    def numbered(canvas: Canvas, _: object) -> None:
        canvas.setFont(FONT, 8)
        foot = f"{title} · {words.page} {canvas.getPageNumber()}"
        canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, writable(foot))

    layout.build(_story(document, words, title), onFirstPage=numbered, onLaterPages=numbered)
    return target.getvalue()


def _story(document: Document, words: Wording, title: str) -> list[Any]:
    note = words.with_tax if document.content.tax_included else words.without_tax
    story: list[Any] = [
        Table(
            [[_seller(document, words), _text(title, _TITLE)]],
            colWidths=[_WIDTH * 0.45, _WIDTH * 0.55],
            style=_BARE,
        ),
        Spacer(1, 8 * mm),
        Table(
            [[_addressee(document, words), _facts(document, words)]],
            colWidths=[_WIDTH * 0.45, _WIDTH * 0.55],
            style=_BARE,
        ),
        Spacer(1, 8 * mm),
        _lines(document, words),
        Spacer(1, 2 * mm),
        _text(note, _SMALL),
        Spacer(1, 6 * mm),
        _sums(document, words),
    ]
    if document.content.paid:
        story += [Spacer(1, 6 * mm), *_paid(document, words)]
    return story


def _seller(document: Document, words: Wording) -> list[Paragraph]:
    seller = document.content.seller
    town = " ".join(part for part in (seller.postal_code, seller.city) if part)
    country = _country(seller.country, words)
    tax_number = f"{words.tax_number} {seller.tax_number}" if seller.tax_number else ""
    lines = [_text(seller.name, _STRONG)] if seller.name else []
    return lines + [_text(line) for line in (seller.street, town, country, tax_number) if line]


def _addressee(document: Document, words: Wording) -> list[Paragraph]:
    party = document.party
    if party is None:
        return []
    town = " ".join(part for part in (party.postal_code, party.city, party.region) if part)
    lines = (party.name, party.street, town, _country(party.country, words))
    return [_text(words.bill_to, _SMALL), *[_text(line) for line in lines if line]]


def _facts(document: Document, words: Wording) -> Table:
    facts = [
        (words.issued, _date(document.issued_on, words)),
        (words.supplied, _date(document.supplied_at, words)),
        (words.order, document.order_number),
        *([(words.due, _date(document.due_on, words))] if document.due_on else []),
        *([(words.corrects, ", ".join(document.corrects))] if document.corrects else []),
    ]
    rows = [[_text(name, _SMALL), _text(value)] for name, value in facts]
    return Table(rows, colWidths=[_WIDTH * 0.2, _WIDTH * 0.35], style=[*_BARE, *_TIGHT])


_TIGHT = [("TOPPADDING", (0, 0), (-1, -1), 0), ("BOTTOMPADDING", (0, 0), (-1, -1), 2)]


def _lines(document: Document, words: Wording) -> Table:
    """Prices and amounts are with tax, or without, as the prices of the order are."""
    discounted = any(line.discount_minor for line in document.content.lines)
    head = [words.description, words.quantity, words.price]
    head += [words.discount] if discounted else []
    head += [words.rate, words.amount]
    rows = [_line(document, line, words, discounted=discounted) for line in document.content.lines]
    widths = [0.0, 14 * mm, 26 * mm, *([24 * mm] if discounted else []), 16 * mm, 28 * mm]
    widths[0] = _WIDTH - sum(widths)
    return Table([head, *rows], colWidths=widths, repeatRows=1, style=_GRID)


def _line(document: Document, line: DocumentLine, words: Wording, *, discounted: bool) -> list[Any]:
    name = line.name if line.kind is ShareKind.GOODS else words.kinds[line.kind]
    text = f"{name} ({line.sku})" if line.sku else name
    price = "" if line.unit_price_minor is None else _money(line.unit_price_minor, document, words)
    discount = _money(-line.discount_minor, document, words) if line.discount_minor else ""
    amount = line.gross_minor if document.content.tax_included else line.net_minor
    return [
        _text(text),
        str(line.quantity) if line.quantity else "",
        price,
        *([discount] if discounted else []),
        _rate(line, words),
        _money(amount, document, words),
    ]


def _sums(document: Document, words: Wording) -> Table:
    rows = [[words.rate, words.net, words.tax, words.total]]
    rows += [
        [
            _percent(part.rate, words),
            _money(part.net_minor, document, words),
            _money(part.tax_minor, document, words),
            _money(part.net_minor + part.tax_minor, document, words),
        ]
        for part in document.content.taxes
    ]
    sums = (document.net_minor, document.tax_minor, document.total_minor)
    rows.append([words.total, *[_money(each, document, words) for each in sums]])
    style = [
        *_GRID,
        ("ALIGN", (0, 0), (0, -1), "LEFT"),
        ("FONTNAME", (0, -1), (-1, -1), BOLD),
        ("LINEABOVE", (0, -1), (-1, -1), 0.8, colors.black),
    ]
    widths = [24 * mm, 32 * mm, 28 * mm, 32 * mm]
    return Table(rows, colWidths=widths, hAlign="RIGHT", style=style)


def _paid(document: Document, words: Wording) -> Sequence[Paragraph]:
    paid = ", ".join(
        f"{words.tenders.get(each.tender, each.tender)} "
        f"{_money(each.amount_minor, document, words)}"
        for each in document.content.paid
    )
    return [_text(f"{words.paid}: {paid}")]


def _rate(line: DocumentLine, words: Wording) -> str:
    return "" if line.kind is ShareKind.FEE else _percent(line.rate, words)


def _percent(rate: Any, words: Wording) -> str:
    return writable(f"{format_decimal(rate * 100, locale=words.locale)} %")


def _money(minor: int, document: Document, words: Wording) -> str:
    amount = Money(minor, document.currency).amount
    return writable(format_currency(amount, document.currency, locale=words.locale))


def _date(day: Any, words: Wording) -> str:
    return format_date(day, format="long", locale=words.locale)


def _country(code: str, words: Wording) -> str:
    return str(Locale.parse(words.locale).territories.get(code, code))


def _text(text: str, style: ParagraphStyle = _BODY) -> Paragraph:
    """A paragraph; it takes markup, so what is in the text is escaped."""
    return Paragraph(escape(writable(text)), style)
