"""News of the notifications area: no address, no secret, no text of a message."""

from uuid import UUID

from domain.events.model import Aggregate, Event
from domain.notifications.model import Endpoint, Notification

ENDPOINT_CHANGED = "WebhookEndpointChanged"
RESENT = "NotificationResent"


def endpoint_changed(endpoint: Endpoint) -> Event:
    """The event of an endpoint's new version."""
    return Event(
        type=ENDPOINT_CHANGED,
        aggregate=Aggregate.WEBHOOK_ENDPOINT,
        aggregate_id=endpoint.id,
        version=endpoint.version,
        topics=(),
        payload={
            "endpoint_id": str(endpoint.id),
            "version": endpoint.version,
            "enabled": endpoint.enabled,
            "kinds": [kind.value for kind in endpoint.kinds],
            "channels": list(endpoint.channels),
        },
    )


def resent(notification: Notification) -> Event:
    """The event that somebody asked to send a notification again."""
    return Event(
        type=RESENT,
        aggregate=Aggregate.NOTIFICATION,
        aggregate_id=UUID(str(notification.id)),
        version=notification.resends,
        topics=(),
        payload={
            "notification_id": str(notification.id),
            "order_id": str(notification.order_id),
            "kind": notification.kind.value,
            "channel": notification.channel.value,
        },
    )
