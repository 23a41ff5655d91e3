"""Channels through GraphQL: what each mutation answers and refuses."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from resolvers.catalog import CatalogMutation, CatalogQuery
from tests.support.actors import ADMIN, OPERATIONS
from tests.support.catalogue import (
    CHANNEL,
    CREATE_CHANNEL,
    a_channel,
    add_channel,
)
from tests.support.graphql import Api
from tests.support.mutations import Mutation, api_of, events

UPDATE_CHANNEL = Mutation("updateChannel", f"channel {{ {CHANNEL} }}")
PLANNERS = (OPERATIONS, ADMIN)


@pytest.fixture
def api(engine: AsyncEngine, clean_database: str) -> Api:
    return api_of(engine, CatalogQuery, CatalogMutation)


async def test_create_channel_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    answer = await CREATE_CHANNEL.check_contract(
        api, engine, ADMIN, a_channel(), other={"name": "Other"}, allowed=PLANNERS
    )
    assert answer["channel"] == {
        "code": "WEB",
        "kind": "WEB",
        "name": "Shop WEB",
        "currency": "EUR",
        "pricesIncludeTax": True,
        "editWindowMinutes": None,
        "active": True,
        "version": 1,
    }
    (event,) = await events(engine)
    assert (event["type"], event["aggregate"], event["version"]) == ("ChannelCreated", "channel", 1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "a b"}, "code"),
        ({"name": ""}, "name"),
        ({"currency": "eur"}, "currency"),
        ({"editWindowMinutes": -1}, "editWindowMinutes"),
        ({"editWindowMinutes": 600_000}, "editWindowMinutes"),
    ],
)
async def test_create_channel_refuses_bad_input(
    api: Api, engine: AsyncEngine, changes: dict[str, Any], field: str
) -> None:
    error = await CREATE_CHANNEL.refused(api, engine, ADMIN, a_channel(**changes))
    assert error["field"] == field


async def test_a_channel_code_is_given_once(api: Api, engine: AsyncEngine) -> None:
    await add_channel(api)
    error = await CREATE_CHANNEL.refused(api, engine, ADMIN, a_channel(idempotencyKey="again"))
    assert (error["code"], error["channelCode"]) == ("CHANNEL_CODE_TAKEN", "WEB")


async def test_update_channel_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    await add_channel(api)
    given = {
        "idempotencyKey": "u",
        "code": "WEB",
        "expectedVersion": 1,
        "name": "Web shop",
        "currency": "CHF",
        "pricesIncludeTax": False,
        "editWindowMinutes": 30,
        "active": False,
    }
    answer = await UPDATE_CHANNEL.check_contract(
        api, engine, ADMIN, given, other={"name": "Other"}, allowed=PLANNERS
    )
    assert answer["channel"] == {
        "code": "WEB",
        "kind": "WEB",
        "name": "Web shop",
        "currency": "CHF",
        "pricesIncludeTax": False,
        "editWindowMinutes": 30,
        "active": False,
        "version": 2,
    }
    created, changed = await events(engine)
    assert created["aggregate_id"] == changed["aggregate_id"]
    assert (changed["type"], changed["version"]) == ("ChannelChanged", 2)
    same = {"idempotencyKey": "again", "code": "WEB", "name": "Web shop"}
    assert (await UPDATE_CHANNEL.succeed(api, ADMIN, same))["channel"]["version"] == 2
    assert len(await events(engine)) == 2


async def test_update_channel_refuses(api: Api, engine: AsyncEngine) -> None:
    await add_channel(api)
    given = {"idempotencyKey": "u", "code": "WEB", "name": "X"}
    stale = await UPDATE_CHANNEL.refused(api, engine, ADMIN, {**given, "expectedVersion": 7})
    assert (stale["expected"], stale["actual"]) == (7, 1)
    lost = await UPDATE_CHANNEL.refused(api, engine, ADMIN, {**given, "code": "NONE"})
    assert lost["kind"] == "channel"
    bad = await UPDATE_CHANNEL.refused(api, engine, ADMIN, {**given, "currency": "EURO"})
    assert bad["field"] == "currency"
