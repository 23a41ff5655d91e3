"""What is held against what at a daily close: queries over the orders and payouts of a day.

Each gives kind, subject, currency, the minor units that should be, and those that are.
"""

from domain.accounting.model import TENDER_ACCOUNTS

_RECEIVED = ", ".join(sorted(f"'{account.value}'" for account in TENDER_ACCOUNTS.values()))
_TOUCHED = """
SELECT DISTINCT e.order_id AS id FROM journal_transaction AS t
JOIN journal_entry AS e ON e.transaction_id = t.id
WHERE t.business_date = :day AND t.kind = 'ORDER' AND e.order_id IS NOT NULL
"""
_ORDERS = f"""
SELECT 'ORDER_DIFFERS' AS kind, o.number AS subject, o.currency, p.received AS expected_minor,
       e.received AS found_minor
FROM touched JOIN sales_order AS o USING (id)
CROSS JOIN LATERAL (
    SELECT (coalesce(sum(captured_minor - refunded_minor), 0) - o.exchanged_minor)::bigint
           AS received
    FROM payment WHERE order_id = o.id
) AS p
CROSS JOIN LATERAL (
    SELECT coalesce(sum(e.amount_minor), 0)::bigint AS received
    FROM journal_entry AS e JOIN journal_transaction AS t ON t.id = e.transaction_id
    WHERE e.order_id = o.id AND t.kind = 'ORDER' AND e.account IN ({_RECEIVED})
) AS e
WHERE p.received <> e.received AND NOT EXISTS (
    SELECT FROM order_history AS h
    WHERE h.order_id = o.id AND h.version = 1 AND jsonb_exists(h.detail, 'imported'))
"""  # noqa: S608 -- only constants of the model are put in
_PSP = """
SELECT 'PSP_DIFFERS', o.number, o.currency, p.taken - p.given, e.taken
FROM touched JOIN sales_order AS o USING (id)
CROSS JOIN LATERAL (
    SELECT coalesce(sum((SELECT sum(c.amount_minor) FROM payment_capture AS c
                         WHERE c.payment_id = p.id AND c.state = 'DONE')), 0)::bigint AS taken,
           coalesce(sum((SELECT sum(r.amount_minor) FROM payment_refund AS r
                         WHERE r.payment_id = p.id AND r.state = 'DONE' AND r.given_as IS NULL
                        )), 0)::bigint AS given
    FROM payment AS p WHERE p.order_id = o.id AND p.tender = 'CARD'
) AS p
CROSS JOIN LATERAL (
    SELECT coalesce(sum(e.amount_minor), 0)::bigint AS taken FROM journal_entry AS e
    WHERE e.order_id = o.id AND e.account = 'PSP_CLEARING'
) AS e
WHERE p.taken - p.given <> e.taken AND NOT EXISTS (
    SELECT FROM order_history AS h
    WHERE h.order_id = o.id AND h.version = 1 AND jsonb_exists(h.detail, 'imported'))
"""
_PAYOUTS = """
SELECT 'PAYOUT_SUM', p.reference, p.currency, p.amount_minor, l.net
FROM psp_payout AS p
CROSS JOIN LATERAL (
    SELECT coalesce(sum(net_minor), 0)::bigint AS net FROM psp_payout_line
    WHERE provider = p.provider AND payout_reference = p.reference AND kind <> 'payout'
) AS l
WHERE p.state = 'PAID' AND p.arrives_on = :day AND (p.lines_at IS NULL OR l.net <> p.amount_minor)
UNION ALL
SELECT 'PAYOUT_UNKNOWN_PAYMENT', l.payout_reference || ' ' || l.reference, l.currency, 0,
       l.amount_minor
FROM psp_payout AS p
JOIN psp_payout_line AS l ON l.provider = p.provider AND l.payout_reference = p.reference
WHERE p.state = 'PAID' AND p.arrives_on = :day AND l.payment_reference IS NOT NULL
  AND NOT EXISTS (SELECT FROM payment WHERE psp_reference = l.payment_reference)
UNION ALL
SELECT 'PAYOUT_AMOUNT', o.number, y.currency, y.captured_minor - g.minor, paid.minor
FROM (
    SELECT DISTINCT l.payment_reference FROM psp_payout AS p
    JOIN psp_payout_line AS l ON l.provider = p.provider AND l.payout_reference = p.reference
    WHERE p.state = 'PAID' AND p.arrives_on = :day
) AS told
JOIN payment AS y ON y.psp_reference = told.payment_reference
JOIN sales_order AS o ON o.id = y.order_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(amount_minor), 0)::bigint AS minor FROM psp_payout_line
    WHERE payment_reference = y.psp_reference AND currency = y.currency
) AS paid
CROSS JOIN LATERAL (
    SELECT coalesce(sum(amount_minor), 0)::bigint AS minor FROM payment_refund
    WHERE payment_id = y.id AND state = 'DONE' AND given_as IS NULL
) AS g
WHERE paid.minor > y.captured_minor
"""
_DOCUMENTS = """
SELECT 'DOCUMENT_MISSING', o.number, o.currency, s.gross, 0::bigint
FROM document_due AS d
JOIN sales_order AS o ON o.id = d.order_id
CROSS JOIN books AS b
CROSS JOIN LATERAL (
    SELECT coalesce(sum((share ->> 'gross_minor')::bigint), 0)::bigint AS gross
    FROM jsonb_array_elements(d.shares) AS share
) AS s
WHERE (timezone(b.time_zone, d.at))::date <= :day
"""
DIFFERENCES = f"""
WITH touched AS MATERIALIZED ({_TOUCHED})
{_ORDERS} UNION ALL {_PSP} UNION ALL {_PAYOUTS} UNION ALL {_DOCUMENTS}
ORDER BY 1, 2
"""
TOTALS = """
SELECT e.account, e.currency, e.channel, e.location_id,
       coalesce(sum(e.amount_minor) FILTER (WHERE e.amount_minor > 0), 0)::bigint AS debit_minor,
       coalesce(-sum(e.amount_minor) FILTER (WHERE e.amount_minor < 0), 0)::bigint AS credit_minor
FROM journal_transaction AS t JOIN journal_entry AS e ON e.transaction_id = t.id
WHERE t.business_date = :day
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
"""What was booked on a day by account, currency, channel and location."""
PAYOUTS = """
SELECT p.provider, p.reference, p.currency, p.amount_minor, coalesce(p.fee_minor, 0) AS fee_minor
FROM psp_payout AS p
WHERE p.state = 'PAID' AND p.arrives_on <= :day AND p.lines_at IS NOT NULL AND NOT EXISTS (
    SELECT FROM journal_transaction AS t
    WHERE t.source = 'payout:' || p.provider || ':' || p.reference)
ORDER BY p.arrives_on, p.provider, p.reference
"""
"""Payouts that arrived by a day, whose fees are known, and that are not in the ledger yet."""
