"""How busy locations are: fulfillment orders that they have taken today."""

from collections.abc import Collection, Mapping

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.fixed import Fixed
from domain.common.ids import LocationId
from domain.common.reading import any_of
from domain.locations.tables import location
from domain.orders.tables import fulfillment_order

_GIVEN_UP = ["CANCELLED", "REJECTED"]


async def works_today(
    connection: AsyncConnection, places: Collection[LocationId]
) -> Mapping[LocationId, int]:
    """Fulfillment orders created since midnight of each location's own clock, without those that it
    rejected or that were cancelled; a location without any is absent. One statement, none without
    locations.

    Nothing is locked: two orders that are placed at the same moment may both take the last place.
    A capacity is a plan for people, not stock.
    """
    if not places:
        return {}
    rows = await _WORKS.run(connection, {"places": list(places), "over": _GIVEN_UP})
    return {LocationId(place): works for place, works in rows}


def _works() -> sa.Select[LocationId, int]:
    local = sa.func.timezone(location.c.time_zone, sa.func.now())
    midnight = sa.func.timezone(location.c.time_zone, sa.func.date_trunc("day", local))
    return (
        sa.select(fulfillment_order.c.location_id, sa.cast(sa.func.count(), sa.Integer))
        .join(location, location.c.id == fulfillment_order.c.location_id)
        .where(
            any_of(location.c.id, "places"),
            fulfillment_order.c.created_at >= midnight,
            fulfillment_order.c.status != sa.all_(sa.bindparam("over", type_=sa.ARRAY(sa.Text))),
        )
        .group_by(fulfillment_order.c.location_id)
    )


_WORKS = Fixed(_works)
