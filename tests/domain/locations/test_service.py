"""Locations under contention, and the last lines in the database."""

import asyncio
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.catalog.tables import channel
from domain.common.database import Database
from domain.common.errors import NotFound, ValidationFailed
from domain.common.ids import ChannelCode, LocationId, new_id
from domain.locations.model import Coordinates, LocationCode, LocationKind
from domain.locations.service import (
    AssignChannelLocations,
    CreateLocation,
    LocationAddress,
    assign_channel_locations,
    create_location,
)
from domain.locations.tables import channel_location, location
from tests.support.mutations import events, everything

WEB = ChannelCode("WEB")


@pytest.fixture
async def database(engine: AsyncEngine, clean_database: str) -> Database:
    async with engine.begin() as connection:
        row = {"code": "WEB", "kind": "WEB", "name": "Web", "currency": "EUR"}
        await connection.execute(sa.insert(channel).values(row))
    return Database(engine, engine, lambda: None)


async def add(database: Database, code: str) -> LocationId:
    command = CreateLocation(
        idempotency_key=code,
        code=LocationCode(code),
        name=code,
        kind=LocationKind.STORE,
        address=LocationAddress("Roma", "IT"),
        position=Coordinates(41.9, 12.5),
        time_zone="Europe/Rome",
        can_ship=True,
        can_pickup=True,
        can_receive_returns=True,
    )
    done = await database.run(lambda tx: create_location(tx, command), actor_key="TEST")
    return done.id


async def assign(database: Database, ids: tuple[LocationId, ...], code: ChannelCode = WEB) -> None:
    command = AssignChannelLocations(uuid4().hex, code, ids)
    await database.run(lambda tx: assign_channel_locations(tx, command), actor_key="TEST")


async def test_assignments_at_once_leave_one_of_them_whole(
    database: Database, engine: AsyncEngine
) -> None:
    a, b, c = [await add(database, code) for code in ("A", "B", "C")]
    choices = [(a, b), (b, c), (a, c), (c,), (a, b, c)]

    await asyncio.gather(*[assign(database, choice) for choice in choices * 2])

    async with engine.connect() as connection:
        linked = (await connection.scalars(sa.select(channel_location.c.location_id))).all()
        rows = await connection.execute(sa.select(location.c.id, location.c.version))
        versions = {row.id: row.version for row in rows}
    assert set(linked) in [set(choice) for choice in choices]
    for location_id, version in versions.items():
        seen = [
            event for event in await events(engine) if event["aggregate_id"] == str(location_id)
        ]
        assert [event["version"] for event in seen] == list(range(1, version + 1))
        last = seen[-1]["payload"]["channels"]
        assert (last == ["WEB"]) is (location_id in linked)


async def test_a_channel_that_does_not_exist_is_refused_by_the_table(
    database: Database, engine: AsyncEngine
) -> None:
    a = await add(database, "A")
    before = await everything(engine)
    with pytest.raises(NotFound) as caught:
        await assign(database, (a,), ChannelCode("NONE"))
    assert caught.value.kind == "channel"
    assert await everything(engine) == before


async def test_a_channel_has_a_limited_number_of_locations(
    database: Database, engine: AsyncEngine
) -> None:
    many = tuple(LocationId(new_id()) for _ in range(5_001))
    with pytest.raises(ValidationFailed):
        await assign(database, many)
