"""One oracle over all books: the view `invariant_violations`, empty in a sound database.

The rules stand where they belong (`stock.audit`, `orders.audit`, `purchasing.audit`); the view is
their union. It is made anew with every migration, so it is always that of the code.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.orders import audit as orders
from domain.purchasing import audit as purchasing
from domain.stock import audit as stock

VIEW = "invariant_violations"
DROP = f"DROP VIEW IF EXISTS {VIEW}"
CREATE = f"""
CREATE VIEW {VIEW} (kind, subject, detail) AS
SELECT kind, sku || ' at ' || location_id, detail FROM ({stock.VIOLATIONS}) AS of_stock
UNION ALL
SELECT kind, subject, detail FROM ({orders.VIOLATIONS}) AS of_orders
UNION ALL
SELECT kind, subject, detail FROM ({purchasing.VIOLATIONS}) AS of_purchasing
"""  # noqa: S608 -- texts of ours


@dataclass(frozen=True, slots=True)
class InvariantViolation:
    """A broken rule: which one, where, and what disagrees."""

    kind: str
    subject: str
    detail: str


async def invariant_violations(connection: AsyncConnection) -> Sequence[InvariantViolation]:
    """All that the view shows, sorted. One statement.

    I3: the ledger replays to the levels. I4: reservations and allocations are what levels say. I9:
    states that order and delivery mode allow. I10: groups sum to what was ordered. I11: versions,
    history and events without a gap. I15: what is on the way is counted once. RECEIPT: what came
    of a purchase order is counted once. PROMISES: no more is promised than comes in. Money that is
    not due is let go. I1 and I2 are CHECK constraints.
    """
    view = sa.table(VIEW, sa.column("kind"), sa.column("subject"), sa.column("detail"))
    query = sa.select(*view.c).order_by(*view.c)
    return [InvariantViolation(*row) for row in await connection.execute(query)]
