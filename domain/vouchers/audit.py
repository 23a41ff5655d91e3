"""A balance is the sum of its entries, and never below 0 (I14)."""

VIOLATIONS = """
SELECT 'VOUCHERS' AS kind, v.kind || ' ' || v.id AS subject,
       format('balance %s, entries %s, last entry says %s', v.balance_minor, booked.amount,
              booked.balance) AS detail
FROM voucher AS v
CROSS JOIN LATERAL (
    SELECT coalesce(sum(e.amount_minor), 0) AS amount,
           (array_agg(e.balance_minor ORDER BY e.seq DESC))[1] AS balance
    FROM voucher_entry AS e WHERE e.voucher_id = v.id
) AS booked
WHERE v.balance_minor <> booked.amount OR v.balance_minor IS DISTINCT FROM booked.balance
   OR v.balance_minor < 0
"""
"""A query: kind, subject and detail of each broken rule."""
