"""Reading orders for people: pages, work and history. Each is one statement."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import compare_digest
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.ids import ChannelCode, CustomerId, OrderId
from domain.common.paging import Keyset, Page, PageRequest, page_of
from domain.identity.model import Actor
from domain.identity.scope import at_work
from domain.orders.model import FulfillmentOrder, Order
from domain.orders.repository import order_by_number, order_document, orders_by_id, parsed
from domain.orders.states import OrderStatus
from domain.orders.tables import fulfillment_order, order_history, sales_order
from domain.orders.visibility import may_see, visible_to


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change of an order."""

    version: int
    action: str
    actor: str
    reason: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders to list; None means any."""

    customer_id: CustomerId | None = None
    channel: ChannelCode | None = None
    status: OrderStatus | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """The filter over `sales_order`."""
        wanted = {
            sales_order.c.customer_id: self.customer_id,
            sales_order.c.channel: self.channel,
            sales_order.c.status: self.status,
        }
        return [column == value for column, value in wanted.items() if value is not None]


async def order_seen_by(
    connection: AsyncConnection,
    actor: Actor | None,
    *,
    order_id: UUID | None = None,
    number: str | None = None,
    token: str | None = None,
) -> Order | None:
    """An order that the caller may see: by id or number in the actor's scope, or by number and
    tracking token for anybody who holds both; None otherwise. One statement.
    """
    if number is not None:
        order = await order_by_number(connection, number)
    elif order_id is not None and actor is not None:
        order = (await orders_by_id(connection, [order_id])).get(OrderId(order_id))
    else:
        return None
    if order is None:
        return None
    if number is not None and token is not None:
        return order if compare_digest(order.tracking_token.encode(), token.encode()) else None
    return order if actor is not None and may_see(actor, order) else None


async def orders_page(
    connection: AsyncConnection, actor: Actor, wanted: OrderFilter, request: PageRequest
) -> Page[Order]:
    """The newest orders in the actor's scope, with all their parts."""
    found = await connection.scalars(_newest(actor, request).where(*wanted.conditions()))
    return _page(found.all(), request)


async def orders_by_customer(
    connection: AsyncConnection,
    actor: Actor,
    customer_ids: Collection[CustomerId],
    request: PageRequest,
) -> dict[CustomerId, Page[Order]]:
    """For each customer the newest orders in the actor's scope, with all their parts."""
    ids = sa.func.unnest(sa.literal(list(customer_ids), ARRAY(sa.UUID())))
    wanted = ids.table_valued("id", name="wanted").render_derived()
    mine = sales_order.c.customer_id == wanted.c.id
    newest = _newest(actor, request).where(mine).correlate(wanted).lateral("newest")
    query = sa.select(wanted.c.id, newest.c.document).join(newest, sa.true())
    found: dict[CustomerId, list[object]] = {customer_id: [] for customer_id in customer_ids}
    for customer_id, document in (await connection.execute(query)).all():
        found[CustomerId(customer_id)].append(document)
    return {customer_id: _page(each, request) for customer_id, each in found.items()}


def _newest(actor: Actor, request: PageRequest) -> sa.Select[Any]:
    query = sa.select(order_document().label("document")).where(visible_to(actor))
    if request.after is not None:
        place = sa.tuple_(sales_order.c.placed_at, sales_order.c.id)
        query = query.where(place < sa.tuple_(request.after.at, request.after.id))
    query = query.order_by(sales_order.c.placed_at.desc(), sales_order.c.id.desc())
    return query.limit(request.first + 1)


def _page(documents: Sequence[object], request: PageRequest) -> Page[Order]:
    return page_of(
        parsed(documents), request, lambda order: Keyset(order.placed_at, UUID(str(order.id)))
    )


async def count_orders(connection: AsyncConnection, actor: Actor, wanted: OrderFilter) -> int:
    """How many orders the whole list of `orders_page` has."""
    query = sa.select(sa.func.count()).select_from(sales_order)
    return await connection.scalar(query.where(visible_to(actor), *wanted.conditions())) or 0


async def orders_in_scope(
    connection: AsyncConnection, actor: Actor, keys: Collection[str]
) -> dict[str, Order]:
    """The orders with those ids that the actor may see, by id as text."""
    query = sa.select(order_document()).where(sales_order.c.id.in_(_uuids(keys)), visible_to(actor))
    found = await connection.scalars(query)
    return {str(order.id): order for order in parsed(found.all())}


async def work_in_scope(
    connection: AsyncConnection, actor: Actor, keys: Collection[str]
) -> dict[str, tuple[Order, FulfillmentOrder]]:
    """The fulfillment orders with those ids that the actor may work on, by id as text."""
    query = (
        sa.select(fulfillment_order.c.id, order_document())
        .join(sales_order, sales_order.c.id == fulfillment_order.c.order_id)
        .where(
            fulfillment_order.c.id.in_(_uuids(keys)),
            at_work(actor, fulfillment_order.c.location_id),
        )
    )
    rows = (await connection.execute(query)).all()
    orders = parsed([row[1] for row in rows])
    return {
        str(row[0]): (order, next(w for w in order.fulfillment_orders if w.id == row[0]))
        for row, order in zip(rows, orders, strict=True)
    }


async def history_of(
    connection: AsyncConnection, keys: Collection[str]
) -> Mapping[OrderId, list[HistoryEntry]]:
    """The history of those orders, oldest first, by order."""
    h = order_history.c
    query = (
        sa.select(h.order_id, h.version, h.action, h.actor, h.reason, h.at)
        .where(h.order_id.in_(_uuids(keys)))
        .order_by(h.order_id, h.version)
    )
    found: dict[OrderId, list[HistoryEntry]] = {}
    for row in (await connection.execute(query)).all():
        entry = HistoryEntry(row.version, row.action, row.actor, row.reason, row.at)
        found.setdefault(OrderId(row.order_id), []).append(entry)
    return found


def _uuids(keys: Collection[str]) -> list[UUID]:
    found: list[UUID] = []
    for key in keys:
        try:
            found.append(UUID(key))
        except ValueError:
            continue  # not an id: names nothing
    return found
