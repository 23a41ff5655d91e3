"""Orders as rows: the columns of their tables, those that change, and the values in them. Pure.

Rows have names: those of the parameters by which a statement that was built once is given them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import sqlalchemy as sa

from domain.accounting.model import Booking
from domain.orders.model import (
    Address,
    FulfillmentOrder,
    Group,
    Line,
    Order,
    Pickup,
)
from domain.orders.tables import (
    fulfillment_order,
    line_group,
    order_address,
    order_history,
    order_line,
    order_pickup,
    sales_order,
)
from domain.payments.model import Payment
from domain.payments.tables import payment
from domain.supply.model import Promise
from domain.supply.tables import promise

Part = Line | Group | FulfillmentOrder | Payment | Address | Pickup | Promise
Rows = dict[str, list[Mapping[str, Any]]]

ORDER_COLUMNS = [column.name for column in sales_order.columns]
LINE_COLUMNS = [column.name for column in order_line.columns]
GROUP_COLUMNS = [column.name for column in line_group.columns]
WORK_COLUMNS = [column.name for column in fulfillment_order.columns]
PAYMENT_COLUMNS = [column.name for column in payment.columns]
HISTORY_COLUMNS = ["order_id", "version", "action", "actor", "reason", "detail", "at"]
ADDRESS_COLUMNS = [column.name for column in order_address.columns]
PROMISE_COLUMNS = [column.name for column in promise.columns]
PICKUP_COLUMNS = [column.name for column in order_pickup.columns]
ORDER_CHANGING = [
    "status",
    "delivery_mode",
    "delivery_location_id",
    "holds",
    "fulfillment_status",
    "payment_status",
    "items_minor",
    "discount_minor",
    "tax_minor",
    "total_minor",
    "excess_minor",
    "return_fees_minor",
    "exchanged_minor",
    "goodwill_minor",
    "pricing",
    "waived_minor",
    "pay_until",
    "hold_until",
    "confirmed_at",
    "closed_at",
    "updated_at",
    "version",
]
LINE_CHANGING = ["ordered_quantity", "tax_minor", "total_minor"]
GROUP_CHANGING = [
    "quantity",
    "state",
    "location_id",
    "fulfillment_order_id",
    "shipment_id",
    "reason",
    "excluded_location_ids",
    "return_id",
    "updated_at",
]
WORK_CHANGING = [
    "status",
    "due_at",
    "accept_by",
    "accepted_at",
    "rejected_at",
    "rejection_reason",
    "cancel_requested_at",
    "cancel_answer_by",
    "cancel_refused_at",
    "wave_id",
    "updated_at",
    "version",
]
PAYMENT_CHANGING = [
    "state",
    "psp_reference",
    "decline_reason",
    "authorised_minor",
    "captured_minor",
    "refunded_minor",
    "refund_due_minor",
    "updated_at",
]


@dataclass(frozen=True, slots=True)
class Change:
    """The next version of an order, its history row, and those of its parts that changed."""

    before: Order
    order: Order
    entry: Mapping[str, Any]
    lines: Sequence[Line]
    works: Sequence[FulfillmentOrder]
    groups: Sequence[Group]
    payments: Sequence[Payment]
    booking: Booking | None = None


NEW_PARTS: Sequence[tuple[str, sa.Table, Sequence[str]]] = (
    ("orders", sales_order, ORDER_COLUMNS),
    ("lines", order_line, LINE_COLUMNS),
    ("groups", line_group, GROUP_COLUMNS),
    ("payments", payment, PAYMENT_COLUMNS),
    ("history", order_history, HISTORY_COLUMNS),
    ("addresses", order_address, ADDRESS_COLUMNS),
)
"""The names of `new_rows`, but for "works": nobody works on an order that was just placed."""

CHANGED_PARTS: Sequence[tuple[str, sa.Table, Sequence[str], Sequence[str]]] = (
    ("lines", order_line, LINE_COLUMNS, LINE_CHANGING),
    ("works", fulfillment_order, WORK_COLUMNS, WORK_CHANGING),
    ("groups", line_group, GROUP_COLUMNS, GROUP_CHANGING),
    ("payments", payment, PAYMENT_COLUMNS, PAYMENT_CHANGING),
)
"""The names of `changed_rows` of parts, with the columns that change."""


def new_rows(orders: Sequence[Order], history: Sequence[Mapping[str, Any]]) -> Rows:
    """The rows of new orders with all their parts and history."""
    return {
        "orders": [order_row(order) for order in orders],
        "lines": [line_row(order, line) for order in orders for line in order.lines],
        "groups": [group_row(order, group) for order in orders for group in order.groups],
        "works": [work_row(order, work) for order in orders for work in order.fulfillment_orders],
        "payments": [fields_of(paid) for order in orders for paid in order.payments],
        "history": list(history),
        "addresses": [
            address_row(order, order.address) for order in orders if order.address is not None
        ],
    }


def changed_rows(changes: Sequence[Change]) -> Rows:
    """The rows of changed orders, of their changed parts, and of their history."""
    return {
        "orders": [order_row(change.order) for change in changes],
        "lines": [line_row(change.order, line) for change in changes for line in change.lines],
        "works": [work_row(change.order, work) for change in changes for work in change.works],
        "groups": [group_row(change.order, each) for change in changes for each in change.groups],
        "payments": [fields_of(paid) for change in changes for paid in change.payments],
        "history": [change.entry for change in changes],
    }


def order_row(order: Order) -> dict[str, Any]:
    """The row of `sales_order`."""
    row = {name: getattr(order, name) for name in ORDER_COLUMNS}
    row["holds"] = sorted(hold.value for hold in order.holds)
    return row


def fields_of(part: Part) -> dict[str, Any]:
    """Its fields as they are: `asdict` would copy every id and number in them."""
    return {name: getattr(part, name) for name in _names(type(part))}


@cache
def _names(kind: type[Part]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def line_row(order: Order, line: Line) -> dict[str, Any]:
    """The row of `order_line`."""
    return {"order_id": order.id, **fields_of(line), "tax_rate": str(line.tax_rate)}


def group_row(order: Order, group: Group) -> dict[str, Any]:
    """The row of `line_group`."""
    return {"order_id": order.id, **fields_of(group), "updated_at": order.updated_at}


def work_row(order: Order, work: FulfillmentOrder) -> dict[str, Any]:
    """The row of `fulfillment_order`."""
    return {**fields_of(work), "status": order.work_status(work)}


def address_row(order: Order, address: Address) -> dict[str, Any]:
    """The row of `order_address`."""
    return {"order_id": order.id, **fields_of(address)}


def history_row(
    actor: str, order: Order, action: str, detail: Mapping[str, Any], reason: str | None = None
) -> dict[str, Any]:
    """The row that tells how the order came to its version; `detail` is free of personal data."""
    return {
        "order_id": order.id,
        "version": order.version,
        "action": action,
        "actor": actor,
        "reason": reason,
        "detail": dict(detail),
        "at": order.updated_at,
    }
