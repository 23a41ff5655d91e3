"""Counts that cannot be believed: the units are blocked, and somebody must count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.ids import LocationId, Sku, new_id
from domain.common.transaction import Tx
from domain.stock.allocation import move
from domain.stock.model import Bucket, Demand, Level, MovementReason
from domain.stock.tables import count_task


@dataclass(frozen=True, slots=True)
class CountTask:
    """A SKU that must be counted at a location. `held`: units blocked until then."""

    id: UUID
    sku: Sku
    location_id: LocationId
    reason: str
    held: int
    opened_at: datetime


async def suspect(
    tx: Tx,
    missing: Sequence[Level],
    units: Mapping[tuple[LocationId, Sku], int],
    reason: MovementReason,
    reference: str,
) -> None:
    """Nobody is promised what may not be there: the free units of these levels are on quality hold
    too, and a count task is open for each, over those and the missing `units`.

    `missing` are levels that this transaction has just changed, and so locked.
    """
    free = [Demand(level.sku, level.location_id, level.free) for level in missing if level.free]
    await move(tx, Bucket.FREE, Bucket.QUALITY_HOLD, free, reason, reference)
    for level in missing:
        held = level.free + units.get((level.location_id, level.sku), 0)
        await tx.connection.execute(_opening(level, held, reason))


def _opening(level: Level, held: int, reason: MovementReason) -> Insert:
    opening = insert(count_task).values(
        id=new_id(),
        sku=level.sku,
        location_id=level.location_id,
        reason=reason.value,
        held=held,
        opened_at=sa.func.now(),
    )
    return opening.on_conflict_do_update(
        index_elements=[count_task.c.location_id, count_task.c.sku],
        index_where=count_task.c.closed_at.is_(None),
        set_={"held": count_task.c.held + opening.excluded.held},
    )


async def open_tasks(connection: AsyncConnection, location_id: LocationId) -> Sequence[CountTask]:
    """What must be counted at a location, the oldest first."""
    c = count_task.c
    query = (
        sa.select(c.id, c.sku, c.location_id, c.reason, c.held, c.opened_at)
        .where(c.location_id == location_id, c.closed_at.is_(None))
        .order_by(c.opened_at, c.sku)
    )
    return [CountTask(*row) for row in await connection.execute(query)]
