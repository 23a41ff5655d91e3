"""Notifications: what failed, sending again, preferences, and endpoints of partners."""

from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import relay

from domain.common.ids import CustomerId
from domain.common.paging import PageRequest
from domain.customers.repository import customers_by_id
from domain.identity.model import HEAD_OFFICE
from domain.notifications import repository
from domain.notifications.endpoints import (
    MANAGERS,
    EndpointDone,
    create_endpoint,
    disable_endpoint,
    rotate_secret,
    update_endpoint,
)
from domain.notifications.preferences import SETTERS, set_preferences
from domain.notifications.resending import RESENDERS, resend_notification
from resolvers.answering import answer
from schema.access import Allow
from schema.connections import Connection, connection_of
from schema.context import Context, Info
from schema.ids import id_of
from schema.inputs import INPUT, After, First
from schema.notifications.inputs import (
    CreateWebhookEndpointInput,
    DisableWebhookEndpointInput,
    ResendNotificationInput,
    RotateWebhookSecretInput,
    SetNotificationPreferencesInput,
    UpdateWebhookEndpointInput,
)
from schema.notifications.payloads import (
    CreateWebhookEndpointPayload,
    CreateWebhookEndpointResult,
    DisableWebhookEndpointPayload,
    DisableWebhookEndpointResult,
    ResendNotificationPayload,
    ResendNotificationResult,
    RotateWebhookSecretPayload,
    RotateWebhookSecretResult,
    SetNotificationPreferencesPayload,
    SetNotificationPreferencesResult,
    UpdateWebhookEndpointPayload,
    UpdateWebhookEndpointResult,
)
from schema.notifications.types import (
    Notification,
    NotificationPreferences,
    WebhookEndpoint,
    load_endpoints,
    load_preferences,
)
from schema.refusals import checked, refused


@strawberry.type
class NotificationsQuery:
    """Root fields that read what was told, and how it shall be."""

    @strawberry.field(
        description="Notifications that were given up, newest first. Head office only.",
        extensions=[Allow(*HEAD_OFFICE)],
    )
    async def failed_notifications(
        self, info: Info, first: First = 20, after: After = None
    ) -> Connection[Notification]:
        """A page of them."""
        actor = info.context.caller
        request = checked(lambda: PageRequest.of(first, after))
        page = await info.context.read(lambda c: repository.failed_page(c, actor, request))

        async def count() -> int:
            return await info.context.read(lambda c: repository.count_failed(c, actor))

        return connection_of(page, Notification.of, count)

    @strawberry.field(
        description="How a customer wants to be told. Customers read their own.",
        extensions=[Allow(*sorted(SETTERS))],
    )
    async def notification_preferences(
        self,
        info: Info,
        customer_id: Annotated[relay.GlobalID, strawberry.argument(description="The customer.")],
    ) -> NotificationPreferences:
        """The preferences, or the defaults."""
        actor = info.context.caller
        key = CustomerId(checked(lambda: id_of(customer_id, "Customer", "customerId")))
        found = await info.context.read(lambda c: customers_by_id(c, [key], seen_by=actor))
        if key not in found:
            raise refused("NOT_FOUND", "no such customer")
        return await load_preferences(info, key)

    @strawberry.field(
        description="Endpoints of partners, oldest first. An integration sees those of its "
        "channels.",
        extensions=[Allow(*sorted(MANAGERS))],
    )
    async def webhook_endpoints(self, info: Info) -> list[WebhookEndpoint]:
        """All of them, at most 100."""
        return await load_endpoints(info)


