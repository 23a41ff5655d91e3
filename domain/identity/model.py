"""Actors: who calls, in which role, for which locations and channels."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.common.ids import ChannelCode, CustomerId, DeviceId, LocationId


class Role(StrEnum):
    """What a caller is. A caller has exactly one role."""

    CUSTOMER = "CUSTOMER"
    POS = "POS"
    STORE_MANAGER = "STORE_MANAGER"
    CALL_CENTER = "CALL_CENTER"
    WAREHOUSE = "WAREHOUSE"
    OPERATIONS = "OPERATIONS"
    FINANCE = "FINANCE"
    ADMIN = "ADMIN"
    CHANNEL = "CHANNEL"


AT_LOCATION = frozenset({Role.POS, Role.STORE_MANAGER, Role.WAREHOUSE})
"""Roles that work at given locations and see nothing of others."""

HEAD_OFFICE = frozenset({Role.CALL_CENTER, Role.OPERATIONS, Role.FINANCE, Role.ADMIN})
"""Roles that see all locations, channels and customers."""

STAFF = AT_LOCATION | HEAD_OFFICE
"""All human roles of the retailer."""


@dataclass(frozen=True, slots=True)
class Actor:
    """An authenticated caller.

    `location_ids` limits roles in AT_LOCATION, `channel_codes` limits CHANNEL, `customer_id` limits
    CUSTOMER; a role that needs a scope and has none sees nothing.
    """

    subject: str
    role: Role
    location_ids: frozenset[LocationId] = frozenset()
    channel_codes: frozenset[ChannelCode] = frozenset()
    customer_id: CustomerId | None = None
    token_id: UUID | None = None
    device_id: DeviceId | None = None
    expires_at: datetime | None = None

    @property
    def key(self) -> str:
        """The name under which idempotency keys and history are kept."""
        return f"{self.role.value}:{self.subject}"

    @property
    def scope(self) -> tuple[str, ...]:
        """What this actor may see: equal scopes see equal data, apart from the orders that each has
        placed (`domain.orders.visibility`).
        """
        return (
            self.role.value,
            *sorted(str(location) for location in self.location_ids),
            *sorted(self.channel_codes),
            str(self.customer_id or ""),
        )

    def works_at(self, location_id: LocationId) -> bool:
        """Whether the actor may act for this location."""
        if self.role in AT_LOCATION:
            return location_id in self.location_ids
        return self.role in HEAD_OFFICE

    def sells_on(self, channel: ChannelCode) -> bool:
        """Whether the actor may place or read orders of this channel."""
        if self.role is Role.CHANNEL:
            return channel in self.channel_codes
        return True
