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
WHERE p.tender = 'CARD'
  AND (p.captured_minor <> taken.amount OR p.refunded_minor <> given.amount)
"""
"""A query: kind, subject and detail. MONEY: what is not due any more is let go within 5 minutes,
also what was authorised for an edit; the items of an order sum to what its lines cost.
BOOKED: captured and refunded amounts of cards are the sums of what was asked for and done. That no
more is captured than authorised, and no more refunded than captured, are CHECK constraints (I7).
"""
