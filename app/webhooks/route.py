"""`POST /webhooks/carriers/{carrier}`: a carrier reports.

| Answer | When |
|---|---|
| 200 APPLIED | its reports are recorded; late ones change nothing |
| 200 DUPLICATE | it was taken in before; nothing is changed |
| 202 PARKED | parcels of it are not known here yet; their reports wait for 30 days |
| 400 | signed well, and not to be read |
| 401 | signed wrongly, or not of now |
| 404 | nobody expects messages of that carrier |
| 413 | longer than UNICO_MAX_BODY_BYTES |
| 422 | a report is from the future, out of range, or holds a payment card number |
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.answers import refusal
from app.logging import current_correlation_id
from app.resources import Resources
from app.webhooks.errors import MessageMalformed, SignatureRejected
from domain.common.card_numbers import check_no_card_number
from domain.common.errors import DomainError
from domain.common.transaction import database_time
from domain.shipments.inbox import CarrierMessage, MessageState, take_in

PATH = "/webhooks/carriers/{carrier}"


class CarrierWebhook(Protocol):
    """How the messages of one carrier are verified and read."""

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> CarrierMessage:
        """The message; see `StandardWebhook.read`."""
        ...


Webhooks = Mapping[str, CarrierWebhook]
"""By code of the carrier."""


def webhooks_route(resources: Resources, webhooks: Webhooks) -> Route:
    """The route."""

    async def receive(request: Request) -> Response:
        webhook = webhooks.get(request.path_params["carrier"].upper())
        if webhook is None:
            return refusal(404, "no messages of this carrier are expected")
        database = resources.services.database
        body = await request.body()
        now = await database.read(database_time)
        try:
            message = webhook.read(request.headers, body, now)
            for report in message.reports:
                check_no_card_number("place", report.place)
            state = await take_in(database, message, current_correlation_id())
        except SignatureRejected as error:
            return refusal(401, str(error))
        except MessageMalformed as error:
            return refusal(400, str(error))
        except DomainError as error:
            return refusal(422, error.message, code=error.code)
        status = 202 if state is MessageState.PARKED else 200
        answer = orjson.dumps({"state": state.value})
        return Response(answer, status_code=status, media_type="application/json")

    return Route(PATH, receive, methods=["POST"])
