"""Expected failures. Each has a stable `code`; the API shows it as a typed member of a union."""

from typing import ClassVar


class DomainError(Exception):
    """A refusal that a caller can act on. Subclasses set `code` and typed attributes."""

    code: ClassVar[str] = "DOMAIN_ERROR"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ValidationFailed(DomainError):
    """An input value is malformed or out of range; nothing was changed."""

    code = "VALIDATION_FAILED"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class NotFound(DomainError):
    """The thing does not exist, or the actor may not know that it does."""

    code = "NOT_FOUND"

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"{kind} {key} not found")
        self.kind = kind
        self.key = key


class Forbidden(DomainError):
    """The actor is known but may not do this; nothing was changed."""

    code = "FORBIDDEN"

    def __init__(self, message: str = "not allowed") -> None:
        super().__init__(message)


class VersionConflict(DomainError):
    """The aggregate moved on since the caller read it (compare-and-set failed)."""

    code = "VERSION_CONFLICT"

    def __init__(self, expected: int, actual: int) -> None:
        super().__init__(f"expected version {expected}, but it is {actual}")
        self.expected = expected
        self.actual = actual


class IdempotencyConflict(DomainError):
    """The idempotency key was used before with another input or for another operation."""

    code = "IDEMPOTENCY_CONFLICT"

    def __init__(self, key: str) -> None:
        super().__init__(f"idempotency key {key!r} was used with another input")
        self.key = key


def check_version(expected: int | None, actual: int) -> None:
    """Nothing when `expected` is absent or equal to `actual`.

    Raises:
        VersionConflict: otherwise.
    """
    if expected is not None and expected != actual:
        raise VersionConflict(expected, actual)
