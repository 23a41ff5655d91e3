"""Notifications: what was sent has a try that says so, and nothing is told before it is logged."""

VIOLATIONS = """
SELECT 'NOTIFICATIONS' AS kind, o.number AS subject,
       format('notification %s was sent, and no try says so', n.id) AS detail
FROM notification AS n
JOIN sales_order AS o ON o.id = n.order_id
WHERE n.state = 'SENT' AND NOT EXISTS (
    SELECT FROM notification_attempt AS a
    WHERE a.notification_id = n.id AND a.number = n.attempts AND a.outcome = 'SENT'
)
UNION ALL
SELECT 'NOTIFICATIONS', 'cursor', format('events are told up to %s, logged up to %s', c.seq,
       s.last_seq)
FROM notification_cursor AS c CROSS JOIN sequencer_state AS s
WHERE c.seq > s.last_seq
"""
"""A query: kind, subject and detail of each broken rule."""
