"""EasyPost's webhooks: events of trackers, signed over the raw body.

The signature is `X-Hmac-Signature: hmac-sha256-hex=<hex>`, keyed by the secret in Unicode form NFKD
(https://docs.easypost.com/guides/webhooks-guide). It covers no timestamp: what is sent again is
recognised by the event's id.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import ValidationError

from app.easypost.objects import EventObject, TrackerObject
from app.webhooks.errors import MessageMalformed, SignatureRejected
from domain.shipments.inbox import CarrierMessage

_TRACKERS = frozenset({"tracker.created", "tracker.updated"})


class EasyPostWebhook:
    """How EasyPost's messages are verified and read."""

    def __init__(self, carrier: str, secrets: Sequence[str]) -> None:
        self.carrier = carrier
        self._keys = [unicodedata.normalize("NFKD", secret).encode() for secret in secrets]

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> CarrierMessage:
        """See `StandardWebhook.read`."""
        del now
        given = headers.get("x-hmac-signature", "").encode()
        if not any(hmac.compare_digest(signature(key, body), given) for key in self._keys):
            raise SignatureRejected("the signature is wrong")
        try:
            event = EventObject.model_validate_json(body)
            tracked = event.description in _TRACKERS
            reports = TrackerObject.model_validate(event.result).reports() if tracked else []
        except ValidationError as error:
            raise MessageMalformed("is not an event of EasyPost") from error
        if not 1 <= len(event.id) <= 128:
            raise MessageMalformed("id: must have 1 to 128 characters")
        return CarrierMessage(self.carrier, event.id, tuple(reports))


def signature(key: bytes, body: bytes) -> bytes:
    """The header that belongs to a body."""
    return b"hmac-sha256-hex=" + hmac.digest(key, body, hashlib.sha256).hex().encode()
