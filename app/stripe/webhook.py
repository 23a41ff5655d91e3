"""Stripe's webhooks: events about its objects, signed over timestamp and raw body.

The header is `Stripe-Signature: t=<seconds>,v1=<hex>`, with a `v1` for each secret while one is
being replaced (https://docs.stripe.com/webhooks). An event that is sent again is signed anew, so
the time of the signature says nothing about the age of the event.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import ValidationError

from app.stripe.amounts import NotRepresentable
from app.stripe.objects import EventObject, moment
from app.webhooks.errors import MessageMalformed, SignatureRejected
from domain.payments.news import PspMessage

TOLERANCE = timedelta(seconds=300)
"""How far a signature's time may be from the database's, either way."""


class StripeWebhook:
    """How Stripe's messages are verified and read."""

    def __init__(self, provider: str, secrets: Sequence[str]) -> None:
        self.provider = provider
        self._keys = [secret.encode() for secret in secrets]

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> PspMessage:
        """The message.

        Raises:
            SignatureRejected: no secret of ours made its signature, or it is not of now.
            MessageMalformed: it cannot be read.
        """
        self._verify(headers.get("stripe-signature", ""), body, now)
        try:
            event = EventObject.model_validate_json(body)
            news = event.news()
        except (ValidationError, NotRepresentable) as error:
            # Not what it says: it could be anything, even a card number.
            raise MessageMalformed("is not an event of Stripe") from error
        return PspMessage(
            self.provider, event.id, event.type, event.subject, moment(event.created), news
        )

    def _verify(self, header: str, body: bytes, now: datetime) -> None:
        parts = [part.strip().partition("=") for part in header.split(",")]
        stamps = [value for name, _, value in parts if name == "t"]
        given = [value.encode() for name, _, value in parts if name == "v1"]
        if len(stamps) != 1 or not (stamps[0].isascii() and stamps[0].isdigit()):
            raise SignatureRejected("Stripe-Signature is needed")
        stamp = stamps[0]
        signed = stamp.encode() + b"." + body
        made = [hmac.digest(key, signed, hashlib.sha256).hex().encode() for key in self._keys]
        if not any(hmac.compare_digest(ours, theirs) for ours in made for theirs in given):
            raise SignatureRejected("the signature is wrong")
        if len(stamp) > 12 or abs(int(stamp) - now.timestamp()) > TOLERANCE.total_seconds():
            raise SignatureRejected("the signature is not of now")
