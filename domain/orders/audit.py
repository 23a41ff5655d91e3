"""Orders must agree with themselves, with the stock that they hold, and with their events."""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.orders.audit_books import balances, disagreements
from domain.orders.lifecycle import STARTS, reachable_states
from domain.orders.model import Order
from domain.orders.money_due import due_for
from domain.orders.repository import order_document, parsed
from domain.orders.sql_rules import listed
from domain.orders.states import (
    CALLED_OFF,
    HOLDS_STOCK,
    SERVED,
    UNSOURCED,
    DeliveryMode,
)
from domain.orders.tables import sales_order


@dataclass(frozen=True, slots=True)
class OrderViolation:
    """A broken rule; `subject` is an order number, or a SKU with its location."""

    kind: str
    subject: str
    detail: str


_HOLDING = listed(HOLDS_STOCK)
_CALLED_OFF = listed(CALLED_OFF)
_WAITING = listed(UNSOURCED)
_ENDED = listed(CALLED_OFF | SERVED)
_UNPAID = listed(CALLED_OFF | STARTS)
_REACHABLE = ", ".join(
    f"('{mode.value}', '{state.value}')"
    for mode in DeliveryMode
    for state in sorted(reachable_states(mode))
)

VIOLATIONS = f"""
WITH grouped AS (
    SELECT line_id, sum(quantity) AS quantity FROM line_group GROUP BY line_id
),
taken AS (
    SELECT location_id, sku, sum(quantity) AS quantity
    FROM (
        SELECT g.location_id, part.key AS sku, g.quantity * part.value::int AS quantity
        FROM line_group AS g
        JOIN order_line AS l ON l.id = g.line_id
        CROSS JOIN LATERAL jsonb_each_text(l.components) AS part
        WHERE g.state IN ({_HOLDING})
        UNION ALL
        SELECT t.source_id, l.sku, l.quantity
        FROM transfer AS t JOIN transfer_line AS l ON l.transfer_id = t.id
        WHERE t.state = 'CREATED'
    ) AS claims
    GROUP BY location_id, sku
),
changes AS (
    SELECT order_id, count(*) AS entries, max(version) AS last FROM order_history GROUP BY order_id
),
published AS (
    SELECT (event ->> 'aggregate_id')::uuid AS order_id, (event ->> 'version')::bigint AS version
    FROM outbox CROSS JOIN LATERAL jsonb_array_elements(events) AS event
    WHERE event ->> 'aggregate' = 'order'
    UNION ALL
    SELECT aggregate_id, version FROM event_log WHERE aggregate = 'order'
),
news AS (
    SELECT order_id, count(*) AS events, count(DISTINCT version) AS versions,
           min(version) AS first, max(version) AS last
    FROM published GROUP BY order_id
)
SELECT 'QUANTITIES' AS kind, o.number || ' line ' || l.position AS subject,
       format('ordered %s, groups %s', l.ordered_quantity, coalesce(g.quantity, 0)) AS detail
FROM order_line AS l
JOIN sales_order AS o ON o.id = l.order_id
LEFT JOIN grouped AS g ON g.line_id = l.id
WHERE l.ordered_quantity <> coalesce(g.quantity, 0)
UNION ALL
SELECT 'ALLOCATIONS', sku || ' at ' || location_id,
       format('groups %s, level %s', coalesce(t.quantity, 0), coalesce(s.allocated, 0))
FROM taken AS t FULL JOIN stock_level AS s USING (location_id, sku)
WHERE coalesce(t.quantity, 0) <> coalesce(s.allocated, 0)
UNION ALL
SELECT 'TRANSIT', t.number || ' ' || l.sku,
       format('%s: sent %s of %s, arrived %s of %s', t.state, sent.quantity, l.quantity,
              arrived.quantity, coalesce(l.received, 0))
FROM transfer AS t
JOIN transfer_line AS l ON l.transfer_id = t.id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(m.quantity), 0) AS quantity FROM stock_movement AS m
    WHERE m.reference = t.number AND m.sku = l.sku AND m.location_id = t.source_id
      AND m.reason = 'TRANSFER_OUT'
) AS sent
CROSS JOIN LATERAL (
    SELECT coalesce(sum(m.quantity), 0) AS quantity FROM stock_movement AS m
    WHERE m.reference = t.number AND m.sku = l.sku AND m.location_id = t.destination_id
      AND m.reason = 'TRANSFER_IN'
) AS arrived
WHERE sent.quantity <> CASE WHEN t.state IN ('SHIPPED', 'RECEIVED') THEN l.quantity ELSE 0 END
   OR arrived.quantity <> coalesce(l.received, 0)
UNION ALL
SELECT 'PROMISES', o.number || ' ' || p.sku,
       format('%s promised, %s waiting', sum(p.quantity), coalesce(w.quantity, 0))
FROM promise AS p
JOIN sales_order AS o ON o.id = p.order_id
LEFT JOIN LATERAL (
    SELECT sum(g.quantity * (l.components ->> p.sku)::int) AS quantity
    FROM line_group AS g JOIN order_line AS l ON l.id = g.line_id
    WHERE g.line_id = p.line_id AND g.state IN ({_WAITING})
) AS w ON true
WHERE p.inbound_id IS NOT NULL
GROUP BY o.number, p.line_id, p.sku, w.quantity
HAVING sum(p.quantity) > coalesce(w.quantity, 0)
UNION ALL
SELECT 'HISTORY', o.number,
       format('version %s, history %s to %s, events %s from %s to %s', o.version,
              coalesce(c.entries, 0), coalesce(c.last, 0), coalesce(n.events, 0),
              coalesce(n.first, 0), coalesce(n.last, 0))
FROM sales_order AS o
LEFT JOIN changes AS c ON c.order_id = o.id
LEFT JOIN news AS n ON n.order_id = o.id
CROSS JOIN (SELECT coalesce(max(oldest_seq), 1) > 1 AS trimmed FROM sequencer_state) AS log
WHERE c.entries IS DISTINCT FROM o.version OR c.last IS DISTINCT FROM o.version
   OR CASE WHEN n.order_id IS NULL THEN NOT log.trimmed
           ELSE n.last <> o.version OR n.events <> n.last - n.first + 1
                OR n.versions <> n.events OR (n.first <> 1 AND NOT log.trimmed) END
UNION ALL
SELECT 'LIFE', o.number, format('%s with units %s, %s', o.status, g.state, o.delivery_mode)
FROM sales_order AS o
JOIN line_group AS g ON g.order_id = o.id
WHERE (o.status IN ('CANCELLED', 'EXPIRED') AND g.state NOT IN ({_CALLED_OFF}))
   OR (o.status = 'CLOSED' AND g.state NOT IN ({_ENDED}))
   OR (o.status = 'CONFIRMED' AND g.state = 'NEW')
   OR (o.status = 'PENDING_PAYMENT' AND g.state NOT IN ({_UNPAID}))
   OR (o.delivery_mode, g.state) NOT IN (VALUES {_REACHABLE})
UNION ALL
SELECT 'LIFE', o.number, format('%s, closed at %s, confirmed at %s', o.status,
       coalesce(o.closed_at::text, 'no time'), coalesce(o.confirmed_at::text, 'no time'))
FROM sales_order AS o
WHERE (o.closed_at IS NULL) <> (o.status IN ('PENDING_PAYMENT', 'CONFIRMED'))
   OR (o.status IN ('CONFIRMED', 'CLOSED') AND o.confirmed_at IS NULL)
   OR (o.status = 'CONFIRMED' AND o.excess_minor = 0
       AND NOT EXISTS (
           SELECT FROM line_group AS g WHERE g.order_id = o.id AND g.state NOT IN ({_ENDED}))
       AND NOT EXISTS (
           SELECT FROM payment AS p WHERE p.order_id = o.id AND p.refund_due_minor > 0))
   OR (o.status = 'CLOSED' AND EXISTS (
       SELECT FROM payment AS p WHERE p.order_id = o.id AND p.refund_due_minor > 0))
UNION ALL
SELECT 'HELD', o.number, format('%s with %s of %s reserved at %s', o.status, r.quantity, r.sku,
       r.location_id)
FROM reservation AS r
JOIN sales_order AS o ON r.owner = 'order:' || o.id
WHERE r.state = 'ACTIVE' AND o.status <> 'PENDING_PAYMENT'
UNION ALL
SELECT 'HELD', o.number, format('an edit that is %s has %s of %s reserved at %s', e.state,
       r.quantity, r.sku, r.location_id)
FROM reservation AS r
JOIN order_edit AS e ON r.owner = 'order-edit:' || e.id
JOIN sales_order AS o ON o.id = e.order_id
WHERE r.state = 'ACTIVE' AND e.state <> 'PENDING'
"""  # noqa: S608 -- only constants of the model are put in
"""A query: kind, subject and detail of each broken rule.

QUANTITIES: the groups of a line sum to its ordered quantity (L1, I10). ALLOCATIONS: what is
allocated at a location is what groups that hold stock, and transfers, take there (L3, I4). TRANSIT:
what a transfer sent left its source once, and what arrived came in once (I15). PROMISES: no more of
a line is promised against inbound stock than waits. HISTORY: each version has one history row and
one event, without a gap (L6, I11). LIFE: units are only in states that their order and its delivery
mode allow, and an order whose units all reached their end is over, unless money is owed to the
customer (I9). HELD: only an order or an
edit that waits for its payment keeps a reservation (I5).
"""


async def status_violations(connection: AsyncConnection) -> list[OrderViolation]:
    """Orders whose stored money is not the function of their parts: payment status, what was
    captured beyond what is due, and that units which left are paid as far as can be (L7); and
    those whose balances in the ledger are not those that they imply. Reads all orders.
    """
    columns = (sales_order.c.payment_status, sales_order.c.excess_minor, balances())
    stream = await connection.stream(sa.select(order_document(), *columns))
    found: list[OrderViolation] = []
    async for rows in stream.partitions(200):
        orders = parsed([row[0] for row in rows])
        for order, row in zip(orders, rows, strict=True):
            found += _money(order, row[1], row[2])
            found += [
                OrderViolation("BOOKS", order.number, detail)
                for detail in disagreements(order, row[3])
            ]
    return found


def _money(order: Order, status: str, excess_minor: int) -> Iterator[OrderViolation]:
    stored, derived = (status, excess_minor), (order.payment_status.value, order.excess_minor)
    if stored != derived:
        detail = f"stored {stored}, derived {derived}"
        yield OrderViolation("STATUSES", order.number, detail)
    if unpaid := due_for(order, chosen=lambda _: False):
        yield OrderViolation("UNPAID", order.number, f"{unpaid} to capture for units that left")
