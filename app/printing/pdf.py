"""A pick list as a PDF on A4, with barcodes of its number and of its orders (Code 128)."""

import io
from collections.abc import Sequence
from html import escape
from typing import Any, cast

from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

from app.printing.sheet import Sheet, orders_of
from domain.fulfillment.model import PickLine

_STYLES = getSampleStyleSheet()
_BODY = cast(ParagraphStyle, _STYLES["BodyText"])
_WIDTHS = [26 * mm, 30 * mm, 62 * mm, 14 * mm, 48 * mm]
_HEAD = ["Bin", "SKU", "Article", "Units", "Orders"]
_LINES = [
    ("LINEBELOW", (0, 0), (-1, -1), 0.5, colors.grey),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("ALIGN", (3, 0), (3, -1), "RIGHT"),
    ("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold"),
    ("FONTNAME", (3, 1), (3, -1), "Helvetica-Bold"),
]
_COLUMNS = 2
_IN_A_ROW = 10


def pdf(sheet: Sheet) -> bytes:
    """The whole document. It takes a while: call it in a thread.

    The built-in fonts have the letters of Western Europe (Windows-1252); others become `?`. The
    HTML page has them all.
    """
    target = io.BytesIO()
    document = SimpleDocTemplate(
        target,
        pagesize=A4,
        title=sheet.title,
        author="Unico",
        leftMargin=15 * mm,
        rightMargin=15 * mm,
        topMargin=15 * mm,
        bottomMargin=18 * mm,
    )

    def numbered(canvas: Canvas, _: object) -> None:
        canvas.setFont("Helvetica", 8)
        foot = f"{sheet.title} · page {canvas.getPageNumber()}"
        canvas.drawRightString(A4[0] - 15 * mm, 10 * mm, _printable(foot))

    document.build(_story(sheet), onFirstPage=numbered, onLaterPages=numbered)
    return target.getvalue()


def _story(sheet: Sheet) -> list[Any]:
    story: list[Any] = [
        Paragraph(_text(sheet.title), _STYLES["Title"]),
        _barcode(sheet.picks.number),
        Spacer(1, 3 * mm),
        Paragraph(_text(sheet.facts), _BODY),
    ]
    for heading, lines in sheet.zones:
        story.append(Paragraph(_text(heading), _STYLES["Heading2"]))
        story.append(_table(lines))
    story.append(Paragraph("Orders", _STYLES["Heading2"]))
    story.append(_orders(sheet.picks.order_numbers))
    return story


def _table(lines: Sequence[PickLine]) -> Table:
    rows = [row for line in lines for row in _rows(line)]
    return Table([_HEAD, *rows], colWidths=_WIDTHS, repeatRows=1, style=_LINES)


def _rows(line: PickLine) -> list[list[Any]]:
    """The line's row; further orders are in rows below it, since no row is split between pages."""
    orders = list(map(_text, orders_of(line)))
    parts = ["<br/>".join(orders[at : at + _IN_A_ROW]) for at in range(0, len(orders), _IN_A_ROW)]
    names = [Paragraph(_text(text), _BODY) for text in (line.bin, line.sku, line.title)]
    first = [*names, str(line.quantity), Paragraph(parts[0], _BODY)]
    return [first, *[["", "", "", "", Paragraph(part, _BODY)] for part in parts[1:]]]


def _orders(numbers: Sequence[str]) -> Table:
    cells: list[Any] = [[_barcode(n), Paragraph(_text(n), _BODY)] for n in numbers]
    cells += [""] * (-len(cells) % _COLUMNS)
    rows = [cells[at : at + _COLUMNS] for at in range(0, len(cells), _COLUMNS)]
    return Table(rows, colWidths=[90 * mm] * _COLUMNS)


def _barcode(text: str) -> Code128:
    """With its quiet zones; a module of a third of a millimetre is read by any scanner."""
    return Code128(text, barWidth=0.33 * mm, barHeight=11 * mm, quiet=1)


def _text(text: str) -> str:
    """The text, for a paragraph that takes markup."""
    return escape(_printable(text))


def _printable(text: str) -> str:
    return text.encode("cp1252", "replace").decode("cp1252")
