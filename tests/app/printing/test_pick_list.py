"""Printed pick lists: what stands on them, and that scanners read them."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from uuid import UUID

from app.printing.page import page
from app.printing.pdf import pdf
from app.printing.sheet import Sheet
from domain.common.ids import FulfillmentOrderId, LocationId, Sku
from domain.fulfillment.model import PickLine, PickList, PickListId, PickShare
from tests.support.printed import barcodes_of, text_of

NUMBER, ONE, TWO = "P-7K3F-92QX", "U-1111-AAAA", "U-2222-BBBB"
AT = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)


def share(number: str, units: int) -> PickShare:
    return PickShare(number, FulfillmentOrderId(UUID(int=1)), units)


def sheet(*lines: PickLine, wave: str | None = None) -> Sheet:
    picks = PickList(
        PickListId(UUID(int=1)), NUMBER, LocationId(UUID(int=2)), wave, "ADMIN:anna", AT, lines
    )
    return Sheet(picks, "Rome Corso", "ROME", AT)


HATS = PickLine("A", "12", Sku("HAT"), "A <b>hat</b> & more", (share(ONE, 2), share(TWO, 1)))
BELTS = PickLine("B", "3", Sku("BELT"), "Ceinture d’été", (share(TWO, 1),))
LOOSE = PickLine("", "", Sku("PIN"), "Значок", (share(ONE, 4),))
EXAMPLE = sheet(HATS, BELTS, LOOSE, wave="W-0000-1111")


class Text(HTMLParser):
    """The texts of a page, and its elements."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()
        self.feed(source)

    def handle_data(self, data: str) -> None:
        self.found.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name == "style"]


def test_the_pdf_says_what_to_take_from_where_for_whom() -> None:
    text = " ".join(text_of(pdf(EXAMPLE)).split())
    for expected in (
        f"Pick list {NUMBER}", "Rome Corso (ROME)", "2026-11-26 09:30", "Wave W-0000-1111",
        "8 units, 2 orders", "Zone A", "12 HAT A <b>hat</b> & more 3", f"{ONE} × 2", f"{TWO} × 1",
        "Zone B", "Ceinture d’été", "No place known", "PIN ?????? 4",
    ):  # fmt: skip
        assert expected in text, text
    assert text.index("Zone A") < text.index("Zone B") < text.index("No place known")
    assert "anna" not in text


def test_scanners_read_the_numbers_of_list_and_orders() -> None:
    found = barcodes_of(pdf(EXAMPLE))
    assert [text for _, text in found] == sorted([NUMBER, ONE, TWO])
    assert {kind.replace(" ", "").replace("_", "").upper() for kind, _ in found} <= {
        "CODE128", "BARCODEFORMAT.CODE128",
    }  # fmt: skip


def test_a_long_list_goes_on_with_its_head_on_every_page() -> None:
    lines = [
        PickLine("A", str(n), Sku(f"SKU-{n:02}"), "Thing", (share(ONE, 1),)) for n in range(90)
    ]
    text = text_of(pdf(sheet(*lines)))
    assert all(f"SKU-{n:02}" in text for n in range(90))
    assert text.count("Article") == len(re.findall(r"page \d", text)) >= 3


def test_a_line_for_many_orders_goes_over_pages() -> None:
    shares = tuple(share(f"U-{n:03}", 1) for n in range(100))
    text = text_of(pdf(sheet(PickLine("A", "1", Sku("HAT"), "Hat", shares))))
    assert all(f"U-{n:03} × 1" in text for n in range(100))
    assert text.count("HAT") == 1


def test_the_page_says_the_same_and_escapes_every_text() -> None:
    bad = "<script>alert(1)</script>\"'&"
    line = PickLine(bad, bad, Sku(bad), bad, (share("U-1", 1),))
    source = page(Sheet(sheet(HATS, LOOSE, line).picks, bad, bad, AT))
    assert "<script" not in source
    read = Text(source)
    text = " ".join(read.found)
    for expected in (NUMBER, "Zone A", "A <b>hat</b> & more", f"{ONE} × 2, {TWO} × 1", "Значок"):
        assert expected in text
    assert text.count(bad) == 6
    assert not read.tags & {"script", "b", "img", "link", "iframe"}
    assert source.count("<svg") == 1 + len({NUMBER, ONE, TWO, "U-1"} - {NUMBER})
