"""GraphQL over SSE: results as events, and streams that end with the caller's session."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.identity.model import Role
from tests.support.api import Api, serving, settings_for
from tests.support.toy_schema import SECRET, TOYS, ToyQuery
from tests.support.waiting import until


@pytest.fixture(scope="module")
async def api(
    database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Api]:
    home: Path = tmp_path_factory.mktemp("home")
    settings = settings_for(
        database_url, redis_url, home, jwt_leeway_s=0, max_sockets_per_address=3
    )
    async with serving(settings, **TOYS) as opened:
        yield opened


@pytest.mark.parametrize(
    "accept", ["text/event-stream", "application/json, text/event-stream, multipart/mixed"]
)
async def test_results_are_events_and_the_last_says_complete(api: Api, accept: str) -> None:
    token = api.token(Role.ADMIN, subject="ada")
    async with api.events("subscription { ticks(count: 2) }", token=token, accept=accept) as events:
        assert events.response.headers["content-type"].startswith("text/event-stream")
        assert await events.next() == ("next", {"data": {"ticks": "ada 0"}})
        assert await events.next() == ("next", {"data": {"ticks": "ada 1"}})
        assert await events.next() == ("complete", None)


async def test_a_bad_token_is_401_as_on_every_request(api: Api) -> None:
    async with api.events("subscription { ticks }", token="bad") as events:
        assert events.response.status_code == 401


async def test_mutations_are_refused(api: Api) -> None:
    ToyQuery.calls.clear()
    async with api.events("mutation { change }") as events:
        name, data = await events.next()
        assert name == "next"
        assert data is not None
        assert data["errors"][0]["extensions"]["code"] == "OPERATION_NOT_ALLOWED"
        assert await events.next() == ("complete", None)
    assert ToyQuery.calls == []


async def test_failures_are_masked_in_streams(api: Api) -> None:
    async with api.events("subscription { breaks }") as events:
        await events.next()
        _, data = await events.next()
        assert data is not None
        assert data["errors"][0]["extensions"]["code"] == "INTERNAL"
        assert SECRET not in str(data)


async def test_the_stream_ends_with_the_token(api: Api) -> None:
    token = api.token(Role.ADMIN, lifetime=timedelta(seconds=2))
    ToyQuery.calls.clear()
    async with api.events("subscription { forever }", token=token) as events:
        assert await events.next() == ("next", {"data": {"forever": 0}})
        _, data = await events.next()
        assert data is not None
        assert data["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert await events.next() == ("complete", None)
    assert ToyQuery.calls == ["opened", "closed"]


async def test_a_client_that_leaves_ends_its_subscription(api: Api) -> None:
    ToyQuery.calls.clear()
    async with api.events("subscription { forever }") as events:
        await events.next()
    await until(lambda: ToyQuery.calls == ["opened", "closed"])


async def test_streams_per_address_are_limited(api: Api) -> None:
    query = "subscription { forever }"
    async with (
        api.events(query) as first,
        api.events(query) as second,
        api.events(query) as third,
    ):
        assert [(await each.next())[0] for each in (first, second, third)] == ["next"] * 3
        async with api.events(query) as fourth:
            assert fourth.response.status_code == 429
