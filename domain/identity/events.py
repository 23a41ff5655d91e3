"""What happens to sessions. A session is a device or a single token; its id names the topic."""

from datetime import datetime
from uuid import UUID

from domain.events.model import Aggregate, Event, Topic
from domain.identity.device import Device

DEVICE_ENROLLED = "DeviceEnrolled"
SESSION_REVOKED = "SessionRevoked"

SESSIONS = "sessions"
"""Topic of all revocations, for workers that keep a list of revoked sessions."""


def device_enrolled(device: Device) -> Event:
    """The device exists, at version 1."""
    payload = {"role": device.role.value, "location_id": str(device.location_id)}
    return Event(
        DEVICE_ENROLLED,
        Aggregate.SESSION,
        device.id,
        device.version,
        [Topic.session(device.id)],
        payload,
    )


def session_revoked(session_id: UUID, version: int, keep_until: datetime) -> Event:
    """The session is over: its sockets close and its tokens are refused until they are expired.

    `keep_until` is when the last token of the session is expired, so that it may be forgotten.
    """
    payload = {"session_id": str(session_id), "keep_until": keep_until.isoformat()}
    return Event(
        SESSION_REVOKED,
        Aggregate.SESSION,
        session_id,
        version,
        [Topic.session(session_id), SESSIONS],
        payload,
    )
