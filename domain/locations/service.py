"""Use cases: create a location, change it, and say which channels may draw on which locations."""

from dataclasses import asdict, dataclass, replace
from datetime import time
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import UpdateBase

from domain.common.errors import NotFound, ValidationFailed, check_version
from domain.common.faults import constraint_of
from domain.common.idempotency import once
from domain.common.ids import ChannelCode, LocationId, new_id
from domain.common.patch import KEEP, Keep, kept
from domain.common.sql import insert_many, together
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.locations.errors import LocationCodeTaken
from domain.locations.events import hours_record, location_changed, location_created
from domain.locations.model import (
    Coordinates,
    Location,
    LocationCode,
    LocationKind,
    OpeningHours,
    checked,
)
from domain.locations.repository import locked_location, locked_locations
from domain.locations.tables import channel_location, location

MAX_LOCATIONS_OF_A_CHANNEL = 5_000
_COLUMNS = [column.name for column in location.columns]


@dataclass(frozen=True, slots=True)
class LocationAddress:
    """Where a location is; `country` is ISO 3166-1 alpha-2."""

    city: str
    country: str
    street: str = ""
    region: str = ""
    postal_code: str = ""


@dataclass(frozen=True, slots=True)
class CreateLocation:
    """A new location; see `Location` for the meaning of the fields."""

    idempotency_key: str
    code: LocationCode
    name: str
    kind: LocationKind
    address: LocationAddress
    position: Coordinates
    time_zone: str
    can_ship: bool
    can_pickup: bool
    can_receive_returns: bool
    opening_hours: tuple[OpeningHours, ...] = ()
    cut_off: time | None = None
    daily_capacity: int | None = None
    priority: int = 100
    trust: Decimal = Decimal(1)
    active: bool = True
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UpdateLocation:
    """Other values for a location; KEEP leaves a field as it is."""

    idempotency_key: str
    location_id: LocationId
    expected_version: int | None = None
    name: str | Keep = KEEP
    kind: LocationKind | Keep = KEEP
    address: LocationAddress | Keep = KEEP
    position: Coordinates | Keep = KEEP
    time_zone: str | Keep = KEEP
    opening_hours: tuple[OpeningHours, ...] | Keep = KEEP
    cut_off: time | Keep | None = KEEP
    daily_capacity: int | Keep | None = KEEP
    priority: int | Keep = KEEP
    trust: Decimal | Keep = KEEP
    can_ship: bool | Keep = KEEP
    can_pickup: bool | Keep = KEEP
    can_receive_returns: bool | Keep = KEEP
    active: bool | Keep = KEEP
    tags: tuple[str, ...] | Keep = KEEP


@dataclass(frozen=True, slots=True)
class AssignChannelLocations:
    """Exactly these locations may serve the channel from now on."""

    idempotency_key: str
    channel: ChannelCode
    location_ids: tuple[LocationId, ...]


@dataclass(frozen=True, slots=True)
class LocationDone:
    """The location that a use case changed, with the version it has since."""

    id: LocationId
    version: int


@dataclass(frozen=True, slots=True)
class Assigned:
    """The locations that a channel draws on, sorted by id."""

    channel: ChannelCode
    location_ids: tuple[LocationId, ...]


async def create_location(tx: Tx, command: CreateLocation) -> LocationDone:
    """The new location, version 1; publishes LocationCreated.

    Raises:
        LocationCodeTaken: the code is in use. ValidationFailed: see `checked`.
        IdempotencyConflict: the key was used with another input.
    """

    async def work() -> LocationDone:
        created = checked(_new(command))
        statement = insert_many(location, _COLUMNS, [_row(created)])
        stored = await tx.connection.scalar(
            statement.on_conflict_do_nothing(index_elements=["code"]).returning(location.c.id)
        )
        if stored is None:
            raise LocationCodeTaken(created.code)
        await publish(tx, location_created(created))
        return LocationDone(created.id, created.version)

    return await once(tx, "createLocation", command, LocationDone, work)


async def update_location(tx: Tx, command: UpdateLocation) -> LocationDone:
    """The changed location; publishes LocationChanged unless every value is as it was.

    Locks the location's row.

    Raises:
        NotFound: there is no such location. VersionConflict: it changed since it was read.
        ValidationFailed: see `checked`. IdempotencyConflict: the key has another input.
    """

    async def work() -> LocationDone:
        before = await locked_location(tx.connection, command.location_id)
        check_version(command.expected_version, before.version)
        after = checked(_patched(before, command))
        if after != before:
            after = replace(after, version=before.version + 1)
            values = {name: value for name, value in _row(after).items() if name != "id"}
            await tx.connection.execute(
                sa.update(location).where(location.c.id == after.id).values(values)
            )
            await publish(tx, location_changed(after))
        return LocationDone(after.id, after.version)

    return await once(tx, "updateLocation", command, LocationDone, work)


