"""Labels: what is void is on no parcel, what is bought is, and what was replaced is void."""

VIOLATIONS = """
SELECT 'LABELS' AS kind, o.number AS subject,
       format('a parcel bears number %s of a label that is %s', p.tracking_number, l.state)
           AS detail
FROM label AS l
JOIN sales_order AS o ON o.id = l.order_id
JOIN parcel AS p ON p.carrier = l.carrier AND p.tracking_number = l.tracking_number
WHERE l.state <> 'BOUGHT' OR l.direction <> 'OUTBOUND' OR l.parcel_id IS DISTINCT FROM p.id
UNION ALL
SELECT 'LABELS', o.number, 'label ' || l.id || ' is for a parcel that bears another number'
FROM label AS l
JOIN sales_order AS o ON o.id = l.order_id
JOIN parcel AS p ON p.id = l.parcel_id
WHERE l.state = 'BOUGHT' AND l.direction = 'OUTBOUND' AND l.void_refused_at IS NULL
  AND (l.carrier, l.tracking_number) <> (p.carrier, p.tracking_number)
UNION ALL
SELECT 'LABELS', o.number, 'label ' || old.id || ' was replaced, and nobody voids it'
FROM label AS new
JOIN label AS old ON old.id = new.replaces_id
JOIN sales_order AS o ON o.id = new.order_id
WHERE new.state = 'BOUGHT' AND old.state = 'BOUGHT' AND old.void_refused_at IS NULL
"""
"""A query: kind, subject and detail of each broken rule."""
