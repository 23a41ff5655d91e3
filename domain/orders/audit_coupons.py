"""Coupons are used no more often than they may be, and by orders that stand."""

VIOLATIONS = """
SELECT 'COUPONS' AS kind, c.code AS subject,
       format('%s uses, %s orders use it', c.uses, used.orders) AS detail
FROM coupon AS c
CROSS JOIN LATERAL (
    SELECT count(*) AS orders FROM coupon_use AS u
    WHERE u.code = c.code AND u.given_back_at IS NULL
) AS used
WHERE c.uses <> used.orders
UNION ALL
SELECT 'COUPONS', c.code, format('a customer used it %s times', u.uses)
FROM coupon AS c
JOIN (
    SELECT code, customer_id, count(*) AS uses FROM coupon_use WHERE given_back_at IS NULL
    GROUP BY code, customer_id
) AS u ON u.code = c.code
WHERE u.uses > c.max_uses_per_customer
UNION ALL
SELECT 'COUPONS', u.code, 'used by an order that came to nothing: ' || o.number
FROM coupon_use AS u
JOIN sales_order AS o ON o.id = u.order_id
WHERE u.given_back_at IS NULL AND o.status IN ('CANCELLED', 'EXPIRED')
"""
"""A query: kind, subject and detail. COUPONS: a coupon's uses are those of orders that stand,
within the limits of a customer. That they are within its own limit is a CHECK constraint (I14).
"""
