"""What comes back was delivered, is in a return, and stands in the ledger where it was put."""

from domain.orders.sql_rules import listed
from domain.orders.states import RETURNED, RETURNING, GroupState

_COMING = listed(
    {GroupState.RETURN_REQUESTED, GroupState.RETURN_AUTHORISED, GroupState.RETURN_IN_TRANSIT}
)
_BACK = listed(RETURNING | RETURNED)

VIOLATIONS = f"""
WITH units AS (
    SELECT g.return_id, g.line_id, g.order_id, g.state, sum(g.quantity) AS quantity
    FROM line_group AS g WHERE g.return_id IS NOT NULL
    GROUP BY g.return_id, g.line_id, g.order_id, g.state
),
goods AS (
    SELECT u.return_id, part.key AS sku,
           sum(u.quantity * part.value::int) FILTER (WHERE u.state NOT IN ({_COMING})) AS received,
           coalesce(sum(u.quantity * part.value::int) FILTER (WHERE u.state = 'RETURN_RECEIVED'),
                    0) AS waiting
    FROM units AS u
    JOIN order_line AS l ON l.id = u.line_id
    CROSS JOIN LATERAL jsonb_each_text(l.components) AS part
    GROUP BY u.return_id, part.key
),
ledger AS (
    SELECT r.id AS return_id, m.sku,
           coalesce(sum(m.quantity) FILTER (WHERE m.from_bucket = 'EXTERNAL'
                    AND m.to_bucket = 'INSPECTION'), 0) AS received,
           coalesce(sum(m.quantity) FILTER (WHERE m.to_bucket = 'INSPECTION'), 0)
           - coalesce(sum(m.quantity) FILTER (WHERE m.from_bucket = 'INSPECTION'), 0) AS waiting
    FROM stock_movement AS m JOIN sales_return AS r ON r.number = m.reference
    GROUP BY r.id, m.sku
),
stages AS (
    SELECT r.id, r.number, r.state,
           CASE WHEN bool_or(u.state = 'RETURN_REQUESTED') THEN 'REQUESTED'
                WHEN bool_or(u.state = 'RETURN_AUTHORISED') THEN 'AUTHORISED'
                WHEN bool_or(u.state = 'RETURN_IN_TRANSIT') THEN 'IN_TRANSIT'
                WHEN bool_or(u.state = 'RETURN_RECEIVED') THEN 'RECEIVED'
                WHEN count(u.state) > 0 THEN 'COMPLETED' END AS derived
    FROM sales_return AS r LEFT JOIN units AS u ON u.return_id = r.id GROUP BY r.id
),
kept AS (
    SELECT r.order_id, sum(r.fee_minor) AS fees, sum(r.exchange_minor) AS exchanged
    FROM sales_return AS r GROUP BY r.order_id
),
judged AS (
    SELECT return_id, sum(fee_minor) AS fees, sum(value_minor) AS value
    FROM return_inspection GROUP BY return_id
)
SELECT 'RETURNS' AS kind, coalesce(r.number, o.number) AS subject,
       format('%s units %s of line %s in a return of another order, or of %s', u.quantity, u.state,
              u.line_id, coalesce(l.quantity, 0)) AS detail
FROM units AS u
JOIN sales_order AS o ON o.id = u.order_id
LEFT JOIN sales_return AS r ON r.id = u.return_id
LEFT JOIN return_line AS l ON l.return_id = u.return_id AND l.line_id = u.line_id
WHERE r.order_id IS DISTINCT FROM u.order_id OR u.state NOT IN ({_BACK})
   OR (SELECT sum(a.quantity) FROM units AS a
       WHERE a.return_id = u.return_id AND a.line_id = u.line_id) > coalesce(l.quantity, 0)
UNION ALL
SELECT 'RETURNS', o.number, format('%s units %s in no return', g.quantity, g.state)
FROM line_group AS g JOIN sales_order AS o ON o.id = g.order_id
WHERE g.state IN ({_BACK}) AND g.return_id IS NULL
UNION ALL
SELECT 'RETURNS', number, format('%s, its units tell %s', state, coalesce(derived, 'nothing'))
FROM stages
WHERE CASE WHEN derived IS NULL THEN state NOT IN ('CANCELLED', 'EXPIRED', 'REJECTED')
           ELSE state <> derived END
UNION ALL
SELECT 'RETURNS', r.number, format('%s: units received %s, waiting %s; ledger %s, %s',
       coalesce(g.sku, l.sku), coalesce(g.received, 0), coalesce(g.waiting, 0),
       coalesce(l.received, 0), coalesce(l.waiting, 0))
FROM goods AS g FULL JOIN ledger AS l USING (return_id, sku)
JOIN sales_return AS r ON r.id = return_id
WHERE coalesce(g.received, 0) <> coalesce(l.received, 0)
   OR coalesce(g.waiting, 0) <> coalesce(l.waiting, 0)
UNION ALL
SELECT 'RETURNS', r.number, format('fee %s and credit %s, inspections say %s of %s', r.fee_minor,
       r.credited_minor, coalesce(j.fees, 0), coalesce(j.value, 0))
FROM sales_return AS r LEFT JOIN judged AS j ON j.return_id = r.id
WHERE r.fee_minor <> coalesce(j.fees, 0)
   OR r.credited_minor + r.fee_minor <> coalesce(j.value, 0)
UNION ALL
SELECT 'RETURNS', o.number, format('keeps %s and exchanged %s, its returns %s and %s',
       o.return_fees_minor, o.exchanged_minor, coalesce(k.fees, 0), coalesce(k.exchanged, 0))
FROM sales_order AS o LEFT JOIN kept AS k ON k.order_id = o.id
WHERE o.return_fees_minor <> coalesce(k.fees, 0) OR o.exchanged_minor <> coalesce(k.exchanged, 0)
UNION ALL
SELECT 'RETURNS', r.number, format('puts aside %s, other orders took %s', r.exchange_minor,
       paid.amount)
FROM sales_return AS r
CROSS JOIN LATERAL (
    SELECT coalesce(sum(greatest(p.authorised_minor, p.captured_minor) - p.refunded_minor), 0)
           AS amount, max(p.updated_at) AS at
    FROM payment AS p
    WHERE p.tender = 'EXCHANGE_CREDIT' AND p.instrument = r.id::text
      AND p.state IN ('AUTHORISED', 'CAPTURED')
) AS paid
WHERE r.exchange_minor < paid.amount
   OR (r.exchange_minor > paid.amount
       AND greatest(r.updated_at, paid.at) < now() - interval '30 minutes')
"""  # noqa: S608 -- only constants of the model are put in
"""A query: kind, subject and detail. RETURNS: no more units are in a return than were asked for,
and only delivered ones or such as came back undelivered (L5, I10); the state of a return is that of
its units; what was received and what waits for an inspection is what the ledger says under the
number of the return; what is kept of the value is what the inspections said; what is put aside for
an exchange is what the other order takes, after half an hour at last.
"""
