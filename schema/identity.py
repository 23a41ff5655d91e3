"""Callers and devices as clients see them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

import strawberry
from strawberry import relay

from domain.common.ids import DeviceId, LocationId
from domain.identity import device, repository
from domain.identity.enroll import EnrollDevice
from domain.identity.model import Actor, Role
from domain.identity.revoke import RevokeDevice, RevokeSession
from schema.access import access
from schema.context import Info
from schema.enums import described
from schema.errors import CommonError
from schema.ids import global_id, id_of, uuids_of
from schema.inputs import KEY, VERSION, utc_moment
from schema.locations.types import Location, load_location

MANAGERS = (Role.STORE_MANAGER, Role.OPERATIONS, Role.ADMIN)
"""The roles that manage devices; a STORE_MANAGER those of its own locations."""

described(
    Role,
    "What a caller is. A caller has exactly one role.",
    {
        "CUSTOMER": "A customer: sees what is public, and what is its own.",
        "POS": "A till in a store.",
        "STORE_MANAGER": "Runs one or more stores.",
        "CALL_CENTER": "Serves customers of all channels by phone.",
        "WAREHOUSE": "Picks, packs, ships and receives at one or more locations.",
        "OPERATIONS": "Runs stock and fulfillment over all locations.",
        "FINANCE": "Sees orders and money over all locations.",
        "ADMIN": "May do everything.",
        "CHANNEL": "An integration, such as a marketplace, that sells on one or more channels.",
    },
)


@access()
@strawberry.type(description="The caller, as its token describes it.")
class Viewer:
    """The caller's own Actor."""

    subject: str = strawberry.field(description="Who it is, in the words of the token's issuer.")
    role: Role = strawberry.field(description="What it may do.")
    location_ids: list[relay.GlobalID] = strawberry.field(
        description="Locations that it works at; empty when its role is not bound to any."
    )
    channels: list[str] = strawberry.field(
        description="Codes of the channels that it sells on; empty when its role is not bound."
    )
    customer_id: relay.GlobalID | None = strawberry.field(
        description="The customer that it is; null for other roles."
    )
    session_id: UUID | None = strawberry.field(
        description="Id of its token, by which an ADMIN can revoke it."
    )
    expires_at: datetime | None = strawberry.field(description="When its token ends (UTC).")

    @classmethod
    def of(cls, actor: Actor) -> Self:
        """The twin."""
        customer = actor.customer_id
        return cls(
            subject=actor.subject,
            role=actor.role,
            location_ids=[global_id("Location", key) for key in sorted(actor.location_ids)],
            channels=sorted(actor.channel_codes),
            customer_id=global_id("Customer", customer) if customer else None,
            session_id=actor.token_id,
            expires_at=actor.expires_at,
        )


@access(*MANAGERS)
@strawberry.type(description="A device with a long-lived key, such as a till.")
class Device(relay.Node):
    """Twin of domain Device."""

    id: relay.NodeID[str]
    name: str = strawberry.field(description="Name for people.")
    role: Role = strawberry.field(description="What it may do: POS or WAREHOUSE.")
    key_prefix: str = strawberry.field(description="Start of its key; the rest is kept nowhere.")
    enrolled_by: str = strawberry.field(description="Who enrolled it.")
    enrolled_at: datetime = strawberry.field(description="When it was enrolled (UTC).")
    expires_at: datetime | None = strawberry.field(
        description="When its key ends (UTC); null when it lasts."
    )
    last_seen_at: datetime | None = strawberry.field(
        description="When it last got a token for its key (UTC); null when it never did."
    )
    revoked_at: datetime | None = strawberry.field(
        description="When it was revoked (UTC); null while it is not."
    )
    version: int = strawberry.field(description="Number of its changes so far.")
    location_key: strawberry.Private[LocationId]

    @strawberry.field(description="Where it stands.")
    async def location(self, info: Info) -> Location | None:
        return await load_location(info.context, self.location_key)

    @classmethod
    async def resolve_nodes(
        cls, *, info: Info, node_ids: Iterable[str], required: bool = False
    ) -> list[Any]:
        """The devices that the caller manages; null for all others."""
        keys, actor = list(node_ids), info.context.caller
        ids = [DeviceId(key) for key in uuids_of(keys)]
        found = await info.context.read(lambda c: repository.by_ids(c, ids, actor))
        nodes = {str(key): cls.of(each) for key, each in found.items()}
        return [nodes.get(key.lower()) for key in keys]

    @classmethod
    def of(cls, given: device.Device) -> Self:
        """The twin."""
        return cls(
            id=str(given.id),
            name=given.name,
            role=given.role,
            key_prefix=given.key_prefix,
            enrolled_by=given.enrolled_by,
            enrolled_at=given.enrolled_at,
            expires_at=given.expires_at,
            last_seen_at=given.last_seen_at,
            revoked_at=given.revoked_at,
            version=given.version,
            location_key=given.location_id,
        )


