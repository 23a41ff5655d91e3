"""Letters on paper: fonts that have the letters of Western Europe and the euro sign, embedded."""

import unicodedata
from collections.abc import Mapping
from pathlib import Path

import reportlab
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

FONT, BOLD = "Unico", "UnicoBold"
_FILES = {FONT: "Vera.ttf", BOLD: "VeraBd.ttf"}


def register_fonts() -> None:
    """`FONT` and `BOLD` can be used in this process."""
    folder = Path(reportlab.__file__).parent / "fonts"
    for name, file in _FILES.items():
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(folder / file)))
    pdfmetrics.registerFontFamily(FONT, normal=FONT, bold=BOLD, italic=FONT, boldItalic=BOLD)


def writable(line: str, font: str = FONT) -> str:
    """The line with what the font has no letter for written without its marks, or as `?`."""
    known = _letters(font)
    return "".join(each if ord(each) in known else _plain(each, known) for each in line)


def _letters(font: str) -> Mapping[int, int]:
    """Glyphs by code point."""
    registered = pdfmetrics.getFont(font)
    assert isinstance(registered, TTFont)  # one of ours
    return registered.face.charToGlyph


def _plain(letter: str, known: Mapping[int, int]) -> str:
    base = unicodedata.normalize("NFKD", letter)[0]
    return base if ord(base) in known else "?"
