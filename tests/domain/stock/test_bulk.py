import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.errors import NotFound, ValidationFailed
from domain.common.ids import LocationId, Sku, new_id
from domain.stock.audit import violations
from domain.stock.bulk import MAX_LEVELS, Opening, open_stock
from domain.stock.model import Level
from tests.support import stock

HAT, SET = Sku("HAT"), Sku("SET")
ROME, MILAN = stock.place("ROME"), stock.place("MILAN")


@pytest.fixture(autouse=True)
async def world(engine: AsyncEngine, clean_database: str) -> None:
    await stock.build(
        engine, stock.World(skus=("HAT",), locations=("ROME", "MILAN"), kits={"SET": {"HAT": 2}})
    )


async def opened(engine: AsyncEngine, *openings: Opening) -> list[Level]:
    return await stock.database_of(engine).run(
        lambda tx: open_stock(tx, openings, "opening"), actor_key="TEST"
    )


async def test_levels_are_opened_with_units_and_safety(engine: AsyncEngine) -> None:
    levels = await opened(engine, Opening(HAT, ROME, 7, safety=2), Opening(HAT, MILAN, 0))

    assert {level.location_id: level.available for level in levels} == {ROME: 5, MILAN: 0}
    rome = await stock.level_at(engine, "HAT")
    assert (rome.on_hand, rome.safety, rome.version) == (7, 2, 1)
    assert await stock.movements(engine) == [("HAT", "EXTERNAL", "FREE", 7, "RECEIVED")]
    published = await stock.events(engine)
    assert [(each["type"], each["version"]) for each in published] == [("StockChanged", 1)] * 2
    assert await stock.database_of(engine).read(violations) == []


async def test_a_level_that_is_there_stays_as_it_is(engine: AsyncEngine) -> None:
    await stock.stock_up(engine, 3, "HAT")

    levels = await opened(engine, Opening(HAT, ROME, 7), Opening(HAT, MILAN, 1))

    assert [level.location_id for level in levels] == [MILAN]
    assert (await stock.level_at(engine, "HAT")).on_hand == 3
    assert await opened(engine, Opening(HAT, ROME, 7), Opening(HAT, MILAN, 1)) == []
    assert await stock.database_of(engine).read(violations) == []


async def test_opening_at_once_opens_once(engine: AsyncEngine) -> None:
    results = await asyncio.gather(*[opened(engine, Opening(HAT, ROME, 5)) for _ in range(8)])

    assert sorted(len(levels) for levels in results) == [0] * 7 + [1]
    assert (await stock.level_at(engine, "HAT")).on_hand == 5
    assert await stock.database_of(engine).read(violations) == []


@pytest.mark.parametrize(
    "opening",
    [
        Opening(Sku("GHOST"), ROME, 1),
        Opening(HAT, LocationId(new_id()), 1),
        Opening(SET, ROME, 1),
    ],
)
async def test_unknown_places_and_kits_refuse_them_all(
    engine: AsyncEngine, opening: Opening
) -> None:
    with pytest.raises(NotFound):
        await opened(engine, Opening(HAT, MILAN, 1), opening)
    assert await stock.movements(engine) == []


@pytest.mark.parametrize(
    "openings",
    [
        (Opening(HAT, ROME, -1),),
        (Opening(HAT, ROME, 1, safety=-1),),
        (Opening(HAT, ROME, 1), Opening(HAT, ROME, 2)),
        tuple(Opening(Sku(str(n)), ROME, 1) for n in range(MAX_LEVELS + 1)),
    ],
)
async def test_malformed_openings_are_refused(
    engine: AsyncEngine, openings: tuple[Opening, ...]
) -> None:
    with pytest.raises(ValidationFailed):
        await opened(engine, *openings)
