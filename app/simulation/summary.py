"""What the days came to, read from the books afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.orders.invariants import InvariantViolation, invariant_violations

_ORDERS = sa.text("""
SELECT count(*) AS placed,
    count(*) FILTER (WHERE status = 'CLOSED') AS closed,
    count(*) FILTER (WHERE status = 'CANCELLED') AS cancelled,
    count(*) FILTER (WHERE status = 'EXPIRED') AS expired,
    count(*) FILTER (WHERE status IN ('CONFIRMED', 'PENDING_PAYMENT')) AS open
FROM sales_order
""")
_UNITS = sa.text("""
SELECT coalesce(sum(g.quantity), 0) AS ordered,
    coalesce(sum(g.quantity) FILTER (WHERE g.state IN ('SHIPPED', 'IN_TRANSIT', 'DELIVERED',
        'COLLECTED', 'LOST', 'DAMAGED_IN_TRANSIT', 'REFUSED', 'RETURNED_TO_ORIGIN')), 0) AS filled,
    coalesce(sum(g.quantity) FILTER (WHERE g.state = 'CANCELLED'), 0) AS cancelled,
    coalesce(sum(g.quantity) FILTER (WHERE g.state = 'PICKUP_EXPIRED'), 0) AS expired
FROM line_group AS g
JOIN order_line AS l ON l.id = g.line_id
JOIN sales_order AS o ON o.id = l.order_id
WHERE o.confirmed_at IS NOT NULL
""")
_SPLITS = sa.text("""
SELECT count(*) AS fulfilled, count(*) FILTER (WHERE works > 1) AS split
FROM (
    SELECT order_id, count(*) AS works FROM fulfillment_order
    WHERE status = 'COMPLETED' GROUP BY order_id
) AS per_order
""")
_ON_TIME = sa.text("""
SELECT count(*) AS sent, count(*) FILTER (WHERE s.shipped_at <= f.due_at) AS in_time
FROM shipment AS s JOIN fulfillment_order AS f ON f.id = s.fulfillment_order_id
WHERE f.due_at IS NOT NULL
""")
_MONEY = sa.text("""
SELECT coalesce(sum(captured_minor), 0) AS captured, coalesce(sum(refunded_minor), 0) AS refunded
FROM payment
""")


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole`, such as units filled of units ordered."""

    part: int
    whole: int

    def __str__(self) -> str:
        if not self.whole:
            return "none"
        return f"{self.part / self.whole:.1%} ({self.part:,} of {self.whole:,})"


@dataclass(frozen=True, slots=True)
class Summary:
    """The end of a simulation. `captured` and `refunded` are in the chain's currency."""

    placed: int
    closed: int
    cancelled: int
    expired: int
    open: int
    fill_rate: Share
    """Units that left for the customer or were collected, of units of confirmed orders."""
    split_rate: Share
    """Orders that more than one location served, of those that any served."""
    on_time: Share
    """Shipments that left by the cut-off due, of all."""
    units_cancelled: Share
    units_not_collected: Share
    captured: Decimal
    refunded: Decimal
    violations: Sequence[InvariantViolation]
    """What the oracle sees; empty when the books are sound."""


async def summarise(connection: AsyncConnection) -> Summary:
    """The summary of everything in the database. Six statements."""
    orders = (await connection.execute(_ORDERS)).one()
    units = (await connection.execute(_UNITS)).one()
    splits = (await connection.execute(_SPLITS)).one()
    sent = (await connection.execute(_ON_TIME)).one()
    money = (await connection.execute(_MONEY)).one()
    return Summary(
        placed=orders.placed,
        closed=orders.closed,
        cancelled=orders.cancelled,
        expired=orders.expired,
        open=orders.open,
        fill_rate=Share(int(units.filled), int(units.ordered)),
        split_rate=Share(splits.split, splits.fulfilled),
        on_time=Share(sent.in_time, sent.sent),
        units_cancelled=Share(int(units.cancelled), int(units.ordered)),
        units_not_collected=Share(int(units.expired), int(units.ordered)),
        captured=Decimal(money.captured) / 100,
        refunded=Decimal(money.refunded) / 100,
        violations=await invariant_violations(connection),
    )
