"""Writing an order: every change is one version, one history row, one event, one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.dml import UpdateBase

from domain.common.sql import insert_many, together, upsert_many
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.orders.events import changed_work, order_changed, work_changed
from domain.orders.model import (
    Address,
    FulfillmentOrder,
    Group,
    Line,
    Order,
    OrderStatus,
    Pickup,
)
from domain.orders.promises import kept
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

_ORDER = [column.name for column in sales_order.columns]
_LINE = [column.name for column in order_line.columns]
_GROUP = [column.name for column in line_group.columns]
_WORK = [column.name for column in fulfillment_order.columns]
_PAYMENT = [column.name for column in payment.columns]
_HISTORY = ["order_id", "version", "action", "actor", "reason", "detail", "at"]
_ADDRESS = [column.name for column in order_address.columns]
_PROMISE = [column.name for column in promise.columns]
_PICKUP = [column.name for column in order_pickup.columns]
_ORDER_CHANGING = [
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
_LINE_CHANGING = ["ordered_quantity", "tax_minor", "total_minor"]
_GROUP_CHANGING = [
    "quantity",
    "state",
    "location_id",
    "fulfillment_order_id",
    "shipment_id",
    "reason",
    "excluded_location_ids",
    "updated_at",
]
_WORK_CHANGING = [
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
_PAYMENT_CHANGING = [
    "state",
    "psp_reference",
    "decline_reason",
    "authorised_minor",
    "captured_minor",
    "refunded_minor",
    "refund_due_minor",
    "updated_at",
]


async def create(
    tx: Tx, order: Order, action: str, detail: Mapping[str, Any], *also: UpdateBase
) -> Order:
    """The new order, stored with its parts, its first history row and event, in one statement."""
    created = replace(order, version=1)
    await publish(tx, order_changed(created, action, None))
    writes: list[UpdateBase] = [
        insert_many(sales_order, _ORDER, [_order_row(created)]),
        insert_many(order_line, _LINE, [_line_row(created, line) for line in created.lines]),
        insert_many(line_group, _GROUP, [_group_row(created, g) for g in created.groups]),
        insert_many(payment, _PAYMENT, [_fields(p) for p in created.payments]),
        insert_many(order_history, _HISTORY, [history_row(tx.actor_key, created, action, detail)]),
    ]
    if created.address is not None:
        row = {"order_id": created.id, **_fields(created.address)}
        writes.append(insert_many(order_address, _ADDRESS, [row]))
    await _execute(tx, [*writes, *also])
    return created


async def save(
    tx: Tx,
    before: Order,
    after: Order,
    action: str,
    *also: UpdateBase,
    reason: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Order:
    """`after` with the next version, stored together with `also` in one statement.

    `before` must be the locked order (`locked_order`). Changed lines, groups, payments and
    fulfillment orders are written; each touched fulfillment order gets its next version and event.
    """
    after, writes = await _changes(tx, before, after, action, reason, detail or {})
    await _execute(tx, [*writes, *also])
    return after


async def save_among(
    tx: Tx,
    before: Order,
    after: Order,
    action: str,
    *,
    reason: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Order:
    """As `save`, for one of several orders that change together: their events go out as one, at the
    end of the transaction. All of the orders must be locked before.
    """
    after, writes = await _changes(tx, before, after, action, reason, detail or {})
    await tx.connection.execute(together(*writes))
    return after


async def _changes(
    tx: Tx,
    before: Order,
    after: Order,
    action: str,
    reason: str | None,
    detail: Mapping[str, Any],
) -> tuple[Order, list[UpdateBase]]:
    """`after` with the next version, and the writes that store it; its events are recorded."""
    after = kept(next_version(before, after, await tx.now()))
    touched = changed_work(before, after)
    works = [work for work in after.fulfillment_orders if work.id in touched]
    await publish(
        tx,
        order_changed(after, action, reason),
        *[work_changed(after, work) for work in works],
    )
    entry = history_row(tx.actor_key, after, action, detail, reason)
    groups = [group for group in after.groups if group not in before.groups]
    payments = [paid for paid in after.payments if paid not in before.payments]
    writes: list[UpdateBase] = [
        _update_order(after),
        insert_many(order_history, _HISTORY, [entry]),
    ]
    lines = [line for line in after.lines if line not in before.lines]
    if lines:
        rows = [_line_row(after, line) for line in lines]
        writes.append(upsert_many(order_line, _LINE, _LINE_CHANGING, rows))
    if works:
        rows = [_work_row(after, work) for work in works]
        writes.append(upsert_many(fulfillment_order, _WORK, _WORK_CHANGING, rows))
    if groups:
        rows = [_group_row(after, group) for group in groups]
        writes.append(upsert_many(line_group, _GROUP, _GROUP_CHANGING, rows))
    if payments:
        rows = [_fields(paid) for paid in payments]
        writes.append(upsert_many(payment, _PAYMENT, _PAYMENT_CHANGING, rows))
    if after.address is not None and after.address != before.address:
        row = {"order_id": after.id, **_fields(after.address)}
        writes.append(upsert_many(order_address, _ADDRESS, _ADDRESS[1:], [row]))
    if after.pickup is not None and after.pickup != before.pickup:
        row = {"order_id": after.id, **_fields(after.pickup)}
        writes.append(upsert_many(order_pickup, _PICKUP, _PICKUP[1:], [row]))
    return after, [*writes, *promise_writes(before, after)]


def promise_writes(before: Order, after: Order) -> list[UpdateBase]:
    """The writes that make the stored promises of the order `before` those of `after`.

    Units of a promise only ever go down here: whoever holds the lock of its inbound stock may have
    lowered them meanwhile.
    """
    known = {each.id: each for each in before.promises}
    left = {each.id: each for each in after.promises}
    writes: list[UpdateBase] = []
    if gone := known.keys() - left.keys():
        writes.append(sa.delete(promise).where(promise.c.id.in_(gone)))
    for each in after.promises:
        if each.id in known and each != known[each.id]:
            fewer = sa.func.least(promise.c.quantity, each.quantity)
            writes.append(sa.update(promise).where(promise.c.id == each.id).values(quantity=fewer))
    if fresh := [_fields(each) for each in after.promises if each.id not in known]:
        writes.append(insert_many(promise, _PROMISE, fresh))
    return writes


def next_version(before: Order, after: Order, now: datetime) -> Order:
    """`after` as the version that follows `before`: it and the fulfillment orders whose units moved
    count one more, and it is closed now if its life has ended.
    """
    closing = after.closed_at is None and after.status not in (
        OrderStatus.PENDING_PAYMENT,
        OrderStatus.CONFIRMED,
    )
    return replace(
        after,
        version=before.version + 1,
        updated_at=now,
        closed_at=now if closing else after.closed_at,
        fulfillment_orders=_next_versions(before, after, now),
    )


def whole(orders: Sequence[Order], history: Sequence[Mapping[str, Any]]) -> list[UpdateBase]:
    """The writes that store new orders with all their parts, whatever their state and version.

    `history`: one `history_row` for each version of each order.
    """
    addresses = [
        {"order_id": order.id, **_fields(order.address)}
        for order in orders
        if order.address is not None
    ]
    lines = [_line_row(order, line) for order in orders for line in order.lines]
    groups = [_group_row(order, group) for order in orders for group in order.groups]
    works = [_work_row(order, work) for order in orders for work in order.fulfillment_orders]
    payments = [_fields(paid) for order in orders for paid in order.payments]
    return [
        insert_many(sales_order, _ORDER, [_order_row(order) for order in orders]),
        insert_many(order_line, _LINE, lines),
        insert_many(line_group, _GROUP, groups),
        insert_many(fulfillment_order, _WORK, works),
        insert_many(payment, _PAYMENT, payments),
        insert_many(order_history, _HISTORY, history),
        insert_many(order_address, _ADDRESS, addresses),
    ]


async def _execute(tx: Tx, writes: Sequence[UpdateBase]) -> None:
    events = tx.drain_events()
    await tx.connection.execute(together(*writes, *([events] if events is not None else [])))


def _next_versions(before: Order, after: Order, now: Any) -> tuple[FulfillmentOrder, ...]:
    touched = changed_work(before, after)
    return tuple(
        replace(work, version=work.version + 1, updated_at=now) if work.id in touched else work
        for work in after.fulfillment_orders
    )


def _update_order(order: Order) -> UpdateBase:
    row = _order_row(order)
    return (
        sa.update(sales_order)
        .where(sales_order.c.id == order.id)
        .values({name: row[name] for name in _ORDER_CHANGING})
    )


def _order_row(order: Order) -> dict[str, Any]:
    row = {name: getattr(order, name) for name in _ORDER}
    row["holds"] = sorted(hold.value for hold in order.holds)
    row["fulfillment_status"] = order.fulfillment_status
    row["payment_status"] = order.payment_status
    return row


def _fields(
    part: Line | Group | FulfillmentOrder | Payment | Address | Pickup | Promise,
) -> dict[str, Any]:
    """Its fields as they are: `asdict` would copy every id and number in them."""
    return {field.name: getattr(part, field.name) for field in fields(part)}


def _line_row(order: Order, line: Line) -> dict[str, Any]:
    return {"order_id": order.id, **_fields(line), "tax_rate": str(line.tax_rate)}


def _group_row(order: Order, group: Group) -> dict[str, Any]:
    return {"order_id": order.id, **_fields(group), "updated_at": order.updated_at}


def _work_row(order: Order, work: FulfillmentOrder) -> dict[str, Any]:
    return {**_fields(work), "status": order.work_status(work)}


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
