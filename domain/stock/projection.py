"""Present levels in the shape of event payloads: what a live subscription starts from."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.errors import ValidationFailed
from domain.common.ids import LocationId, Sku
from domain.common.sql import among
from domain.identity.model import Actor
from domain.locations.tables import location
from domain.stock.books import in_scope
from domain.stock.events import payload_of
from domain.stock.posting import LEVEL_COLUMNS, level_of
from domain.stock.tables import stock_level

MAX_LEVELS = 50_000


async def level_states(
    connection: AsyncConnection,
    location_ids: Collection[LocationId],
    skus: Collection[Sku] | None = None,
    *,
    most: int = MAX_LEVELS,
) -> list[dict[str, Any]]:
    """All levels of those locations, of those SKUs if given, as StockChanged carries them, sorted
    by location and SKU; one statement.

    Raises:
        ValidationFailed: there are more than `most`.
    """
    query = (
        sa.select(*[stock_level.c[name] for name in LEVEL_COLUMNS])
        .where(among(stock_level.c.location_id, location_ids))
        .order_by(stock_level.c.location_id, stock_level.c.sku)
        .limit(most + 1)
    )
    if skus is not None:
        query = query.where(among(stock_level.c.sku, skus))
    rows = (await connection.execute(query)).all()
    if len(rows) > most:
        raise ValidationFailed("locationIds", f"have more than {most} levels: name SKUs")
    return [payload_of(level_of(row)) for row in rows]


async def watchable_locations(
    connection: AsyncConnection, actor: Actor | None, location_ids: Collection[LocationId]
) -> set[LocationId]:
    """Those of the locations that exist and whose stock the actor may see; one statement."""
    wanted = sa.select(location.c.id).where(
        among(location.c.id, location_ids), in_scope(actor, location.c.id)
    )
    return {LocationId(found) for found in await connection.scalars(wanted)}
