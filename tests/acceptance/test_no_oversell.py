"""200 buyers, 50 units, two worker processes: exactly 50 orders. And one key is one order."""

import asyncio
from collections import Counter
from typing import Any

import httpx2
import sqlalchemy as sa

from app.auth.tokens import issue_token
from app.settings import Settings
from domain.common.ids import ChannelCode
from domain.identity.model import Role
from domain.orders.tables import sales_order
from domain.payments.tables import sandbox_charge
from tests.resolvers.test_orders import PLACE, wish
from tests.support import stock
from tests.support.serving import RunningServer
from tests.support.shop import Shop

BUYERS, UNITS = 200, 50


class Buyers:
    """Clients of the running service, in the name of the web shop."""

    def __init__(self, server: RunningServer, settings: Settings) -> None:
        token = issue_token(
            settings,
            subject="web-shop",
            role=Role.CHANNEL,
            channel_codes=(ChannelCode("WEB"),),
        )
        self._url = f"{server.url}/graphql"
        self._headers = {"authorization": f"Bearer {token}"}

    async def place(self, wishes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The answers to all wishes, sent at once."""
        limits = httpx2.Limits(max_connections=len(wishes))
        async with httpx2.AsyncClient(headers=self._headers, timeout=60, limits=limits) as client:
            answers = await asyncio.gather(*[self._place(client, each) for each in wishes])
        return list(answers)

    async def _place(self, client: httpx2.AsyncClient, given: dict[str, Any]) -> dict[str, Any]:
        """As every client should: what may be tried again is, with the same key."""
        body = {"query": PLACE, "variables": {"input": given}}
        while True:
            answer = (await client.post(self._url, json=body)).json()
            if "errors" not in answer:
                return answer["data"]["placeOrder"]
            assert answer["errors"][0]["extensions"].get("retryable"), answer


async def test_200_buyers_of_50_units_over_two_processes(
    two_workers: RunningServer, shop: Shop, settings: Settings
) -> None:
    wishes = [
        wish(f"buyer-{n}", customer={"email": f"buyer{n}@example.com"}) for n in range(BUYERS)
    ]
    answers = await Buyers(two_workers, settings).place(wishes)

    assert Counter(answer["__typename"] for answer in answers) == {
        "PlaceOrderPayload": UNITS,
        "InsufficientStockError": BUYERS - UNITS,
    }
    level = await stock.level_at(shop.database.writes, "HAT")
    assert (level.on_hand, level.allocated, level.reserved, level.available) == (50, 50, 0, 0)
    assert await shop.rows(
        sa.select(sales_order.c.status, sa.func.count()).group_by(sales_order.c.status)
    ) == [("CONFIRMED", UNITS)]
    live = sa.select(sa.func.count(), sa.func.sum(sandbox_charge.c.authorised_minor)).where(
        sa.not_(sandbox_charge.c.voided)
    )
    assert await shop.rows(live) == [(UNITS, UNITS * 1990)]
    assert await shop.broken_rules() == []


async def test_one_key_twenty_times_at_once_is_one_order(
    two_workers: RunningServer, shop: Shop, settings: Settings
) -> None:
    buyers = Buyers(two_workers, settings)
    answers = await buyers.place([wish("same")] * 20)
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["__typename"] == "PlaceOrderPayload"
    (other,) = await buyers.place([wish("same", lines=[{"sku": "SCARF", "quantity": 1}])])
    assert other["code"] == "IDEMPOTENCY_CONFLICT"
    assert await shop.scalar(sa.select(sa.func.count()).select_from(sales_order)) == 1
    assert await shop.broken_rules() == []
