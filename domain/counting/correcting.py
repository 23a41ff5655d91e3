"""Bringing levels to what was found, without touching what others have a claim on."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from domain.common.ids import LocationId, Sku
from domain.common.transaction import Tx
from domain.counting.model import LineOutcome
from domain.counting.repository import locked_levels
from domain.stock.allocation import move
from domain.stock.model import Bucket, Demand, MovementReason
from domain.stock.suspicion import suspect
from domain.stock.tables import count_task, stock_level


async def corrected(
    tx: Tx, location_id: LocationId, variances: Mapping[Sku, int], reference: str
) -> dict[Sku, LineOutcome]:
    """What came of each variance. Units found come in free; missing ones leave from free stock. A
    level whose free units are fewer than are missing keeps its units, for orders have a claim on
    them; but nobody is promised its free ones and a count task is open.

    The levels must be locked by this transaction (`locked_levels`).
    """
    levels = await locked_levels(tx.connection, location_id, variances.keys())
    outcomes: dict[Sku, LineOutcome] = {}
    found: list[Demand] = []
    lost: list[Demand] = []
    for sku, variance in variances.items():
        free = levels[sku].free if sku in levels else 0
        if variance < 0 and free < -variance:
            outcomes[sku] = LineOutcome.CLAIMED
            continue
        outcomes[sku] = LineOutcome.APPLIED if variance else LineOutcome.UNCHANGED
        if variance:
            (found if variance > 0 else lost).append(Demand(sku, location_id, abs(variance)))
    why = MovementReason.COUNT
    await move(tx, Bucket.EXTERNAL, Bucket.FREE, found, why, reference)
    await move(tx, Bucket.FREE, Bucket.EXTERNAL, lost, why, reference)
    claimed = [sku for sku, outcome in outcomes.items() if outcome is LineOutcome.CLAIMED]
    await suspect(tx, [levels[sku] for sku in claimed if sku in levels], {}, why, reference)
    return outcomes


async def trusted_again(
    tx: Tx, location_id: LocationId, skus: Sequence[Sku], reference: str
) -> None:
    """The count tasks of these SKUs are closed, and what was blocked because of them is free.

    Locks: the tasks, then the levels in SKU order.
    """
    c = count_task.c
    closing = (
        sa.update(count_task)
        .where(c.location_id == location_id, c.sku.in_(skus), c.closed_at.is_(None))
        .values(closed_at=sa.func.now())
        .returning(c.sku, c.held)
    )
    held = {Sku(row.sku): row.held for row in await tx.connection.execute(closing)}
    levels = await locked_levels(tx.connection, location_id, skus)
    back = [
        Demand(sku, location_id, units)
        for sku, level in levels.items()
        if (units := min(held.get(sku, 0), level.quality_hold))
    ]
    why = MovementReason.COUNT
    await move(tx, Bucket.QUALITY_HOLD, Bucket.FREE, back, why, reference)
    await tx.connection.execute(
        sa.update(stock_level)
        .where(stock_level.c.location_id == location_id, stock_level.c.sku.in_(skus))
        .values(counted_at=sa.func.now())
    )
