"""Expected failures as data: the interface `Error` and the twins of domain errors (ADR 0008)."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import strawberry

from domain.common import errors as domain
from schema.access import access

C = TypeVar("C", bound=type)
_TWINS: dict[type[domain.DomainError], Callable[[Any], object]] = {}


@strawberry.interface(description="A refusal that the caller can act on. Nothing was changed.")
class Error:
    """Common fields of all refusals."""

    code: str = strawberry.field(description="Stable name of the failure, for programs.")
    message: str = strawberry.field(description="Explanation in English, for people.")


def twin_of(error: type[domain.DomainError]) -> Callable[[C], C]:
    """Makes the decorated GraphQL type the face of `error`; the type needs a static `of(error)`."""

    def register(cls: C) -> C:
        _TWINS[error] = cls.of  # type: ignore[attr-defined]  # reason: checked by the walk test
        return cls

    return register


def as_error(error: domain.DomainError) -> object:
    """The GraphQL twin of `error`, found by its class or the nearest base class.

    Raises:
        DomainError: `error` itself, when it has no twin.
    """
    for base in type(error).__mro__:
        if base in _TWINS:
            return _TWINS[base](error)
    raise error


@twin_of(domain.ValidationFailed)
@access()
@strawberry.type(description="An input value is malformed or out of range.")
class ValidationError(Error):
    """Twin of ValidationFailed."""

    field: str = strawberry.field(description="Path of the input field, in camelCase.")

    @staticmethod
    def of(error: domain.ValidationFailed) -> "ValidationError":
        """The twin."""
        return ValidationError(code=error.code, message=error.message, field=error.field)


@twin_of(domain.NotFound)
@access()
@strawberry.type(description="It does not exist, or is not visible to the caller.")
class NotFoundError(Error):
    """Twin of NotFound."""

    kind: str = strawberry.field(description="What was looked for, such as `order` or `variant`.")

    @staticmethod
    def of(error: domain.NotFound) -> "NotFoundError":
        """The twin."""
        return NotFoundError(code=error.code, message=error.message, kind=error.kind)


@twin_of(domain.Forbidden)
@access()
@strawberry.type(description="The caller may not do this here.")
class ForbiddenError(Error):
    """Twin of Forbidden."""

    @staticmethod
    def of(error: domain.Forbidden) -> "ForbiddenError":
        """The twin."""
        return ForbiddenError(code=error.code, message=error.message)


@twin_of(domain.VersionConflict)
@access()
@strawberry.type(description="The object changed since the caller read it: read again, decide.")
class VersionConflictError(Error):
    """Twin of VersionConflict."""

    expected: int = strawberry.field(description="The version that the caller sent.")
    actual: int = strawberry.field(description="The version that the object has now.")

    @staticmethod
    def of(error: domain.VersionConflict) -> "VersionConflictError":
        """The twin."""
        return VersionConflictError(
            code=error.code,
            message=error.message,
            expected=error.expected,
            actual=error.actual,
        )


@twin_of(domain.IdempotencyConflict)
@access()
@strawberry.type(description="The idempotency key was used before with another input.")
class IdempotencyConflictError(Error):
    """Twin of IdempotencyConflict."""

    @staticmethod
    def of(error: domain.IdempotencyConflict) -> "IdempotencyConflictError":
        """The twin."""
        return IdempotencyConflictError(code=error.code, message=error.message)


CommonError = (
    ValidationError
    | NotFoundError
    | ForbiddenError
    | VersionConflictError
    | IdempotencyConflictError
)
"""The refusals that every mutation can give; part of each mutation's result union."""

IdempotencyKey = Annotated[
    str,
    strawberry.argument(description="Name of this attempt, 1 to 128 characters."),
]
