"""Values as they stand in files. Pure."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from domain.common.errors import DomainError, ValidationFailed
from domain.common.money import Money, check_currency
from domain.imports.chunks import Refused, StagedRow

L = TypeVar("L")
_TRUE = frozenset({"true", "yes", "1"})
_FALSE = frozenset({"false", "no", "0"})
_LONGEST_NUMBER = 24


def parsed(
    rows: Sequence[StagedRow], read: Callable[[StagedRow], L]
) -> tuple[list[tuple[StagedRow, L]], list[Refused]]:
    """The rows that `read` can read, and the others."""
    good: list[tuple[StagedRow, L]] = []
    bad: list[Refused] = []
    for row in rows:
        if row.refusal is not None:
            bad.append(Refused(row, row.refusal))
            continue
        try:
            good.append((row, read(row)))
        except DomainError as error:
            bad.append(Refused(row, error.message))
    return good, bad


def words_of(text: str) -> list[str]:
    """The words between semicolons, without blanks around; empty ones do not count."""
    return [word.strip() for word in text.split(";") if word.strip()]


def number_of(field: str, text: str) -> int | None:
    """The whole number; None when nothing stands there.

    Raises:
        ValidationFailed: it is none, or below 0.
    """
    digits = text.strip()
    if not digits:
        return None
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= _LONGEST_NUMBER):
        raise ValidationFailed(field, "must be a whole number")
    return int(digits)


def flag_of(field: str, text: str) -> bool | None:
    """Whether it says so: `true`, `yes`, `1` or `false`, `no`, `0`; None when nothing is there.

    Raises:
        ValidationFailed: it says something else.
    """
    word = text.strip().lower()
    if not word:
        return None
    if word not in _TRUE | _FALSE:
        raise ValidationFailed(field, "must be true or false")
    return word in _TRUE


def money_of(field: str, amount: str, currency: str) -> Money:
    """The amount, written with a decimal point and at most as many decimals as the currency has.

    Raises:
        ValidationFailed: it is no such number, or the currency no code.
    """
    code, digits = check_currency(currency.strip()), amount.strip()
    plain = digits.replace(".", "", 1)
    if not (plain.isascii() and plain.isdecimal() and len(digits) <= _LONGEST_NUMBER):
        raise ValidationFailed(field, "must be a decimal number such as 19.90")
    try:
        return Money.from_decimal(Decimal(digits), code)
    except ValidationFailed as error:
        raise ValidationFailed(field, f"has more decimals than {code} allows") from error


def moment_of(field: str, text: str) -> datetime | None:
    """The moment (UTC); None when nothing stands there.

    Raises:
        ValidationFailed: it is none, or says no offset from UTC.
    """
    written = text.strip()
    if not written:
        return None
    try:
        moment = datetime.fromisoformat(written)
        in_utc = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValidationFailed(field, "must be a moment such as 2026-01-31T18:00:00Z") from error
    if moment.tzinfo is None:
        raise ValidationFailed(field, "must have an offset from UTC, such as Z")
    return in_utc
