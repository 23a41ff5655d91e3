"""Closed days as values and in the database (pure but for reading)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.accounting.model import Account
from domain.accounting.tables import books, daily_close
from domain.common.errors import ValidationFailed
from domain.common.ids import ChannelCode, LocationId

MAX_COUNTS = 1000
MAX_AMOUNT = 10**12
"""Minor units."""


class DifferenceKind(StrEnum):
    """What does not agree at a daily close."""

    CASH_DIFFERS = "CASH_DIFFERS"
    CASH_NOT_COUNTED = "CASH_NOT_COUNTED"
    ORDER_DIFFERS = "ORDER_DIFFERS"
    """What was received for an order is not what the ledger has."""
    PSP_DIFFERS = "PSP_DIFFERS"
    """What the PSP captured and refunded for an order is not what the ledger has."""
    PAYOUT_SUM = "PAYOUT_SUM"
    """The lines of a payout do not sum to it, or are not known yet."""
    PAYOUT_UNKNOWN_PAYMENT = "PAYOUT_UNKNOWN_PAYMENT"
    """A line of a payout is about a payment that is not ours."""
    PAYOUT_AMOUNT = "PAYOUT_AMOUNT"
    """More was paid out for a payment than is captured and not refunded, or less was."""
    DOCUMENT_MISSING = "DOCUMENT_MISSING"
    """An invoice or credit note is not issued yet."""


@dataclass(frozen=True, slots=True)
class CashCount:
    """What was counted in a till at the end of a day, without its float, minor units."""

    location_id: LocationId
    till: str
    currency: str
    counted_minor: int


@dataclass(frozen=True, slots=True)
class CashResult:
    """What a location's tills should have taken by the ledger, and what was counted (None: not)."""

    location_id: LocationId
    currency: str
    expected_minor: int
    counted_minor: int | None
    tills: tuple[CashCount, ...] = ()


@dataclass(frozen=True, slots=True)
class Total:
    """What was booked on an account on a day by channel and location, minor units."""

    account: Account
    currency: str
    channel: ChannelCode | None
    location_id: LocationId | None
    debit_minor: int
    credit_minor: int


@dataclass(frozen=True, slots=True)
class Difference:
    """What does not agree. `subject`: number of an order, reference of a payout, or a location."""

    kind: DifferenceKind
    subject: str
    currency: str
    expected_minor: int
    found_minor: int


@dataclass(frozen=True, slots=True)
class DailyClose:
    """A closed business day. It is never changed."""

    business_date: date
    totals: tuple[Total, ...]
    cash: tuple[CashResult, ...]
    differences: tuple[Difference, ...]
    closed_by: str
    closed_at: datetime


@dataclass(frozen=True, slots=True)
class CloseDay:
    """Close a business day that is over, with what was counted in the tills."""

    idempotency_key: str
    business_date: date
    counts: tuple[CashCount, ...] = ()


_CLOSES = TypeAdapter(list[DailyClose])


def check_counts(counts: Sequence[CashCount]) -> None:
    """Nothing, when the counts make sense.

    Raises:
        ValidationFailed: too many, a till twice in a currency, or an amount out of range.
    """
    if len(counts) > MAX_COUNTS:
        raise ValidationFailed("counts", f"must be {MAX_COUNTS} at most")
    if len({(each.location_id, each.till, each.currency) for each in counts}) < len(counts):
        raise ValidationFailed("counts", "name a till twice")
    if any(not 0 <= each.counted_minor <= MAX_AMOUNT for each in counts):
        raise ValidationFailed("counts.counted", "must not be negative")


def cash_results(
    expected: Mapping[tuple[LocationId, str], int], counts: Sequence[CashCount]
) -> list[CashResult]:
    """Expected against counted, by location and currency; tills of a location are added up."""
    counted: dict[tuple[LocationId, str], list[CashCount]] = {}
    for each in counts:
        counted.setdefault((each.location_id, each.currency), []).append(each)
    return [
        CashResult(
            key[0],
            key[1],
            expected.get(key, 0),
            sum(each.counted_minor for each in counted[key]) if key in counted else None,
            tuple(counted.get(key, ())),
        )
        for key in sorted(expected.keys() | counted.keys(), key=str)
    ]


def cash_differences(results: Sequence[CashResult]) -> list[Difference]:
    """What was counted and differs, and what was not counted though something should be there."""
    found: list[Difference] = []
    for each in results:
        if each.counted_minor == each.expected_minor:
            continue
        missing = each.counted_minor is None
        if missing and each.expected_minor == 0:
            continue
        kind = DifferenceKind.CASH_NOT_COUNTED if missing else DifferenceKind.CASH_DIFFERS
        found.append(
            Difference(
                kind,
                str(each.location_id),
                each.currency,
                each.expected_minor,
                each.counted_minor or 0,
            )
        )
    return found


async def is_over(connection: AsyncConnection, business_date: date) -> bool:
    """Whether the business day is over, in the time zone of the books."""
    today = sa.cast(sa.func.timezone(books.c.time_zone, sa.func.now()), sa.Date)
    found = await connection.scalar(sa.select(today > sa.literal(business_date, sa.Date)))
    return bool(found)


async def daily_closes(
    connection: AsyncConnection, first_day: date, last_day: date
) -> Sequence[DailyClose]:
    """The closed days of a time, both ends included, the newest first."""
    c = daily_close.c
    query = (
        sa.select(daily_close)
        .where(c.business_date.between(first_day, last_day))
        .order_by(c.business_date.desc())
    )
    rows = await connection.execute(query)
    return _CLOSES.validate_python([dict(row) for row in rows.mappings()])
