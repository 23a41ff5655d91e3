"""Event streams (SSE) are members of the same cohorts as sockets."""

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.api import Api
from tests.support.shared_live import (
    cohorts,
    counts,
    goods_came,
    payload_of,
    token_of,
    until_nobody_is_left,
)
from tests.support.shop import MILAN, ROME, ROME_TILL, Shop
from tests.support.stage import gid
from tests.support.waiting import until

STOCK = """subscription { stockChanged(locationIds: ["%s"], skus: ["HAT"]) {
  kind cursor levels { sku onHand version } } }"""
IN_ROME = STOCK % gid("Location", ROME)


async def test_a_stream_and_a_socket_share_what_is_made(api: Api, shop: Shop) -> None:
    token = token_of(api, ROME_TILL)
    async with api.socket(token) as socket, api.events(IN_ROME, token=token) as events:
        await socket.subscribe(IN_ROME, {})
        assert (await payload_of(socket))["kind"] == "SNAPSHOT"
        name, data = await events.next()
        assert name == "next"
        assert data is not None
        assert data["data"]["stockChanged"]["kind"] == "SNAPSHOT"
        assert counts(api) == (2, 1)
        await until(lambda: len(cohorts(api)[0].live) == 2)

        await goods_came(shop)
        change = await payload_of(socket)
        assert await events.next() == ("next", {"data": {"stockChanged": change}})
    await until_nobody_is_left(api)


async def test_who_leaves_frees_the_seat(api: Api) -> None:
    async with api.events(IN_ROME, token=token_of(api, ROME_TILL)) as events:
        await events.next()
        assert counts(api) == (1, 1)
    await until_nobody_is_left(api)


async def test_what_is_refused_is_refused_as_ever(api: Api) -> None:
    async with api.events(STOCK % gid("Location", MILAN), token=token_of(api, ROME_TILL)) as events:
        name, data = await events.next()
        assert name == "next"
        assert data is not None
        assert data["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert counts(api) == (0, 0)


async def test_a_failure_is_masked_and_ends_the_stream(api: Api, engine: AsyncEngine) -> None:
    async with api.events(IN_ROME, token=token_of(api, ROME_TILL)) as events:
        await events.next()
        (cohort,) = cohorts(api)
        await until(lambda: bool(cohort.live))
        cohort.fail(RuntimeError("a secret"))
        name, data = await events.next()
        assert name == "next"
        assert data is not None
        assert data["errors"][0]["extensions"]["code"] == "INTERNAL"
        assert "secret" not in orjson.dumps(data).decode()
        assert (await events.next())[0] == "complete"
    await until_nobody_is_left(api)
