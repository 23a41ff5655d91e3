from collections.abc import Awaitable, Callable

import sqlalchemy as sa
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from app.migrate import current, head
from tests.support.servers import connected, reset


async def test_the_database_of_a_worker_is_at_head(database_url: str) -> None:
    assert await current(database_url) == head()


async def test_a_reset_removes_rows_restarts_numbers_and_keeps_what_migrations_insert(
    clean_database: str,
) -> None:
    count = "SELECT count(*) FROM outbox"
    async with connected(clean_database) as connection:
        seeds = await connection.fetch("SELECT * FROM sequencer_state")
        await connection.execute("INSERT INTO outbox (events) VALUES ('[]'), ('[]')")
        await connection.execute("UPDATE sequencer_state SET last_seq = 5")
        assert await connection.fetchval(count) == 2

        await reset(connection)

        assert await connection.fetchval(count) == 0
        assert await connection.fetch("SELECT * FROM sequencer_state") == seeds
        position = await connection.fetchval(
            "INSERT INTO outbox (events) VALUES ('[]') RETURNING pos"
        )
        assert position == 1


async def test_engine_and_stream_server_answer(engine: AsyncEngine, clean_redis: str) -> None:
    async with engine.connect() as connection:
        assert await connection.scalar(sa.select(sa.literal(1))) == 1
    client = Redis.from_url(clean_redis)
    assert await client.dbsize() == 0
    await client.aclose()


async def test_a_new_database_is_empty(new_database: Callable[[], Awaitable[str]]) -> None:
    assert await current(await new_database()) is None
