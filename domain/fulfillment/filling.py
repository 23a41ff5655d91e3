"""Stock that came in goes to the units that wait for it, the oldest order first."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.database import Database
from domain.common.ids import OrderId
from domain.common.transaction import Tx
from domain.fulfillment.failing import released_again
from domain.orders.model import Order
from domain.orders.place import Terms
from domain.orders.repository import locked_order
from domain.orders.resourcing import resourced, unsourced
from domain.orders.saving import save
from domain.orders.sql_rules import WAITS, may_serve
from domain.orders.states import OrderStatus
from domain.orders.work import waits_for_all
from domain.stock.locking import lock_levels_of
from domain.stock.posting import free_text

FILLER = "SYSTEM:fill"
PROMPTLY = 10
"""Orders that are filled at once when goods come in."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An order and its place in the queue."""

    order_id: OrderId
    confirmed_at: datetime


_FIRST = sa.text(f"""
SELECT o.id, o.confirmed_at
FROM sales_order AS o
WHERE o.status = :confirmed
  AND o.id IN (SELECT order_id FROM line_group WHERE state IN ({WAITS}))
  AND (CAST(:after AS timestamptz) IS NULL
       OR (o.confirmed_at, o.id) > (CAST(:after AS timestamptz), CAST(:after_id AS uuid)))
  AND EXISTS (
    SELECT FROM line_group AS g
    JOIN order_line AS l ON l.id = g.line_id
    JOIN channel_location AS c ON c.channel = o.channel
    JOIN location AS p ON p.id = c.location_id AND p.active
    WHERE g.order_id = o.id AND g.state IN ({WAITS})
      AND NOT p.id = ANY (g.excluded_location_ids)
      AND {may_serve("p", "o")}
      AND NOT EXISTS (
        SELECT FROM jsonb_each_text(l.components) AS part (sku, units)
        LEFT JOIN stock_level AS s ON s.sku = part.sku AND s.location_id = p.id
        WHERE s.sku IS NULL
          OR {free_text("s")} - s.safety < CAST(part.units AS integer)
      )
  )
ORDER BY o.confirmed_at, o.id
LIMIT 1
""")  # noqa: S608 -- only rules of ours are put in
"""The oldest order with a unit for which one location that may serve it has all it is made of."""


class _Outcome(Enum):
    FILLED = "FILLED"
    NOTHING = "NOTHING"
    NOT_FIRST = "NOT_FIRST"


async def fill_waiting(database: Database, terms: Terms, *, most: int | None = None) -> int:
    """How many orders got stock for units that waited: first come, first served, by the time when
    they were confirmed, also while more stock comes in and other workers do the same. Each in a
    transaction of its own; after `most` orders it stops. An order that gets nothing after all does
    not keep later ones waiting.

    An order whose other units were released already has the new ones released at once, unless
    something holds it or it must ship complete and still waits for others.

    Locks: one order at a time, then all stock levels of its waiting SKUs.
    """
    filled, passed = 0, None
    while most is None or filled < most:
        place = passed
        first = await database.read_primary(lambda c, p=place: _first(c, p))
        if first is None:
            return filled
        outcome = await database.run(
            lambda tx, one=first, p=place: _fill(tx, one, p, terms), actor_key=FILLER
        )
        if outcome is _Outcome.FILLED:
            filled += 1
        elif outcome is _Outcome.NOTHING:
            passed = first
    return filled


async def fill_promptly(database: Database, terms: Terms) -> int:
    """As `fill_waiting` for the first few, so that whoever brought the goods does not wait for all;
    0 when the database fails. The scheduler does the rest within seconds.
    """
    try:
        return await fill_waiting(database, terms, most=PROMPTLY)
    except DBAPIError:
        return 0


async def _fill(tx: Tx, one: _Waiting, passed: _Waiting | None, terms: Terms) -> _Outcome:
    before = await locked_order(tx.connection, one.order_id)
    await _lock_levels(tx, before)
    # Nothing comes in for its SKUs from now on, so that nobody can be first but not seen.
    if await _first(tx.connection, passed) != one:
        return _Outcome.NOT_FIRST
    after = await resourced(tx, before, terms.sourcing)
    if after == before:
        return _Outcome.NOTHING
    if _goes_on(before) and not waits_for_all(after):
        after = await released_again(tx, before, after, terms.accept_within)
    await save(tx, before, after, "FILL")
    return _Outcome.FILLED


async def _lock_levels(tx: Tx, order: Order) -> None:
    waiting = {group.line_id for group in order.groups if unsourced(group)}
    skus = {sku for line in order.lines if line.id in waiting for sku in line.components}
    await lock_levels_of(tx, skus)


def _goes_on(order: Order) -> bool:
    """Whether locations were asked to work on the order before."""
    return any(work.accept_by is not None for work in order.fulfillment_orders)


async def _first(connection: AsyncConnection, passed: _Waiting | None) -> _Waiting | None:
    """The order that is served next, after the one that was passed over."""
    given = {
        "confirmed": OrderStatus.CONFIRMED.value,
        "after": passed.confirmed_at if passed else None,
        "after_id": passed.order_id if passed else None,
    }
    row = (await connection.execute(_FIRST, given)).one_or_none()
    return None if row is None else _Waiting(OrderId(row.id), row.confirmed_at)
