"""One oracle over all books: the view `invariant_violations`, empty in a sound database.

The rules stand where they belong, in modules named `audit`; the view is their union. It is made
anew with every migration, so it is always that of the code.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.accounting import audit as accounting
from domain.events import audit as events
from domain.orders import (
    audit,
    audit_books,
    audit_coupons,
    audit_goods,
    audit_labels,
    audit_money,
    audit_notifications,
    audit_returns,
    audit_statuses,
    audit_tenders,
    audit_waves,
)
from domain.purchasing import audit as purchasing
from domain.stock import audit as stock
from domain.transfers import audit as transfers
from domain.vouchers import audit as vouchers

VIEW = "invariant_violations"
DROP = f"DROP VIEW IF EXISTS {VIEW}"
_RULES = (
    f"SELECT kind, sku || ' at ' || location_id AS subject, detail FROM ({stock.VIOLATIONS}) AS s",  # noqa: S608 -- text of ours
    audit.VIOLATIONS,
    audit_goods.VIOLATIONS,
    audit_statuses.VIOLATIONS,
    audit_money.VIOLATIONS,
    audit_tenders.VIOLATIONS,
    audit_coupons.VIOLATIONS,
    audit_books.VIOLATIONS,
    accounting.VIOLATIONS,
    audit_returns.VIOLATIONS,
    audit_labels.VIOLATIONS,
    audit_waves.VIOLATIONS,
    audit_notifications.VIOLATIONS,
    purchasing.VIOLATIONS,
    transfers.VIOLATIONS,
    vouchers.VIOLATIONS,
    events.VIOLATIONS,
)
_UNION = " UNION ALL ".join(f"({rules})" for rules in _RULES)
CREATE = f"CREATE VIEW {VIEW} (kind, subject, detail) AS {_UNION}"


@dataclass(frozen=True, slots=True)
class InvariantViolation:
    """A broken rule: which one, where, and what disagrees."""

    kind: str
    subject: str
    detail: str


async def invariant_violations(connection: AsyncConnection) -> Sequence[InvariantViolation]:
    """All that the view shows, sorted. One statement.

    I1, I2, I7 and I8 are CHECK constraints, I12 is a primary key. I3: LEDGER. I4: RESERVATIONS,
    ALLOCATIONS, CLAIMS. I5: HELD, RESERVATIONS. I9: LIFE, PLACES. I10: QUANTITIES, PARCELS,
    RETURNS. I11: HISTORY, EVENTS, LOG. I6: BALANCE. Books: BOOKS, DOCUMENTS, SERIES, CLOSED. I14:
    VOUCHERS, CREDIT, COUPONS. I15: TRANSIT, GONE, RECEIPT. L7: STATUSES. Money: MONEY, BOOKED,
    REFUNDS, TENDERS. PROMISES: no more is promised than comes in. NOTIFICATIONS: what was sent has
    a try that says so. LABELS: no parcel bears a void label. WAVES: waves and the works in them
    agree.
    """
    view = sa.table(VIEW, sa.column("kind"), sa.column("subject"), sa.column("detail"))
    query = sa.select(*view.c).order_by(*view.c)
    return [InvariantViolation(*row) for row in await connection.execute(query)]
