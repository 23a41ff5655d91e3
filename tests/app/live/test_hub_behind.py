"""A hub that has not heard yet of what snapshots show already: nothing is told twice."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from subscriptions.hub import Hub
from tests.support.api import Api
from tests.support.shared_live import (
    goods_came,
    is_silent,
    payload_of,
    seating,
    token_of,
    until_all_is_told,
)
from tests.support.shop import ROME, ROME_TILL, Shop
from tests.support.stage import gid
from tests.support.waiting import until

STOCK = """subscription($places: [ID!]!, $after: String) {
  stockChanged(locationIds: $places, skus: ["HAT"], after: $after) {
    kind cursor levels { version } } }"""
IN_ROME = {"places": [gid("Location", ROME)]}


@contextlib.asynccontextmanager
async def deaf(api: Api) -> AsyncGenerator[None]:
    """Inside, the hub handles nothing that it hears."""
    hub: Hub = api.resources.services.live
    async with hub._working:  # pyright: ignore[reportPrivateUsage]
        yield


async def until_sequenced(api: Api) -> None:
    """Returns once all that was committed stands in the log."""

    async def is_sequenced() -> bool:
        async with api.resources.services.database.reads.connect() as connection:
            return not await connection.scalar(sa.text("SELECT count(*) FROM outbox"))

    await until(is_sequenced)


def versions(payload: Mapping[str, Any]) -> list[int]:
    return [each["version"] for each in payload["levels"]]


@pytest.fixture(autouse=True)
async def _all_is_told(api: Api) -> None:
    await until_all_is_told(api)


async def test_what_a_snapshot_showed_is_not_told_again(api: Api, shop: Shop) -> None:
    async with api.socket(token_of(api, ROME_TILL)) as socket:
        async with deaf(api):
            for _ in range(3):
                await goods_came(shop)
            await until_sequenced(api)
            await socket.subscribe(STOCK, IN_ROME)
            (shown,) = versions(await payload_of(socket))
            await until(lambda: seating(api) == [{"1"}])
        await goods_came(shop)
        assert versions(await payload_of(socket)) == [shown + 1]
        assert await is_silent(socket)


async def test_what_was_in_the_outbox_at_the_snapshot_is_not_told_again(
    api: Api, shop: Shop
) -> None:
    async with api.socket(token_of(api, ROME_TILL)) as socket:
        (shown, changes) = (0, 0)
        for round_ in range(10):
            made = [asyncio.create_task(goods_came(shop)) for _ in range(5)]
            await socket.subscribe(STOCK, IN_ROME, name=str(round_))
            payload = await payload_of(socket, str(round_))
            assert payload["kind"] == "SNAPSHOT"
            (shown,) = versions(payload)
            await asyncio.gather(*made)
            await goods_came(shop)
            newest = 1 + 6 * (round_ + 1)
            while shown < newest:
                assert versions(await payload_of(socket, str(round_))) == [shown + 1]
                shown, changes = shown + 1, changes + 1
            await socket.send({"type": "complete", "id": str(round_)})
            assert await is_silent(socket)
        assert changes >= 10


async def test_who_resumes_in_front_of_the_hub_gets_the_rest_once(api: Api, shop: Shop) -> None:
    token = token_of(api, ROME_TILL)
    async with api.socket(token) as first, api.socket(token) as second:
        await first.subscribe(STOCK, IN_ROME)
        start = await payload_of(first)
        await until(lambda: seating(api) == [{"1"}])
        async with deaf(api):
            for _ in range(3):
                await goods_came(shop)
            await until_sequenced(api)
            await second.subscribe(STOCK, {**IN_ROME, "after": start["cursor"]}, name="2")
            assert await is_silent(second)
        await goods_came(shop)
        expected = [[versions(start)[0] + n] for n in range(1, 5)]
        assert [versions(await payload_of(first)) for _ in range(4)] == expected
        assert [versions(await payload_of(second, "2")) for _ in range(4)] == expected
        assert await is_silent(first)
        assert await is_silent(second)
