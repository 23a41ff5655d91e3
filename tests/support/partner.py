"""A partner's server on loopback, which takes webhooks and answers as told."""

import base64
import hashlib
import hmac
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support.listening import listening


@dataclass
class Partner:
    """Keeps what it is told; `answer` is what it says."""

    url: str = ""
    answer: Response = field(default_factory=lambda: Response(status_code=204))
    bodies: list[bytes] = field(default_factory=list[bytes])
    headers: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])
    elsewhere: int = 0

    async def _hook(self, request: Request) -> Response:
        self.bodies.append(await request.body())
        self.headers.append(dict(request.headers))
        return self.answer

    async def _elsewhere(self, _: Request) -> Response:
        self.elsewhere += 1
        return Response()

    def app(self) -> Starlette:
        """The routes: /hook, and /elsewhere, which nobody should come to."""
        return Starlette(
            routes=[
                Route("/hook", self._hook, methods=["POST"]),
                Route("/elsewhere", self._elsewhere, methods=["GET", "POST"]),
            ]
        )

    def verified(self, secret: str, number: int = -1) -> bool:
        """Whether that secret made a signature of the message of that number."""
        headers, body = self.headers[number], self.bodies[number]
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return f"v1,{wanted}" in headers["webhook-signature"].split(" ")


@asynccontextmanager
async def open_partner() -> AsyncGenerator[Partner]:
    """A partner that listens."""
    partner = Partner()
    async with listening(partner.app()) as (_, port):
        partner.url = f"http://127.0.0.1:{port}/hook"
        yield partner
