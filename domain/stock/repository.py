"""Reading stock for sourcing and for people. Every function is one statement: one moment."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.catalog.tables import channel as sales_channel
from domain.common.fixed import Fixed
from domain.common.ids import ChannelCode, LocationId, Sku
from domain.common.reading import any_of
from domain.locations.tables import channel_location, location
from domain.stock.model import ReservationState
from domain.stock.posting import NONE, Number, constant, free_of
from domain.stock.tables import reservation, stock_level


@dataclass(frozen=True, slots=True)
class CandidateLevel:
    """What a location could promise of a SKU, and the facts of the location.

    `available` is in units and never negative; `opening_hours` is [{weekday 1-7, opens, closes}] in
    the location's `time_zone`, as is `cut_off`; `daily_capacity` None means no limit.
    """

    sku: Sku
    location_id: LocationId
    code: str
    kind: str
    country: str
    latitude: float
    longitude: float
    priority: int
    can_ship: bool
    can_pickup: bool
    cut_off: time | None
    time_zone: str
    opening_hours: list[dict[str, Any]]
    daily_capacity: int | None
    trust: Decimal
    tags: list[str]
    channel_kind: str
    available: int


async def candidates(
    connection: AsyncConnection, skus: Collection[Sku], channel: ChannelCode
) -> list[CandidateLevel]:
    """One entry per SKU and active location of the channel that has a level of it, sorted by SKU,
    the location's priority and its code. Places without a level have nothing and are absent.

    Kits have no levels: ask for their components.
    """
    rows = await _CANDIDATES.run(connection, {"skus": list(skus), "channel": channel})
    return [CandidateLevel(*row) for row in rows]


def _candidates() -> sa.Select[*tuple[Any, ...]]:
    facts = [location.c[name] for name in _LOCATION_FACTS]
    return (
        sa.select(stock_level.c.sku, location.c.id, *facts, sales_channel.c.kind, promisable())
        .join(location, location.c.id == stock_level.c.location_id)
        .join(channel_location, channel_location.c.location_id == location.c.id)
        .join(sales_channel, sales_channel.c.code == channel_location.c.channel)
        .where(
            any_of(stock_level.c.sku, "skus"),
            channel_location.c.channel == sa.bindparam("channel", type_=sa.Text),
            location.c.active,
        )
        .order_by(stock_level.c.sku, location.c.priority, location.c.code)
    )


_LOCATION_FACTS = (
    "code", "kind", "country", "latitude", "longitude", "priority", "can_ship", "can_pickup",
    "cut_off", "time_zone", "opening_hours", "daily_capacity", "trust", "tags",
)  # fmt: skip


def promisable() -> Number:
    """Units of a level that can be promised now, at least 0. Expired reservations count as free
    although no one has reaped them yet.
    """
    lapsed = (
        sa.select(sa.func.coalesce(sa.func.sum(reservation.c.quantity), NONE))
        .where(
            reservation.c.location_id == stock_level.c.location_id,
            reservation.c.sku == stock_level.c.sku,
            reservation.c.state == constant(ReservationState.ACTIVE),
            reservation.c.expires_at <= sa.func.now(),
        )
        .scalar_subquery()
    )
    units = free_of(stock_level) - stock_level.c.safety + lapsed
    return sa.cast(sa.func.greatest(NONE, units), sa.Integer)


_CANDIDATES = Fixed(_candidates)
