"""Promises made anew: when inbound stock slips, gets less, comes in, or there is more of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import UpdateBase

from domain.common.database import Database
from domain.common.ids import OrderId
from domain.common.sql import together
from domain.common.transaction import Tx
from domain.orders.model import Order
from domain.orders.notices import NoticeKind, notice
from domain.orders.promises import promised_at, told, waiting
from domain.orders.promising import with_promises
from domain.orders.repository import locked_order
from domain.orders.resourcing import fillable
from domain.orders.saving import promise_writes, save
from domain.orders.sql_rules import WAITS, may_serve
from domain.sourcing.ruled import Sourcing

PROMISER = "SYSTEM:promise"
PAGE = 100
MAX_PASSES = 3
PROMPTLY = 10
"""Orders whose promises are renewed at once when inbound stock changes."""
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")

_STALE = sa.text(f"""
WITH reach AS (
    SELECT c.channel, l.id, l.can_ship, l.can_pickup
    FROM channel_location AS c JOIN location AS l ON l.id = c.location_id
    WHERE l.active
),
waits AS (
    SELECT o.id AS order_id, o.confirmed_at, o.channel, o.delivery_mode, o.delivery_location_id,
           l.id AS line_id, l.components, sum(g.quantity) AS units
    FROM line_group AS g
    JOIN order_line AS l ON l.id = g.line_id
    JOIN sales_order AS o ON o.id = g.order_id
    WHERE g.state IN ({WAITS}) AND o.status = 'CONFIRMED'
      AND (o.confirmed_at, o.id) > (:after_at, CAST(:after_id AS uuid))
    GROUP BY o.id, l.id
),
parts AS (
    SELECT w.*, part.key AS sku, w.units * part.value::int AS needed,
           coalesce(p.units, 0) AS promised, p.latest
    FROM waits AS w
    CROSS JOIN LATERAL jsonb_each_text(w.components) AS part
    LEFT JOIN LATERAL (
        SELECT sum(p.quantity) AS units, max(p.promised_at) AS latest FROM promise AS p
        WHERE p.order_id = w.order_id AND p.line_id = w.line_id AND p.sku = part.key
    ) AS p ON true
),
free AS (
    SELECT i.sku, i.location_id, i.eta
    FROM inbound AS i
    LEFT JOIN LATERAL (
        SELECT sum(quantity) AS units FROM promise WHERE inbound_id = i.id
    ) AS p ON true
    WHERE i.closed_at IS NULL AND i.received < i.quantity AND i.eta > now()
      AND floor((i.quantity - i.received) * i.confidence) > coalesce(p.units, 0)
),
judged AS (
    SELECT t.order_id, t.confirmed_at, t.line_id, t.promised >= t.needed AS covered,
           t.latest, best.eta
    FROM parts AS t
    LEFT JOIN LATERAL (
        SELECT min(f.eta) AS eta FROM free AS f
        JOIN reach AS r ON r.id = f.location_id AND r.channel = t.channel
        WHERE f.sku = t.sku
          AND {may_serve("r", "t")}
    ) AS best ON true
),
stale AS (
    SELECT order_id, confirmed_at FROM judged
    GROUP BY order_id, confirmed_at, line_id
    HAVING bool_and(covered OR eta IS NOT NULL)
       AND bool_or(eta IS NOT NULL AND (NOT covered OR eta < latest))
    UNION
    SELECT o.id, o.confirmed_at
    FROM promise AS p
    JOIN sales_order AS o ON o.id = p.order_id
    LEFT JOIN inbound AS i ON i.id = p.inbound_id
    WHERE (o.confirmed_at, o.id) > (:after_at, CAST(:after_id AS uuid))
      AND (i.id IS NULL OR i.eta <> p.promised_at OR i.location_id <> p.location_id
       OR NOT EXISTS (
        SELECT 1 FROM reach AS r
        WHERE r.id = p.location_id AND r.channel = o.channel
          AND {may_serve("r", "o")}))
)
SELECT order_id, confirmed_at FROM stale ORDER BY confirmed_at, order_id LIMIT :page
""")  # noqa: S608 -- only rules of ours are put in
"""Orders whose promises may be out of date, or may become better, the oldest first."""


async def renew_promises(database: Database, sourcing: Sourcing, *, most: int | None = None) -> int:
    """How many orders have other promises now: made where none could be before, moved with the
    inbound stock, or withdrawn. The oldest orders choose first. Each in a transaction of its own;
    safe on many workers at once. After `most` orders it stops.

    Each order with other dates gets a version, an entry in its history, an event and one notice.
    What a newer order gives up may serve an older one: 3 passes at most.
    """
    renewed = 0
    for _ in range(MAX_PASSES):
        more = await _pass(database, sourcing, None if most is None else most - renewed)
        renewed += more
        if not more or renewed == most:
            break
    return renewed


async def _pass(database: Database, sourcing: Sourcing, most: int | None) -> int:
    renewed, after_at, after_id = 0, _EPOCH, UUID(int=0)
    while True:
        given = {"after_at": after_at, "after_id": after_id, "page": PAGE}
        page = await database.read_primary(lambda connection, now=given: _stale(connection, now))
        for order_id, _ in page:
            if renewed == most:
                return renewed
            renewed += await database.run(
                lambda tx, one=order_id: _renew(tx, one, sourcing), actor_key=PROMISER
            )
        if len(page) < PAGE:
            return renewed
        after_id, after_at = page[-1]


async def renew_promptly(database: Database, sourcing: Sourcing) -> int:
    """As `renew_promises` for the first few, so that whoever told of the goods does not wait for
    all; 0 when the database fails. The scheduler does the rest within seconds.
    """
    try:
        return await renew_promises(database, sourcing, most=PROMPTLY)
    except DBAPIError:
        return 0


async def _renew(tx: Tx, order_id: OrderId, sourcing: Sourcing) -> int:
    before = await locked_order(tx.connection, order_id)
    if waiting(before) and await fillable(tx, before, sourcing):
        return 0  # units get stock first; promises are for what still waits then
    after = await with_promises(tx, before)
    if after.promises == before.promises:
        return 0
    if told(after.promises) == told(before.promises):
        await tx.connection.execute(together(*promise_writes(before, after)))
        return 1
    await save(tx, before, after, "PROMISE", *_news(before, after), detail=_dates(before, after))
    return 1


def _news(before: Order, after: Order) -> list[UpdateBase]:
    """The write that tells the customer of the new dates; none when nothing waits any more."""
    if not waiting(before):
        return []
    kind = NoticeKind.PROMISE_CHANGED if before.promises else NoticeKind.PROMISE_MADE
    detail = {**_dates(before, after), "mayCancel": True}
    return [notice(after.id, kind, f"v{before.version + 1}", detail)]


def _dates(before: Order, after: Order) -> dict[str, Any]:
    first, then = promised_at(before), promised_at(after)
    return {
        "previously": first.isoformat() if first else None,
        "promisedAt": then.isoformat() if then else None,
    }


async def _stale(
    connection: AsyncConnection, given: Mapping[str, Any]
) -> Sequence[tuple[OrderId, datetime]]:
    rows = await connection.execute(_STALE, given)
    return [(OrderId(row.order_id), row.confirmed_at) for row in rows]
