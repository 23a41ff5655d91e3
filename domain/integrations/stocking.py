"""Goods that sellers of the past must have had: received before the orders that took them."""

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.ids import LocationId, Sku
from domain.common.sql import rows_of
from domain.common.transaction import Tx
from domain.integrations.model import HistoricOrder
from domain.locations.model import LocationCode
from domain.stock.model import Demand
from domain.stock.receive import receive
from domain.stock.repository import promisable
from domain.stock.tables import stock_level

Need = tuple[LocationCode, Sku]


def needs_of(orders: Iterable[HistoricOrder]) -> dict[Need, int]:
    """Units that the orders take, by location and SKU, sorted."""
    needs: dict[Need, int] = {}
    for order in orders:
        for line, code in zip(order.command.lines, order.sellers, strict=True):
            needs[code, line.sku] = needs.get((code, line.sku), 0) + line.quantity
    return dict(sorted(needs.items()))


async def stock_up(tx: Tx, wanted: Sequence[Demand], reference: str) -> int:
    """The number of levels that received units, so that all demands can be promised. Levels that
    have enough are left alone. Each place is named once.

    Locks the levels that receive, in (location_id, sku) order.

    Raises:
        NotFound: a location or SKU does not exist. ValidationFailed: a SKU is a kit.
    """
    there = await _available(tx.connection, wanted)
    short = [
        Demand(each.sku, each.location_id, missing)
        for each in wanted
        if (missing := each.quantity - there.get((each.location_id, each.sku), 0)) > 0
    ]
    if short:
        await receive(tx, short, reference)
    return len(short)


async def _available(
    connection: AsyncConnection, places: Sequence[Demand]
) -> Mapping[tuple[LocationId, Sku], int]:
    """Units that can be promised at those places now; places without a level are absent."""
    c = stock_level.c
    rows = [{"location_id": each.location_id, "sku": each.sku} for each in places]
    asked = rows_of([c.location_id, c.sku], rows)
    found = await connection.execute(
        sa.select(c.location_id, c.sku, promisable().label("available")).join(
            asked, (asked.c.location_id == c.location_id) & (asked.c.sku == c.sku)
        )
    )
    return {(LocationId(row.location_id), Sku(row.sku)): row.available for row in found}
