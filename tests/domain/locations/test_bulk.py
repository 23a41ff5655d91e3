from dataclasses import replace
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.catalog.tables import channel
from domain.common.database import Database
from domain.common.errors import NotFound, ValidationFailed
from domain.common.ids import ChannelCode, LocationId, new_id
from domain.locations.bulk import add_locations, location_ids
from domain.locations.model import Location, LocationCode, LocationKind
from domain.locations.repository import all_locations_by_id
from tests.support.mutations import events

WEB = ChannelCode("WEB")


@pytest.fixture
async def database(engine: AsyncEngine, clean_database: str) -> Database:
    async with engine.begin() as connection:
        row = {"code": "WEB", "kind": "WEB", "name": "Web", "currency": "EUR"}
        await connection.execute(sa.insert(channel).values(row))
    return Database(engine, engine, lambda: None)


def store(code: str, *channels: ChannelCode) -> Location:
    return Location(
        id=LocationId(new_id()),
        code=LocationCode(code),
        name=f"  Store {code} ",
        kind=LocationKind.STORE,
        street="",
        city="Roma",
        region="",
        postal_code="",
        country="IT",
        latitude=41.9,
        longitude=12.5,
        time_zone="Europe/Rome",
        opening_hours=(),
        cut_off=None,
        daily_capacity=None,
        priority=100,
        trust=Decimal(1),
        can_ship=True,
        can_pickup=True,
        can_receive_returns=True,
        active=True,
        version=1,
        channels=channels,
    )


async def add(database: Database, *locations: Location) -> int:
    return await database.run(lambda tx: add_locations(tx, locations), actor_key="TEST")


async def test_locations_serve_their_channels_from_the_start(
    database: Database, engine: AsyncEngine
) -> None:
    first, second = store("A", WEB), store("B")

    assert await add(database, first, second) == 2

    async with engine.connect() as connection:
        found = await all_locations_by_id(connection, [first.id, second.id])
    assert found == {
        first.id: replace(first, name="Store A"),
        second.id: replace(second, name="Store B"),
    }
    published = await events(engine)
    assert [each["type"] for each in published] == ["LocationCreated"] * 2
    assert [each["payload"]["channels"] for each in published] == [["WEB"], []]


async def test_known_codes_stay_as_they_are(database: Database, engine: AsyncEngine) -> None:
    first = store("A", WEB)
    await add(database, first)

    assert await add(database, store("A"), store("B")) == 1
    assert await add(database, store("A"), store("B")) == 0

    codes = [LocationCode("A"), LocationCode("C")]
    ids = await database.run(lambda tx: location_ids(tx, codes), actor_key="TEST")
    assert ids == {"A": first.id}
    assert len(await events(engine)) == 2


async def test_one_bad_location_refuses_them_all(database: Database, engine: AsyncEngine) -> None:
    with pytest.raises(NotFound):
        await add(database, store("A"), store("B", ChannelCode("moon")))
    with pytest.raises(ValidationFailed):
        await add(database, store("A"), replace(store("B"), latitude=91))
    with pytest.raises(ValidationFailed):
        await add(database, store("A"), store("A"))
    assert await events(engine) == []
