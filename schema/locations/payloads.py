"""What mutations of locations answer."""

from typing import Annotated

import strawberry
from strawberry import relay

from domain.locations import errors
from schema.access import access
from schema.errors import CommonError, Error, twin_of
from schema.locations.types import Location


@access()
@strawberry.type(description="The new location.")
class CreateLocationPayload:
    location: Location = strawberry.field(description="The location as it is now.")


@access()
@strawberry.type(description="The changed location.")
class UpdateLocationPayload:
    location: Location = strawberry.field(description="The location as it is now.")


@access()
@strawberry.type(description="The locations that a channel draws on.")
class AssignChannelLocationsPayload:
    channel: str = strawberry.field(description="Code of the channel.")
    location_ids: list[relay.GlobalID] = strawberry.field(description="Its locations.")


@twin_of(errors.LocationCodeTaken)
@access()
@strawberry.type(description="Another location has this code.")
class LocationCodeTakenError(Error):
    """Twin of LocationCodeTaken."""

    location_code: str = strawberry.field(description="The code that is in use.")

    @staticmethod
    def of(error: errors.LocationCodeTaken) -> "LocationCodeTakenError":
        """The twin."""
        return LocationCodeTakenError(
            code=error.code, message=error.message, location_code=error.location_code
        )


CreateLocationResult = Annotated[
    CreateLocationPayload | LocationCodeTakenError | CommonError,
    strawberry.union("CreateLocationResult", description="The new location, or why not."),
]
UpdateLocationResult = Annotated[
    UpdateLocationPayload | CommonError,
    strawberry.union("UpdateLocationResult", description="The changed location, or why not."),
]
AssignChannelLocationsResult = Annotated[
    AssignChannelLocationsPayload | CommonError,
    strawberry.union(
        "AssignChannelLocationsResult", description="The channel's locations, or why not."
    ),
]
