"""Reading and writing counts; the books of a moment that has passed."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.catalog.tables import kit_component, variant
from domain.common.errors import NotFound
from domain.common.ids import LocationId, Sku
from domain.common.sql import among, children, upsert_many
from domain.common.transaction import Tx
from domain.counting.model import Count
from domain.counting.tables import stock_count, stock_count_line
from domain.stock.model import Level, MovementReason
from domain.stock.posting import LEVEL_COLUMNS, level_of
from domain.stock.tables import stock_level

_COUNTS = TypeAdapter(list[Count])
_COUNT = [column.name for column in stock_count.columns]
_LINE = [column.name for column in stock_count_line.columns]


def _document() -> sa.ColumnElement[object]:
    c = stock_count_line.c
    lines = children(stock_count_line, c.count_id == stock_count.c.id, c.sku)
    return sa.func.to_jsonb(stock_count.table_valued()).op("||")(
        sa.func.jsonb_build_object("lines", lines)
    )


async def counts_at(
    connection: AsyncConnection, location_id: LocationId, limit: int
) -> Sequence[Count]:
    """The newest counts of a location."""
    found = await connection.scalars(
        sa.select(_document())
        .where(stock_count.c.location_id == location_id)
        .order_by(stock_count.c.opened_at.desc(), stock_count.c.id.desc())
        .limit(limit)
    )
    return _COUNTS.validate_python(found.all())


async def count_by_id(connection: AsyncConnection, count_id: UUID) -> Count:
    """The count.

    Raises:
        NotFound: there is none.
    """
    found = await connection.scalars(sa.select(_document()).where(stock_count.c.id == count_id))
    counts = _COUNTS.validate_python(found.all())
    if not counts:
        raise NotFound("count", str(count_id))
    return counts[0]


async def locked_count(connection: AsyncConnection, count_id: UUID) -> Count:
    """The count as of now, its row locked FOR NO KEY UPDATE; lines are read after the lock.

    Raises:
        NotFound: there is none.
    """
    row = sa.select(stock_count.c.id).where(stock_count.c.id == count_id)
    await connection.execute(row.with_for_update(key_share=True))
    return await count_by_id(connection, count_id)


async def store(tx: Tx, saved: Count) -> Count:
    """The count itself, written whole."""
    row = {name: getattr(saved, name) for name in _COUNT}
    changing = ["state", "posted_at", "version"]
    await tx.connection.execute(upsert_many(stock_count, _COUNT, changing, [row]))
    if saved.lines:
        lines = [{"count_id": saved.id, **asdict(line)} for line in saved.lines]
        await tx.connection.execute(upsert_many(stock_count_line, _LINE, _LINE[2:], lines))
    return saved


async def stocked(connection: AsyncConnection, skus: Collection[Sku]) -> set[Sku]:
    """Those of the SKUs that can have stock: they are known and no kits."""
    kit = sa.exists().where(kit_component.c.kit_sku == variant.c.sku)
    found = await connection.scalars(
        sa.select(variant.c.sku).where(among(variant.c.sku, skus), ~kit)
    )
    return {Sku(sku) for sku in found}


async def require_stocked(connection: AsyncConnection, skus: Collection[Sku]) -> None:
    """Nothing, when all these SKUs can have stock.

    Raises:
        NotFound: one is unknown, or a kit.
    """
    if missing := set(skus) - await stocked(connection, skus):
        raise NotFound("variant", min(missing))


async def locked_levels(
    connection: AsyncConnection, location_id: LocationId, skus: Collection[Sku]
) -> dict[Sku, Level]:
    """The levels of those SKUs, locked FOR NO KEY UPDATE in SKU order; absent ones have none."""
    c = stock_level.c
    query = (
        sa.select(*[c[name] for name in LEVEL_COLUMNS])
        .where(c.location_id == location_id, among(c.sku, skus))
        .order_by(c.location_id, c.sku)
        .with_for_update(key_share=True)
    )
    levels = [level_of(row) for row in await connection.execute(query)]
    return {level.sku: level for level in levels}


_SINCE = sa.text("""
SELECT sku, sum(CASE WHEN from_bucket = 'EXTERNAL' THEN quantity ELSE -quantity END)::int
FROM stock_movement
WHERE location_id = :place AND sku = ANY(:skus) AND at > :moment
  AND 'EXTERNAL' IN (from_bucket, to_bucket) AND reason = ANY(:reasons)
GROUP BY sku
""")
CORRECTIONS = frozenset({MovementReason.COUNT, MovementReason.CORRECTION})
"""Reasons of movements that brought the books to the goods: no goods moved."""
ALL_REASONS = frozenset(MovementReason)


async def net_since(
    connection: AsyncConnection,
    location_id: LocationId,
    skus: Collection[Sku],
    moment: datetime,
    reasons: frozenset[MovementReason] = ALL_REASONS,
) -> dict[Sku, int]:
    """Units that came in less units that left since that moment for one of these reasons, by SKU;
    none where nothing did.
    """
    given = {
        "place": location_id,
        "skus": list(skus),
        "moment": moment,
        "reasons": sorted(reason.value for reason in reasons),
    }
    rows = await connection.execute(_SINCE, given)
    return {Sku(sku): net for sku, net in rows}
