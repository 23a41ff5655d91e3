"""Locks on stock levels for work that moves them in several statements."""

from collections.abc import Collection, Iterable

import sqlalchemy as sa

from domain.common.ids import Sku
from domain.common.sql import among
from domain.common.transaction import Tx
from domain.stock.model import Demand
from domain.stock.tables import stock_level


async def lock_levels(tx: Tx, demands: Iterable[Demand]) -> None:
    """Nobody else moves these levels before the transaction ends, whatever order it goes on in.

    Locks: the levels that are there, in (location, sku) order.
    """
    places = sorted({(demand.location_id, demand.sku) for demand in demands})
    await _lock(tx, sa.tuple_(stock_level.c.location_id, stock_level.c.sku).in_(places))


async def lock_levels_of(tx: Tx, skus: Collection[Sku]) -> None:
    """Nobody else moves a level of these SKUs at any location before the transaction ends.

    Locks: the levels that are there, in (location, sku) order.
    """
    await _lock(tx, among(stock_level.c.sku, skus))


async def _lock(tx: Tx, condition: sa.ColumnElement[bool]) -> None:
    query = (
        sa.select(stock_level.c.sku)
        .where(condition)
        .order_by(stock_level.c.location_id, stock_level.c.sku)
        .with_for_update(key_share=True)
    )
    await tx.connection.execute(query)
