"""Use case: how a customer wants to be told."""

from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert

from domain.common.errors import Forbidden, ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.ids import CustomerId
from domain.common.transaction import Tx
from domain.customers.events import Part
from domain.customers.repository import locked_customer
from domain.customers.saving import CustomerDone, save
from domain.identity.model import Actor, Role
from domain.notifications.model import (
    MAY_BE_MUTED,
    NotificationChannel,
    NotificationKind,
    chosen_channels,
)
from domain.notifications.tables import notification_preference

SETTERS = frozenset({Role.CUSTOMER, Role.CALL_CENTER, Role.OPERATIONS, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class SetPreferences:
    """The channels on which a customer is told, and what they do not want to hear of."""

    idempotency_key: str
    customer_id: CustomerId
    channels: tuple[NotificationChannel, ...]
    muted: tuple[NotificationKind, ...] = ()
    expected_version: int | None = None


async def set_preferences(tx: Tx, command: SetPreferences, *, actor: Actor) -> CustomerDone:
    """The customer, told so of the next news; publishes CustomerChanged.

    Raises:
        Forbidden: the actor's role does not set preferences.
        NotFound: there is no such customer, or the actor may not see it.
        ValidationFailed: no channel, one for partners, or something that is always told.
        VersionConflict: the customer changed since it was read. IdempotencyConflict: see there.

    Locks: the customer.
    """
    if actor.role not in SETTERS:
        raise Forbidden("this role does not set preferences")
    channels, muted = chosen_channels(command.channels), set(command.muted)
    if not channels or len(channels) != len(set(command.channels)):
        raise ValidationFailed("channels", "must be EMAIL, SMS, or both")
    if must := sorted(muted - MAY_BE_MUTED):
        raise ValidationFailed("muted", f"{must[0]} is always told")

    async def work() -> CustomerDone:
        before = await locked_customer(tx.connection, command.customer_id, seen_by=actor)
        check_version(command.expected_version, before.version)
        values = {
            "channels": [channel.value for channel in channels],
            "muted": [kind.value for kind in NotificationKind if kind in muted],
            "updated_at": await tx.now(),
        }
        row = insert(notification_preference).values(customer_id=before.id, **values)
        write = row.on_conflict_do_update(index_elements=["customer_id"], set_=values)
        return await save(tx, before, Part.CONSENT, write)

    return await once(tx, "setNotificationPreferences", command, CustomerDone, work)
