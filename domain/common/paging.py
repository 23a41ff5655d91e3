"""Keyset pages (ADR 0012)."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

import orjson

from domain.common.errors import ValidationFailed

T = TypeVar("T")
MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class Keyset:
    """A place in a list sorted by (`at`, `id`): the last entry already seen."""

    at: datetime
    id: UUID

    def encode(self) -> str:
        """An opaque cursor."""
        raw = orjson.dumps([self.at.isoformat(), str(self.id)])
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    @classmethod
    def decode(cls, cursor: str) -> "Keyset":
        """The inverse of `encode`.

        Raises:
            ValidationFailed: the cursor was not made by `encode`.
        """
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            at, key = orjson.loads(raw)
            return cls(datetime.fromisoformat(at), UUID(key))
        except (ValueError, TypeError, binascii.Error) as error:
            raise ValidationFailed("after", "is not a cursor of this list") from error


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The first `first` entries (1 to 100) after the place `after`."""

    first: int = 20
    after: Keyset | None = None

    @classmethod
    def of(cls, first: int, after: str | None) -> "PageRequest":
        """A checked request.

        Raises:
            ValidationFailed: `first` is out of range or `after` is not a cursor.
        """
        if not 1 <= first <= MAX_PAGE:
            raise ValidationFailed("first", f"must be 1 to {MAX_PAGE}")
        return cls(first, Keyset.decode(after) if after else None)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Entries with their cursors, and whether more follow."""

    items: Sequence[T]
    cursors: Sequence[str]
    has_next: bool


def page_of(rows: Sequence[T], request: PageRequest, key: Callable[[T], Keyset]) -> Page[T]:
    """The page out of `rows`, which were read with a limit of `request.first + 1`."""
    items = rows[: request.first]
    return Page(items, [key(item).encode() for item in items], len(rows) > request.first)
