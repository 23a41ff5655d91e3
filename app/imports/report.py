"""Refused rows as a CSV file: line, reason, the columns of such a file, and malformed lines."""

import csv
import io
from collections.abc import AsyncGenerator, Iterable, Sequence

from domain.common.database import Database
from domain.imports.model import COLUMNS, ImportJob, ImportKind, Refusal
from domain.imports.repository import refusals_after

_FIRST = ("refused_line", "reason")
_LAST = "malformed"
_MALFORMED = "line"


async def report_of(database: Database, job: ImportJob) -> AsyncGenerator[str]:
    """The file, a part at a time. No connection is held while the reader is slow."""
    yield _written([[*_FIRST, *COLUMNS[job.kind].all, _LAST]])
    last: Refusal | None = None
    while True:
        found = await database.read(lambda c, after=last: refusals_after(c, job.id, after))
        if not found:
            return
        yield _written(_line(job.kind, each) for each in found)
        last = found[-1]


def _line(kind: ImportKind, refused: Refusal) -> Sequence[object]:
    """Values stand as they came: the file is to be mended and imported again."""
    values = [refused.row.get(name, "") for name in COLUMNS[kind].all]
    return [refused.line, refused.reason, *values, refused.row.get(_MALFORMED, "")]


def _written(lines: Iterable[Sequence[object]]) -> str:
    made = io.StringIO()
    csv.writer(made).writerows(lines)
    return made.getvalue()
