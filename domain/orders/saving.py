"""Writing an order: every change is one version, one history row, one event, one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.dml import UpdateBase

from domain.accounting.posting import booking_writes
from domain.common.sql import insert_many, together, upsert_many
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.orders.bookkeeping import booking_of
from domain.orders.events import changed_work, order_changed, work_changed
from domain.orders.model import FulfillmentOrder, Order
from domain.orders.promises import kept
from domain.orders.rows import (
    ADDRESS_COLUMNS,
    CHANGED_PARTS,
    HISTORY_COLUMNS,
    NEW_PARTS,
    ORDER_CHANGING,
    PICKUP_COLUMNS,
    PROMISE_COLUMNS,
    WORK_COLUMNS,
    Change,
    address_row,
    changed_rows,
    fields_of,
    history_row,
    new_rows,
    order_row,
)
from domain.orders.states import CAME_TO_NOTHING, OrderStatus
from domain.orders.tables import (
    fulfillment_order,
    order_address,
    order_history,
    order_pickup,
    sales_order,
)
from domain.promotions.coupons import give_back
from domain.supply.tables import promise

__all__ = ["history_row"]  # of those who store whole orders


async def create(
    tx: Tx, order: Order, action: str, detail: Mapping[str, Any], *also: UpdateBase
) -> Order:
    """The new order, stored with its parts, its first history row and event, in one statement."""
    created = replace(order, version=1)
    entry = history_row(tx.actor_key, created, action, detail)
    await publish(tx, order_changed(created, action, None))
    rows = new_rows([created], [entry])
    writes: list[UpdateBase] = [
        insert_many(table, names, rows[part]) for part, table, names in NEW_PARTS if rows[part]
    ]
    writes += booking_writes(booking_of(None, created, action))
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
    change = await record(tx, before, after, action, reason, detail)
    await _execute(tx, [*_writes(change), *also])
    return change.order


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
    change = await record(tx, before, after, action, reason, detail)
    await tx.connection.execute(together(*_writes(change)))
    return change.order


async def record(
    tx: Tx,
    before: Order,
    after: Order,
    action: str,
    reason: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Change:
    """What makes `after` the next version of the locked order `before`; its events are recorded,
    and nothing is stored.
    """
    after = kept(next_version(before, after, await tx.now()))
    touched = changed_work(before, after)
    works = [work for work in after.fulfillment_orders if work.id in touched]
    await publish(
        tx,
        order_changed(after, action, reason),
        *[work_changed(after, work) for work in works],
    )
    return Change(
        before,
        after,
        history_row(tx.actor_key, after, action, detail or {}, reason),
        [line for line in after.lines if line not in before.lines],
        works,
        [group for group in after.groups if group not in before.groups],
        [paid for paid in after.payments if paid not in before.payments],
        booking_of(before, after, action),
    )


def _writes(change: Change) -> list[UpdateBase]:
    before, after = change.before, change.order
    writes: list[UpdateBase] = [
        _update_order(after),
        insert_many(order_history, HISTORY_COLUMNS, [change.entry]),
    ]
    rows = changed_rows([change])
    writes += [
        upsert_many(table, names, changing, rows[part])
        for part, table, names, changing in CHANGED_PARTS
        if rows[part]
    ]
    if after.address is not None and after.address != before.address:
        row = address_row(after, after.address)
        writes.append(upsert_many(order_address, ADDRESS_COLUMNS, ADDRESS_COLUMNS[1:], [row]))
    if after.pickup is not None and after.pickup != before.pickup:
        row = {"order_id": after.id, **fields_of(after.pickup)}
        writes.append(upsert_many(order_pickup, PICKUP_COLUMNS, PICKUP_COLUMNS[1:], [row]))
    writes += booking_writes(change.booking)
    return [*writes, *promise_writes(before, after), *_coupon_writes(before, after)]


def _coupon_writes(before: Order, after: Order) -> list[UpdateBase]:
    """An order that comes to nothing gives its coupons back."""
    if after.pricing is None or after.status not in CAME_TO_NOTHING:
        return []
    if before.status in CAME_TO_NOTHING:
        return []
    return give_back(after.id, after.pricing.coupons, after.updated_at)


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
    if fresh := [fields_of(each) for each in after.promises if each.id not in known]:
        writes.append(insert_many(promise, PROMISE_COLUMNS, fresh))
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
        after.waiving(before),
        version=before.version + 1,
        updated_at=now,
        closed_at=now if closing else after.closed_at,
        fulfillment_orders=_next_versions(before, after, now),
    )


def whole(orders: Sequence[Order], history: Sequence[Mapping[str, Any]]) -> list[UpdateBase]:
    """The writes that store new orders with all their parts, whatever their state and version.

    `history`: one `history_row` for each version of each order.
    """
    rows = new_rows(orders, history)
    return [
        *[insert_many(table, names, rows[part]) for part, table, names in NEW_PARTS],
        insert_many(fulfillment_order, WORK_COLUMNS, rows["works"]),
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
    row = order_row(order)
    return (
        sa.update(sales_order)
        .where(sales_order.c.id == order.id)
        .values({name: row[name] for name in ORDER_CHANGING})
    )
