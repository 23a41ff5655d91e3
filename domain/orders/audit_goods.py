"""Where the goods of orders are: the ledger, the parcels and the line groups must tell the same."""

from domain.orders.sql_rules import listed
from domain.orders.states import (
    GONE_WRONG,
    HOLDS_STOCK,
    ON_THE_WAY,
    RETURNED,
    RETURNING,
    UNSOURCED,
    WITH_CUSTOMER,
    GroupState,
)

_HOLDING = listed(HOLDS_STOCK)
_AT_WORK = listed(HOLDS_STOCK - {GroupState.READY_FOR_PICKUP})
_SENT = listed(ON_THE_WAY | GONE_WRONG | (WITH_CUSTOMER - {GroupState.COLLECTED}))
_BACK = listed(RETURNING | RETURNED)

VIOLATIONS = f"""
WITH told AS (
    SELECT o.id, o.number, o.status,
           bool_or(h.action = 'RESHIP') AS reshipped,
           bool_or(h.action IN ('MISS_TRANSFER', 'RECEIVE_TRANSFER')) AS missed
    FROM sales_order AS o JOIN order_history AS h ON h.order_id = o.id
    GROUP BY o.id
    HAVING NOT bool_or(h.detail ? 'imported')
),
units AS (
    SELECT g.order_id, g.location_id, g.state, g.shipment_id, part.key AS sku,
           g.quantity * part.value::int AS quantity
    FROM line_group AS g
    JOIN order_line AS l ON l.id = g.line_id
    CROSS JOIN LATERAL jsonb_each_text(l.components) AS part
),
ledger AS (
    SELECT o.id AS order_id, m.location_id, m.sku, m.reason, m.from_bucket, m.to_bucket, m.quantity
    FROM stock_movement AS m JOIN told AS o ON o.number = m.reference
),
claimed AS (
    SELECT order_id, location_id, sku,
           sum(CASE WHEN to_bucket = 'ALLOCATED' THEN quantity ELSE -quantity END) AS quantity
    FROM ledger WHERE 'ALLOCATED' IN (from_bucket, to_bucket)
    GROUP BY order_id, location_id, sku
),
held AS (
    SELECT order_id, location_id, sku, sum(quantity) AS quantity
    FROM units WHERE state IN ({_HOLDING}) GROUP BY order_id, location_id, sku
),
gone AS (
    SELECT order_id, sku,
           coalesce(sum(quantity) FILTER (WHERE reason = 'SHIPPED'), 0) AS shipped,
           coalesce(sum(quantity) FILTER (WHERE reason IN ('COLLECTED', 'SOLD')), 0) AS handed,
           coalesce(sum(quantity) FILTER (WHERE reason = 'TRANSFER_OUT'), 0)
           - coalesce(sum(quantity) FILTER (WHERE reason = 'TRANSFER_IN'), 0) AS moving
    FROM ledger GROUP BY order_id, sku
),
packed AS (
    SELECT s.order_id, part.key AS sku, sum(c.quantity * part.value::int) AS quantity
    FROM shipment AS s
    JOIN parcel AS p ON p.shipment_id = s.id
    JOIN parcel_line AS c ON c.parcel_id = p.id
    JOIN order_line AS l ON l.id = c.line_id
    CROSS JOIN LATERAL jsonb_each_text(l.components) AS part
    WHERE s.shipped_at IS NOT NULL
    GROUP BY s.order_id, part.key
),
outside AS (
    SELECT order_id, sku,
           coalesce(sum(quantity) FILTER (WHERE state = 'COLLECTED'
                    OR (state IN ({_BACK}) AND shipment_id IS NULL)), 0) AS handed,
           coalesce(sum(quantity) FILTER (WHERE state = 'TRANSFER_IN_TRANSIT'), 0) AS moving
    FROM units GROUP BY order_id, sku
),
contents AS (
    SELECT p.shipment_id, c.line_id, sum(c.quantity) AS quantity,
           coalesce(sum(c.quantity) FILTER (WHERE p.status = 'DELIVERED'), 0) AS delivered,
           coalesce(sum(c.quantity) FILTER (WHERE p.status <> 'DELIVERED'
                    AND p.returned_at IS NOT NULL), 0) AS back
    FROM parcel AS p JOIN parcel_line AS c ON c.parcel_id = p.id
    GROUP BY p.shipment_id, c.line_id
),
travelling AS (
    SELECT shipment_id, line_id, min(order_id::text) AS order_id, sum(quantity) AS quantity,
           coalesce(sum(quantity) FILTER (WHERE state = 'DELIVERED' OR state IN ({_BACK})), 0)
           AS delivered,
           coalesce(sum(quantity) FILTER (WHERE state = 'CANCELLED'), 0) AS settled
    FROM line_group WHERE shipment_id IS NOT NULL GROUP BY shipment_id, line_id
)
SELECT 'CLAIMS' AS kind, o.number AS subject,
       format('%s at %s: ledger %s, groups %s', sku, location_id, coalesce(c.quantity, 0),
              coalesce(h.quantity, 0)) AS detail
FROM claimed AS c FULL JOIN held AS h USING (order_id, location_id, sku)
JOIN told AS o ON o.id = order_id
WHERE coalesce(c.quantity, 0) <> coalesce(h.quantity, 0)
UNION ALL
SELECT 'GONE', o.number,
       format('%s: ledger shipped %s, handed over %s, on the way to a store %s; parcels %s, groups '
              'handed over %s, on the way to a store %s', u.sku, coalesce(g.shipped, 0),
              coalesce(g.handed, 0), coalesce(g.moving, 0), coalesce(p.quantity, 0), u.handed,
              u.moving)
FROM outside AS u
JOIN told AS o ON o.id = u.order_id
LEFT JOIN gone AS g ON g.order_id = u.order_id AND g.sku = u.sku
LEFT JOIN packed AS p ON p.order_id = u.order_id AND p.sku = u.sku
WHERE coalesce(g.shipped, 0) <> coalesce(p.quantity, 0)
   OR coalesce(g.handed, 0) <> u.handed
   OR coalesce(g.moving, 0) < u.moving
   OR (coalesce(g.moving, 0) > u.moving AND NOT o.missed)
UNION ALL
SELECT 'PARCELS', o.number,
       format('line %s: parcels %s, delivered %s; groups %s, delivered %s', line_id,
              coalesce(c.quantity, 0), coalesce(c.delivered, 0), t.quantity, t.delivered)
FROM travelling AS t
LEFT JOIN contents AS c USING (shipment_id, line_id)
JOIN told AS o ON o.id = t.order_id::uuid
WHERE t.quantity > coalesce(c.quantity, 0)
   OR (t.quantity < c.quantity AND NOT o.reshipped)
   OR t.delivered > coalesce(c.delivered + c.back, 0)
   OR (t.delivered + t.settled < c.delivered AND NOT o.reshipped)
UNION ALL
SELECT 'PLACES', o.number, format('%s units %s: location %s, fulfillment order %s, shipment %s',
       g.quantity, g.state, g.location_id, g.fulfillment_order_id, g.shipment_id)
FROM line_group AS g
JOIN sales_order AS o ON o.id = g.order_id
LEFT JOIN fulfillment_order AS w ON w.id = g.fulfillment_order_id
LEFT JOIN shipment AS s ON s.id = g.shipment_id
WHERE (g.state IN ({_AT_WORK}) AND g.location_id IS DISTINCT FROM w.location_id)
   OR (g.state = 'READY_FOR_PICKUP' AND g.location_id IS DISTINCT FROM o.delivery_location_id)
   OR (g.state IN ({listed(UNSOURCED)})
       AND coalesce(g.location_id, g.fulfillment_order_id, g.shipment_id) IS NOT NULL)
   OR (g.state IN ({_SENT}) AND s.order_id IS DISTINCT FROM g.order_id)
   OR w.order_id <> g.order_id
"""  # noqa: S608 -- only constants of the model are put in
"""A query: kind, subject and detail. CLAIMS: what an order took of the levels, by the ledger, is
what its groups hold there. GONE: what left for an order is in its parcels, with its customer, or on
the way to its store (I15). PARCELS: parcels hold the units that travel in their shipment, and
delivered parcels those that were delivered, unless they were given up before; what came back was
delivered, or is in a parcel that came back. PLACES: units are at
the location, in the work and in the shipment that their state needs.

Imported orders are not looked at for the ledger: their stock moved under the name of their import.
"""
