"""Places in the lists of the stock area: one value that the list is sorted by."""

import base64
import binascii

import orjson

from domain.common.errors import ValidationFailed
from domain.common.paging import MAX_PAGE


def encode(value: str | int) -> str:
    """An opaque cursor."""
    return base64.urlsafe_b64encode(orjson.dumps([value])).decode().rstrip("=")


def after_text(cursor: str | None) -> str:
    """The text in a cursor; empty without one, which is before every text.

    Raises:
        ValidationFailed: the cursor is not one of a list sorted by text.
    """
    value = "" if cursor is None else _decode(cursor)
    if not isinstance(value, str):
        raise ValidationFailed("after", "is not a cursor of this list")
    return value


def before_number(cursor: str | None) -> int:
    """The number in a cursor; without one the largest bigint, which is before every entry.

    Raises:
        ValidationFailed: the cursor is not one of a list sorted by number.
    """
    value = 2**63 - 1 if cursor is None else _decode(cursor)
    if not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise ValidationFailed("after", "is not a cursor of this list")
    return value


def check_first(first: int) -> None:
    """Nothing, when a page may have `first` entries.

    Raises:
        ValidationFailed: otherwise.
    """
    if not 1 <= first <= MAX_PAGE:
        raise ValidationFailed("first", f"must be 1 to {MAX_PAGE}")


def _decode(cursor: str) -> object:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        (value,) = orjson.loads(raw)
    except (ValueError, TypeError, binascii.Error) as error:
        raise ValidationFailed("after", "is not a cursor of this list") from error
    return value
