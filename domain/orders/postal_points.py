"""About where goods go when their address has no coordinates: where its postal code is.

For sourcing only; the address of the order stays as it was given.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.locations.postal import PostalPlace, points_of
from domain.orders.candidates import near
from domain.orders.model import Address
from domain.sourcing.model import Place

Points = Mapping[PostalPlace, Place]


async def points_near(connection: AsyncConnection, addresses: Iterable[Address | None]) -> Points:
    """Where the postal codes of the addresses are that have no coordinates, as far as it is known.
    One statement, none when all have some.
    """
    places = {_place(each) for each in addresses if each is not None and near(each) is None}
    found = await points_of(connection, places)
    return {place: Place(at.latitude, at.longitude) for place, at in found.items()}


def point_in(points: Points, address: Address | None) -> Place | None:
    """The point of the address's postal code. Pure."""
    return None if address is None else points.get(_place(address))


async def point_near(connection: AsyncConnection, address: Address | None) -> Place | None:
    """As `points_near`, for one address."""
    return point_in(await points_near(connection, [address]), address)


def _place(address: Address) -> PostalPlace:
    return address.country, address.postal_code
