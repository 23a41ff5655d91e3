"""The embedded Valkey, for real."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError

from app.embedded import EmbeddedServerError, EmbeddedValkey

Make = Callable[[Path], EmbeddedValkey]


@pytest.fixture
def make() -> Generator[Make]:
    """Makes servers that are killed at the end."""
    made: list[EmbeddedValkey] = []

    def new(folder: Path) -> EmbeddedValkey:
        made.append(EmbeddedValkey(folder))
        return made[-1]

    yield new
    for server in made:
        server.kill()


async def test_it_carries_streams_and_a_password_protects_it(tmp_path: Path, make: Make) -> None:
    server = make(tmp_path / "valkey")
    url = server.start()

    async with Redis.from_url(url) as client:
        await client.xadd("stream", {"seq": "1"})
        assert await client.xlen("stream") == 1
        assert (await client.config_get("save"))["save"] == ""
    async with Redis(port=server.port, password="guess") as stranger:
        with pytest.raises(AuthenticationError):
            await stranger.ping()


async def test_after_a_kill_it_comes_back_empty_at_the_same_address(
    tmp_path: Path, make: Make
) -> None:
    server = make(tmp_path / "valkey")
    url = server.start()
    async with Redis.from_url(url) as client:
        await client.set("key", "value")

    server.kill()
    assert server.start() == url

    async with Redis.from_url(url) as client:
        assert await client.dbsize() == 0


def test_a_stray_server_is_shut_down_first(tmp_path: Path, make: Make) -> None:
    stray, server = make(tmp_path / "valkey"), make(tmp_path / "valkey")
    stray.start()
    server.start()
    assert (stray.is_running, server.is_running) == (False, True)


async def test_two_side_by_side_do_not_collide(tmp_path: Path, make: Make) -> None:
    one, two = make(tmp_path / "one"), make(tmp_path / "two")
    async with Redis.from_url(one.start()) as client:
        await client.set("key", "value")
    async with Redis.from_url(two.start()) as client:
        assert await client.dbsize() == 0


def test_a_missing_binary_is_named(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path / "valkey", binary=tmp_path / "nothing")
    with pytest.raises(EmbeddedServerError, match="set REDIS_URL to a server of yours"):
        server.start()
