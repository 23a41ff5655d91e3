"""Locations: reading them, and what operations may change."""

from typing import Annotated

import strawberry
from strawberry import relay

from domain.catalog.repository import require_channel
from domain.common.ids import LocationId
from domain.common.transaction import Tx
from domain.identity.model import Role
from domain.locations import service
from domain.locations.repository import (
    Listed,
    LocationFilter,
    all_locations_by_id,
    count_of_locations,
    location_by_code,
    locations_by_id,
    page_of_locations,
)
from resolvers.answering import answer
from schema.access import Allow
from schema.connections import Connection, connection_of
from schema.context import Context, Info
from schema.geography import NearInput
from schema.ids import global_id, id_of
from schema.inputs import INPUT, After, First
from schema.locations.enums import LocationKind
from schema.locations.inputs import (
    AssignChannelLocationsInput,
    CreateLocationInput,
    UpdateLocationInput,
)
from schema.locations.payloads import (
    AssignChannelLocationsPayload,
    AssignChannelLocationsResult,
    CreateLocationPayload,
    CreateLocationResult,
    UpdateLocationPayload,
    UpdateLocationResult,
)
from schema.locations.types import Location
from schema.refusals import asked, checked, only_one

PLANNERS = (Role.OPERATIONS, Role.ADMIN)


@strawberry.type
class LocationsQuery:
    """Root fields that read locations."""

    @strawberry.field(
        description="A location by id or by code. Everybody sees active ones that are no "
        "suppliers, staff see all. Null when unknown or not visible.",
        extensions=[Allow(anonymous=True)],
    )
    async def location(
        self,
        info: Info,
        location_id: Annotated[
            relay.GlobalID | None, strawberry.argument(name="id", description="Its global id.")
        ] = None,
        code: Annotated[str | None, strawberry.argument(description="Its code.")] = None,
    ) -> Location | None:
        """The location or null."""
        only_one(id=location_id, code=code)
        context, actor = info.context, info.context.actor
        if location_id is None:
            found = await context.read(lambda c: location_by_code(c, code or "", seen_by=actor))
        else:
            key = LocationId(checked(lambda: id_of(location_id, "Location")))
            by_id = await context.read(lambda c: locations_by_id(c, [key], seen_by=actor))
            found = by_id.get(key)
        return Location.of(found) if found else None

    @strawberry.field(
        description="Locations: the nearest first when `near` is given, else the newest first.",
        extensions=[Allow(anonymous=True)],
    )
    async def locations(
        self,
        info: Info,
        kind: Annotated[
            LocationKind | None, strawberry.argument(description="Only of this kind.")
        ] = None,
        country: Annotated[
            str | None,
            strawberry.argument(description="Only in this country (ISO 3166-1 alpha-2)."),
        ] = None,
        near: Annotated[
            NearInput | None, strawberry.argument(description="Only within this circle.")
        ] = None,
        first: First = 20,
        after: After = None,
    ) -> Connection[Location]:
        """A page of locations."""
        wanted = LocationFilter(kind, country, near.to_domain() if near else None)
        return await _page(info.context, wanted, first, after)


@strawberry.type
class LocationsMutation:
    """Root fields that change locations."""

    @strawberry.mutation(description="Create a location.", extensions=[Allow(*PLANNERS)])
    async def create_location(
        self, info: Info, given: Annotated[CreateLocationInput, INPUT]
    ) -> CreateLocationResult:
        """The new location, or why not."""

        async def work(tx: Tx) -> CreateLocationPayload:
            done = await service.create_location(tx, given.to_domain())
            return CreateLocationPayload(location=await _present(tx, done.id))

        return await answer(info.context.run(work))

    @strawberry.mutation(description="Change a location.", extensions=[Allow(*PLANNERS)])
    async def update_location(
        self, info: Info, given: Annotated[UpdateLocationInput, INPUT]
    ) -> UpdateLocationResult:
        """The changed location, or why not."""

        async def work(tx: Tx) -> UpdateLocationPayload:
            done = await service.update_location(tx, given.to_domain())
            return UpdateLocationPayload(location=await _present(tx, done.id))

        return await answer(info.context.run(work))

    @strawberry.mutation(
        description="Say which locations a channel may draw on. Each location that gains or loses "
        "the channel gets its next version.",
        extensions=[Allow(*PLANNERS)],
    )
    async def assign_channel_locations(
        self, info: Info, given: Annotated[AssignChannelLocationsInput, INPUT]
    ) -> AssignChannelLocationsResult:
        """The channel's locations, or why not."""

        async def work(tx: Tx) -> AssignChannelLocationsPayload:
            command = given.to_domain()
            await require_channel(tx.connection, command.channel)
            done = await service.assign_channel_locations(tx, command)
            return AssignChannelLocationsPayload(
                channel=done.channel,
                location_ids=[global_id("Location", each) for each in done.location_ids],
            )

        return await answer(info.context.run(work))


async def _present(tx: Tx, location_id: LocationId) -> Location:
    return Location.of((await all_locations_by_id(tx.connection, [location_id]))[location_id])


async def _page(
    context: Context, wanted: LocationFilter, first: int, after: str | None
) -> Connection[Location]:
    actor = context.actor
    page = await asked(
        context.read(
            lambda c: page_of_locations(c, wanted, first=first, after=after, seen_by=actor)
        )
    )

    async def count() -> int:
        return await context.read(lambda c: count_of_locations(c, wanted, seen_by=actor))

    def node(entry: Listed) -> Location:
        return Location.listed(entry)

    return connection_of(page, node, count)
