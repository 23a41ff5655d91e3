"""Labels in ZPL II, the language of Zebra's label printers, for 203 dots per inch, 4 by 6 inches.

Source: Zebra, Programming Guide for ZPL II: ^CI28 (UTF-8), ^FH (hexadecimal escapes), ^BC (Code
128), ^BY (width of a module).
"""

from collections.abc import Sequence

from app.labels.content import LabelContent

WIDTH, LENGTH = 812, 1218
_LEFT = 40
_ESCAPE = "_"
_OURS = frozenset("^~_\\")
"""Characters that begin commands, or the escape itself."""
_MODULES_OF_CODE128 = 11


def label_zpl(content: LabelContent) -> bytes:
    """The label as ZPL in ASCII; texts from outside are escaped, so that they command nothing."""
    lines = ["^XA", "^CI28", f"^PW{WIDTH}", f"^LL{LENGTH}", "^LH0,0"]
    top = 40
    heading = [f"{content.carrier} {content.service}", *([content.mark] if content.mark else [])]
    for texts, height in (
        (heading, 44),
        (["From", *content.sender], 26),
        (["To"], 26),
        (content.recipient, 40),
        ([content.weight], 30),
    ):
        lines += _texts(top, texts, height)
        top += len(texts) * (height + 8) + 16
    lines += _barcode(content.tracking_number)
    return "\n".join([*lines, "^XZ", ""]).encode("ascii")


def _texts(top: int, texts: Sequence[str], height: int) -> list[str]:
    step = height + 8
    font = f"^A0N,{height},{height * 4 // 5}^FH{_ESCAPE}"
    return [
        f"^FO{_LEFT},{top + n * step}{font}^FD{escaped(text)}^FS" for n, text in enumerate(texts)
    ]


def _barcode(number: str) -> list[str]:
    """The number as Code 128 of subset B, with its text below."""
    modules = _MODULES_OF_CODE128 * len(number) + 35
    module = max(1, min(4, (WIDTH - 2 * _LEFT) // modules))
    left = max(_LEFT, (WIDTH - modules * module) // 2)
    data = escaped(number.replace(">", ">0"))
    return [f"^BY{module}", f"^FO{left},940^BCN,180,Y,N,N^FH{_ESCAPE}^FD>:{data}^FS"]


def escaped(text: str) -> str:
    """The text for a field with ^FH: what is not plain ASCII, or means something to the printer, as
    hexadecimal bytes of UTF-8.
    """
    return "".join(
        each
        if " " <= each <= "\x7e" and each not in _OURS
        else "".join(f"{_ESCAPE}{byte:02X}" for byte in each.encode("utf-8", "replace"))
        for each in text
    )
