"""Stock under contention: real PostgreSQL, many connections, no sleeping and hoping."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.database import Database, write_engine
from domain.common.ids import Sku
from domain.common.transaction import Tx
from domain.stock.allocation import reserve
from domain.stock.errors import InsufficientStock
from domain.stock.model import Demand, Level
from tests.support.stock import World, build, database_of, events, level_at, place, stock_up

HOUR = timedelta(hours=1)


@pytest.fixture
async def crowd(clean_database: str) -> AsyncGenerator[AsyncEngine]:
    """An engine with a connection for each of 60 contenders."""
    engine = write_engine(clean_database, pool_size=60)
    yield engine
    await engine.dispose()


async def outcome(database: Database, work: Callable[[Tx], Awaitable[list[Level]]]) -> str:
    """What became of one attempt: OK or the code of the refusal."""
    try:
        await database.run(work, actor_key="TEST")
    except InsufficientStock as refusal:
        return refusal.code
    return "OK"


async def test_sixty_buyers_of_ten_units_get_exactly_ten(crowd: AsyncEngine) -> None:
    await build(crowd, World())
    await stock_up(crowd, 10, "HAT")
    database = database_of(crowd)

    async def buy(number: int) -> str:
        demand = [Demand(Sku("HAT"), place("ROME"), 1)]
        return await outcome(
            database, lambda tx: reserve(tx, demand, owner=f"order:{number}", ttl=HOUR)
        )

    results = await asyncio.gather(*[buy(number) for number in range(60)])

    assert (results.count("OK"), results.count("INSUFFICIENT_STOCK")) == (10, 50)
    level = await level_at(crowd, "HAT")
    assert (level.on_hand, level.reserved, level.available, level.version) == (10, 10, 0, 11)
    assert [event["version"] for event in await events(crowd)] == list(range(1, 12))
