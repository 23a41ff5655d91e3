"""Present state in the shape of event payloads: what a live subscription starts from."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.ids import CustomerId, LocationId
from domain.orders.events import order_payload, work_payload
from domain.orders.queue import work_queue
from domain.orders.repository import order_document, parsed
from domain.orders.tables import order_history, sales_order

MAX_QUEUE = 500


async def order_states(
    connection: AsyncConnection, order_ids: Collection[UUID]
) -> list[dict[str, Any]]:
    """The public state of those orders, as `OrderChanged` carries it; two statements."""
    query = sa.select(order_document()).where(sales_order.c.id.in_(list(order_ids)))
    return await _states(connection, query)


async def recent_order_states(
    connection: AsyncConnection, customer_id: CustomerId, limit: int
) -> list[dict[str, Any]]:
    """The customer's newest orders, as `OrderChanged` carries them; two statements."""
    query = (
        sa.select(order_document())
        .where(sales_order.c.customer_id == customer_id)
        .order_by(sales_order.c.placed_at.desc(), sales_order.c.id.desc())
        .limit(limit)
    )
    return await _states(connection, query)


async def queue_states(
    connection: AsyncConnection, location_id: LocationId
) -> list[dict[str, Any]]:
    """A location's open work, as `FulfillmentOrderChanged` carries it, the most urgent first."""
    works = await work_queue(connection, location_id, MAX_QUEUE)
    return [work_payload(order, work) for order, work in works]


async def _states(connection: AsyncConnection, query: sa.Select[object]) -> list[dict[str, Any]]:
    orders = parsed((await connection.scalars(query)).all())
    last = (
        sa.select(order_history.c.order_id, order_history.c.action, order_history.c.reason)
        .where(order_history.c.order_id.in_([order.id for order in orders]))
        .ext(distinct_on(order_history.c.order_id))
        .order_by(order_history.c.order_id, order_history.c.version.desc())
    )
    done = {row.order_id: row for row in (await connection.execute(last)).all()}
    return [order_payload(order, done[order.id].action, done[order.id].reason) for order in orders]