async def assign_channel_locations(tx: Tx, command: AssignChannelLocations) -> Assigned:
    """The channel draws on exactly the given locations. Each location that gains or loses the
    channel gets its next version and a LocationChanged.

    The caller makes sure that the channel exists; a foreign key is the last line. Waits for other
    assignments of the channel, then locks the rows of all its old and new locations in order of
    their ids.

    Raises:
        NotFound: a location, or the channel, does not exist.
        ValidationFailed: more than 5,000 locations.
        IdempotencyConflict: the key was used with another input.
    """

    async def work() -> Assigned:
        wanted = set(command.location_ids)
        if len(wanted) > MAX_LOCATIONS_OF_A_CHANNEL:
            raise ValidationFailed("locationIds", f"more than {MAX_LOCATIONS_OF_A_CHANNEL}")
        await tx.connection.execute(
            sa.select(sa.func.pg_advisory_xact_lock(_lock_of(command.channel)))
        )
        found = await _locked_old_and_new(tx, command.channel, wanted)
        if missing := wanted - {each.id for each in found}:
            raise NotFound("location", str(min(missing)))
        gain = [each for each in found if command.channel not in each.channels]
        lose = [each for each in found if each.id not in wanted]
        if gain or lose:
            await _write_links(tx, command.channel, gain, lose)
        return Assigned(command.channel, tuple(sorted(wanted)))

    return await once(tx, "assignChannelLocations", command, Assigned, work)


def _lock_of(channel: ChannelCode) -> sa.ColumnElement[int]:
    return sa.func.hashtextextended(f"channel_location:{channel}", 0)


async def _locked_old_and_new(
    tx: Tx, channel: ChannelCode, wanted: set[LocationId]
) -> list[Location]:
    linked = sa.select(channel_location.c.location_id).where(channel_location.c.channel == channel)
    return await locked_locations(
        tx.connection, location.c.id.in_(wanted) | location.c.id.in_(linked)
    )


async def _write_links(
    tx: Tx, channel: ChannelCode, gain: list[Location], lose: list[Location]
) -> None:
    after = [
        *[replace(each, channels=tuple(sorted({*each.channels, channel}))) for each in gain],
        *[replace(each, channels=tuple(c for c in each.channels if c != channel)) for each in lose],
    ]
    after = [replace(each, version=each.version + 1) for each in after]
    ids: list[UUID] = [each.id for each in after]
    writes: list[UpdateBase] = [
        sa.update(location).where(location.c.id.in_(ids)).values(version=location.c.version + 1),
        sa.delete(channel_location).where(
            channel_location.c.channel == channel,
            channel_location.c.location_id.in_([each.id for each in lose]),
        ),
        insert(channel_location).from_select(
            ["channel", "location_id"],
            sa.select(sa.literal(channel, sa.Text), location.c.id).where(
                location.c.id.in_([each.id for each in gain])
            ),
        ),
    ]
    try:
        await tx.connection.execute(together(*writes))
    except IntegrityError as error:
        if constraint_of(error) == "fk_channel_location_channel":
            raise NotFound("channel", channel) from error
        raise
    await publish(tx, *[location_changed(each) for each in sorted(after, key=lambda e: e.id)])


def _new(command: CreateLocation) -> Location:
    return Location(
        id=LocationId(new_id()),
        code=command.code,
        name=command.name,
        kind=command.kind,
        **asdict(command.address),
        latitude=command.position.latitude,
        longitude=command.position.longitude,
        time_zone=command.time_zone,
        opening_hours=command.opening_hours,
        cut_off=command.cut_off,
        daily_capacity=command.daily_capacity,
        priority=command.priority,
        trust=command.trust,
        can_ship=command.can_ship,
        can_pickup=command.can_pickup,
        can_receive_returns=command.can_receive_returns,
        active=command.active,
        version=1,
        tags=command.tags,
    )


def _patched(before: Location, command: UpdateLocation) -> Location:
    address = kept(command.address, _address_of(before))
    position = kept(command.position, Coordinates(before.latitude, before.longitude))
    return replace(
        before,
        **asdict(address),
        **asdict(position),
        name=kept(command.name, before.name),
        kind=kept(command.kind, before.kind),
        time_zone=kept(command.time_zone, before.time_zone),
        opening_hours=kept(command.opening_hours, before.opening_hours),
        cut_off=kept(command.cut_off, before.cut_off),
        daily_capacity=kept(command.daily_capacity, before.daily_capacity),
        priority=kept(command.priority, before.priority),
        trust=kept(command.trust, before.trust),
        can_ship=kept(command.can_ship, before.can_ship),
        can_pickup=kept(command.can_pickup, before.can_pickup),
        can_receive_returns=kept(command.can_receive_returns, before.can_receive_returns),
        active=kept(command.active, before.active),
        tags=kept(command.tags, before.tags),
    )


def _address_of(location: Location) -> LocationAddress:
    return LocationAddress(
        city=location.city,
        country=location.country,
        street=location.street,
        region=location.region,
        postal_code=location.postal_code,
    )


def _row(location: Location) -> dict[str, Any]:
    values = asdict(location)
    del values["channels"]
    values["opening_hours"] = [hours_record(hours) for hours in location.opening_hours]
    return values
