"""What a batch has decided, stored: one statement that was built once, rows as its parameters."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.dml import UpdateBase

from domain.common.fixed import Fixed
from domain.common.many_keys import key_insert, key_update
from domain.common.sql import insert_given, rows_given, together, upsert_given
from domain.common.transaction import Tx
from domain.customers.directory import customer_writes
from domain.events.tables import outbox
from domain.orders.model import Order
from domain.orders.rows import (
    ADDRESS_COLUMNS,
    GROUP_CHANGING,
    GROUP_COLUMNS,
    HISTORY_COLUMNS,
    LINE_COLUMNS,
    ORDER_CHANGING,
    ORDER_COLUMNS,
    PAYMENT_CHANGING,
    PAYMENT_COLUMNS,
    WORK_CHANGING,
    WORK_COLUMNS,
    address_row,
    fields_of,
    group_row,
    line_row,
    order_row,
    work_row,
)
from domain.orders.saving import Change
from domain.orders.tables import (
    fulfillment_order,
    line_group,
    order_address,
    order_history,
    order_line,
    sales_order,
)
from domain.payments.tables import payment
from domain.stock.shelves import shelf_writes

Rows = Mapping[str, list[dict[str, Any]]]


class AcceptedOrder(Protocol):
    """A new order with its first history row and the row of its key."""

    @property
    def order(self) -> Order:
        """The order."""
        ...

    @property
    def entry(self) -> Mapping[str, Any]:
        """Its history row."""
        ...

    @property
    def key(self) -> Mapping[str, Any]:
        """The row of its idempotency key."""
        ...


async def store_accepted(
    tx: Tx, accepted: Sequence[AcceptedOrder], stock: Rows, customers: Rows
) -> None:
    """The new orders are stored with their stock, customers, keys and the outbox row."""
    orders = [each.order for each in accepted]
    rows: dict[str, Any] = {
        "orders": [order_row(order) for order in orders],
        "lines": [line_row(order, line) for order in orders for line in order.lines],
        "groups": [group_row(order, group) for order in orders for group in order.groups],
        "payments": [fields_of(paid) for order in orders for paid in order.payments],
        "history": [each.entry for each in accepted],
        "addresses": [
            address_row(order, order.address) for order in orders if order.address is not None
        ],
        "keys": sorted((each.key for each in accepted), key=lambda row: (row["actor"], row["key"])),
        "events": tx.take_events(),
        **stock,
        **customers,
    }
    await _ACCEPTING.run(tx.connection, rows)


async def store_settled(
    tx: Tx, changes: Sequence[Change], results: Sequence[Mapping[str, Any]], stock: Rows
) -> None:
    """The next versions of locked orders are stored with their stock, results and the outbox row.

    Only what settling changes is written: the orders, their works, groups and payments.
    """
    rows: dict[str, Any] = {
        "orders": [order_row(change.order) for change in changes],
        "works": [work_row(change.order, work) for change in changes for work in change.works],
        "groups": [group_row(change.order, each) for change in changes for each in change.groups],
        "payments": [fields_of(paid) for change in changes for paid in change.payments],
        "history": [change.entry for change in changes],
        "results": list(results),
        "events": tx.take_events(),
        **stock,
    }
    await _SETTLING.run(tx.connection, rows)


def _accepting() -> sa.Select[int]:
    return together(
        *customer_writes(),
        insert_given(sales_order, ORDER_COLUMNS, "orders"),
        insert_given(order_line, LINE_COLUMNS, "lines"),
        insert_given(line_group, GROUP_COLUMNS, "groups"),
        insert_given(payment, PAYMENT_COLUMNS, "payments"),
        insert_given(order_history, HISTORY_COLUMNS, "history"),
        insert_given(order_address, ADDRESS_COLUMNS, "addresses"),
        *shelf_writes(),
        key_insert(),
        _outbox_row(),
    )


def _settling() -> sa.Select[int]:
    return together(
        _update_orders(),
        upsert_given(fulfillment_order, WORK_COLUMNS, WORK_CHANGING, "works"),
        upsert_given(line_group, GROUP_COLUMNS, GROUP_CHANGING, "groups"),
        upsert_given(payment, PAYMENT_COLUMNS, PAYMENT_CHANGING, "payments"),
        insert_given(order_history, HISTORY_COLUMNS, "history"),
        *shelf_writes(),
        key_update(),
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
