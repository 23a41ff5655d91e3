"""What clients ask of notifications, preferences and endpoints."""

import strawberry
from strawberry import relay

from domain.common.ids import ChannelCode, CustomerId
from domain.common.patch import KEEP
from domain.notifications.endpoints import (
    CreateEndpoint,
    DisableEndpoint,
    RotateSecret,
    UpdateEndpoint,
)
from domain.notifications.model import EndpointId, NotificationId
from domain.notifications.preferences import SetPreferences
from domain.notifications.resending import ResendNotification
from schema.ids import id_of
from schema.inputs import KEY, VERSION
from schema.notifications.enums import NotificationChannel, NotificationKind


@strawberry.input(description="How a customer wants to be told from now on.")
class SetNotificationPreferencesInput:
    """Twin of SetPreferences."""

    idempotency_key: str = strawberry.field(description=KEY)
    customer_id: relay.GlobalID = strawberry.field(description="The customer.")
    channels: list[NotificationChannel] = strawberry.field(description="EMAIL, SMS, or both.")
    muted: list[NotificationKind] = strawberry.field(
        default_factory=list,
        description="What they do not want to be told of. News of money and contract, and what "
        "asks for something, cannot be muted.",
    )
    expected_version: int | None = strawberry.field(
        default=None, description="Refuse unless this is the customer's present version."
    )

    def to_domain(self) -> SetPreferences:
        """The command.

        Raises:
            ValidationFailed: the id is not a customer's.
        """
        return SetPreferences(
            self.idempotency_key,
            CustomerId(id_of(self.customer_id, "Customer", "customerId")),
            tuple(self.channels),
            tuple(self.muted),
            self.expected_version,
        )


@strawberry.input(description="A notification to send again.")
class ResendNotificationInput:
    """Twin of ResendNotification."""

    idempotency_key: str = strawberry.field(description=KEY)
    notification_id: relay.GlobalID = strawberry.field(description="The notification.")

    def to_domain(self) -> ResendNotification:
        """The command.

        Raises:
            ValidationFailed: the id is not a notification's.
        """
        key = id_of(self.notification_id, "Notification", "notificationId")
        return ResendNotification(self.idempotency_key, NotificationId(key))


@strawberry.input(description="A server that wants to be told of orders.")
class CreateWebhookEndpointInput:
    """Twin of CreateEndpoint."""

    idempotency_key: str = strawberry.field(description=KEY)
    url: str = strawberry.field(
        description="Address that is called, https://, without user or fragment; it must lead to "
        "the public internet."
    )
    description: str = strawberry.field(
        default="", description="What it is for, at most 200 characters."
    )
    kinds: list[NotificationKind] = strawberry.field(
        default_factory=list, description="What to be told of; everything when empty."
    )
    channels: list[str] = strawberry.field(
        default_factory=list,
        description="Codes of sales channels; all when empty. An integration must name its own.",
    )

    def to_domain(self) -> CreateEndpoint:
        """The command."""
        return CreateEndpoint(
            self.idempotency_key,
            self.url,
            self.description,
            tuple(self.kinds),
            tuple(ChannelCode(code) for code in self.channels),
        )


@strawberry.input(description="What changes of an endpoint; what is left out stays as it is.")
class UpdateWebhookEndpointInput:
    """Twin of UpdateEndpoint."""

    idempotency_key: str = strawberry.field(description=KEY)
    endpoint_id: relay.GlobalID = strawberry.field(description="The endpoint.")
    url: str | None = strawberry.field(default=None, description="Address that is called.")
    description: str | None = strawberry.field(default=None, description="What it is for.")
    kinds: list[NotificationKind] | None = strawberry.field(
        default=None, description="What to be told of; everything when empty."
    )
    channels: list[str] | None = strawberry.field(
        default=None, description="Codes of sales channels; all when empty."
    )
    enabled: bool | None = strawberry.field(
        default=None, description="Whether it is told anything."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> UpdateEndpoint:
        """The command.

        Raises:
            ValidationFailed: the id is not an endpoint's.
        """
        codes = self.channels
        return UpdateEndpoint(
            self.idempotency_key,
            _endpoint(self.endpoint_id),
            KEEP if self.url is None else self.url,
            KEEP if self.description is None else self.description,
            KEEP if self.kinds is None else tuple(self.kinds),
            KEEP if codes is None else tuple(ChannelCode(code) for code in codes),
            KEEP if self.enabled is None else self.enabled,
            self.expected_version,
        )


@strawberry.input(description="An endpoint that gets a new secret.")
class RotateWebhookSecretInput:
    """Twin of RotateSecret."""

    idempotency_key: str = strawberry.field(description=KEY)
    endpoint_id: relay.GlobalID = strawberry.field(description="The endpoint.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> RotateSecret:
        """The command.

        Raises:
            ValidationFailed: the id is not an endpoint's.
        """
        return RotateSecret(
            self.idempotency_key, _endpoint(self.endpoint_id), self.expected_version
        )


@strawberry.input(description="An endpoint that is told nothing any more.")
class DisableWebhookEndpointInput:
    """Twin of DisableEndpoint."""

    idempotency_key: str = strawberry.field(description=KEY)
    endpoint_id: relay.GlobalID = strawberry.field(description="The endpoint.")
    reason: str = strawberry.field(default="", description="Why, at most 200 characters.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> DisableEndpoint:
        """The command.

        Raises:
            ValidationFailed: the id is not an endpoint's.
        """
        return DisableEndpoint(
            self.idempotency_key, _endpoint(self.endpoint_id), self.reason, self.expected_version
        )


def _endpoint(given: relay.GlobalID) -> EndpointId:
    return EndpointId(id_of(given, "WebhookEndpoint", "endpointId"))
