"""Parts that many inputs and arguments share."""

from datetime import UTC, datetime
from typing import Annotated, TypeVar

import strawberry
from graphql import GraphQLError

from domain.common.errors import ValidationFailed
from domain.common.patch import KEEP, Keep

T = TypeVar("T")

KEY = "Name of this attempt, 1 to 128 characters: the same key and input give the same result."
VERSION = "Refuse unless this is the present version."
INPUT = strawberry.argument(name="input", description="What to do, and the name of this attempt.")

First = Annotated[int, strawberry.argument(description="Entries wanted, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="Cursor to go on after.")]


def given(value: strawberry.Maybe[T]) -> T | Keep:
    """The value of an optional input field; KEEP when it was left out."""
    return KEEP if value is None else value.value


def at_or_now(at: datetime | None) -> datetime:
    """`at`, or the present moment.

    Raises:
        GraphQLError: code VALIDATION_FAILED, when `at` has no offset from UTC.
    """
    if at is not None and at.tzinfo is None:
        raise GraphQLError(
            "at: must have an offset from UTC, such as Z",
            extensions={"code": ValidationFailed.code},
        )
    return at or datetime.now(UTC)


def utc_moment(field: str, moment: datetime | None) -> datetime | None:
    """`moment` in UTC; it must say its offset.

    Raises:
        ValidationFailed: it has no offset.
    """
    if moment is not None and moment.tzinfo is None:
        raise ValidationFailed(field, "must have an offset from UTC, such as Z")
    return moment.astimezone(UTC) if moment is not None else None
