"""Notifications, preferences and endpoints of partners."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry import relay

from domain.common.ids import CustomerId, OrderId
from domain.common.paging import PageRequest
from domain.identity.model import STAFF, Role
from domain.notifications import model, repository
from domain.notifications.endpoints import MANAGERS, may_manage
from domain.notifications.preferences import SETTERS
from schema.access import access
from schema.connections import Connection, connection_of
from schema.context import Info
from schema.ids import global_id, uuids_of
from schema.inputs import After, First
from schema.notifications.enums import NotificationChannel, NotificationKind, NotificationState
from schema.refusals import checked

READERS = (*STAFF, Role.CHANNEL)


@access(*READERS)
@strawberry.type(description="One try to send a notification, or a demand to send it again.")
class NotificationAttempt:
    """Twin of domain Attempt."""

    number: int = strawberry.field(
        description="1 for the first try; 0 and below for demands to send it again."
    )
    at: datetime = strawberry.field(description="When (UTC).")
    outcome: str = strawberry.field(
        description="SENT, TRY_AGAIN, REFUSED, GONE, SKIPPED, or ASKED_AGAIN."
    )
    reason: str | None = strawberry.field(description="Why it was not taken, such as `SMTP 450`.")
    actor: str | None = strawberry.field(description="Role and name of who asked for it again.")


@access(*READERS)
@strawberry.type(description="Something told to a customer or a partner on one channel, once.")
class Notification(relay.Node):
    """Twin of domain Notification."""

    id: relay.NodeID[str]
    order_id: relay.GlobalID = strawberry.field(description="The order that it is about.")
    kind: NotificationKind = strawberry.field(description="What is told.")
    channel: NotificationChannel = strawberry.field(description="On which way.")
    endpoint_id: relay.GlobalID | None = strawberry.field(
        description="The partner's endpoint, for the channel WEBHOOK."
    )
    state: NotificationState = strawberry.field(description="How far it has come.")
    attempts: int = strawberry.field(description="How often it was tried.")
    created_at: datetime = strawberry.field(description="When it became known (UTC).")
    next_try_at: datetime | None = strawberry.field(
        description="When it is tried next (UTC); null when it is not."
    )
    sent_at: datetime | None = strawberry.field(
        description="When a server took it last (UTC); null before."
    )
    address: str | None = strawberry.field(
        description="Where it went, masked, such as `a***@e***.com`; null before the first try and "
        "for webhooks."
    )
    reason: str | None = strawberry.field(
        description="Why it was skipped, failed, or is tried again."
    )
    key: strawberry.Private[model.NotificationId]

    @strawberry.field(description="All tries, oldest first.")
    async def log(self, info: Info) -> list[NotificationAttempt]:
        """The tries, loaded for all notifications of the operation at once."""

        async def load(keys: list[UUID]) -> list[Any]:
            found = await info.context.read(lambda c: repository.attempts_of(c, keys))
            return [found.get(model.NotificationId(key), []) for key in keys]

        tries = await info.context.loader("attempts_by_notification", load).load(self.key)
        return [
            NotificationAttempt(
                number=each.number,
                at=each.at,
                outcome=each.outcome,
                reason=each.reason,
                actor=each.actor,
            )
            for each in tries
        ]

    @classmethod
    async def resolve_nodes(
        cls, *, info: Info, node_ids: Iterable[str], required: bool = False
    ) -> list[Any]:
        """The notifications that the caller may see; null for all others."""
        del required
        wanted, actor = list(node_ids), info.context.actor
        if actor is None:
            return [None] * len(wanted)
        found = await info.context.read(
            lambda c: repository.notifications_seen_by(c, actor, uuids_of(wanted))
        )
        by_key = {str(key): cls.of(each) for key, each in found.items()}
        return [by_key.get(key) for key in wanted]

    @staticmethod
    def of(told: model.Notification) -> "Notification":
        """The twin."""
        endpoint = told.endpoint_id
        return Notification(
            id=str(told.id),
            order_id=global_id("Order", told.order_id),
            kind=told.kind,
            channel=told.channel,
            endpoint_id=global_id("WebhookEndpoint", endpoint) if endpoint else None,
            state=told.state,
            attempts=told.attempts,
            created_at=told.created_at,
            next_try_at=told.next_try_at,
            sent_at=told.sent_at,
            address=told.masked,
            reason=told.reason,
            key=told.id,
        )


async def load_notifications(info: Info, order_id: OrderId) -> list[Notification]:
    """What was told of an order, oldest first, loaded for all orders of the operation at once."""

    async def load(keys: list[UUID]) -> list[Any]:
        found = await info.context.read(lambda c: repository.notifications_of(c, keys))
        return [found.get(OrderId(key), []) for key in keys]

    told = await info.context.loader("notifications_by_order", load).load(order_id)
    return [Notification.of(each) for each in told]


@access(*sorted(SETTERS))
@strawberry.type(description="How a customer wants to be told.")
class NotificationPreferences:
    """Twin of domain Preferences."""

    customer_id: relay.GlobalID = strawberry.field(description="The customer.")
    channels: list[NotificationChannel] = strawberry.field(
        description="Where they want to be told; elsewhere only if they cannot be reached there."
    )
    muted: list[NotificationKind] = strawberry.field(
        description="What they do not want to be told of."
    )
    updated_at: datetime | None = strawberry.field(
        description="When they said so (UTC); null for the defaults."
    )

    @staticmethod
    def of(found: model.Preferences) -> "NotificationPreferences":
        """The twin."""
        return NotificationPreferences(
            customer_id=global_id("Customer", found.customer_id),
            channels=list(found.channels),
            muted=list(found.muted),
            updated_at=found.updated_at,
        )


async def load_preferences(info: Info, customer_id: CustomerId) -> NotificationPreferences:
    """The preferences as they are on the primary."""
    found = await info.context.read_primary(lambda c: repository.preferences_of(c, customer_id))
    return NotificationPreferences.of(found)


@access(*sorted(MANAGERS))
@strawberry.type(description="Where a partner wants to be told of orders.")
class WebhookEndpoint(relay.Node):
    """Twin of domain Endpoint."""

    id: relay.NodeID[str]
    url: str = strawberry.field(description="The address that is called.")
    description: str = strawberry.field(description="What it is for; may be empty.")
    kinds: list[NotificationKind] = strawberry.field(
        description="What it is told of; everything when empty."
    )
    channels: list[str] = strawberry.field(
        description="Codes of the sales channels whose orders it is told of; all when empty."
    )
    enabled: bool = strawberry.field(description="Whether it is told anything.")
    disabled_reason: str | None = strawberry.field(description="Why not, if somebody said so.")
    created_by: str = strawberry.field(description="Role and name of who made it.")
    created_at: datetime = strawberry.field(description="When it was made (UTC).")
    updated_at: datetime = strawberry.field(description="When it was changed last (UTC).")
    version: int = strawberry.field(description="Raised by one with every change.")
    key: strawberry.Private[model.EndpointId]

    @strawberry.field(description="What it was told, newest first.")
    async def deliveries(
        self, info: Info, first: First = 20, after: After = None
    ) -> Connection[Notification]:
        """A page of its notifications."""
        request = checked(lambda: PageRequest.of(first, after))
        page = await info.context.read(lambda c: repository.deliveries_page(c, self.key, request))

        async def count() -> int:
            return await info.context.read(lambda c: repository.count_deliveries(c, self.key))

        return connection_of(page, Notification.of, count)

    @classmethod
    async def resolve_nodes(
        cls, *, info: Info, node_ids: Iterable[str], required: bool = False
    ) -> list[Any]:
        """The endpoints in the caller's scope; null for all others."""
        del required
        found = {each.id: each for each in await load_endpoints(info)}
        return [found.get(key) for key in node_ids]

    @staticmethod
    def of(endpoint: model.Endpoint) -> "WebhookEndpoint":
        """The twin."""
        return WebhookEndpoint(
            id=str(endpoint.id),
            url=endpoint.url,
            description=endpoint.description,
            kinds=list(endpoint.kinds),
            channels=list(endpoint.channels),
            enabled=endpoint.enabled,
            disabled_reason=endpoint.disabled_reason,
            created_by=endpoint.created_by,
            created_at=endpoint.created_at,
            updated_at=endpoint.updated_at,
            version=endpoint.version,
            key=endpoint.id,
        )


async def load_endpoints(info: Info) -> list[WebhookEndpoint]:
    """The endpoints in the caller's scope, oldest first."""
    actor = info.context.actor
    if actor is None:
        return []
    found = await info.context.read_primary(repository.all_endpoints)
    return [WebhookEndpoint.of(each) for each in found if may_manage(actor, each)]
