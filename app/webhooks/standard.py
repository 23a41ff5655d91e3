"""Messages in the format of Standard Webhooks 1.0: signed over id, timestamp and raw body.

The body is `{"type": "tracking.reported", "data": {"events": [...]}}`; an event has
`trackingNumber`, `status` (as in the enum TrackingStatus), `occurredAt`, and may have `id` (the
message's own with its place in it if left out), `place` and `expectedAt`. Messages of other types
are taken in and report nothing.
"""

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from app.webhooks.errors import MessageMalformed, SignatureRejected
from app.webhooks.signatures import key_of, signature
from domain.carriers.model import CarrierReport, TrackingStatus
from domain.shipments.inbox import CarrierMessage

TOLERANCE = timedelta(minutes=5)
"""How far a message's timestamp may be from the database's time, either way."""

MAX_EVENTS = 500
REPORTED = "tracking.reported"
Headers = Mapping[str, str]


class _Event(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    id: Annotated[str, Field(max_length=120)] = ""
    tracking_number: Annotated[str, Field(min_length=1, max_length=64)]
    status: TrackingStatus
    occurred_at: datetime
    place: str = ""
    expected_at: datetime | None = None


class _Data(BaseModel):
    events: Annotated[list[_Event], Field(max_length=MAX_EVENTS)]


class _Body(BaseModel):
    type: str
    data: Any = None


class StandardWebhook:
    """How a carrier's messages are verified and read. Several secrets: the old one is still good
    while it is being replaced.
    """

    def __init__(self, carrier: str, secrets: Sequence[str]) -> None:
        self.carrier = carrier
        self._keys = [key_of(secret) for secret in secrets]

    def read(self, headers: Headers, body: bytes, now: datetime) -> CarrierMessage:
        """The message.

        Raises:
            SignatureRejected: no secret of the carrier made its signature, or it is not of now.
            MessageMalformed: it cannot be read.
        """
        message_id = self._verified(headers, body, now)
        try:
            whole = _Body.model_validate_json(body)
            events = _Data.model_validate(whole.data).events if whole.type == REPORTED else []
        except ValidationError as error:
            raise MessageMalformed(_first(error)) from error
        reports = tuple(_report(message_id, n, event) for n, event in enumerate(events))
        return CarrierMessage(self.carrier, message_id, reports)

    def _verified(self, headers: Headers, body: bytes, now: datetime) -> str:
        message_id = headers.get("webhook-id", "")
        stamp = headers.get("webhook-timestamp", "")
        if not 1 <= len(message_id) <= 128 or not stamp.isascii() or not stamp.isdigit():
            raise SignatureRejected("webhook-id and webhook-timestamp are needed")
        given = [part for part in headers.get("webhook-signature", "").split() if part]
        if not any(
            hmac.compare_digest(signature(key, message_id, stamp, body).encode(), each.encode())
            for key in self._keys
            for each in given
        ):
            raise SignatureRejected("the signature is wrong")
        if len(stamp) > 12 or abs(int(stamp) - now.timestamp()) > TOLERANCE.total_seconds():
            raise SignatureRejected("the timestamp is not of now")
        return message_id


def _first(error: ValidationError) -> str:
    found = error.errors()[0]
    place = ".".join(str(part) for part in found["loc"])
    return f"{place}: {found['msg']}" if place else found["msg"]


def _report(message_id: str, position: int, event: _Event) -> CarrierReport:
    return CarrierReport(
        external_id=event.id or f"{message_id[:116]}#{position}",
        tracking_number=event.tracking_number,
        status=event.status,
        occurred_at=event.occurred_at,
        place=event.place,
        expected_at=event.expected_at,
    )
