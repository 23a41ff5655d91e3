"""Reading printed documents back: the text of a PDF, and the barcodes on its pages."""

import pypdfium2
import zxingcpp


def text_of(content: bytes) -> str:
    """The text of all pages."""
    document = pypdfium2.PdfDocument(content)
    try:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)
    finally:
        document.close()


def barcodes_of(content: bytes) -> list[tuple[str, str]]:
    """Format and text of all barcodes, as a scanner sees the pages at 216 dots an inch; sorted."""
    document = pypdfium2.PdfDocument(content)
    try:
        images = [page.render(scale=3).to_pil().convert("L") for page in document]
        found = [code for image in images for code in zxingcpp.read_barcodes(image)]
        return sorted((str(code.format), code.text) for code in found)
    finally:
        document.close()


def read_back(content: bytes) -> tuple[str, str, int]:
    """The text of a document with one barcode, what that says, and the number of pages."""
    [(_, code)] = barcodes_of(content)
    document = pypdfium2.PdfDocument(content)
    try:
        return text_of(content), code, len(document)
    finally:
        document.close()
