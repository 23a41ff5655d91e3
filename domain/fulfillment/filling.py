"""Stock that came in goes to the units that wait for it, the oldest order first."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.database import Database
from domain.common.ids import OrderId
from domain.common.transaction import Tx
from domain.fulfillment.failing import released_again
from domain.orders.model import Order, OrderStatus
from domain.orders.place import Terms
from domain.orders.repository import locked_order
from domain.orders.resourcing import resourced
from domain.orders.saving import save
from domain.orders.work import waits_for_all

FILLER = "SYSTEM:fill"
_WAITING = sa.text("""
SELECT o.id
FROM sales_order AS o
JOIN LATERAL (
    SELECT 1 FROM line_group AS g
    JOIN order_line AS l ON l.id = g.line_id
    CROSS JOIN LATERAL jsonb_object_keys(l.components) AS part (sku)
    JOIN stock_level AS s ON s.sku = part.sku
    JOIN channel_location AS c ON c.location_id = s.location_id AND c.channel = o.channel
    WHERE g.order_id = o.id AND g.state IN ('PENDING_SOURCE', 'BACKORDERED')
      AND s.on_hand - s.allocated - s.reserved - s.damaged - s.inspection - s.quality_hold
          - s.display > s.safety
      AND NOT s.location_id = ANY (g.excluded_location_ids)
    LIMIT 1
) AS fillable ON true
WHERE o.id IN (
    SELECT order_id FROM line_group WHERE state IN ('PENDING_SOURCE', 'BACKORDERED')
) AND o.status = :confirmed
ORDER BY o.confirmed_at, o.id
LIMIT :limit
""")


async def fill_waiting(database: Database, terms: Terms, *, limit: int = 100) -> int:
    """How many orders got stock for units that waited: first come, first served, by the time when
    they were confirmed. Each in a transaction of its own; safe on many workers at once.

    An order whose other units were released already has the new ones released at once, unless
    something holds it or it must ship complete and still waits for others.
    """
    waiting = await database.read_primary(lambda connection: _waiting(connection, limit))
    filled = 0
    for order_id in waiting:
        filled += await database.run(
            lambda tx, one=order_id: _fill(tx, one, terms), actor_key=FILLER
        )
    return filled


async def fill_promptly(database: Database, terms: Terms) -> int:
    """As `fill_waiting`; 0 when the database fails, since the scheduler does it again anyway."""
    try:
        return await fill_waiting(database, terms)
    except DBAPIError:
        return 0


async def _fill(tx: Tx, order_id: OrderId, terms: Terms) -> int:
    before = await locked_order(tx.connection, order_id)
    if before.status is not OrderStatus.CONFIRMED:
        return 0
    after = await resourced(tx, before, terms.sourcing)
    if after == before:
        return 0
    if _goes_on(before) and not waits_for_all(after):
        after = await released_again(tx, before, after, terms.accept_within)
    await save(tx, before, after, "FILL")
    return 1


def _goes_on(order: Order) -> bool:
    """Whether locations were asked to work on the order before."""
    return any(work.accept_by is not None for work in order.fulfillment_orders)


async def _waiting(connection: AsyncConnection, limit: int) -> Sequence[OrderId]:
    given = {"confirmed": OrderStatus.CONFIRMED.value, "limit": limit}
    return [OrderId(row) for row in await connection.scalars(_WAITING, given)]
