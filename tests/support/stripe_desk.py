"""The application with Stripe as its PSP: a shop that sells, and the fake that tells it things."""

import contextlib
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx2
import orjson
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from app.resources import Resources
from app.schema import bare_schema
from app.settings import Settings
from app.stripe.wiring import gateway_of
from app.webhooks.payments import psp_webhooks_route
from app.webhooks.wiring import psp_webhooks_of
from schema.context import Services
from tests.support.api import serving, settings_for
from tests.support.graphql import Api as Asking
from tests.support.shop import ADMIN
from tests.support.stage import ORDER, Stage, open_stage
from tests.support.stripe_fake import (
    API_KEY,
    APPROVED,
    SECRET,
    FakeStripe,
    serving_stripe,
    signature,
)

STOCK = {"HAT": {"ROME": 50}}
OLD_SECRET = "whsec_that_is_being_replaced"
SEEN = f"""{ORDER} history {{ action }}
  payments {{ state captured {{ amount }} refunded {{ amount }} refundDue {{ amount }} }}
  disputes {{ state reason amount {{ amount }} closedAt }}"""


@dataclass
class StripeDesk:
    """The application, the shop that it serves, and Stripe."""

    client: httpx2.AsyncClient
    stage: Stage
    fake: FakeStripe

    async def tell(self, event: dict[str, Any], **changes: Any) -> tuple[int, str]:
        """What is answered to an event: the status, and what came of it or the error's code."""
        body = orjson.dumps(event)
        return await self.post(body, {"stripe-signature": sign(body, **changes)})

    async def post(
        self, body: bytes, headers: dict[str, str], provider: str = "stripe"
    ) -> tuple[int, str]:
        path = f"/webhooks/payments/{provider}"
        response = await self.client.post(path, content=body, headers=headers)
        answer = response.json()
        errors = answer.get("errors")
        return response.status_code, errors[0]["extensions"]["code"] if errors else answer["state"]

    async def tell_all(self) -> list[str]:
        """What came of all events so far, told in the order in which they happened."""
        return [(await self.tell(event))[1] for event in self.fake.events]

    async def place(self, **given: Any) -> dict[str, Any]:
        """What placeOrder answers, paid with a card of Stripe's."""
        given.setdefault("token", APPROVED)
        return await self.stage.place(**given)

    async def placed(self, **given: Any) -> dict[str, Any]:
        """The order of a placing that works."""
        answer = await self.place(**given)
        assert answer["__typename"] == "PlaceOrderPayload", answer
        return answer["order"]

    async def seen(self, order_id: str) -> Any:
        """The order as head office sees it."""
        return await self.stage.order(order_id, SEEN, ADMIN)


def sign(body: bytes, *, age_s: int = 0, secrets: tuple[str, ...] = (SECRET,)) -> str:
    """The signature of a body that was made so long ago."""
    return signature(body, int(time.time()) - age_s, *secrets)


def settings_with(fake: FakeStripe, database_url: str, redis_url: str, home: Path) -> Settings:
    """Settings of an installation that takes cards by Stripe."""
    return settings_for(
        database_url, redis_url, home, housekeeping=False, stripe_api_key=API_KEY,
        stripe_url=fake.url, stripe_timeout_s=0.5, stripe_multicapture=True,
        stripe_webhook_secrets=f"{SECRET}, {OLD_SECRET}",
    )  # fmt: skip


@contextlib.asynccontextmanager
async def open_stripe_desk(
    database_url: str, redis_url: str, home: Path, engine: AsyncEngine
) -> AsyncGenerator[StripeDesk]:
    """A shop with hats in Rome, on a clean database, and the route of Stripe's webhooks."""
    async with serving_stripe() as fake:
        settings = settings_with(fake, database_url, redis_url, home)
        stage = await open_stage(engine, STOCK)
        async with gateway_of(settings) as gateway:
            assert gateway is not None
            stage.services = Services(stage.shop.database, gateway, stage.shop.terms)
            stage.api = Asking(bare_schema(), stage.services)
            resources = cast("Resources", SimpleNamespace(services=stage.services))
            app = Starlette(routes=[psp_webhooks_route(resources, psp_webhooks_of(settings))])
            transport = httpx2.ASGITransport(app)
            async with httpx2.AsyncClient(base_url="http://unico", transport=transport) as client:
                yield StripeDesk(client, stage, fake)


@contextlib.asynccontextmanager
async def serving_stripe_desk(
    database_url: str, redis_url: str, home: Path, engine: AsyncEngine
) -> AsyncGenerator[StripeDesk]:
    """The same with the whole application, its order engine included."""
    async with serving_stripe() as fake:
        stage = await open_stage(engine, STOCK)
        async with serving(settings_with(fake, database_url, redis_url, home)) as api:
            stage.services = api.resources.services
            stage.api = Asking(bare_schema(), stage.services)
            yield StripeDesk(api.client, stage, fake)