@strawberry.input(description="A device that is to get a key.")
class EnrollDeviceInput:
    idempotency_key: str = strawberry.field(description=KEY)
    name: str = strawberry.field(description="Name for people, 1 to 100 characters.")
    role: Role = strawberry.field(description="What it may do: POS or WAREHOUSE.")
    location_id: relay.GlobalID = strawberry.field(description="Where it stands.")
    expires_at: datetime | None = strawberry.field(
        default=None, description="When its key ends, with an offset from UTC; null: it lasts."
    )

    def to_domain(self) -> EnrollDevice:
        """The command.

        Raises:
            ValidationFailed: an id or a moment is malformed.
        """
        return EnrollDevice(
            idempotency_key=self.idempotency_key,
            name=self.name,
            role=self.role,
            location_id=LocationId(id_of(self.location_id, "Location", "locationId")),
            expires_at=utc_moment("expiresAt", self.expires_at),
        )


@strawberry.input(description="A device whose key and tokens are to stop working.")
class RevokeDeviceInput:
    idempotency_key: str = strawberry.field(description=KEY)
    device_id: relay.GlobalID = strawberry.field(description="The device.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> RevokeDevice:
        """The command.

        Raises:
            ValidationFailed: the id is not a device's.
        """
        device_id = DeviceId(id_of(self.device_id, "Device", "deviceId"))
        return RevokeDevice(self.idempotency_key, device_id, self.expected_version)


@strawberry.input(description="A token that is to stop working before it ends.")
class RevokeSessionInput:
    idempotency_key: str = strawberry.field(description=KEY)
    session_id: UUID = strawberry.field(
        description="Id of the token: its `jti`, and `sessionId` of its viewer."
    )

    def to_domain(self) -> RevokeSession:
        """The command."""
        return RevokeSession(self.idempotency_key, self.session_id)


@access(*MANAGERS)
@strawberry.type(description="The enrolled device.")
class EnrollDevicePayload:
    device: Device = strawberry.field(description="The device.")
    key: str | None = strawberry.field(
        description="Its key: exchange it at POST /auth/device for short tokens. Shown this once; "
        "null when the same idempotency key is sent again."
    )


@access(*MANAGERS)
@strawberry.type(description="The revoked device.")
class RevokeDevicePayload:
    device: Device = strawberry.field(description="The device as it is now.")


@access(Role.ADMIN)
@strawberry.type(description="The revoked token.")
class RevokeSessionPayload:
    session_id: UUID = strawberry.field(description="Id of the token.")
    revoked_at: datetime = strawberry.field(description="When it was revoked (UTC).")


EnrollDeviceResult = Annotated[
    EnrollDevicePayload | CommonError,
    strawberry.union("EnrollDeviceResult", description="The device with its key, or why not."),
]
RevokeDeviceResult = Annotated[
    RevokeDevicePayload | CommonError,
    strawberry.union("RevokeDeviceResult", description="The revoked device, or why not."),
]
RevokeSessionResult = Annotated[
    RevokeSessionPayload | CommonError,
    strawberry.union("RevokeSessionResult", description="The revoked token, or why not."),
]
