"""Labels on paper: read back from the rendered page, and from the fields of ZPL."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.labels.content import MAX_LINE, LabelContent, address_lines, wrapped
from app.labels.pdf import label_pdf
from app.labels.zpl import escaped, label_zpl
from domain.carriers.model import Place
from tests.support.printed import read_back

CONTENT = LabelContent(
    carrier="GLS",
    service="STANDARD",
    sender=("Unico Store", "Via Roma 1", "00100 Rome", "IT"),
    recipient=("Zoë Müller-Łoś", "Città 1.234,50 €", "20100 Milan", "IT"),
    weight="0.800 kg",
    mark="",
    tracking_number="LA473124829IT",
)


def fields_of(zpl: bytes) -> list[str]:
    """The data of each field of a label, escapes resolved as a printer does it."""
    source = zpl.decode("ascii")
    assert source.startswith("^XA")
    assert source.endswith("^XZ\n")
    raw = re.findall(r"\^FD(.*?)\^FS", source)
    found = re.sub(r"\^FD.*?\^FS", "", source).replace("\n", "")
    known = r"(\^XA|\^XZ|\^CI28|\^PW812|\^LL1218|\^LH0,0|\^FO\d+,\d+|\^A0N,\d+,\d+|\^FH_|\^BY\d|"
    assert re.fullmatch(known + r"\^BCN,180,Y,N,N)+", found), found
    return [unescaped(each) for each in raw]


def unescaped(field: str) -> str:
    octets = re.sub(
        rb"_([0-9A-F]{2})", lambda found: bytes([int(found[1], 16)]), field.encode("ascii")
    )
    return octets.decode("utf-8")


@pytest.mark.parametrize("number", ["LA473124829IT", "T1", "1Z999AA10123456784", "A" * 34])
def test_the_barcode_of_a_page_is_the_tracking_number(number: str) -> None:
    _, code, pages = read_back(label_pdf(replace(CONTENT, tracking_number=number)))
    assert (code, pages) == (number, 1)


def test_a_page_holds_both_addresses_and_the_same_label_is_the_same_bytes() -> None:
    pdf = label_pdf(replace(CONTENT, mark="RETURN"))
    text, _, _ = read_back(pdf)
    for line in (*CONTENT.sender, "Zoë Müller-", "Città 1.234,50 €", "0.800 kg", "RETURN"):
        assert line in text
    assert pdf == label_pdf(replace(CONTENT, mark="RETURN"))


def test_letters_that_the_font_lacks_do_no_harm() -> None:
    text, _, _ = read_back(label_pdf(replace(CONTENT, recipient=("東京", "Ạnh", "A\u0007B"))))
    assert "??" in text
    assert "Anh" in text


def test_zpl_holds_every_text_once_and_the_number_as_code_128() -> None:
    fields = fields_of(label_zpl(CONTENT))
    assert fields == [
        "GLS STANDARD", "From", *CONTENT.sender, "To", *CONTENT.recipient, "0.800 kg",
        ">:LA473124829IT",
    ]  # fmt: skip
    assert "RETURN" in fields_of(label_zpl(replace(CONTENT, mark="RETURN")))


def test_texts_command_no_printer() -> None:
    evil = "^XZ~DG_5E\\&^FS^XA>0\nÜ"
    zpl = label_zpl(replace(CONTENT, recipient=(evil,), tracking_number="A>B^C"))
    fields = fields_of(zpl)
    assert evil in fields
    assert fields[-1] == ">:A>0B^C"
    assert zpl.count(b"^XA") == 1
    assert zpl.count(b"~") == 0


@given(st.text(max_size=60))
def test_every_text_survives_its_escapes(text: str) -> None:
    shown = escaped(text)
    assert shown.isascii()
    assert not set(shown) & set("^~\n\\")
    assert unescaped(shown) == text.encode("utf-8", "replace").decode("utf-8")


@settings(max_examples=25)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_whatever_the_address_a_page_comes_out(text: str) -> None:
    place = Place(text, text, text, "00100", "IT", phone="+39 06", pickup_point_id="P1")
    lines = address_lines(place)
    assert all(0 < len(line) <= MAX_LINE for line in lines)
    _, code, _ = read_back(label_pdf(replace(CONTENT, recipient=lines)))
    assert code == CONTENT.tracking_number


def test_long_streets_take_two_lines() -> None:
    street = "Via dei Fori Imperiali alla Colonna Traiana 12345, scala B"
    assert wrapped(street) == ("Via dei Fori Imperiali alla Colonna Traiana", "12345, scala B")
    assert wrapped("x" * 50) == ("x" * MAX_LINE, "x" * 6)
    assert address_lines(Place("Ada", "", "Rome", "", "it", phone="1")) == (
        "Ada", "Rome", "IT", "Tel. 1",
    )  # fmt: skip
