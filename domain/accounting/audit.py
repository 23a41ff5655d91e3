"""The ledger balances, and the numbers of invoices and credit notes have no gaps."""

from domain.accounting.model import Account

_ACCOUNTS = ", ".join(f"'{account.value}'" for account in Account)

VIOLATIONS = f"""
SELECT 'BALANCE' AS kind, t.reference AS subject,
       format('%s: %s entries, off by %s', t.kind, coalesce(e.entries, 0), e.off) AS detail
FROM journal_transaction AS t
LEFT JOIN (
    SELECT transaction_id, sum(entries) AS entries, string_agg(currency || ' ' || total, ', ')
           FILTER (WHERE total <> 0) AS off
    FROM (
        SELECT transaction_id, currency, count(*) AS entries, sum(amount_minor) AS total
        FROM journal_entry GROUP BY transaction_id, currency
    ) AS sums
    GROUP BY transaction_id
) AS e ON e.transaction_id = t.id
WHERE e.transaction_id IS NULL OR e.off IS NOT NULL
UNION ALL
SELECT 'BALANCE', t.reference, 'no such account: ' || e.account
FROM journal_entry AS e JOIN journal_transaction AS t ON t.id = e.transaction_id
WHERE e.account NOT IN ({_ACCOUNTS})
UNION ALL
SELECT 'SERIES', s.entity || ' ' || s.kind || ' ' || s.country || ' ' || s.year,
       format('last number %s, %s documents up to %s', s.last_number, d.documents, d.last)
FROM document_series AS s
CROSS JOIN LATERAL (
    SELECT count(*) AS documents, max(i.sequence) AS last FROM invoice AS i
    WHERE i.entity = s.entity AND i.kind = s.kind AND i.country = s.country AND i.year = s.year
) AS d
WHERE d.documents <> s.last_number OR d.last IS DISTINCT FROM s.last_number
UNION ALL
SELECT 'CLOSED', d.business_date::text, format('debits %s when closed, %s now', c.debits, l.debits)
FROM daily_close AS d
CROSS JOIN LATERAL (
    SELECT coalesce(sum((total ->> 'debit_minor')::bigint), 0) AS debits
    FROM jsonb_array_elements(d.totals) AS total
) AS c
CROSS JOIN LATERAL (
    SELECT coalesce(sum(e.amount_minor) FILTER (WHERE e.amount_minor > 0), 0) AS debits
    FROM journal_transaction AS t JOIN journal_entry AS e ON e.transaction_id = t.id
    WHERE t.business_date = d.business_date
) AS l
WHERE c.debits <> l.debits
"""  # noqa: S608 -- only constants of the model are put in
"""A query: kind, subject and detail. BALANCE: the entries of a transaction sum to 0 per currency
(I6), and their accounts are those of the chart. SERIES: the numbers of a series are 1 to its last.
CLOSED: nothing is booked on a day after it was closed.
"""
