"""Reading inbound stock. One statement."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.ids import LocationId, Sku
from domain.supply.model import Inbound
from domain.supply.tables import inbound, promise

_INBOUND = TypeAdapter(list[Inbound])


@dataclass(frozen=True, slots=True)
class Promised:
    """Inbound stock with the units of it that customers are promised."""

    inbound: Inbound
    promised: int


async def open_inbound(
    connection: AsyncConnection, location_id: LocationId, sku: Sku | None, limit: int
) -> Sequence[Promised]:
    """What a location still expects, the earliest first."""
    c = inbound.c
    units = (
        sa.select(sa.func.coalesce(sa.func.sum(promise.c.quantity), 0))
        .where(promise.c.inbound_id == c.id)
        .scalar_subquery()
    )
    query = (
        sa.select(inbound, units.label("promised"))
        .where(c.location_id == location_id, c.closed_at.is_(None), c.received < c.quantity)
        .order_by(c.eta, c.id)
        .limit(limit)
    )
    if sku is not None:
        query = query.where(c.sku == sku)
    rows = (await connection.execute(query)).mappings().all()
    found = _INBOUND.validate_python([dict(row) for row in rows])
    return [Promised(one, row["promised"]) for one, row in zip(found, rows, strict=True)]
