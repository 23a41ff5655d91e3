"""Locations as clients see them."""

from collections.abc import Iterable
from datetime import datetime, time
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

import strawberry
from strawberry import relay

from domain.common.ids import LocationId
from domain.identity.model import STAFF, Role
from domain.locations import model
from domain.locations.repository import Listed, all_locations_by_id, locations_by_id
from schema.access import Allow, access
from schema.context import Context, Info
from schema.geography import GeoPoint
from schema.ids import uuids_of
from schema.inputs import at_or_now
from schema.locations.enums import LocationKind


@access()
@strawberry.type(description="One period of a weekday when a location is open, in local time.")
class OpeningHours:
    weekday: int = strawberry.field(description="1 (Monday) to 7 (Sunday), as in ISO 8601.")
    opens: time = strawberry.field(description="When it opens.")
    closes: time = strawberry.field(description="When it closes; 00:00 is the end of the day.")


@access()
@strawberry.type(description="Where a location is.")
class LocationAddress:
    street: str = strawberry.field(description="Street and house number; may be empty.")
    city: str = strawberry.field(description="Town.")
    region: str = strawberry.field(description="Province or state; may be empty.")
    postal_code: str = strawberry.field(description="Postal code; may be empty.")
    country: str = strawberry.field(description="ISO 3166-1 alpha-2 code, such as IT.")


At = Annotated[
    datetime | None,
    strawberry.argument(description="The moment, with its offset; now unless given."),
]


@access()
@strawberry.type(description="A place that holds stock, serves orders, or both.")
class Location(relay.Node):
    """Twin of domain Location."""

    id: relay.NodeID[str]
    code: str = strawberry.field(description="Short unique name, such as ROMA-01.")
    name: str = strawberry.field(description="Name for people.")
    kind: LocationKind = strawberry.field(description="What it is to the retailer.")
    address: LocationAddress = strawberry.field(description="Where it is.")
    position: GeoPoint = strawberry.field(description="Where it is on earth.")
    time_zone: str = strawberry.field(description="IANA time zone, such as Europe/Rome.")
    opening_hours: list[OpeningHours] = strawberry.field(
        description="When it is open, by weekday and time; empty when it works every day."
    )
    cut_off: time | None = strawberry.field(
        description="Local time of a working day's last hand-over to the carrier, if there is one."
    )
    can_ship: bool = strawberry.field(description="Whether it ships parcels.")
    can_pickup: bool = strawberry.field(description="Whether customers can collect orders here.")
    can_receive_returns: bool = strawberry.field(description="Whether it takes returns.")
    active: bool = strawberry.field(description="Whether it is in use.")
    version: int = strawberry.field(description="Number of its changes so far.")
    daily_capacity: int | None = strawberry.field(
        description="Fulfillment orders that it can do in a day; null for no limit. Staff only.",
        extensions=[Allow(*STAFF)],
    )
    priority: int | None = strawberry.field(
        description="Sourcing prefers lower numbers. Staff only.", extensions=[Allow(*STAFF)]
    )
    trust: Decimal | None = strawberry.field(
        description="Trust in its stock figures, 0 to 1. Staff only.", extensions=[Allow(*STAFF)]
    )
    channels: list[str] | None = strawberry.field(
        description="Codes of the channels that may draw on it. Staff and integrations only.",
        extensions=[Allow(*STAFF, Role.CHANNEL)],
    )
    tags: list[str] | None = strawberry.field(
        description="Words that sourcing rules can refer to, sorted. Staff only.",
        extensions=[Allow(*STAFF)],
    )
    distance_km: float | None = strawberry.field(
        description="Distance from the point asked for, in km; null outside such lists.",
        default=None,
    )
    source: strawberry.Private[model.Location]

    @strawberry.field(description="Whether it is open.")
    def is_open(self, at: At = None) -> bool:
        return model.is_open(self.source, at_or_now(at))

    @strawberry.field(
        description="The next hand-over to the carrier (UTC); null when it has no cut-off."
    )
    def next_cut_off(self, at: At = None) -> datetime | None:
        return model.next_cut_off(self.source, at_or_now(at))

    @classmethod
    async def resolve_nodes(
        cls, *, info: Info, node_ids: Iterable[str], required: bool = False
    ) -> list[Any]:
        """The locations that the caller may see; null for all others."""
        keys, actor = list(node_ids), info.context.actor
        found = await info.context.read(lambda c: locations_by_id(c, uuids_of(keys), seen_by=actor))
        nodes = {str(key): cls.of(each) for key, each in found.items()}
        return [nodes.get(key.lower()) for key in keys]

    @classmethod
    def of(cls, location: model.Location, distance_km: float | None = None) -> Self:
        """The twin."""
        return cls(
            id=str(location.id),
            code=location.code,
            name=location.name,
            kind=location.kind,
            address=LocationAddress(
                street=location.street,
                city=location.city,
                region=location.region,
                postal_code=location.postal_code,
                country=location.country,
            ),
            position=GeoPoint(latitude=location.latitude, longitude=location.longitude),
            time_zone=location.time_zone,
            opening_hours=[
                OpeningHours(weekday=each.weekday, opens=each.opens, closes=each.closes)
                for each in location.opening_hours
            ],
            cut_off=location.cut_off,
            can_ship=location.can_ship,
            can_pickup=location.can_pickup,
            can_receive_returns=location.can_receive_returns,
            active=location.active,
            version=location.version,
            daily_capacity=location.daily_capacity,
            priority=location.priority,
            trust=location.trust,
            channels=list(location.channels),
            tags=list(location.tags),
            distance_km=distance_km,
            source=location,
        )

    @classmethod
    def listed(cls, entry: Listed) -> Self:
        """The twin of an entry of a list."""
        return cls.of(entry.location, entry.distance_km)


async def load_location(context: Context, location_id: UUID) -> Location | None:
    """The location, whoever asks: only for parts of objects that were scoped already. Loads of one
    operation are batched into one statement.
    """

    async def load(ids: list[Any]) -> list[Any]:
        found = await context.read(lambda c: all_locations_by_id(c, ids))
        return [found.get(LocationId(key)) for key in ids]

    found = await context.loader("location_by_id", load).load(location_id)
    return Location.of(found) if found is not None else None
