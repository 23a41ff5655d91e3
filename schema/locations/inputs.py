"""What the outside may ask of locations."""

from datetime import time
from decimal import Decimal

import strawberry
from strawberry import relay

from domain.common.ids import ChannelCode, LocationId
from domain.common.patch import KEEP, Keep
from domain.locations import model, service
from domain.locations.model import LocationCode
from schema.geography import GeoPointInput
from schema.ids import id_of
from schema.inputs import KEY, VERSION, given
from schema.locations.enums import LocationKind


@strawberry.input(description="One period of a weekday when a location is open, in local time.")
class OpeningHoursInput:
    weekday: int = strawberry.field(description="1 (Monday) to 7 (Sunday), as in ISO 8601.")
    opens: time = strawberry.field(description="When it opens, in hours and minutes.")
    closes: time = strawberry.field(
        description="When it closes, later than opens; 00:00 is the end of the day."
    )

    def to_domain(self) -> model.OpeningHours:
        """The period, not yet checked."""
        return model.OpeningHours(self.weekday, self.opens, self.closes)


@strawberry.input(description="Where a location is. Lines have at most 200 characters.")
class LocationAddressInput:
    city: str = strawberry.field(description="Town.")
    country: str = strawberry.field(description="ISO 3166-1 alpha-2 code, such as IT.")
    street: str = strawberry.field(default="", description="Street and house number.")
    region: str = strawberry.field(default="", description="Province or state.")
    postal_code: str = strawberry.field(default="", description="Postal code.")

    def to_domain(self) -> service.LocationAddress:
        """The address, not yet checked."""
        return service.LocationAddress(
            city=self.city,
            country=self.country,
            street=self.street,
            region=self.region,
            postal_code=self.postal_code,
        )


@strawberry.input(description="A new location.")
class CreateLocationInput:
    idempotency_key: str = strawberry.field(description=KEY)
    code: str = strawberry.field(
        description="Short unique name: 1 to 64 letters, digits, `.`, `_`, `-`. Never changes."
    )
    name: str = strawberry.field(description="Name for people, 1 to 200 characters.")
    kind: LocationKind = strawberry.field(description="What it is to the retailer.")
    address: LocationAddressInput = strawberry.field(description="Where it is.")
    position: GeoPointInput = strawberry.field(description="Where it is on earth.")
    time_zone: str = strawberry.field(description="IANA time zone, such as Europe/Rome.")
    can_ship: bool = strawberry.field(description="Whether it ships parcels.")
    can_pickup: bool = strawberry.field(description="Whether customers can collect orders here.")
    can_receive_returns: bool = strawberry.field(description="Whether it takes returns.")
    opening_hours: list[OpeningHoursInput] = strawberry.field(
        default_factory=list[OpeningHoursInput],
        description="When it is open; without any it works every day.",
    )
    cut_off: time | None = strawberry.field(
        default=None, description="Local time of a working day's last hand-over to the carrier."
    )
    daily_capacity: int | None = strawberry.field(
        default=None, description="Fulfillment orders that it can do in a day; null for no limit."
    )
    priority: int = strawberry.field(default=100, description="Sourcing prefers lower numbers.")
    trust: Decimal = strawberry.field(
        default=Decimal(1), description="Trust in its stock figures, 0 to 1."
    )
    active: bool = strawberry.field(default=True, description="Whether it is in use.")
    tags: list[str] = strawberry.field(
        default_factory=list[str],
        description="Words that sourcing rules can refer to: small letters, digits, `_`, `-`; at "
        "most 50.",
    )

    def to_domain(self) -> service.CreateLocation:
        """The command."""
        return service.CreateLocation(
            idempotency_key=self.idempotency_key,
            code=LocationCode(self.code),
            name=self.name,
            kind=self.kind,
            address=self.address.to_domain(),
            position=self.position.to_domain(),
            time_zone=self.time_zone,
            can_ship=self.can_ship,
            can_pickup=self.can_pickup,
            can_receive_returns=self.can_receive_returns,
            opening_hours=tuple(hours.to_domain() for hours in self.opening_hours),
            cut_off=self.cut_off,
            daily_capacity=self.daily_capacity,
            priority=self.priority,
            trust=self.trust,
            active=self.active,
            tags=tuple(self.tags),
        )


