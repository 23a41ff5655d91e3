"""Available to promise: what a channel's locations can promise of SKUs and kits now."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.catalog.tables import kit_component
from domain.common.errors import ValidationFailed
from domain.common.ids import ChannelCode, LocationId, Sku
from domain.common.sql import among
from domain.identity.model import Actor
from domain.locations.model import Coordinates, check_coordinates
from domain.locations.repository import HALF_AROUND_KM, distance_km_from, visible_to
from domain.locations.tables import channel_location, location
from domain.stock.model import kit_available, network_available
from domain.stock.repository import promisable
from domain.stock.tables import stock_level

MAX_SKUS = 100
MAX_LOCATIONS = 200


@dataclass(frozen=True, slots=True)
class Nearest:
    """The `first` locations nearest to a point, at most `radius_km` away."""

    center: Coordinates
    radius_km: float
    first: int


@dataclass(frozen=True, slots=True)
class Question:
    """What can be promised of `skus` on `channel`: by all its locations, or by those named, or by
    those near a point.
    """

    skus: tuple[Sku, ...]
    channel: ChannelCode
    location_ids: tuple[LocationId, ...] | None = None
    near: Nearest | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """Units that one location can promise, at least 1; its distance if the question had a point."""

    location_id: LocationId
    available: int
    distance_km: float | None


@dataclass(frozen=True, slots=True)
class Availability:
    """Units of a SKU that can be promised by all locations in question together.

    `promises` are those of the locations that the asker may see, the nearest first, or those with
    most units first where the question had no point.
    """

    sku: Sku
    available: int
    promises: tuple[Promise, ...]


async def availability(
    connection: AsyncConnection, question: Question, *, seen_by: Actor | None
) -> list[Availability]:
    """One entry per SKU asked for, same order, in one statement; nothing for unknown ones.

    Raises:
        ValidationFailed: too many SKUs or locations, both ways to name locations, or a bad point.
    """
    check(question)
    rows = (await connection.execute(_query(question, seen_by))).all()
    by_sku: defaultdict[Sku, list[sa.Row[Any]]] = defaultdict(list)
    for row in rows:
        by_sku[row.sku].append(row)
    return [_answer(sku, by_sku[sku]) for sku in dict.fromkeys(question.skus)]


def check(question: Question) -> None:
    """Nothing, when the question can be answered.

    Raises:
        ValidationFailed: see `availability`.
    """
    if not 1 <= len(question.skus) <= MAX_SKUS:
        raise ValidationFailed("skus", f"must be 1 to {MAX_SKUS}")
    if question.location_ids is not None and question.near is not None:
        raise ValidationFailed("near", "cannot be combined with locationIds")
    if question.location_ids is not None and not 1 <= len(question.location_ids) <= MAX_LOCATIONS:
        raise ValidationFailed("locationIds", f"must be 1 to {MAX_LOCATIONS}")
    if (near := question.near) is not None:
        check_coordinates("near", near.center.latitude, near.center.longitude)
        if not 0 < near.radius_km <= HALF_AROUND_KM:
            raise ValidationFailed(
                "near.radiusKm", f"must be more than 0, at most {HALF_AROUND_KM}"
            )
        if not 1 <= near.first <= MAX_LOCATIONS:
            raise ValidationFailed("near.first", f"must be 1 to {MAX_LOCATIONS}")


def _query(question: Question, seen_by: Actor | None) -> sa.Select[*tuple[Any, ...]]:
    """One row per SKU, component and location that has a level of the component."""
    parts, places = _parts(question.skus), _places(question, seen_by)
    return (
        sa.select(
            parts.c.sku,
            parts.c.component,
            parts.c.each,
            parts.c.components,
            places.c.location_id,
            places.c.distance_km,
            places.c.visible,
            promisable().label("available"),
        )
        .join(stock_level, stock_level.c.sku == parts.c.component)
        .join(places, places.c.location_id == stock_level.c.location_id)
    )


def _parts(skus: Collection[Sku]) -> sa.CTE:
    """What one unit of each SKU takes: its components, or itself."""
    names = sa.func.jsonb_array_elements_text(sa.literal(list(skus), JSONB)).table_valued("value")
    wanted = sa.select(names.c.value.label("sku")).distinct().subquery("wanted")
    kit = kit_component.c
    return (
        sa.select(
            wanted.c.sku,
            sa.func.coalesce(kit.component_sku, wanted.c.sku).label("component"),
            sa.func.coalesce(kit.quantity, 1).label("each"),
            sa.func.count().over(partition_by=wanted.c.sku).label("components"),
        )
        .outerjoin_from(wanted, kit_component, kit.kit_sku == wanted.c.sku)
        .cte("parts")
    )


def _places(question: Question, seen_by: Actor | None) -> sa.CTE:
    """The locations in question, with their distance and whether the asker may see them."""
    near = question.near
    distance = sa.cast(sa.null(), sa.Float) if near is None else distance_km_from(near.center)
    query = (
        sa.select(
            location.c.id.label("location_id"),
            distance.label("distance_km"),
            visible_to(seen_by).label("visible"),
        )
        .join(channel_location, channel_location.c.location_id == location.c.id)
        .where(channel_location.c.channel == question.channel, location.c.active)
    )
    if near is not None:
        query = query.where(visible_to(seen_by), distance <= near.radius_km)
        query = query.order_by(distance, location.c.id).limit(near.first)
    elif question.location_ids is not None:
        query = query.where(visible_to(seen_by), among(location.c.id, question.location_ids))
    return query.cte("places")


def _answer(sku: Sku, rows: Iterable[sa.Row[Any]]) -> Availability:
    by_place: defaultdict[UUID, list[sa.Row[Any]]] = defaultdict(list)
    for row in rows:
        by_place[row.location_id].append(row)
    units = {place: _kits(found) for place, found in by_place.items()}
    promises = [
        Promise(LocationId(place), units[place], found[0].distance_km)
        for place, found in by_place.items()
        if units[place] > 0 and found[0].visible
    ]
    promises.sort(key=lambda p: (p.distance_km or 0.0, -p.available, p.location_id))
    return Availability(sku, network_available(list(units.values())), tuple(promises))


def _kits(rows: Sequence[sa.Row[Any]]) -> int:
    """What one location can promise, from its levels of the components."""
    if len(rows) < rows[0].components:
        return 0
    components = {row.component: row.each for row in rows}
    return kit_available(components, {row.component: row.available for row in rows})
