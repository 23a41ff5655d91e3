"""Orders as rows: the columns of their tables, those that change, and the values in them. Pure."""

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any

from domain.orders.model import Address, FulfillmentOrder, Group, Line, Order, Pickup
from domain.orders.tables import (
    fulfillment_order,
    line_group,
    order_address,
    order_line,
    order_pickup,
    sales_order,
)
from domain.payments.model import Payment
from domain.payments.tables import payment
from domain.supply.model import Promise
from domain.supply.tables import promise

Part = Line | Group | FulfillmentOrder | Payment | Address | Pickup | Promise

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
    "tax_minor",
    "total_minor",
    "excess_minor",
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
