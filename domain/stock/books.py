"""Levels and ledger as staff and channels may see them. Every function is one statement."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.errors import ValidationFailed
from domain.common.ids import LocationId, Sku
from domain.common.paging import Page
from domain.common.sql import among
from domain.identity.model import Actor, Role
from domain.identity.scope import at_work
from domain.locations.tables import channel_location
from domain.stock.cursor import after_text, before_number, check_first, encode
from domain.stock.model import Bucket, Level, MovementReason, StockLevelId
from domain.stock.posting import LEVEL_COLUMNS, level_of
from domain.stock.tables import stock_level, stock_movement

MAX_SKUS = 1000


@dataclass(frozen=True, slots=True)
class Movement:
    """Units that went from one bucket to another; `seq` grows with every movement of a level."""

    seq: int
    sku: Sku
    location_id: LocationId
    source: Bucket
    target: Bucket
    quantity: int
    reason: MovementReason
    reference: str
    actor: str
    at: datetime


def in_scope(actor: Actor | None, location_id: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """The row scope: head office sees all locations, who works at some sees those, a channel sees
    those that serve it, others see none.
    """
    if actor is None:
        return sa.false()
    if actor.role is Role.CHANNEL:
        serving = sa.select(channel_location.c.location_id).where(
            among(channel_location.c.channel, actor.channel_codes)
        )
        return location_id.in_(serving)
    return at_work(actor, location_id)


async def level_at(
    connection: AsyncConnection, sku: Sku, location_id: LocationId, *, seen_by: Actor | None
) -> Level | None:
    """The level, if there is one and the actor may see it."""
    place = sa.and_(stock_level.c.sku == sku, stock_level.c.location_id == location_id)
    row = (await connection.execute(_levels(seen_by).where(place))).one_or_none()
    return None if row is None else level_of(row)


async def levels_by_id(
    connection: AsyncConnection, ids: Collection[UUID], *, seen_by: Actor | None
) -> dict[StockLevelId, Level]:
    """The levels of those ids that the actor may see; others are absent."""
    rows = await connection.execute(_levels(seen_by).where(among(stock_level.c.id, ids)))
    return {level.id: level for level in map(level_of, rows)}


async def page_of_levels(
    connection: AsyncConnection,
    location_id: LocationId,
    skus: Collection[Sku] | None,
    *,
    first: int,
    after: str | None,
    seen_by: Actor | None,
) -> Page[Level]:
    """Levels of the location sorted by SKU: of those SKUs, or of all when `skus` is None.

    Raises:
        ValidationFailed: `first` is out of range, `after` is no cursor of this list, or there are
            more than 1,000 SKUs.
    """
    check_first(first)
    if skus is not None and len(skus) > MAX_SKUS:
        raise ValidationFailed("skus", f"must be at most {MAX_SKUS}")
    query = _levels(seen_by).where(_at(location_id, skus), stock_level.c.sku > after_text(after))
    rows = (await connection.execute(query.order_by(stock_level.c.sku).limit(first + 1))).all()
    levels = [level_of(row) for row in rows[:first]]
    return Page(levels, [encode(level.sku) for level in levels], len(rows) > first)


async def count_of_levels(
    connection: AsyncConnection,
    location_id: LocationId,
    skus: Collection[Sku] | None,
    *,
    seen_by: Actor | None,
) -> int:
    """The number of levels in the whole list."""
    conditions = sa.and_(_at(location_id, skus), in_scope(seen_by, stock_level.c.location_id))
    query = sa.select(sa.func.count()).select_from(stock_level).where(conditions)
    return await connection.scalar(query) or 0


async def page_of_movements(
    connection: AsyncConnection,
    sku: Sku,
    location_id: LocationId,
    *,
    first: int,
    after: str | None,
    seen_by: Actor | None,
) -> Page[Movement]:
    """Movements of a level, newest first.

    Raises:
        ValidationFailed: `first` is out of range or `after` is no cursor of this list.
    """
    check_first(first)
    c = stock_movement.c
    query = (
        sa.select(
            c.seq, c.sku, c.location_id, c.from_bucket, c.to_bucket, c.quantity, c.reason,
            c.reference, c.actor, c.at,
        )
        .where(_moved(sku, location_id, seen_by), c.seq < before_number(after))
        .order_by(c.seq.desc())
        .limit(first + 1)
    )  # fmt: skip
    rows = (await connection.execute(query)).all()
    found = [_movement(row) for row in rows[:first]]
    return Page(found, [encode(movement.seq) for movement in found], len(rows) > first)


async def count_of_movements(
    connection: AsyncConnection, sku: Sku, location_id: LocationId, *, seen_by: Actor | None
) -> int:
    """The number of movements in the whole list."""
    conditions = _moved(sku, location_id, seen_by)
    query = sa.select(sa.func.count()).select_from(stock_movement).where(conditions)
    return await connection.scalar(query) or 0


def _levels(seen_by: Actor | None) -> sa.Select[*tuple[Any, ...]]:
    columns = [stock_level.c[name] for name in LEVEL_COLUMNS]
    return sa.select(*columns).where(in_scope(seen_by, stock_level.c.location_id))


def _at(location_id: LocationId, skus: Collection[Sku] | None) -> sa.ColumnElement[bool]:
    here = stock_level.c.location_id == location_id
    return here if skus is None else here & among(stock_level.c.sku, skus)


def _moved(sku: Sku, location_id: LocationId, seen_by: Actor | None) -> sa.ColumnElement[bool]:
    c = stock_movement.c
    return sa.and_(c.sku == sku, c.location_id == location_id, in_scope(seen_by, c.location_id))


def _movement(row: sa.Row[*tuple[Any, ...]]) -> Movement:
    seq, sku, location_id, source, target, quantity, reason, reference, actor, at = row
    return Movement(
        seq, sku, location_id, Bucket(source), Bucket(target), quantity, MovementReason(reason),
        reference, actor, at,
    )  # fmt: skip
