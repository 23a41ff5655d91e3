"""The road of events has no hole: versions of every aggregate, and the numbers of the log (I11)."""

VIOLATIONS = """
WITH published AS (
    SELECT event ->> 'aggregate' AS aggregate, (event ->> 'aggregate_id')::uuid AS aggregate_id,
           (event ->> 'version')::bigint AS version
    FROM outbox CROSS JOIN LATERAL jsonb_array_elements(events) AS event
    UNION ALL
    SELECT aggregate, aggregate_id, version FROM event_log
),
told AS (
    SELECT aggregate, aggregate_id, min(version) AS first, max(version) AS last,
           count(*) AS events, count(DISTINCT version) AS versions
    FROM published GROUP BY aggregate, aggregate_id
),
stored AS (
    SELECT 'fulfillment_order' AS aggregate, id, version FROM fulfillment_order
    UNION ALL
    SELECT 'shipment', id, version FROM shipment
    UNION ALL
    SELECT 'wave', id, version FROM wave
    UNION ALL
    SELECT 'fulfillment_exception', id, version FROM fulfillment_exception WHERE version > 0
    UNION ALL
    SELECT 'stock_bin', id, version FROM stock_bin
    UNION ALL
    SELECT 'transfer', id, version FROM transfer
    UNION ALL
    SELECT 'purchase_order', id, version FROM purchase_order
    UNION ALL
    SELECT 'inbound', id, version FROM inbound
    UNION ALL
    SELECT 'carrier', id, version FROM carrier_tariff
    UNION ALL
    SELECT 'import_job', id, version FROM import_job
    UNION ALL
    SELECT 'rule_set', id, version FROM sourcing_rule_set
    UNION ALL
    SELECT 'sourcing_simulation', id, version FROM sourcing_simulation
    UNION ALL
    SELECT 'return', id, version FROM sales_return
    UNION ALL
    SELECT 'return_policy', id, version FROM return_policy
    UNION ALL
    SELECT 'disposition_rules', location_id, version FROM disposition_rules
    UNION ALL
    SELECT 'voucher', id, version FROM voucher
    UNION ALL
    SELECT 'credit_account', id, version FROM credit_account
    UNION ALL
    SELECT 'webhook_endpoint', id, version FROM webhook_endpoint
    UNION ALL
    SELECT 'notification', id, resends FROM notification WHERE resends > 0
),
numbered AS (
    SELECT min(seq) AS first, max(seq) AS last, count(*) AS events FROM event_log
),
trimmed AS (
    SELECT coalesce(max(oldest_seq), 1) > 1 AS yes FROM sequencer_state
)
SELECT 'LOG' AS kind, t.aggregate || ' ' || t.aggregate_id AS subject,
       format('%s events from %s to %s', t.events, t.first, t.last) AS detail
FROM told AS t CROSS JOIN trimmed
WHERE t.events <> t.last - t.first + 1 OR t.versions <> t.events
   OR (t.first <> 1 AND NOT trimmed.yes)
UNION ALL
SELECT 'LOG', s.aggregate || ' ' || s.id, format('version %s, last event %s', s.version, t.last)
FROM stored AS s
CROSS JOIN trimmed
LEFT JOIN told AS t ON t.aggregate = s.aggregate AND t.aggregate_id = s.id
WHERE CASE WHEN t.aggregate_id IS NULL THEN NOT trimmed.yes ELSE t.last <> s.version END
UNION ALL
SELECT 'LOG', 'seq', format('%s events from %s to %s, last written %s, oldest kept %s', n.events,
       n.first, n.last, s.last_seq, s.oldest_seq)
FROM numbered AS n CROSS JOIN sequencer_state AS s
WHERE n.events > 0
  AND (n.events <> n.last - n.first + 1 OR n.last <> s.last_seq OR n.first <> s.oldest_seq)
"""
"""A query: kind, subject and detail of each gap."""
