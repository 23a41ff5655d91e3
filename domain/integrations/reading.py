"""CSV as it comes, row by row: what is good is handed on, what is not is refused with a reason."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import ValidationError

from domain.common.errors import DomainError
from domain.integrations.rows import OlistRow

R = TypeVar("R", bound=OlistRow)
REPLACED = "\ufffd"
"""What a decoder leaves where bytes are not UTF-8."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was not loaded: where it stands (lines count from 1), why, and what it says."""

    file: str
    line: int
    reason: str
    row: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Accepted(Generic[R]):
    """A good row, where it stands, and how it was written."""

    line: int
    row: R
    raw: Mapping[str, str]


class WrongColumns(DomainError):
    """A file lacks columns: it is another kind of file."""

    code = "WRONG_COLUMNS"

    def __init__(self, file: str, missing: Iterable[str]) -> None:
        super().__init__(f"{file} has no column {', '.join(sorted(missing))}")
        self.file = file


def read_rows(file: str, lines: Iterable[str], model: type[R]) -> Iterator[Accepted[R] | Rejected]:
    """The rows of a CSV file (RFC 4180, first line: names of columns), in order.

    Raises:
        WrongColumns: the first line lacks a column of `model`.
    """
    reader = csv.reader(lines)
    names = next(reader, [])
    if missing := model.model_fields.keys() - set(names):
        raise WrongColumns(file, missing)
    while True:
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Rejected(file, reader.line_num, str(error), {})
            continue
        if values:
            yield _judged(file, reader.line_num, names, values, model)


def _judged(
    file: str, line: int, names: list[str], values: list[str], model: type[R]
) -> Accepted[R] | Rejected:
    row = dict(zip(names, values, strict=False))
    if len(values) != len(names):
        return Rejected(file, line, f"has {len(values)} fields, not {len(names)}", row)
    if any(REPLACED in value for value in values):
        return Rejected(file, line, "is not UTF-8", row)
    try:
        return Accepted(line, model.model_validate(row), row)
    except ValidationError as error:
        return Rejected(file, line, _reason(error), row)


def _reason(error: ValidationError) -> str:
    """What is wrong with the first wrong column."""
    first = error.errors(include_url=False, include_context=False)[0]
    column = ".".join(str(part) for part in first["loc"])
    return f"{column}: {first['msg'].removeprefix('Value error, ')}"