@strawberry.input(description="Other values for a location. What is left out stays as it is.")
class UpdateLocationInput:
    idempotency_key: str = strawberry.field(description=KEY)
    id: relay.GlobalID = strawberry.field(description="The location.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    name: strawberry.Maybe[str] = strawberry.field(description="Name for people.")
    kind: strawberry.Maybe[LocationKind] = strawberry.field(
        description="What it is to the retailer."
    )
    address: strawberry.Maybe[LocationAddressInput] = strawberry.field(
        description="Where it is: the whole address."
    )
    position: strawberry.Maybe[GeoPointInput] = strawberry.field(
        description="Where it is on earth."
    )
    time_zone: strawberry.Maybe[str] = strawberry.field(description="IANA time zone.")
    opening_hours: strawberry.Maybe[list[OpeningHoursInput]] = strawberry.field(
        description="All its opening hours; none when it works every day."
    )
    cut_off: strawberry.Maybe[time | None] = strawberry.field(
        description="Local time of the last hand-over to the carrier; null when there is none."
    )
    daily_capacity: strawberry.Maybe[int | None] = strawberry.field(
        description="Fulfillment orders that it can do in a day; null for no limit."
    )
    priority: strawberry.Maybe[int] = strawberry.field(
        description="Sourcing prefers lower numbers."
    )
    trust: strawberry.Maybe[Decimal] = strawberry.field(
        description="Trust in its stock figures, 0 to 1."
    )
    can_ship: strawberry.Maybe[bool] = strawberry.field(description="Whether it ships parcels.")
    can_pickup: strawberry.Maybe[bool] = strawberry.field(
        description="Whether customers can collect orders here."
    )
    can_receive_returns: strawberry.Maybe[bool] = strawberry.field(
        description="Whether it takes returns."
    )
    active: strawberry.Maybe[bool] = strawberry.field(description="Whether it is in use.")
    tags: strawberry.Maybe[list[str]] = strawberry.field(description="All its tags.")

    def to_domain(self) -> service.UpdateLocation:
        """The command.

        Raises:
            ValidationFailed: the id is not that of a location.
        """
        return service.UpdateLocation(
            idempotency_key=self.idempotency_key,
            location_id=LocationId(id_of(self.id, "Location")),
            expected_version=self.expected_version,
            name=given(self.name),
            kind=given(self.kind),
            address=self.address.value.to_domain() if self.address else KEEP,
            position=self.position.value.to_domain() if self.position else KEEP,
            time_zone=given(self.time_zone),
            opening_hours=self._hours(),
            cut_off=given(self.cut_off),
            daily_capacity=given(self.daily_capacity),
            priority=given(self.priority),
            trust=given(self.trust),
            can_ship=given(self.can_ship),
            can_pickup=given(self.can_pickup),
            can_receive_returns=given(self.can_receive_returns),
            active=given(self.active),
            tags=tuple(self.tags.value) if self.tags else KEEP,
        )

    def _hours(self) -> tuple[model.OpeningHours, ...] | Keep:
        if self.opening_hours is None:
            return KEEP
        return tuple(hours.to_domain() for hours in self.opening_hours.value)


@strawberry.input(description="The locations that a channel may draw on, all of them.")
class AssignChannelLocationsInput:
    idempotency_key: str = strawberry.field(description=KEY)
    channel: str = strawberry.field(description="Code of the channel.")
    location_ids: list[relay.GlobalID] = strawberry.field(
        description="Exactly these locations serve the channel from now on; at most 5,000."
    )

    def to_domain(self) -> service.AssignChannelLocations:
        """The command, its locations sorted and each once.

        Raises:
            ValidationFailed: an id is not that of a location.
        """
        ids = {LocationId(id_of(each, "Location", "locationIds")) for each in self.location_ids}
        return service.AssignChannelLocations(
            idempotency_key=self.idempotency_key,
            channel=ChannelCode(self.channel),
            location_ids=tuple(sorted(ids)),
        )
