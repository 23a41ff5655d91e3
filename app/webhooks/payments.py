"""`POST /webhooks/payments/{provider}`: a PSP tells by itself.

| Answer | When |
|---|---|
| 200 APPLIED | it is stored, and what it says has happened here |
| 200 IGNORED | it is stored, and there is nothing in it for us |
| 200 DUPLICATE | it was taken in before; nothing is changed |
| 202 PARKED | it is stored, and waits for what it is about, or for what comes before it |
| 202 RECEIVED | it is stored, and could not be applied now; a worker tries again |
| 400 | signed well, and not to be read |
| 401 | signed wrongly, or not of now |
| 404 | nobody expects messages of that PSP |
| 413 | longer than UNICO_MAX_BODY_BYTES |
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.answers import refusal
from app.logging import current_correlation_id
from app.resources import Resources
from app.webhooks.errors import MessageMalformed, SignatureRejected
from domain.common.transaction import database_time
from domain.orders.psp_news import apply_news
from domain.payments.inbox import MessageState, take_in
from domain.payments.news import PspMessage

PATH = "/webhooks/payments/{provider}"
_LATER = frozenset({MessageState.PARKED, MessageState.RECEIVED})

log = structlog.get_logger("unico.webhooks")


class PspWebhook(Protocol):
    """How the messages of one PSP are verified and read."""

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> PspMessage:
        """The message; see `StripeWebhook.read`."""
        ...


PspWebhooks = Mapping[str, PspWebhook]
"""By name of the PSP."""


def psp_webhooks_route(resources: Resources, webhooks: PspWebhooks) -> Route:
    """The route."""

    async def receive(request: Request) -> Response:
        webhook = webhooks.get(request.path_params["provider"].upper())
        if webhook is None:
            return refusal(404, "no messages of this payment service are expected")
        database = resources.services.database
        body = await request.body()
        now = await database.read(database_time)
        try:
            message = webhook.read(request.headers, body, now)
        except SignatureRejected as error:
            return refusal(401, str(error))
        except MessageMalformed as error:
            return refusal(400, str(error))
        state = await take_in(database, message, apply_news, current_correlation_id())
        log.info("message of a PSP", kind=message.kind, subject=message.subject, state=state.value)
        answer = orjson.dumps({"state": state.value})
        status = 202 if state in _LATER else 200
        return Response(answer, status_code=status, media_type="application/json")

    return Route(PATH, receive, methods=["POST"])
