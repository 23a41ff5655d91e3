"""Reading orders: each function is one statement, whatever the number of orders."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.errors import NotFound
from domain.common.ids import FulfillmentOrderId, OrderId
from domain.common.reading import Reading, any_of
from domain.common.sql import children
from domain.common.transaction import Tx
from domain.orders.model import FulfillmentOrder, Group, Order
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

_ORDERS = TypeAdapter(list[Order])
T = TypeVar("T", Group, FulfillmentOrder, Payment, Promise)


def order_document() -> sa.ColumnElement[object]:
    """An expression over `sales_order`: the whole order as one JSON object."""
    mine = sales_order.c.id
    parts = sa.func.jsonb_build_object(
        "lines",
        children(order_line, order_line.c.order_id == mine, order_line.c.position),
        "groups",
        children(line_group, line_group.c.order_id == mine, line_group.c.id),
        "fulfillment_orders",
        children(fulfillment_order, fulfillment_order.c.order_id == mine, fulfillment_order.c.id),
        "payments",
        children(payment, payment.c.order_id == mine, payment.c.id),
        "promises",
        children(promise, promise.c.order_id == mine, promise.c.id),
        "address",
        _only(order_address),
        "pickup",
        _only(order_pickup),
    )
    return sa.func.to_jsonb(sales_order.table_valued()).op("||")(parts)


def _only(part: sa.Table) -> sa.ScalarSelect[object]:
    """The one row that `part` has of the order, as JSON; null if it has none."""
    return (
        sa.select(sa.func.to_jsonb(part.table_valued()))
        .where(part.c.order_id == sales_order.c.id)
        .correlate_except(part)
        .scalar_subquery()
    )


def as_read(order: Order) -> Order:
    """A stored order with its parts in the order in which a document has them."""

    def by_id(parts: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(sorted(parts, key=lambda part: part.id))

    return replace(
        order,
        groups=by_id(order.groups),
        fulfillment_orders=by_id(order.fulfillment_orders),
        payments=by_id(order.payments),
        promises=by_id(order.promises),
    )


def parsed(documents: Sequence[object]) -> list[Order]:
    """Orders out of documents made by `order_document`."""
    return _ORDERS.validate_python(documents)


async def orders_by_id(
    connection: AsyncConnection, order_ids: Collection[UUID]
) -> dict[OrderId, Order]:
    """The orders of those ids; unknown ids are absent."""
    found = await _BY_ID.column(connection, ids=list(order_ids))
    return {order.id: order for order in parsed(found)}


async def order_by_number(connection: AsyncConnection, number: str) -> Order | None:
    """The order of that number, if there is one."""
    found = await _BY_NUMBER.column(connection, number=number)
    return parsed(found)[0] if found else None


_BY_ID = Reading(lambda: sa.select(order_document()).where(any_of(sales_order.c.id, "ids")))
_BY_NUMBER = Reading(
    lambda: sa.select(order_document()).where(sales_order.c.number == sa.bindparam("number"))
)


async def locked_order(connection: AsyncConnection, order_id: UUID) -> Order:
    """The order as of now, its row locked FOR NO KEY UPDATE. One statement; two when it had to wait
    for the lock.

    Raises:
        NotFound: there is no such order.
    """
    found = await _locked(connection, sales_order.c.id == order_id)
    if found is None:
        raise NotFound("order", str(order_id))
    return found[0]


async def locked_order_in(tx: Tx, order_id: UUID) -> Order:
    """As `locked_order`; the transaction knows its time afterwards."""
    found = await _locked(tx.connection, sales_order.c.id == order_id)
    if found is None:
        raise NotFound("order", str(order_id))
    tx.set_now(found[1])
    return found[0]


async def locked_order_of_work(
    connection: AsyncConnection, fulfillment_order_id: UUID
) -> tuple[Order, FulfillmentOrderId]:
    """The order that a fulfillment order belongs to, locked as by `locked_order`.

    Raises:
        NotFound: there is no such fulfillment order.
    """
    owner = sa.select(fulfillment_order.c.order_id).where(
        fulfillment_order.c.id == fulfillment_order_id
    )
    found = await _locked(connection, sales_order.c.id == owner.scalar_subquery())
    if found is None:
        raise NotFound("fulfillment order", str(fulfillment_order_id))
    return found[0], FulfillmentOrderId(fulfillment_order_id)


async def _locked(
    connection: AsyncConnection, condition: sa.ColumnElement[bool]
) -> tuple[Order, datetime] | None:
    """The order and the transaction's time.

    A statement that waits for a row lock sees the row's newest version, but reads all other rows
    (the order's parts) from its old snapshot. A second look at the row through that snapshot tells:
    when the versions differ, the parts are read again.
    """
    as_of_snapshot = sales_order.alias("as_of_snapshot")
    seen = (
        sa.select(as_of_snapshot.c.version)
        .where(as_of_snapshot.c.id == sales_order.c.id)
        .correlate_except(as_of_snapshot)
        .scalar_subquery()
    )
    c = sales_order.c
    query = sa.select(order_document(), c.id, c.version, seen.label("seen"), sa.func.now())
    locked = query.where(condition).with_for_update(key_share=True, of=sales_order)
    row = (await connection.execute(locked)).one_or_none()
    if row is None:
        return None
    if row.version != row.seen:
        return (await orders_by_id(connection, [row.id]))[OrderId(row.id)], row[4]
    return parsed([row[0]])[0], row[4]
