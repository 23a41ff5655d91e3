"""Stock levels out of files: what is applied, what is refused, and what the books say."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.errors import ValidationFailed
from domain.common.ids import Sku
from domain.common.transaction import Tx
from domain.imports.model import ImportKind
from domain.imports.repository import page_of_refusals
from domain.stock.allocation import allocate, issue
from domain.stock.audit import violations
from domain.stock.events import payload_of, stock_changed
from domain.stock.model import Demand, MovementReason
from tests.support.imports import (
    assert_sound,
    clear_stages,
    counts,
    imported,
    reasons,
    refusals,
    stages,
)
from tests.support.mutations import everything
from tests.support.stock import (
    World,
    build,
    database_of,
    events,
    level_at,
    movements,
    place,
    stock_up,
)

STOCK = ImportKind.STOCK
FILE = b"location,sku,on_hand\nROME,HAT,7\nROME,CAP,0\nMILAN,HAT,12\n"


@pytest.fixture
async def world(clean_database: str, engine: AsyncEngine) -> AsyncEngine:
    del clean_database
    await clear_stages(engine)
    kits = {"SET": {"HAT": 1, "CAP": 1}}
    await build(engine, World(skus=("HAT", "CAP"), locations=("ROME", "MILAN"), kits=kits))
    return engine


async def stock_events(engine: AsyncEngine) -> list[dict[str, Any]]:
    return [each for each in await events(engine) if each["aggregate"] == "stock_level"]


async def test_levels_are_opened_with_movements_and_the_events_of_any_other_change(
    world: AsyncEngine,
) -> None:
    job = await imported(world, STOCK, FILE, name="stock.csv")

    assert counts(job) == ("SUCCEEDED", 3, 3, 0, 0)
    levels = [
        await level_at(world, "HAT"),
        await level_at(world, "CAP"),
        await level_at(world, "HAT", "MILAN"),
    ]
    assert [(e.on_hand, e.available, e.version) for e in levels] == [
        (7, 7, 1),
        (0, 0, 1),
        (12, 12, 1),
    ]
    assert sorted(await movements(world)) == [
        ("HAT", "EXTERNAL", "FREE", 7, "COUNT"),
        ("HAT", "EXTERNAL", "FREE", 12, "COUNT"),
    ]
    published = await stock_events(world)
    expected = {
        str(e.id): stock_changed(e).to_record("OPERATIONS:clerk", e.updated_at, "") for e in levels
    }
    assert {each["aggregate_id"]: each for each in published} == expected
    assert [payload_of(e) for e in levels] == [expected[str(e.id)]["payload"] for e in levels]
    assert await stages(world) == []
    await assert_sound(world)


async def test_importing_again_changes_nothing(world: AsyncEngine) -> None:
    await imported(world, STOCK, FILE)
    before, told = await everything(world), len(await stock_events(world))

    job = await imported(world, STOCK, FILE)

    assert counts(job) == ("SUCCEEDED", 3, 0, 3, 0)
    after = await everything(world)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"import_job", "import_chunk", "outbox"}
    assert len(await stock_events(world)) == told


async def test_a_count_moves_the_difference_and_only_that(world: AsyncEngine) -> None:
    await stock_up(world, 10, "HAT", "CAP")

    job = await imported(
        world, STOCK, b"sku;location;on_hand;safety_stock\nHAT;ROME;4;\nCAP;ROME;15;2\n"
    )

    assert counts(job) == ("SUCCEEDED", 2, 2, 0, 0)
    hat, cap = await level_at(world, "HAT"), await level_at(world, "CAP")
    assert (hat.on_hand, hat.safety, hat.version) == (4, 0, 2)
    assert (cap.on_hand, cap.safety, cap.available, cap.version) == (15, 2, 13, 2)
    assert sorted((await movements(world))[2:]) == [
        ("CAP", "EXTERNAL", "FREE", 5, "COUNT"),
        ("HAT", "FREE", "EXTERNAL", 6, "COUNT"),
    ]
    await assert_sound(world)


async def test_rows_that_cannot_be_applied_are_refused_one_by_one(world: AsyncEngine) -> None:
    await stock_up(world, 5, "HAT")

    async def sell(tx: Tx) -> None:
        demand = Demand(Sku("HAT"), place("ROME"), 3)
        await allocate(tx, [demand], owner="order:1", reference="O-1")

    await database_of(world).run(sell, actor_key="TEST")
    file = (
        b"location,sku,on_hand,safety_stock\n"
        b"ROME,HAT,2,\n"
        b"PARIS,HAT,1,\n"
        b"ROME,SHOE,1,\n"
        b"ROME,SET,1,\n"
        b"ROME,CAP,-1,\n"
        b"MILAN,CAP,1000001,\n"
        b"MILAN,HAT,many,\n"
        b"ROME,CAP,9,x\n"
        b"ROME,CAP,9\n"
        b'MILAN,HAT,"3,\n'
        b"\n"
        b"MILAN,CAP,6,\n"
    )
    before = await level_at(world, "HAT")

    job = await imported(world, STOCK, file)

    assert counts(job) == ("SUCCEEDED", 11, 1, 0, 10)
    assert await reasons(world, job) == [
        (2, "on_hand: would be 2, but 3 units are allocated, reserved or set aside"),
        (3, "location: is not known"),
        (4, "sku: is not known"),
        (5, "sku: is a kit, of which only the components have stock"),
        (6, "line 9 replaces it"),
        (7, "line 13 replaces it"),
        (8, "on_hand: must be a whole number of 0 to 1,000,000"),
        (9, "safety_stock: must be a whole number of 0 to 1,000,000"),
        (10, "has 3 fields, not 4"),
        (11, "a quote is not closed"),
    ]
    refused = await refusals(world, job)
    assert refused[0].row == {"location": "ROME", "sku": "HAT", "on_hand": "2"}
    assert refused[-1].row == {"line": 'MILAN,HAT,"3,'}
    assert await level_at(world, "HAT") == before
    assert (await level_at(world, "CAP", "MILAN")).on_hand == 6
    async with world.connect() as connection:
        assert await violations(connection) == []


async def test_units_sold_since_the_count_stay_sold(world: AsyncEngine) -> None:
    await stock_up(world, 10, "HAT")
    moment = datetime.now(UTC)

    async def sell(tx: Tx) -> None:
        demand = Demand(Sku("HAT"), place("ROME"), 3)
        await allocate(tx, [demand], owner="order:1", reference="O-1")
        await issue(tx, [demand], reason=MovementReason.SHIPPED, reference="O-1")

    await database_of(world).run(sell, actor_key="TEST")
    file = b"location,sku,on_hand\nROME,HAT,12\n"

    job = await imported(world, STOCK, file, as_of=moment)
    again = await imported(world, STOCK, file, as_of=moment)
    older = await imported(world, STOCK, file, as_of=moment - timedelta(hours=1))

    assert counts(job) == ("SUCCEEDED", 1, 1, 0, 0)
    assert (await level_at(world, "HAT")).on_hand == 9
    assert counts(again) == ("SUCCEEDED", 1, 0, 1, 0)
    assert counts(older) == ("SUCCEEDED", 1, 0, 0, 1)
    ((line, reason),) = await reasons(world, older)
    assert (line, reason[:11], reason[-18:]) == (2, "a count of ", "was applied before")
    await assert_sound(world)


async def test_the_last_row_of_a_key_counts(world: AsyncEngine) -> None:
    file = b"location,sku,on_hand\nROME,HAT,1\nROME,HAT ,2\nROME,HAT,3\n"

    job = await imported(world, STOCK, file)
    again = await imported(world, STOCK, file)

    assert counts(job) == ("SUCCEEDED", 3, 1, 0, 2)
    assert counts(again) == ("SUCCEEDED", 3, 0, 1, 2)
    assert await reasons(world, again) == [(2, "line 4 replaces it"), (3, "line 4 replaces it")]
    assert (await level_at(world, "HAT")).on_hand == 3


async def test_refused_rows_are_paged_by_cursors_of_their_own(world: AsyncEngine) -> None:
    job = await imported(world, STOCK, b"location,sku,on_hand\nA,HAT,1\nB,HAT,1\nC,HAT,1\n")
    async with world.connect() as connection:
        first = await page_of_refusals(connection, job.id, 2, None)
        rest = await page_of_refusals(connection, job.id, 2, first.cursors[-1])
        assert [each.line for each in (*first.items, *rest.items)] == [2, 3, 4]
        assert (first.has_next, rest.has_next) == (True, False)
        for place in ("2", "x.1", f"{2**63}.1"):
            cursor = base64.urlsafe_b64encode(place.encode()).decode()
            with pytest.raises(ValidationFailed, match="is not a cursor of this list"):
                await page_of_refusals(connection, job.id, 2, cursor)


async def test_versions_of_a_job_are_contiguous_events(world: AsyncEngine) -> None:
    job = await imported(world, STOCK, FILE)
    told = [e for e in await events(world) if e["aggregate"] == "import_job"]
    assert [e["version"] for e in told] == [1, 2, 3]
    assert [e["payload"]["status"] for e in told] == ["QUEUED", "RUNNING", "SUCCEEDED"]
    assert told[-1]["payload"]["applied"] == 3
    assert job.version == 3
    async with world.connect() as connection:
        commits = await connection.scalar(sa.text("SELECT count(*) FROM outbox"))
    assert commits == 4
