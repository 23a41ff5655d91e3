"""Where postal codes are: kept for each country as a whole, and looked up."""

from collections.abc import Collection, Mapping

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.errors import ValidationFailed
from domain.common.fixed import Fixed
from domain.common.postal import postal_key
from domain.common.sql import alone, few_given, insert_many
from domain.common.transaction import Tx
from domain.locations.model import Coordinates
from domain.locations.postal_files import beginnings, with_beginnings
from domain.locations.tables import postal_point

PostalPlace = tuple[str, str]
"""Country and postal code, as they stand in an address."""
_ROWS_AT_ONCE = 10_000
_COLUMNS = ["country", "postal_code", "latitude", "longitude"]


async def replace_points(tx: Tx, country: str, points: Mapping[str, Coordinates]) -> None:
    """These are the postal codes of the country from now on (keys as `postal_key` makes them); what
    was known of it before is forgotten. What codes have in common at their beginnings is kept too.

    Locks out others who do the same for that country.

    Raises:
        ValidationFailed: there is no point.
    """
    if not points:
        raise ValidationFailed("country", f"has no postal codes here: {country}")
    await tx.connection.execute(alone(f"postal_point {country}"))
    await tx.connection.execute(sa.delete(postal_point).where(postal_point.c.country == country))
    rows = [
        {
            "country": country,
            "postal_code": code,
            "latitude": point.latitude,
            "longitude": point.longitude,
        }
        for code, point in with_beginnings(points).items()
    ]
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        part = rows[start : start + _ROWS_AT_ONCE]
        await tx.connection.execute(insert_many(postal_point, _COLUMNS, part))


async def points_of(
    connection: AsyncConnection, places: Collection[PostalPlace]
) -> Mapping[PostalPlace, Coordinates]:
    """Where the places are. Of a code that is not known, its longest known beginning counts, of two
    characters at least: the middle of the codes that begin so. What is not known at all is absent.
    One statement, none without places.
    """
    wanted = {place: beginnings(postal_key(place[1])) for place in places}
    rows = [
        {"country": country, "postal_code": code}
        for country, code in {(place[0], code) for place, codes in wanted.items() for code in codes}
    ]
    if not rows:
        return {}
    found = {
        (country, code): Coordinates(latitude, longitude)
        for country, code, latitude, longitude in await _POINTS.run(connection, {"places": rows})
    }
    known = {
        place: next((found[place[0], code] for code in codes if (place[0], code) in found), None)
        for place, codes in wanted.items()
    }
    return {place: point for place, point in known.items() if point is not None}


def _points() -> sa.Select[str, str, float, float]:
    c = postal_point.c
    wanted = few_given([c.country, c.postal_code], "places", "wanted")
    here = (c.country == wanted.c.country) & (c.postal_code == wanted.c.postal_code)
    return sa.select(c.country, c.postal_code, c.latitude, c.longitude).join(wanted, here)


_POINTS = Fixed(_points)
