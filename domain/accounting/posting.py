"""Writing into the ledger. What is wrong is taken back by a transaction of its own."""

from dataclasses import asdict, fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import UpdateBase

from domain.accounting.model import Booking, Entry, JournalTransaction
from domain.accounting.tables import books, document_due, journal_entry, journal_transaction
from domain.common.sql import insert_given, insert_many, rows_given, rows_of, together
from domain.common.transaction import Tx

_HEAD = ("id", "kind", "reference", "memo", "source", "at", "business_date")
_HEAD_COLUMNS = [journal_transaction.c[name] for name in _HEAD]
_GIVEN = tuple(field.name for field in fields(Entry))
_ENTRY = ("transaction_id", "position", *_GIVEN)
_DUE = ("order_id", "order_version", "at", "shares", "on_account_minor")


async def post(tx: Tx, *transactions: JournalTransaction) -> None:
    """The transactions are in the ledger, in one statement; nothing for none of them.

    That each balances is checked at the commit (`IntegrityError`), and that nothing else came from
    the same source (`uq_journal_transaction_source`) at once.
    """
    if writes := booking_writes(Booking(transactions)):
        await tx.connection.execute(together(*writes))


def booking_writes(booking: Booking | None) -> list[UpdateBase]:
    """The writes that put a booking into the books, for the statement (`together`) that stores what
    it is for. Empty when there is nothing to book.
    """
    if booking is None:
        return []
    rows = booking_rows(booking)
    writes: list[UpdateBase] = []
    if booking.transactions:
        writes.append(_heads(rows_of(_HEAD_COLUMNS, rows["transactions"])))
        writes.append(insert_many(journal_entry, _ENTRY, rows["entries"]))
    if booking.due:
        writes.append(insert_many(document_due, _DUE, rows["due"]))
    return writes


def booking_rows(booking: Booking) -> dict[str, list[dict[str, Any]]]:
    """The rows of a booking, by the names of the parameters of `given_booking_writes`."""
    return {
        "transactions": [_head(each) for each in booking.transactions],
        "entries": [row for each in booking.transactions for row in _entries(each)],
        "due": [asdict(each) for each in booking.due],
    }


def given_booking_writes() -> list[UpdateBase]:
    """As `booking_writes`, for a statement that is built once (`rows_given`)."""
    return [
        _heads(rows_given(_HEAD_COLUMNS, "transactions")),
        insert_given(journal_entry, _ENTRY, "entries"),
        insert_given(document_due, _DUE, "due"),
    ]


def _heads(given: sa.TableValuedAlias) -> UpdateBase:
    """Their business day is that of the books, unless it is given."""
    local = sa.cast(sa.func.timezone(books.c.time_zone, given.c.at), sa.Date)
    columns = [given.c[name] for name in _HEAD[:-1]]
    day = sa.func.coalesce(given.c.business_date, local)
    chosen = sa.select(*columns, day).select_from(sa.join(given, books, sa.true()))
    return insert(journal_transaction).from_select(list(_HEAD), chosen, include_defaults=False)


def _head(transaction: JournalTransaction) -> dict[str, Any]:
    return {name: getattr(transaction, name) for name in _HEAD}


def _entries(transaction: JournalTransaction) -> list[dict[str, Any]]:
    return [
        {
            "transaction_id": transaction.id,
            "position": position,
            **{name: getattr(entry, name) for name in _GIVEN},
        }
        for position, entry in enumerate(transaction.entries)
    ]
