"""Closed business days as finance sees them."""

from datetime import date, datetime
from typing import Annotated

import strawberry
from strawberry import relay

from domain.accounting import days, errors
from domain.accounting.days import CashCount, CloseDay, DifferenceKind
from domain.accounting.model import Account
from domain.common.errors import ValidationFailed
from domain.common.ids import LocationId
from schema.access import access
from schema.accounting import ACCOUNTANTS
from schema.enums import described
from schema.errors import CommonError, Error, twin_of
from schema.ids import global_id, id_of
from schema.inputs import KEY
from schema.money import Money, MoneyInput

described(
    DifferenceKind,
    "What does not agree at a daily close.",
    {
        "CASH_DIFFERS": "What was counted is not what the tills took by the ledger.",
        "CASH_NOT_COUNTED": "A location took cash, and nobody counted it.",
        "ORDER_DIFFERS": "What was received for an order is not what the ledger has.",
        "PSP_DIFFERS": "What the PSP took and gave for an order is not what the ledger has.",
        "PAYOUT_SUM": "The lines of a payout do not sum to it, or are not known yet.",
        "PAYOUT_UNKNOWN_PAYMENT": "A line of a payout is about a payment that is not known.",
        "PAYOUT_AMOUNT": "More was paid out for a payment than was captured.",
        "DOCUMENT_MISSING": "An invoice or credit note of the day is not issued yet.",
    },
    name="CloseDifferenceKind",
)


@access(*ACCOUNTANTS)
@strawberry.type(description="What was booked on an account on a business day.")
class DayTotal:
    """Twin of domain Total."""

    account: Account = strawberry.field(description="The account.")
    channel: str | None = strawberry.field(description="The channel, if it has one.")
    location_id: relay.GlobalID | None = strawberry.field(
        description="The location, if it has one."
    )
    debit: Money = strawberry.field(description="Sum of the debits.")
    credit: Money = strawberry.field(description="Sum of the credits.")

    @staticmethod
    def of(total: days.Total) -> "DayTotal":
        """The twin."""
        place = total.location_id
        return DayTotal(
            account=total.account,
            channel=total.channel,
            location_id=global_id("Location", place) if place else None,
            debit=Money.of(total.debit_minor, total.currency),
            credit=Money.of(total.credit_minor, total.currency),
        )


@access(*ACCOUNTANTS)
@strawberry.type(description="What was counted in a till.")
class TillCount:
    """Twin of domain CashCount."""

    till: str = strawberry.field(description="Which till.")
    counted: Money = strawberry.field(description="What was in it, without its float.")


@access(*ACCOUNTANTS)
@strawberry.type(description="The cash of a location on a business day.")
class DayCash:
    """Twin of domain CashResult."""

    location_id: relay.GlobalID = strawberry.field(description="The location.")
    expected: Money = strawberry.field(description="What its tills took by the ledger.")
    counted: Money | None = strawberry.field(description="What was counted; null: nobody did.")
    tills: list[TillCount] = strawberry.field(description="What was counted, by till.")

    @staticmethod
    def of(cash: days.CashResult) -> "DayCash":
        """The twin."""
        counted = cash.counted_minor
        return DayCash(
            location_id=global_id("Location", cash.location_id),
            expected=Money.of(cash.expected_minor, cash.currency),
            counted=None if counted is None else Money.of(counted, cash.currency),
            tills=[
                TillCount(till=each.till, counted=Money.of(each.counted_minor, each.currency))
                for each in cash.tills
            ],
        )


@access(*ACCOUNTANTS)
@strawberry.type(description="What did not agree when a day was closed.")
class CloseDifference:
    """Twin of domain Difference."""

    kind: DifferenceKind = strawberry.field(description="What it is about.")
    subject: str = strawberry.field(
        description="Number of an order, reference of a payout, or key of a location."
    )
    expected: Money = strawberry.field(description="What should be.")
    found: Money = strawberry.field(description="What is.")

    @staticmethod
    def of(each: days.Difference) -> "CloseDifference":
        """The twin."""
        return CloseDifference(
            kind=each.kind,
            subject=each.subject,
            expected=Money.of(each.expected_minor, each.currency),
            found=Money.of(each.found_minor, each.currency),
        )


@access(*ACCOUNTANTS)
@strawberry.type(description="A closed business day. It is never changed, and not opened again.")
class DailyClose:
    """Twin of domain DailyClose."""

    business_date: date = strawberry.field(description="The day, in the time zone of the books.")
    closed_at: datetime = strawberry.field(description="When it was closed (UTC).")
    closed_by: str = strawberry.field(description="Role and subject of who closed it.")
    totals: list[DayTotal] = strawberry.field(description="What was booked.")
    cash: list[DayCash] = strawberry.field(description="Expected and counted cash by location.")
    differences: list[CloseDifference] = strawberry.field(description="What does not agree.")

    @staticmethod
    def of(closed: days.DailyClose) -> "DailyClose":
        """The twin."""
        return DailyClose(
            business_date=closed.business_date,
            closed_at=closed.closed_at,
            closed_by=closed.closed_by,
            totals=[DayTotal.of(each) for each in closed.totals],
            cash=[DayCash.of(each) for each in closed.cash],
            differences=[CloseDifference.of(each) for each in closed.differences],
        )


@strawberry.input(description="What was counted in a till at the end of a day.")
class TillCountInput:
    """Twin of CashCount."""

    location_id: relay.GlobalID = strawberry.field(description="Where the till is.")
    till: str = strawberry.field(description="Which, such as its device; at most 64 characters.")
    counted: MoneyInput = strawberry.field(description="What was in it, without its float.")

    def to_domain(self) -> CashCount:
        """The count."""
        counted = self.counted.to_domain()
        place = LocationId(id_of(self.location_id, "Location", "counts.locationId"))
        return CashCount(place, self.till, counted.currency, counted.amount_minor)


@strawberry.input(description="Close a business day that is over.")
class CloseDayInput:
    """Twin of CloseDay."""

    idempotency_key: str = strawberry.field(description=KEY)
    business_date: date = strawberry.field(description="The day, in the time zone of the books.")
    counts: list[TillCountInput] | None = strawberry.field(
        default=None, description="What was counted, each till once in a currency; at most 1000."
    )

    def to_domain(self) -> CloseDay:
        """The command."""
        counts = tuple(each.to_domain() for each in self.counts or ())
        return CloseDay(self.idempotency_key, self.business_date, counts)


@twin_of(errors.DayAlreadyClosed)
@access()
@strawberry.type(description="The business day is closed; a closed day is not opened again.")
class DayAlreadyClosedError(Error):
    """Twin of DayAlreadyClosed."""

    business_date: date = strawberry.field(description="The day.")

    @staticmethod
    def of(error: errors.DayAlreadyClosed) -> "DayAlreadyClosedError":
        """The twin."""
        return DayAlreadyClosedError(
            code=error.code, message=error.message, business_date=error.business_date
        )


@access(*ACCOUNTANTS)
@strawberry.type(description="The day is closed.")
class CloseDayPayload:
    """Answer of closeDay."""

    daily_close: DailyClose = strawberry.field(description="The closed day.")


CloseDayResult = Annotated[
    CloseDayPayload | DayAlreadyClosedError | CommonError,
    strawberry.union("CloseDayResult", description="What closing a day answers."),
]


def days_between(first: date, last: date) -> tuple[date, date]:
    """The days themselves.

    Raises:
        ValidationFailed: they are the wrong way round, or more than 366 days apart.
    """
    if not 0 <= (last - first).days <= 366:
        raise ValidationFailed("to", "must be 0 to 366 days after `from`")
    return first, last
