"""Parts that many inputs share."""

from datetime import datetime
from typing import Annotated, TypeVar

import strawberry

from domain.common.errors import ValidationFailed
from domain.common.patch import KEEP, Keep

T = TypeVar("T")

FirstArgument = Annotated[
    int, strawberry.argument(name="first", description="Entries on the page, 1 to 100.")
]
AfterArgument = Annotated[
    str | None,
    strawberry.argument(name="after", description="Cursor after which the page begins."),
]


def given(value: strawberry.Maybe[T], field: str) -> T | Keep:
    """The value of an optional input field; KEEP when it was left out.

    Raises:
        ValidationFailed: it was given as null, which the field does not take.
    """
    if value is None:
        return KEEP
    if value.value is None:
        raise ValidationFailed(field, "must not be null")
    return value.value


def given_or_null(value: strawberry.Maybe[T | None]) -> T | Keep | None:
    """The value of an optional, nullable input field; KEEP when it was left out."""
    return KEEP if value is None else value.value


def utc_moment(field: str, moment: datetime | None) -> datetime | None:
    """`moment` itself, which must say its offset from UTC.

    Raises:
        ValidationFailed: it has no offset.
    """
    if moment is not None and moment.tzinfo is None:
        raise ValidationFailed(field, "must have an offset from UTC, such as Z")
    return moment
