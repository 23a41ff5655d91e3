"""CSV as it comes, in pieces of any size: what is handed on, and what is refused."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.imports.errors import WrongHeader
from domain.imports.model import ImportKind
from domain.imports.scanning import LONGEST_RECORD, Malformed, Scanner, copied

HEADER = b"location,sku,on_hand\n"


def scanned(data: bytes, size: int = 5) -> tuple[list[list[str]], list[Malformed]]:
    """The rows that COPY would see, and the refused lines."""
    scanner = Scanner(ImportKind.STOCK)
    rows: list[bytes] = []
    refused: list[Malformed] = []
    for start in range(0, len(data), size):
        found = scanner.feed(data[start : start + size])
        rows += found.rows
        refused += found.refused
    found = scanner.end()
    rows += found.rows
    refused += found.refused
    assert scanner.rows_read == len(rows) + len(refused)
    text = copied(rows).decode() if rows else ""
    delimiter = scanner.delimiter.decode()
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)), refused


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    "data",
    [
        b"location,sku,on_hand\nROME,HAT,1\nROME,CAP,2\n",
        b"\xef\xbb\xbflocation,sku,on_hand\r\nROME,HAT,1\r\n\r\nROME,CAP,2",
        b'"Location"; SKU ;on_hand\n"ROME";"HAT";1\nROME;CAP;"2"\n',
        b"location\tsku\ton_hand\nROME\tHAT\t1\n\nROME\tCAP\t2\r\n",
    ],
)
def test_the_usual_forms_of_csv_mean_the_same(data: bytes, size: int) -> None:
    rows, refused = scanned(data, size)
    assert [row[1:] for row in rows] == [["ROME", "HAT", "1"], ["ROME", "CAP", "2"]]
    assert refused == []


def test_columns_come_in_any_order_and_lines_are_counted_as_they_stand() -> None:
    data = HEADER + b'"RO\nME",HAT,1\n\nROME,"H,A""T",2\nROME,CAP,3\n'
    rows, refused = scanned(data)
    assert rows == [
        ["2", "RO\nME", "HAT", "1"],
        ["5", "ROME", 'H,A"T', "2"],
        ["6", "ROME", "CAP", "3"],
    ]
    assert refused == []


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_bad_line_does_not_swallow_the_others(size: int) -> None:
    data = (
        HEADER
        + b"ROME,HAT\n"  # 2
        + b'ROME,"HAT,1\n'  # 3
        + b"ROME,CAP,2\n"
        + b'ROME,"SH"OE,3\n'  # 5
        + b"ROME,\xff,4\n"  # 6
        + b"ROME,H\0T,5\n"  # 7
        + b'ROME,"BELT,6\n'  # 8
        + b"ROME,SOCK,7\n"
        + b"R" * (LONGEST_RECORD + 10)  # 10
        + b'\nROME,"LAST",8'
    )
    rows, refused = scanned(data, size)
    good = [row[2] for row in rows]
    assert good == ["CAP", "SOCK", "LAST"]
    assert [row[0] for row in rows] == ["4", "9", "11"]
    assert [each.line for each in refused] == [2, 3, 5, 6, 7, 8, 10]
    reasons = {each.line: each.reason for each in refused}
    assert reasons[2] == "has 2 fields, not 3"
    assert reasons[6] == "is not UTF-8"
    assert reasons[7] == "has a NUL character"
    assert {each.said for each in refused if each.line == 7} == {"ROME,HT,5"}
    assert max(len(each.said) for each in refused) <= 1_000


@pytest.mark.parametrize("size", [7, 10_000, 1_000_000])
@pytest.mark.parametrize("quote", [b"", b'"'])
def test_the_end_of_a_line_that_is_too_long_is_no_row(size: int, quote: bytes) -> None:
    long = quote + b"R" * (2 * LONGEST_RECORD)
    rows, refused = scanned(HEADER + long + b"ROME,HAT,1\r\nROME,CAP,2\n", size)
    assert rows == [["3", "ROME", "CAP", "2"]]
    assert [each.line for each in refused] == [2]


def test_a_header_says_what_is_wrong_with_it() -> None:
    with pytest.raises(WrongHeader) as caught:
        scanned(b"location,sku,colour,sku\n")
    assert caught.value.missing == ("on_hand",)
    assert caught.value.unknown == ("colour",)
    assert caught.value.twice == ("sku",)
    assert "Known columns: location, sku, on_hand, safety_stock" in caught.value.message


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=12)


@given(
    rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=8),
    size=st.integers(1, 40),
    is_quoted=st.booleans(),
)
def test_what_was_written_is_read(rows: list[list[str]], size: int, is_quoted: bool) -> None:
    made = io.StringIO()
    quoting = csv.QUOTE_ALL if is_quoted else csv.QUOTE_MINIMAL
    csv.writer(made, lineterminator="\n", quoting=quoting).writerows(rows)
    read, refused = scanned(HEADER + made.getvalue().encode(), size)
    assert [row[1:] for row in read] == rows
    assert refused == []
