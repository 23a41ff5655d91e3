"""What came in is counted once, and no more is promised than comes in."""

VIOLATIONS = """
SELECT 'RECEIPT' AS kind, o.number || ' ' || l.sku AS subject,
       format('ordered %s, received %s; inbound %s, received %s; ledger %s', l.ordered, l.received,
              coalesce(i.quantity, 0), coalesce(i.received, 0), booked.quantity) AS detail
FROM purchase_order AS o
JOIN purchase_order_line AS l ON l.purchase_order_id = o.id
LEFT JOIN inbound AS i
    ON i.source = 'PURCHASE_ORDER' AND i.source_id = o.id AND i.reference = o.number
    AND i.sku = l.sku
CROSS JOIN LATERAL (
    SELECT coalesce(sum(m.quantity), 0) AS quantity FROM stock_movement AS m
    WHERE m.location_id = o.location_id AND m.sku = l.sku AND m.reference = o.number
      AND m.reason = 'RECEIVED'
) AS booked
WHERE i.id IS NULL OR i.quantity <> l.ordered OR i.received <> l.received OR i.eta <> l.eta
   OR booked.quantity <> l.received
   OR (i.closed_at IS NULL) <> (o.state IN ('OPEN', 'PARTIALLY_RECEIVED'))
UNION ALL
SELECT 'PROMISES', i.reference || ' ' || i.sku,
       format('%s promised of %s', sum(p.quantity), may.be_promised)
FROM inbound AS i
JOIN promise AS p ON p.inbound_id = i.id
CROSS JOIN LATERAL (
    SELECT CASE WHEN i.closed_at IS NOT NULL THEN 0
                ELSE floor(greatest(0, i.quantity - i.received) * i.confidence) END AS be_promised
) AS may
GROUP BY i.id, may.be_promised
HAVING sum(p.quantity) > may.be_promised
"""
"""A query: kind, subject and detail of each broken rule."""
