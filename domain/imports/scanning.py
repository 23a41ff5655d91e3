"""CSV as it comes, in pieces, made ready for COPY: raw where it is plain, written anew where it is
not. Pure.

A line that has no quote and the right number of delimiters is handed on as it stands, with its
number before it. Everything else is parsed (RFC 4180); what cannot be parsed is refused, and the
next line is looked at by itself, so that one bad line never swallows the others.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from domain.imports.errors import EmptyFile, NotText, WrongHeader
from domain.imports.model import COLUMNS, ImportKind, checked_columns

BOM = b"\xef\xbb\xbf"
DELIMITERS = (b",", b";", b"\t")
LONGEST_HEADER = 65_536
LONGEST_RECORD = 65_536
MOST_LINES = 200
"""Lines that a quoted field may run over."""
MOST_SAID = 1_000
"""Characters of a malformed line that are kept."""

_TOO_LONG = "is too long"


@dataclass(frozen=True, slots=True)
class Malformed:
    """A line that is no row: its number, why, and what it says."""

    line: int
    reason: str
    said: str


@dataclass(slots=True)
class Scanned:
    """Rows for `COPY ... (FORMAT csv)`, the number of the line first in each; and refused lines."""

    rows: list[bytes] = field(default_factory=list[bytes])
    refused: list[Malformed] = field(default_factory=list[Malformed])

    @property
    def count(self) -> int:
        """The number of rows and refused lines."""
        return len(self.rows) + len(self.refused)


class Scanner:
    """Takes the bytes of one file, and gives back what can be copied. `columns` and `delimiter` are
    known as soon as the first line is.
    """

    def __init__(self, kind: ImportKind) -> None:
        self.columns: tuple[str, ...] = ()
        self.delimiter = b","
        self.rows_read = 0
        self._kind = kind
        self._row = re.compile(b"")
        self._line = 1
        self._rest = b""
        self._is_cut = False

    def feed(self, data: bytes) -> Scanned:
        """What is complete with `data`, after what came before.

        Raises:
            EmptyFile, WrongHeader, NotText: the first line is not that of such a file.
        """
        self._rest += data
        if not self.columns and not self._read_header(is_end=False):
            return Scanned()
        return self._scan(is_end=False)

    def end(self) -> Scanned:
        """What is left, now that nothing follows.

        Raises:
            EmptyFile, WrongHeader, NotText: see `feed`.
        """
        if not self.columns:
            self._read_header(is_end=True)
        return self._scan(is_end=True)

    def _read_header(self, *, is_end: bool) -> bool:
        """Whether the first line was there."""
        text = self._rest.removeprefix(BOM)
        head, newline, rest = text.partition(b"\n")
        if not newline and not is_end:
            if len(text) > LONGEST_HEADER:
                raise NotText
            return False
        if not head.strip() and not rest.strip():
            raise EmptyFile
        self.delimiter = next((each for each in DELIMITERS if each in head), b",")
        try:
            line = head.decode().rstrip("\r")
            names = next(csv.reader([line], delimiter=self.delimiter.decode()), [])
        except (UnicodeDecodeError, csv.Error) as error:
            raise NotText from error
        if "\0" in line:
            raise NotText
        if not names:
            columns = COLUMNS[self._kind]
            raise WrongHeader(columns.needed, (), (), columns.all)
        self.columns = checked_columns(self._kind, names)
        self._row = _row_of(len(self.columns), self.delimiter)
        self._line, self._rest = 2, rest
        return True

    def _scan(self, *, is_end: bool) -> Scanned:
        if self._is_cut:  # the end of a line that was refused already
            _, newline, self._rest = self._rest.partition(b"\n")
            self._is_cut = not newline
        whole, newline, rest = self._rest.rpartition(b"\n")
        if is_end or len(rest) > LONGEST_RECORD:
            # What is no whole line yet may be too long for one already.
            self._is_cut = len(rest) > LONGEST_RECORD
            whole, newline, rest = self._rest, self._rest[:1], b""
        found = Scanned()
        if newline:
            lines = whole.replace(b"\r\n", b"\n").removesuffix(b"\r").split(b"\n")
            left = self._read(lines, found, is_end=is_end)
            rest = b"\n".join([*left, rest]) if left else rest
        self._rest = rest
        self.rows_read += found.count
        return found

    def _read(self, lines: Sequence[bytes], found: Scanned, *, is_end: bool) -> Sequence[bytes]:
        """The lines of a record that is not complete yet."""
        block = b"\n".join(lines)
        if _is_plain(block):
            self._read_plain(lines, found)
            return ()
        position = 0
        while position < len(lines):
            used = self._read_record(lines[position : position + MOST_LINES], found, is_end=is_end)
            if not used:
                return lines[position:]
            position += used
            self._line += used
        return ()

    def _read_plain(self, lines: Iterable[bytes], found: Scanned) -> None:
        delimiter, delimiters = self.delimiter, len(self.columns) - 1
        start = b"%d" + delimiter + b"%s"
        number = self._line
        for line in lines:
            if line.count(delimiter) == delimiters and len(line) <= LONGEST_RECORD and line:
                found.rows.append(start % (number, line))
            elif line:
                is_long = len(line) > LONGEST_RECORD
                why = _TOO_LONG if is_long else self._fields(line.count(delimiter) + 1)
                found.refused.append(self._malformed(number, why, line))
            number += 1
        self._line = number

    def _read_record(self, lines: Sequence[bytes], found: Scanned, *, is_end: bool) -> int:
        """The number of lines that the first record takes; 0 when more must come first."""
        if not lines[0]:
            return 1
        quoted = b""
        for used, line in enumerate(lines, 1):
            quoted = b"\n".join([quoted, line]) if used > 1 else line
            if len(quoted) > LONGEST_RECORD:
                break
            if quoted.count(b'"') % 2 == 0:
                wrong = self._judge(quoted, found)
                if wrong is None:
                    return used
                # Perhaps the quotes of two bad lines met: each line is looked at by itself.
                found.refused.append(self._malformed(self._line, wrong, lines[0]))
                return 1
        if not is_end and len(quoted) <= LONGEST_RECORD and len(lines) < MOST_LINES:
            return 0
        why = "a quote is not closed" if b'"' in lines[0] else _TOO_LONG
        found.refused.append(self._malformed(self._line, why, lines[0]))
        return 1

    def _judge(self, record: bytes, found: Scanned) -> str | None:
        """Why the record is no row; None when it is one, which was added."""
        if b"\0" in record:
            return "has a NUL character"
        try:
            text = record.decode()
            if self._row.fullmatch(record):
                found.rows.append(b"%d%s%s" % (self._line, self.delimiter, record))
                return None
            reader = csv.reader([text], delimiter=self.delimiter.decode(), strict=True)
            fields = next(reader, [])
        except UnicodeDecodeError:
            return "is not UTF-8"
        except csv.Error as error:
            return f"is not CSV: {error}"
        if len(fields) != len(self.columns):
            return self._fields(len(fields))
        found.rows.append(self._written([str(self._line), *fields]))
        return None

    def _written(self, fields: Iterable[str]) -> bytes:
        made = io.StringIO()
        writer = csv.writer(
            made, delimiter=self.delimiter.decode(), lineterminator="", quoting=csv.QUOTE_ALL
        )
        writer.writerow(fields)
        return made.getvalue().encode()

    def _fields(self, number: int) -> str:
        return f"has {number} fields, not {len(self.columns)}"

    def _malformed(self, line: int, reason: str, record: bytes) -> Malformed:
        said = record[: 4 * MOST_SAID].decode("utf-8", "replace").replace("\0", "")
        return Malformed(line, reason, said[:MOST_SAID])


def _row_of(columns: int, delimiter: bytes) -> re.Pattern[bytes]:
    """What matches a row of so many fields that COPY reads as it stands: fields are quoted as a
    whole or not at all.
    """
    field = rb'(?:"(?:[^"]|"")*+"|[^"\r\n%s]*+)' % re.escape(delimiter)
    return re.compile(field + rb"(?:%s%s){%d}" % (re.escape(delimiter), field, columns - 1))


def _is_plain(block: bytes) -> bool:
    """Whether no line of it needs to be parsed: UTF-8, without quotes, NUL and stray CR."""
    if b'"' in block or b"\0" in block or b"\r" in block:
        return False
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True


def copied(rows: Sequence[bytes]) -> bytes:
    """The bytes for COPY."""
    return b"\n".join(rows) + b"\n"
