"""A pick list as an HTML page that browsers print well. Every text is escaped."""

import base64
import hashlib
from collections.abc import Sequence
from html import escape

from reportlab.graphics.barcode import createBarcodeDrawing

from app.printing.sheet import Sheet, orders_of
from domain.fulfillment.model import PickLine

_STYLE = """
body { font: 11pt/1.35 sans-serif; margin: 12mm; color: #000; }
h1 { font-size: 16pt; margin: 0; }
h2 { font-size: 12pt; margin: 6mm 0 2mm; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #999; padding: 1.5mm 2mm; text-align: left; }
td.n, th.n { text-align: right; font-weight: bold; }
tr, li { break-inside: avoid; }
ul { list-style: none; margin: 0; padding: 0; columns: 2; }
li { padding: 2mm 0; }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'"
"""The page's own Content-Security-Policy: nothing but its style sheet."""

_MODULE_MM = 0.33


def page(sheet: Sheet) -> str:
    """The whole page."""
    zones = "".join(_zone(heading, lines) for heading, lines in sheet.zones)
    orders = "".join(
        f"<li>{barcode(number)}<br>{escape(number)}</li>" for number in sheet.picks.order_numbers
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(sheet.title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(sheet.title)}</h1><p>{escape(sheet.facts)}</p>"
        f"{barcode(sheet.picks.number)}{zones}"
        f"<h2>Orders</h2><ul>{orders}</ul></body></html>\n"
    )


def _zone(heading: str, lines: Sequence[PickLine]) -> str:
    rows = "".join(
        f"<tr><td>{escape(line.bin)}</td><td>{escape(line.sku)}</td><td>{escape(line.title)}</td>"
        f'<td class="n">{line.quantity}</td><td>{escape(", ".join(orders_of(line)))}</td></tr>'
        for line in lines
    )
    return (
        f"<h2>{escape(heading)}</h2><table><thead><tr><th>Bin</th><th>SKU</th><th>Article</th>"
        f'<th class="n">Units</th><th>Orders</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def barcode(text: str) -> str:
    """The text in Code 128 as inline SVG, with its quiet zones."""
    drawing = createBarcodeDrawing("Code128", value=text, barWidth=1, barHeight=1, quiet=1)
    bars = "".join(
        f"M{bar.x:g} 0h{bar.width:g}v1h-{bar.width:g}z"
        for bar in drawing.contents[0].draw().contents
        if bar.fillColor is not None
    )
    width_mm = drawing.width * _MODULE_MM
    return (
        f'<svg role="img" aria-label="{escape(text)}" width="{width_mm:.1f}mm" height="10mm" '
        f'viewBox="0 0 {drawing.width:g} 1" preserveAspectRatio="none"><path d="{bars}"/></svg>'
    )