@strawberry.type
class NotificationsMutation:
    """Root fields that change what is told, and to whom."""

    @strawberry.mutation(
        description="Say where a customer wants to be told, and of what not. Customers say it for "
        "themselves.",
        extensions=[Allow(*sorted(SETTERS))],
    )
    async def set_notification_preferences(
        self, info: Info, input: Annotated[SetNotificationPreferencesInput, INPUT]
    ) -> SetNotificationPreferencesResult:
        """The preferences, or why not."""
        context = info.context

        async def change() -> SetNotificationPreferencesPayload:
            command = input.to_domain()
            done = await context.run(lambda tx: set_preferences(tx, command, actor=context.caller))
            preferences = await load_preferences(info, done.id)
            return SetNotificationPreferencesPayload(
                preferences=preferences, customer_version=done.version
            )

        return await answer(change())

    @strawberry.mutation(
        description="Send a notification again, whatever became of it, under the same key as "
        "before. An integration: to its own endpoints.",
        extensions=[Allow(*sorted(RESENDERS))],
    )
    async def resend_notification(
        self, info: Info, input: Annotated[ResendNotificationInput, INPUT]
    ) -> ResendNotificationResult:
        """The notification, or why not."""
        context = info.context

        async def change() -> ResendNotificationPayload:
            command = input.to_domain()
            done = await context.run(lambda tx: resend_notification(tx, context.caller, command))
            found = await context.read_primary(
                lambda c: repository.notifications_by_id(c, [done.id])
            )
            return ResendNotificationPayload(notification=Notification.of(found[0]))

        return await answer(change())

    @strawberry.mutation(
        description="Tell a partner's server of orders, by Standard Webhooks. An integration: of "
        "orders of its own channels.",
        extensions=[Allow(*sorted(MANAGERS))],
    )
    async def create_webhook_endpoint(
        self, info: Info, input: Annotated[CreateWebhookEndpointInput, INPUT]
    ) -> CreateWebhookEndpointResult:
        """The endpoint with its secret, or why not."""
        context = info.context

        async def change() -> CreateWebhookEndpointPayload:
            command = input.to_domain()
            made = await context.run(lambda tx: create_endpoint(tx, context.caller, command))
            endpoint = await _endpoint(context, made.done)
            return CreateWebhookEndpointPayload(endpoint=endpoint, secret=made.secret)

        return await answer(change())

    @strawberry.mutation(
        description="Change an endpoint, or enable it again.",
        extensions=[Allow(*sorted(MANAGERS))],
    )
    async def update_webhook_endpoint(
        self, info: Info, input: Annotated[UpdateWebhookEndpointInput, INPUT]
    ) -> UpdateWebhookEndpointResult:
        """The endpoint, or why not."""
        context = info.context

        async def change() -> UpdateWebhookEndpointPayload:
            command = input.to_domain()
            done = await context.run(lambda tx: update_endpoint(tx, context.caller, command))
            return UpdateWebhookEndpointPayload(endpoint=await _endpoint(context, done))

        return await answer(change())

    @strawberry.mutation(
        description="Give an endpoint a new secret.",
        extensions=[Allow(*sorted(MANAGERS))],
    )
    async def rotate_webhook_secret(
        self, info: Info, input: Annotated[RotateWebhookSecretInput, INPUT]
    ) -> RotateWebhookSecretResult:
        """The endpoint with its secret, or why not."""
        context = info.context

        async def change() -> RotateWebhookSecretPayload:
            command = input.to_domain()
            made = await context.run(lambda tx: rotate_secret(tx, context.caller, command))
            endpoint = await _endpoint(context, made.done)
            return RotateWebhookSecretPayload(endpoint=endpoint, secret=made.secret)

        return await answer(change())

    @strawberry.mutation(
        description="Tell an endpoint nothing any more; what waits for it is skipped.",
        extensions=[Allow(*sorted(MANAGERS))],
    )
    async def disable_webhook_endpoint(
        self, info: Info, input: Annotated[DisableWebhookEndpointInput, INPUT]
    ) -> DisableWebhookEndpointResult:
        """The endpoint, or why not."""
        context = info.context

        async def change() -> DisableWebhookEndpointPayload:
            command = input.to_domain()
            done = await context.run(lambda tx: disable_endpoint(tx, context.caller, command))
            return DisableWebhookEndpointPayload(endpoint=await _endpoint(context, done))

        return await answer(change())


async def _endpoint(context: Context, done: EndpointDone) -> WebhookEndpoint:
    """The endpoint that was just made or changed, as it is now."""
    found = await context.read_primary(lambda c: repository.endpoint_by_id(c, UUID(str(done.id))))
    assert found is not None  # endpoints are never deleted
    return WebhookEndpoint.of(found)
