"""What a batch has decided, stored: one statement that was built once, rows as its parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.dml import UpdateBase

from domain.accounting.model import Booking
from domain.accounting.posting import booking_rows, given_booking_writes
from domain.common.fixed import Fixed
from domain.common.many_keys import key_insert, key_update
from domain.common.sql import insert_given, rows_given, together, upsert_given
from domain.common.transaction import Tx
from domain.customers.directory import customer_writes
from domain.events.tables import outbox
from domain.orders.bookkeeping import booking_of, bookings
from domain.orders.model import Order
from domain.orders.rows import (
    CHANGED_PARTS,
    HISTORY_COLUMNS,
    NEW_PARTS,
    ORDER_CHANGING,
    Change,
    changed_rows,
    new_rows,
)
from domain.orders.tables import order_history, order_line, sales_order
from domain.sourcing.decisions import DECISION_COLUMNS
from domain.sourcing.tables import sourcing_decision
from domain.stock.shelves import shelf_writes

Rows = Mapping[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A new order with its first history row, the row of its key and that of its sourcing."""

    order: Order
    entry: Mapping[str, Any]
    key: Mapping[str, Any]
    decision: Mapping[str, Any]


async def store_accepted(
    tx: Tx, accepted: Sequence[Accepted], stock: Rows, customers: Rows
) -> None:
    """The new orders are stored with their stock, customers, keys and the outbox row."""
    rows: dict[str, Any] = {
        **new_rows([each.order for each in accepted], [each.entry for each in accepted]),
        "keys": sorted((each.key for each in accepted), key=lambda row: (row["actor"], row["key"])),
        "decisions": [each.decision for each in accepted],
        "events": tx.take_events(),
        **stock,
        **customers,
    }
    booking = bookings(_placed(each) for each in accepted)
    if booking.transactions:
        await _ACCEPTING_BOOKED.run(tx.connection, rows | booking_rows(booking))
    else:
        await _ACCEPTING.run(tx.connection, rows)


async def store_settled(
    tx: Tx, changes: Sequence[Change], results: Sequence[Mapping[str, Any]], stock: Rows
) -> None:
    """The next versions of locked orders are stored with their stock, results and the outbox row.

    Only what settling changes is written: the orders, their works, groups and payments.
    """
    rows: dict[str, Any] = {
        **changed_rows(changes),
        "results": list(results),
        "events": tx.take_events(),
        **stock,
    }
    booking = bookings(change.booking for change in changes)
    if booking.transactions:
        await _SETTLING_BOOKED.run(tx.connection, rows | booking_rows(booking))
    else:
        await _SETTLING.run(tx.connection, rows)


def _placed(accepted: Accepted) -> Booking | None:
    return booking_of(None, accepted.order, str(accepted.entry["action"]))


def _accepting(*also: UpdateBase) -> sa.Select[int]:
    return together(
        *customer_writes(),
        *[insert_given(table, names, part) for part, table, names in NEW_PARTS],
        insert_given(sourcing_decision, DECISION_COLUMNS, "decisions"),
        *shelf_writes(),
        key_insert(),
        *also,
        _outbox_row(),
    )


def _settling(*also: UpdateBase) -> sa.Select[int]:
    return together(
        _update_orders(),
        *[
            upsert_given(table, names, changing, part)
            for part, table, names, changing in CHANGED_PARTS
            if table is not order_line
        ],
        insert_given(order_history, HISTORY_COLUMNS, "history"),
        *shelf_writes(),
        key_update(),
        *also,
        _outbox_row(),
    )


def _update_orders() -> UpdateBase:
    columns = [sales_order.c[name] for name in ("id", *ORDER_CHANGING)]
    given = rows_given(columns, "orders")
    return (
        sa.update(sales_order)
        .where(sales_order.c.id == given.c.id)
        .values({name: given.c[name] for name in ORDER_CHANGING})
    )


def _outbox_row() -> UpdateBase:
    """One row for the whole batch: it is one commit (ADR 0015)."""
    return sa.insert(outbox).values(events=sa.bindparam("events", type_=JSONB))


_ACCEPTING = Fixed(_accepting)
_SETTLING = Fixed(_settling)
# Most batches book nothing: money and goods move later.
_ACCEPTING_BOOKED = Fixed(lambda: _accepting(*given_booking_writes()))
_SETTLING_BOOKED = Fixed(lambda: _settling(*given_booking_writes()))
