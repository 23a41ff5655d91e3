"""Reservations whose time is over give their units back, even where nobody asks for them."""

from datetime import datetime
from functools import cache

import sqlalchemy as sa

from domain.common.transaction import Tx
from domain.stock.model import MovementReason, ReservationState
from domain.stock.posting import Statement, constant, ending_only, found_demand, given, ground, post
from domain.stock.tables import reservation


async def expire_due(tx: Tx, limit: int) -> int:
    """The number of levels that got units back from expired reservations; 0 when none is due.

    Looks at the `limit` reservations that are due longest, by the database's time, and ends all
    expired ones of their levels. Locks those levels in (location_id, sku) order and waits for them:
    a reservation ends once, whoever else sweeps, sells or releases, and none is passed over.
    """
    levels = await post(
        tx, _due(), [], limit=limit, reason=MovementReason.EXPIRED.value, reference="expiry"
    )
    return len(levels)


async def prolong(tx: Tx, owner: str, until: datetime) -> None:
    """The owner's active reservations last until then, if they would have ended before."""
    c = reservation.c
    mine = (c.owner == owner, c.state == ReservationState.ACTIVE.value, c.expires_at < until)
    await tx.connection.execute(sa.update(reservation).where(*mine).values(expires_at=until))


@cache
def _due() -> Statement:
    c = reservation.c
    oldest = (
        sa.select(c.location_id, c.sku)
        .where(c.state == constant(ReservationState.ACTIVE), c.expires_at <= sa.func.now())
        .order_by(c.expires_at)
        .limit(given("limit", sa.Integer))
        .subquery("oldest")
    )
    return ending_only(ground(found_demand(sa.select(oldest.c.location_id, oldest.c.sku))))
