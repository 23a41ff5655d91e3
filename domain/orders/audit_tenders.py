"""What orders are paid with in house is what was taken from there, and is owed by nobody else."""

VIOLATIONS = """
WITH held AS (
    SELECT p.id, p.order_id, p.tender, p.instrument,
           CASE WHEN p.state IN ('AUTHORISED', 'CAPTURED') THEN p.authorised_minor - back.amount
                ELSE 0 END AS amount
    FROM payment AS p
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(r.amount_minor), 0) AS amount FROM payment_refund AS r
        WHERE r.payment_id = p.id AND r.state = 'DONE' AND r.given_as IS NULL
    ) AS back
    WHERE p.tender IN ('GIFT_CARD', 'STORE_CREDIT', 'ON_ACCOUNT')
)
SELECT 'TENDERS' AS kind, o.number AS subject,
       format('%s %s: %s taken, booked %s', h.tender, h.id, h.amount, booked.amount) AS detail
FROM held AS h
JOIN sales_order AS o ON o.id = h.order_id
CROSS JOIN LATERAL (
    SELECT coalesce((SELECT -sum(e.amount_minor) FROM voucher_entry AS e
                     WHERE e.payment_id = h.id AND e.voucher_id::text = h.instrument), 0)
         + coalesce((SELECT sum(e.amount_minor) FROM credit_entry AS e
                     WHERE e.payment_id = h.id AND e.account_id::text = h.instrument), 0) AS amount
) AS booked
WHERE h.amount <> booked.amount
UNION ALL
SELECT 'CREDIT', a.currency || ' ' || a.customer_id,
       format('owed %s, entries %s', a.used_minor, booked.amount)
FROM credit_account AS a
CROSS JOIN LATERAL (
    SELECT coalesce(sum(e.amount_minor), 0) AS amount FROM credit_entry AS e
    WHERE e.account_id = a.id
) AS booked
WHERE a.used_minor <> booked.amount
UNION ALL
SELECT 'REFUNDS', o.number, format('%s: %s is asked for or given back, %s was captured', p.psp_key,
       asked.amount + p.refund_due_minor, p.captured_minor)
FROM payment AS p
JOIN sales_order AS o ON o.id = p.order_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(r.amount_minor), 0) AS amount FROM payment_refund AS r
    WHERE r.payment_id = p.id AND r.state IN ('PENDING', 'DONE')
) AS asked
WHERE asked.amount + p.refund_due_minor > p.captured_minor
"""
"""A query: kind, subject and detail. TENDERS: gift cards, store credit and accounts have paid what
their payments say. CREDIT: what is owed on account is the sum of its entries. REFUNDS: no more of a
payment is asked for, given back and owed than was captured (I7).
"""
