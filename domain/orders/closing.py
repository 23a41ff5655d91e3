"""Closing a business day: ledger, orders, payouts of PSPs and cash are held against each other."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from domain.accounting.days import (
    CashResult,
    CloseDay,
    DailyClose,
    Difference,
    Total,
    cash_differences,
    cash_results,
    check_counts,
    is_over,
)
from domain.accounting.errors import DayAlreadyClosed
from domain.accounting.model import (
    Account,
    Entry,
    JournalTransaction,
    TransactionId,
    TransactionKind,
    pair,
)
from domain.accounting.posting import post
from domain.accounting.tables import daily_close
from domain.common.card_numbers import check_no_card_number
from domain.common.errors import NotFound, ValidationFailed
from domain.common.idempotency import once
from domain.common.ids import LocationId, new_id
from domain.common.money import check_currency
from domain.common.sql import alone, among
from domain.common.texts import one_line
from domain.common.transaction import Tx
from domain.locations.tables import location
from domain.orders.closing_rules import DIFFERENCES, PAYOUTS, TOTALS

_TOTALS = TypeAdapter(list[Total])
_DIFFERENCES = TypeAdapter(list[Difference])
_JSON = TypeAdapter(Any)


async def close_day(tx: Tx, command: CloseDay) -> DailyClose:
    """The closed day with its totals and all that does not agree. What was counted and differs is
    booked as a cash difference of that day, payouts that arrived as money on the bank account.

    Raises:
        ValidationFailed: the day is not over, or a count makes no sense.
        NotFound: no such location. DayAlreadyClosed: it was closed with another key.
        IdempotencyConflict: see there.

    Locks: the right to close days.
    """
    check_counts(command.counts)
    for count in command.counts:
        check_currency(count.currency)
        check_no_card_number("counts.till", one_line("counts.till", count.till, 64))

    async def work() -> DailyClose:
        await tx.connection.execute(alone("daily-close"))
        await _check(tx, command)
        day = command.business_date
        cash = cash_results(_cash(await _totals(tx, day)), command.counts)
        await post(tx, *await _found(tx, day, cash), *await _payouts(tx, day))
        rows = await tx.connection.execute(sa.text(DIFFERENCES), {"day": day})
        differences = _DIFFERENCES.validate_python([dict(row) for row in rows.mappings()])
        closed = DailyClose(
            day,
            tuple(await _totals(tx, day)),
            tuple(cash),
            (*cash_differences(cash), *differences),
            tx.actor_key,
            await tx.now(),
        )
        row = _JSON.dump_python(closed, mode="json")
        row |= {"business_date": day, "closed_at": closed.closed_at}
        await tx.connection.execute(sa.insert(daily_close).values(row))
        return closed

    return await once(tx, "closeDay", command, DailyClose, work)


async def _check(tx: Tx, command: CloseDay) -> None:
    day = command.business_date
    if not await is_over(tx.connection, day):
        raise ValidationFailed("businessDate", "is not over yet")
    known = sa.select(daily_close.c.business_date).where(daily_close.c.business_date == day)
    if await tx.connection.scalar(known) is not None:
        raise DayAlreadyClosed(day)
    wanted = {each.location_id for each in command.counts}
    places = sa.select(location.c.id).where(among(location.c.id, wanted))
    if missing := wanted - set((await tx.connection.scalars(places)).all()):
        raise NotFound("location", str(min(missing)))


async def _totals(tx: Tx, day: date) -> list[Total]:
    rows = await tx.connection.execute(sa.text(TOTALS), {"day": day})
    return _TOTALS.validate_python([dict(row) for row in rows.mappings()])


def _cash(totals: Sequence[Total]) -> Mapping[tuple[LocationId, str], int]:
    """What the tills of each location took, less what they gave back."""
    found: dict[tuple[LocationId, str], int] = {}
    for each in totals:
        if each.account is Account.CASH and each.location_id is not None:
            key = (each.location_id, each.currency)
            found[key] = found.get(key, 0) + each.debit_minor - each.credit_minor
    return found


async def _found(tx: Tx, day: date, cash: Sequence[CashResult]) -> list[JournalTransaction]:
    """What makes the cash in the ledger that which was counted."""
    return [
        JournalTransaction(
            TransactionId(new_id()),
            TransactionKind.CLOSING,
            day.isoformat(),
            f"cash-count:{day}:{each.location_id}:{each.currency}",
            await tx.now(),
            pair(
                Account.CASH,
                Account.CASH_DIFFERENCES,
                each.counted_minor - each.expected_minor,
                each.currency,
                location_id=each.location_id,
            ),
            business_date=day,
        )
        for each in cash
        if each.counted_minor is not None and each.counted_minor != each.expected_minor
    ]


async def _payouts(tx: Tx, day: date) -> list[JournalTransaction]:
    found: list[JournalTransaction] = []
    for row in await tx.connection.execute(sa.text(PAYOUTS), {"day": day}):
        amounts = (
            (Account.BANK, row.amount_minor),
            (Account.PSP_FEES, row.fee_minor),
            (Account.PSP_CLEARING, -row.amount_minor - row.fee_minor),
        )
        entries = tuple(Entry(account, row.currency, minor) for account, minor in amounts if minor)
        if entries:
            source = f"payout:{row.provider}:{row.reference}"
            kind, key = TransactionKind.PAYOUT, TransactionId(new_id())
            found.append(
                JournalTransaction(
                    key, kind, row.reference, source, await tx.now(), entries, business_date=day
                )
            )
    return found
