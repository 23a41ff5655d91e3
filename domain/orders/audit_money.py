"""What is booked on payments is what the PSP was asked for, and money that is not due is let go."""

VIOLATIONS = """
SELECT 'MONEY' AS kind, o.number AS subject,
       'a dead order has money put aside: ' || p.psp_key AS detail
FROM sales_order AS o
JOIN payment AS p ON p.order_id = o.id
WHERE o.status IN ('CANCELLED', 'EXPIRED') AND p.state = 'AUTHORISED'
  AND o.updated_at < now() - interval '5 minutes'
UNION ALL
SELECT 'MONEY', o.number, format('%s captured beyond what is due', o.excess_minor)
FROM sales_order AS o
WHERE o.excess_minor > 0 AND o.updated_at < now() - interval '5 minutes'
UNION ALL
SELECT 'MONEY', o.number, format('items %s, lines %s', o.items_minor, l.total)
FROM sales_order AS o
JOIN (
    SELECT order_id, sum(total_minor) AS total FROM order_line GROUP BY order_id
) AS l ON l.order_id = o.id
WHERE o.items_minor <> l.total
UNION ALL
SELECT 'MONEY', o.number, format('discount %s, promotions took off %s', o.discount_minor, d.total)
FROM sales_order AS o
CROSS JOIN LATERAL (
    SELECT coalesce(sum((e.value->>'amount_minor')::bigint), 0) AS total
    FROM jsonb_array_elements(coalesce(o.pricing->'discounts', '[]')) AS e
) AS d
WHERE o.discount_minor <> d.total
UNION ALL
SELECT 'MONEY', o.number, format('a line of %s has %s taken off', l.total_minor, d.total)
FROM sales_order AS o
JOIN order_line AS l ON l.order_id = o.id
CROSS JOIN LATERAL (
    SELECT coalesce(sum((e.value->>'amount_minor')::bigint), 0) AS total
    FROM jsonb_array_elements(o.pricing->'discounts') AS e
    WHERE (e.value->>'line_id')::uuid = l.id
) AS d
WHERE o.pricing IS NOT NULL AND (d.total > l.total_minor OR d.total < 0)
UNION ALL
SELECT 'MONEY', o.number, format('tax %s, that of the lines %s', o.tax_minor, l.tax)
FROM sales_order AS o
JOIN (
    SELECT order_id, sum(tax_minor) AS tax FROM order_line GROUP BY order_id
) AS l ON l.order_id = o.id
WHERE o.tax_minor < l.tax OR (o.shipping_minor = 0 AND o.tax_minor <> l.tax)
UNION ALL
SELECT 'MONEY', o.number, 'an edit has not ended: ' || e.psp_key
FROM order_edit AS e
JOIN sales_order AS o ON o.id = e.order_id
WHERE (e.state = 'PENDING' AND e.apply_until < now() - interval '5 minutes')
   OR (e.state = 'LETTING_GO' AND e.updated_at < now() - interval '5 minutes')
UNION ALL
SELECT 'BOOKED', o.number,
       format('%s: captured %s, asked for %s; refunded %s, asked for %s', p.psp_key,
              p.captured_minor, taken.amount, p.refunded_minor, given.amount)
FROM payment AS p
JOIN sales_order AS o ON o.id = p.order_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(c.amount_minor), 0) AS amount FROM payment_capture AS c
    WHERE c.payment_id = p.id AND c.state = 'DONE'
) AS taken
CROSS JOIN LATERAL (
    SELECT coalesce(sum(r.amount_minor), 0) AS amount FROM payment_refund AS r
    WHERE r.payment_id = p.id AND r.state = 'DONE'
) AS given
WHERE (p.tender IN ('CARD', 'GIFT_CARD', 'STORE_CREDIT', 'ON_ACCOUNT', 'EXCHANGE_CREDIT')
       AND p.captured_minor <> taken.amount)
   OR (p.tender <> 'EXTERNAL' AND p.refunded_minor <> given.amount)
"""
"""A query: kind, subject and detail. MONEY: what is not due any more is let go within 5 minutes,
also what was authorised for an edit; the items of an order sum to what its lines cost, its
discount to what promotions took off them (never more than a line costs), its tax to that of its
lines and shipping: with the CHECK of the total that is I8.
BOOKED: captured and refunded amounts are the sums of what was asked for and done; orders that came
from another system with their past have no such records. That no more is captured than authorised,
and no more refunded than captured, are CHECK constraints (I7).
"""
