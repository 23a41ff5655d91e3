"""What mutations of notifications, preferences and endpoints answer."""

from typing import Annotated

import strawberry

from domain.notifications.endpoints import MANAGERS
from domain.notifications.preferences import SETTERS
from domain.notifications.resending import RESENDERS
from schema.access import access
from schema.errors import CommonError
from schema.notifications.types import Notification, NotificationPreferences, WebhookEndpoint


@access(*sorted(SETTERS))
@strawberry.type(description="The preferences as they are now.")
class SetNotificationPreferencesPayload:
    """Answer of setNotificationPreferences."""

    preferences: NotificationPreferences = strawberry.field(description="The preferences.")
    customer_version: int = strawberry.field(description="The customer's version since then.")


@access(*sorted(RESENDERS))
@strawberry.type(description="The notification, which is sent again within seconds.")
class ResendNotificationPayload:
    """Answer of resendNotification."""

    notification: Notification = strawberry.field(description="The notification as it is now.")


@access(*sorted(MANAGERS))
@strawberry.type(description="The new endpoint.")
class CreateWebhookEndpointPayload:
    """Answer of createWebhookEndpoint."""

    endpoint: WebhookEndpoint = strawberry.field(description="The endpoint.")
    secret: str | None = strawberry.field(
        description="The secret that its messages are signed with (`whsec_...`). Shown this once; "
        "null when the same idempotency key is sent again."
    )


@access(*sorted(MANAGERS))
@strawberry.type(description="The changed endpoint.")
class UpdateWebhookEndpointPayload:
    """Answer of updateWebhookEndpoint."""

    endpoint: WebhookEndpoint = strawberry.field(description="The endpoint as it is now.")


@access(*sorted(MANAGERS))
@strawberry.type(description="The endpoint with its new secret.")
class RotateWebhookSecretPayload:
    """Answer of rotateWebhookSecret."""

    endpoint: WebhookEndpoint = strawberry.field(description="The endpoint as it is now.")
    secret: str | None = strawberry.field(
        description="The new secret; messages are signed with the former one too for a day. Shown "
        "this once; null when the same idempotency key is sent again."
    )


@access(*sorted(MANAGERS))
@strawberry.type(description="The disabled endpoint.")
class DisableWebhookEndpointPayload:
    """Answer of disableWebhookEndpoint."""

    endpoint: WebhookEndpoint = strawberry.field(description="The endpoint as it is now.")


SetNotificationPreferencesResult = Annotated[
    SetNotificationPreferencesPayload | CommonError,
    strawberry.union(
        "SetNotificationPreferencesResult", description="What setNotificationPreferences answers."
    ),
]
ResendNotificationResult = Annotated[
    ResendNotificationPayload | CommonError,
    strawberry.union("ResendNotificationResult", description="What resendNotification answers."),
]
CreateWebhookEndpointResult = Annotated[
    CreateWebhookEndpointPayload | CommonError,
    strawberry.union(
        "CreateWebhookEndpointResult", description="What createWebhookEndpoint answers."
    ),
]
UpdateWebhookEndpointResult = Annotated[
    UpdateWebhookEndpointPayload | CommonError,
    strawberry.union(
        "UpdateWebhookEndpointResult", description="What updateWebhookEndpoint answers."
    ),
]
RotateWebhookSecretResult = Annotated[
    RotateWebhookSecretPayload | CommonError,
    strawberry.union("RotateWebhookSecretResult", description="What rotateWebhookSecret answers."),
]
DisableWebhookEndpointResult = Annotated[
    DisableWebhookEndpointPayload | CommonError,
    strawberry.union(
        "DisableWebhookEndpointResult", description="What disableWebhookEndpoint answers."
    ),
]
