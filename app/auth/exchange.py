"""`POST /auth/device`: a device key becomes an access token of a few minutes."""

from datetime import UTC, datetime, timedelta

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.answers import refusal, rejected
from app.auth.authenticate import credentials
from app.auth.errors import TokenRejected
from app.logging import current_correlation_id
from app.resources import Resources
from domain.identity.errors import DeviceKeyRejected
from domain.identity.exchange import exchange_key

PATH = "/auth/device"
_ACTOR = "DEVICE:exchange"


def device_route(resources: Resources) -> Route:
    """The route. `Authorization: Device <key>`; the answer is that of OAuth (RFC 6749, 5.1)."""
    lifetime = timedelta(minutes=resources.settings.device_token_ttl_minutes)

    async def exchange(request: Request) -> Response:
        header = request.headers.get("authorization")
        if header is None:
            return rejected(TokenRejected("send the header authorization: Device <key>"))
        try:
            key = credentials(header, "Device")
            actor = await resources.services.database.run(
                lambda tx: exchange_key(tx, key),
                actor_key=_ACTOR,
                correlation_id=current_correlation_id(),
            )
        except TokenRejected as error:
            return rejected(error)
        except DeviceKeyRejected as error:
            return refusal(401, error.message, code=error.code)
        token = resources.device_issuer.issue(actor, lifetime)
        left = lifetime
        if actor.expires_at is not None:
            left = min(lifetime, actor.expires_at - datetime.now(UTC))
        answer = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": int(left.total_seconds()),
        }
        return Response(orjson.dumps(answer), media_type="application/json")

    return Route(PATH, exchange, methods=["POST"])
