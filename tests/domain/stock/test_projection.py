from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.errors import ValidationFailed
from domain.common.ids import LocationId, Sku, new_id
from domain.identity.model import Actor
from domain.locations.tables import channel_location
from domain.stock.projection import level_states, watchable_locations
from tests.support.actors import ADMIN, channel, customer
from tests.support.stock import World, build, database_of, events, place, stock_up

ROME, MILAN = place("ROME"), place("MILAN")


@pytest.fixture
async def world(engine: AsyncEngine, clean_database: str) -> AsyncEngine:
    await build(engine, World(skus=("HAT", "SCARF"), locations=("ROME", "MILAN")))
    await stock_up(engine, 3, "SCARF", "HAT")
    await stock_up(engine, 5, "HAT", code="MILAN")
    return engine


async def test_states_are_what_the_newest_events_say(world: AsyncEngine) -> None:
    states = await database_of(world).read(partial(level_states, location_ids=[ROME, MILAN]))
    published = [event["payload"] for event in await events(world)]
    assert states == sorted(published, key=lambda each: (each["location_id"], each["sku"]))


async def test_states_can_be_limited_to_skus(world: AsyncEngine) -> None:
    query = partial(level_states, location_ids=[ROME], skus=[Sku("HAT"), Sku("UNKNOWN")])
    (state,) = await database_of(world).read(query)
    assert (state["sku"], state["available"], state["version"]) == ("HAT", 3, 1)


async def test_too_many_states_are_refused(world: AsyncEngine) -> None:
    database = database_of(world)
    every = partial(level_states, location_ids=[ROME, MILAN])
    assert len(await database.read(partial(every, most=3))) == 3
    with pytest.raises(ValidationFailed, match="more than 2 levels"):
        await database.read(partial(every, most=2))


@pytest.mark.parametrize(
    ("actor", "visible"),
    [
        (ADMIN, {ROME, MILAN}),
        (channel("WEB"), {ROME}),
        (channel("POS"), set[LocationId]()),
        (customer(new_id()), set[LocationId]()),
        (None, set[LocationId]()),
    ],
)
async def test_who_may_watch_which_location(
    world: AsyncEngine, actor: Actor | None, visible: set[LocationId]
) -> None:
    async with world.begin() as connection:
        await connection.execute(
            sa.delete(channel_location).where(channel_location.c.location_id == MILAN)
        )
    asked = [ROME, MILAN, LocationId(new_id())]
    query = partial(watchable_locations, actor=actor, location_ids=asked)
    assert await database_of(world).read(query) == visible
