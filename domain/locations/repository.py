"""Reading and locking locations: each read is one statement, whatever the number of locations."""

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import orjson
import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.errors import NotFound, ValidationFailed
from domain.common.ids import LocationId
from domain.common.paging import MAX_PAGE, Page
from domain.common.texts import checked_country
from domain.identity.model import STAFF, Actor
from domain.locations.model import Coordinates, Location, LocationKind, check_coordinates
from domain.locations.tables import channel_location, location

EARTH_RADIUS_KM = 6371.0088
HALF_AROUND_KM = 20_040
_LOCATIONS = TypeAdapter(list[Location])


@dataclass(frozen=True, slots=True)
class Near:
    """Within `radius_km` of a point, the nearest first."""

    center: Coordinates
    radius_km: float


@dataclass(frozen=True, slots=True)
class LocationFilter:
    """Which locations to list; None means any."""

    kind: LocationKind | None = None
    country: str | None = None
    near: Near | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a list of locations: distance in km (0 in lists that are not by distance), id."""

    distance_km: float
    id: UUID

    def encode(self) -> str:
        """An opaque cursor."""
        raw = orjson.dumps([self.distance_km, str(self.id)])
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    @classmethod
    def decode(cls, cursor: str) -> "Place":
        """The inverse of `encode`.

        Raises:
            ValidationFailed: the cursor was not made by `encode`.
        """
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            distance_km, key = orjson.loads(raw)
            return cls(float(distance_km), UUID(key))
        except (ValueError, TypeError, AttributeError, binascii.Error) as error:
            raise ValidationFailed("after", "is not a cursor of this list") from error


@dataclass(frozen=True, slots=True)
class Listed:
    """A location in a list, with its distance in km from the point asked for."""

    location: Location
    distance_km: float | None


def location_document() -> sa.ColumnElement[object]:
    """An expression over `location`: the whole location as one JSON object."""
    code = channel_location.c.channel
    channels = (
        sa.select(sa.func.coalesce(sa.func.jsonb_agg(aggregate_order_by(code, code)), _NONE))
        .where(channel_location.c.location_id == location.c.id)
        .scalar_subquery()
    )
    parts = sa.func.jsonb_build_object("channels", channels)
    return sa.func.to_jsonb(location.table_valued()).op("||")(parts)


_NONE = sa.text("'[]'::jsonb")


def visible_to(actor: Actor | None) -> sa.ColumnElement[bool]:
    """The row scope: staff see all locations, everybody else active ones that are no suppliers."""
    if actor is not None and actor.role in STAFF:
        return sa.true()
    return sa.and_(location.c.active, location.c.kind != LocationKind.SUPPLIER.value)


async def locations_by_id(
    connection: AsyncConnection, ids: Collection[UUID], *, seen_by: Actor | None
) -> dict[LocationId, Location]:
    """The locations of those ids that the actor may see; others are absent."""
    found = await _read(connection, location.c.id.in_(list(ids)) & visible_to(seen_by))
    return {each.id: each for each in found}


async def all_locations_by_id(
    connection: AsyncConnection, ids: Collection[UUID]
) -> dict[LocationId, Location]:
    """The locations of those ids, whoever asks: for parts of things that were scoped already."""
    return {each.id: each for each in await _read(connection, location.c.id.in_(list(ids)))}


async def location_by_code(
    connection: AsyncConnection, code: str, *, seen_by: Actor | None
) -> Location | None:
    """The location of that code, if the actor may see it."""
    found = await _read(connection, (location.c.code == code) & visible_to(seen_by))
    return found[0] if found else None


async def require_location(
    connection: AsyncConnection, location_id: LocationId, *, seen_by: Actor | None
) -> Location:
    """The location.

    Raises:
        NotFound: there is no such location, or the actor may not see it.
    """
    found = await locations_by_id(connection, [location_id], seen_by=seen_by)
    if location_id not in found:
        raise NotFound("location", str(location_id))
    return found[location_id]


async def _read(connection: AsyncConnection, condition: sa.ColumnElement[bool]) -> list[Location]:
    documents = await connection.scalars(sa.select(location_document()).where(condition))
    return _LOCATIONS.validate_python(documents.all())


async def locked_locations(
    connection: AsyncConnection, condition: sa.ColumnElement[bool]
) -> list[Location]:
    """The locations under `condition`, their rows locked FOR NO KEY UPDATE in order of their ids.

    Two statements, so that what is read is what stands after the locks were obtained.
    """
    rows = sa.select(location.c.id).where(condition).order_by(location.c.id)
    ids = (await connection.scalars(rows.with_for_update(key_share=True))).all()
    found = await _read(connection, location.c.id.in_(ids)) if ids else []
    return sorted(found, key=lambda each: each.id)


async def locked_location(connection: AsyncConnection, location_id: LocationId) -> Location:
    """The location, its row locked (see `locked_locations`).

    Raises:
        NotFound: there is no such location.
    """
    found = await locked_locations(connection, location.c.id == location_id)
    if not found:
        raise NotFound("location", str(location_id))
    return found[0]


async def page_of_locations(
    connection: AsyncConnection,
    wanted: LocationFilter,
    *,
    first: int,
    after: str | None,
    seen_by: Actor | None,
) -> Page[Listed]:
    """A page of the list: nearest first when it is `near` a point, else the newest first.

    Raises:
        ValidationFailed: `first`, `after` or a part of the filter is malformed.
    """
    if not 1 <= first <= MAX_PAGE:
        raise ValidationFailed("first", f"must be 1 to {MAX_PAGE}")
    distance = _distance(wanted.near)
    query = sa.select(location_document(), distance.label("distance")).where(
        *_conditions(wanted, seen_by)
    )
    place = Place.decode(after) if after else None
    if wanted.near is None:
        query = query.order_by(location.c.id.desc())
        if place is not None:
            query = query.where(location.c.id < place.id)
    else:
        query = query.order_by(distance, location.c.id)
        if place is not None:
            key = sa.tuple_(distance, location.c.id)
            query = query.where(key > sa.tuple_(sa.literal(place.distance_km), place.id))
    rows = (await connection.execute(query.limit(first + 1))).all()
    found = _LOCATIONS.validate_python([row[0] for row in rows[:first]])
    listed = [
        Listed(each, float(row[1]) if wanted.near else None)
        for each, row in zip(found, rows, strict=False)
    ]
    cursors = [Place(each.distance_km or 0.0, each.location.id).encode() for each in listed]
    return Page(listed, cursors, len(rows) > first)


async def count_of_locations(
    connection: AsyncConnection, wanted: LocationFilter, *, seen_by: Actor | None
) -> int:
    """The number of locations in the whole list."""
    query = sa.select(sa.func.count()).select_from(location).where(*_conditions(wanted, seen_by))
    return await connection.scalar(query) or 0


def _conditions(wanted: LocationFilter, seen_by: Actor | None) -> list[sa.ColumnElement[bool]]:
    conditions = [visible_to(seen_by)]
    if wanted.kind is not None:
        conditions.append(location.c.kind == wanted.kind.value)
    if wanted.country is not None:
        conditions.append(location.c.country == checked_country("country", wanted.country))
    if wanted.near is not None:
        center, radius_km = wanted.near.center, wanted.near.radius_km
        check_coordinates("near", center.latitude, center.longitude)
        if not 0 < radius_km <= HALF_AROUND_KM:
            raise ValidationFailed(
                "near.radiusKm", f"must be more than 0, at most {HALF_AROUND_KM}"
            )
        conditions.append(_distance(wanted.near) <= radius_km)
    return conditions


def _distance(near: Near | None) -> sa.ColumnElement[float]:
    """Great-circle distance in km (haversine formula, mean earth radius 6371.0088 km)."""
    if near is None:
        return sa.literal_column("0::float8", sa.Float)
    latitude, longitude = sa.literal(near.center.latitude), sa.literal(near.center.longitude)
    half_lat = sa.func.sin(sa.func.radians(location.c.latitude - latitude) / 2)
    half_lon = sa.func.sin(sa.func.radians(location.c.longitude - longitude) / 2)
    cosines = sa.func.cos(sa.func.radians(location.c.latitude)) * sa.func.cos(
        sa.func.radians(latitude)
    )
    chord = sa.func.power(half_lat, 2) + cosines * sa.func.power(half_lon, 2)
    return 2 * EARTH_RADIUS_KM * sa.func.asin(sa.func.sqrt(sa.func.least(1.0, chord)))


def distance_km_from(center: Coordinates) -> sa.ColumnElement[float]:
    """An expression over `location`: its great-circle distance from `center` in km."""
    return _distance(Near(center, HALF_AROUND_KM))
