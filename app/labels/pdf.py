"""Labels as PDF pages of 4 by 6 inches, the size of label printers."""

from collections.abc import Sequence
from io import BytesIO

from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.units import inch, mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from app.labels.content import LabelContent
from app.printing.fonts import BOLD, FONT, register_fonts, writable

PAGE = (4 * inch, 6 * inch)
MARGIN = 5 * mm
WIDTH = PAGE[0] - 2 * MARGIN
_MODULES_OF_CODE128 = 11
"""Width of a character of Code 128 (ISO/IEC 15417); start, check and stop take 35 more."""
_FINEST, _COARSEST = 0.19 * mm, 0.5 * mm


def label_pdf(content: LabelContent) -> bytes:
    """The label as a PDF of one page; equal contents give equal bytes."""
    register_fonts()
    file = BytesIO()
    canvas = Canvas(file, pagesize=PAGE, invariant=1)
    canvas.setTitle(f"Label {content.tracking_number}")
    top = PAGE[1] - MARGIN
    top = _text(canvas, top, [f"{content.carrier} {content.service}"], BOLD, 14)
    if content.mark:
        top = _text(canvas, top, [content.mark], BOLD, 14)
    top = _rule(canvas, top)
    top = _text(canvas, top, ["From", *content.sender], FONT, 8)
    top = _rule(canvas, top)
    top = _text(canvas, top, ["To"], FONT, 8)
    top = _text(canvas, top, content.recipient, BOLD, 12)
    top = _rule(canvas, top)
    _text(canvas, top, [content.weight], FONT, 9)
    _barcode(canvas, content.tracking_number)
    canvas.showPage()
    canvas.save()
    return file.getvalue()


def _text(canvas: Canvas, top: float, lines: Sequence[str], font: str, size: float) -> float:
    """Writes lines down from `top`, smaller if one is too wide; gives the bottom, points."""
    shown = [writable(line, font) for line in lines]
    widest = max(pdfmetrics.stringWidth(line, font, size) for line in shown)
    size *= min(1.0, WIDTH / widest) if widest else 1.0
    canvas.setFont(font, size)
    for line in shown:
        top -= size * 1.25
        canvas.drawString(MARGIN, top, line)
    return top


def _rule(canvas: Canvas, top: float) -> float:
    bottom = top - 2 * mm
    canvas.line(MARGIN, bottom, PAGE[0] - MARGIN, bottom)
    return bottom


def _barcode(canvas: Canvas, number: str) -> None:
    """The number as Code 128, as coarse as the page allows, with its text below."""
    modules = _MODULES_OF_CODE128 * len(number) + 35
    module = max(_FINEST, min(_COARSEST, WIDTH / (modules + 20)))  # 10 modules of quiet zone
    code = Code128(number, barHeight=25 * mm, barWidth=module, quiet=False)
    code.drawOn(canvas, (PAGE[0] - code.width) / 2, MARGIN + 8 * mm)
    canvas.setFont(BOLD, 12)
    width = pdfmetrics.stringWidth(number, BOLD, 12)
    canvas.setFont(BOLD, 12 * min(1.0, WIDTH / width))
    canvas.drawCentredString(PAGE[0] / 2, MARGIN + 2 * mm, number)
