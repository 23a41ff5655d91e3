"""What is on the way is expected at its destination, once."""

VIOLATIONS = """
SELECT 'TRANSIT' AS kind, t.number || ' ' || l.sku AS subject,
       format('%s: sent %s, arrived %s; inbound %s, received %s', t.state, l.quantity,
              coalesce(l.received, 0), coalesce(i.quantity, 0), coalesce(i.received, 0)) AS detail
FROM transfer AS t
JOIN transfer_line AS l ON l.transfer_id = t.id
LEFT JOIN inbound AS i ON i.source = 'TRANSFER' AND i.source_id = t.id AND i.sku = l.sku
WHERE (t.state = 'SHIPPED') <> (i.id IS NOT NULL AND i.closed_at IS NULL)
   OR i.quantity <> l.quantity OR i.received <> coalesce(l.received, 0)
   OR i.location_id <> t.destination_id
"""
"""A query: kind, subject and detail of each broken rule."""
