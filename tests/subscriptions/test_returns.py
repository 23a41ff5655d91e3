"""The customer and the store follow a return, live."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from app.schema import build_schema
from app.settings import load_settings
from domain.orders.tables import sales_order
from schema.context import Services
from subscriptions.fields import Subscription
from tests.subscriptions.watching import LiveApi
from tests.support.graphql import Api, remembering_schema
from tests.support.returns import ask, inspect, receive, sold
from tests.support.road import running_road
from tests.support.shop import MILAN_TILL, ROME_TILL, Shop, customer, open_shop
from tests.support.stage import Stage, location_id

ORDER = """subscription($id: ID) { orderChanged(orderId: $id) {
  kind changes { action returnStatus } returns { number version state locationId credited { amount }
    lines { quantity reason } } } }"""
RETURNS = """subscription($location: ID!, $after: String) {
  returnsChanged(locationId: $location, after: $after) {
    kind cursor returns { number version state } } }"""


def stages(payload: dict[str, Any]) -> list[tuple[int, str]]:
    return [(each["version"], each["state"]) for each in payload["returns"]]


async def test_a_return_is_followed_by_customer_and_store(
    engine: AsyncEngine, clean_database: str, clean_redis: str
) -> None:
    async with running_road(clean_database, clean_redis) as road:
        made = await open_shop(engine, {"HAT": {"ROME": 5}})
        shop = Shop(road.database, made.gateway)
        services = Services(road.database, shop.gateway, shop.terms, road.hub)
        stage = Stage(engine, shop, services, Api(remembering_schema(), services))
        api = LiveApi(build_schema(load_settings(), subscription=Subscription), services)
        order = await sold(stage, lines={"HAT": 2})
        owner = customer(await shop.scalar(sa.select(sales_order.c.customer_id)))
        rome = location_id("ROME")
        assert await api.refusal(MILAN_TILL, RETURNS, location=rome) == ["FORBIDDEN"]
        async with (
            api.watch(owner, ORDER, id=order["id"]) as seen,
            api.watch(ROME_TILL, RETURNS, location=rome) as till,
        ):
            first = await seen.next()
            assert (first["kind"], first["returns"]) == ("SNAPSHOT", [])
            empty = await till.next()
            assert (empty["kind"], empty["returns"]) == ("SNAPSHOT", [])
            asked = (await ask(stage, order, owner))["return"]
            told = await seen.next()
            assert stages(told) == [(1, "AUTHORISED")]
            assert told["changes"] == [{"action": "REQUEST_RETURN", "returnStatus": "RETURNING"}]
            came = (await receive(stage, asked))["return"]
            assert stages(await seen.next()) == [(2, "RECEIVED")]
            news = await till.next()
            assert (news["kind"], stages(news)) == ("CHANGES", [(2, "RECEIVED")])
            await inspect(stage, came)
            change = await seen.next()
            assert stages(change) == [(3, "COMPLETED")]
            assert change["returns"][0]["credited"] == {"amount": "19.90"}
            assert stages(await till.next()) == [(3, "COMPLETED")]
        async with api.watch(ROME_TILL, RETURNS, location=rome, after=news["cursor"]) as till:
            assert stages(await till.next()) == [(3, "COMPLETED")]
        async with api.watch(owner, ORDER, id=order["id"]) as seen:
            assert stages(await seen.next()) == [(3, "COMPLETED")]
