"""Jobs among others: crashes in the middle, several workers, sales meanwhile, lost rows."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.ids import Sku
from domain.common.transaction import Tx
from domain.imports import jobs, working
from domain.imports.chunks import end_chunk, take_chunk
from domain.imports.jobs import begin
from domain.imports.model import ImportKind, JobStatus
from domain.imports.stock import apply_stock
from domain.imports.working import clear_up, work_off, work_on
from domain.stock.allocation import allocate, issue
from domain.stock.errors import InsufficientStock
from domain.stock.model import Demand, MovementReason
from tests.support.imports import (
    assert_sound,
    clear_stages,
    counts,
    imported,
    job_now,
    pieces,
    stages,
    taken,
)
from tests.support.mutations import everything
from tests.support.stock import World, build, database_of, level_at, place, stock_up

STOCK = ImportKind.STOCK
SKUS = [f"SKU-{n:05d}" for n in range(600)]
HEADER = "location,sku,on_hand\n"


def file(units: int, skus: list[str] = SKUS, extra: str = "") -> bytes:
    return (HEADER + "".join(f"ROME,{sku},{units}\n" for sku in skus) + extra).encode()


@pytest.fixture
async def world(
    clean_database: str, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> AsyncEngine:
    """Chunks are small, so that a job has several."""
    del clean_database
    monkeypatch.setitem(jobs.ROWS_AT_ONCE, STOCK, 100)
    await clear_stages(engine)
    await build(engine, World(skus=SKUS, locations=("ROME",)))
    return engine


async def on_hand(engine: AsyncEngine) -> set[tuple[int, int]]:
    """Units on hand of all levels, and how many levels have so many."""
    query = "SELECT on_hand, count(*) FROM stock_level GROUP BY on_hand"
    async with engine.connect() as connection:
        return {(row[0], row[1]) for row in await connection.execute(sa.text(query))}


async def test_what_a_crash_left_is_finished_by_the_next(world: AsyncEngine) -> None:
    database = database_of(world)
    job = await taken(database, STOCK, file(5))

    async def first_chunk(tx: Tx) -> None:
        chunk = await take_chunk(tx, job)
        assert chunk is not None
        await end_chunk(tx, job, chunk, await apply_stock(tx, job, chunk))

    async def half_a_chunk(tx: Tx) -> None:
        await first_chunk(tx)
        raise ConnectionAbortedError

    await database.run(lambda tx: begin(tx, job.id), actor_key="TEST")
    await database.run(first_chunk, actor_key="TEST")
    with pytest.raises(ConnectionAbortedError):
        await database.run(half_a_chunk, actor_key="TEST")
    ((units, done),) = await on_hand(world)
    assert units == 5
    assert 0 < done < len(SKUS)

    assert await work_off(database) == 1

    after = await job_now(database, job)
    assert counts(after) == ("SUCCEEDED", 600, 600, 0, 0)
    assert await on_hand(world) == {(5, 600)}
    assert await stages(world) == []
    await assert_sound(world)


async def test_several_workers_share_a_job(world: AsyncEngine) -> None:
    database = database_of(world)
    job = await taken(database, STOCK, file(5))
    await asyncio.gather(*[work_off(database) for _ in range(3)])
    while not (await job_now(database, job)).is_finished:
        await work_off(database)
    assert counts(await job_now(database, job)) == ("SUCCEEDED", 600, 600, 0, 0)
    await assert_sound(world)


async def test_two_files_at_once_end_as_one_after_the_other(world: AsyncEngine) -> None:
    database = database_of(world)
    first = await taken(database, STOCK, file(5))
    second = await taken(database, STOCK, file(8, SKUS[:300]))
    await asyncio.gather(work_off(database), work_off(database))
    while not (await job_now(database, second)).is_finished:
        await work_off(database)
    assert counts(await job_now(database, first)) == ("SUCCEEDED", 600, 600, 0, 0)
    assert counts(await job_now(database, second)) == ("SUCCEEDED", 300, 300, 0, 0)
    assert await on_hand(world) == {(5, 300), (8, 300)}
    await assert_sound(world)


async def test_what_is_sold_meanwhile_stays_sold(world: AsyncEngine) -> None:
    database = database_of(world)
    await stock_up(world, 50, *SKUS[:20])
    job = await taken(database, STOCK, file(60, SKUS[:100]))
    sold: list[int] = []

    async def sell(n: int) -> int:
        demands = [Demand(Sku(sku), place("ROME"), 1) for sku in SKUS[n % 20 : n % 20 + 3]]

        async def work(tx: Tx) -> None:
            await allocate(tx, demands, owner=f"order:{n}", reference=f"O-{n}")
            await issue(tx, demands, reason=MovementReason.SHIPPED, reference=f"O-{n}")

        try:
            await database.run(work, actor_key="TEST")
        except InsufficientStock:
            return 0
        return len(demands)

    async def sales() -> None:
        sold.extend([await sell(n) for n in range(40)])

    await asyncio.gather(sales(), sales(), work_off(database))
    assert (await job_now(database, job)).status is JobStatus.SUCCEEDED
    async with world.connect() as connection:
        total = await connection.scalar(sa.text("SELECT sum(on_hand) FROM stock_level"))
    assert total == 100 * 60 - sum(sold)
    await assert_sound(world)


async def test_rows_that_the_database_lost_fail_the_job_and_not_the_next(
    world: AsyncEngine,
) -> None:
    database = database_of(world)
    job = await taken(database, STOCK, file(5))
    async with world.begin() as connection:
        await connection.execute(sa.text(f"TRUNCATE staging.import_{job.id.hex}"))

    again = await imported(world, STOCK, file(6))

    lost = await job_now(database, job)
    assert counts(lost) == ("FAILED", 600, 0, 0, 0)
    assert lost.failure is not None
    assert lost.failure.startswith("IMPORT_STAGING_LOST: ")
    assert counts(again) == ("SUCCEEDED", 600, 600, 0, 0)


async def test_a_job_of_which_the_database_lost_some_rows_does_not_succeed(
    world: AsyncEngine,
) -> None:
    database = database_of(world)
    job = await taken(database, STOCK, file(5))
    async with world.begin() as connection:
        lost = f"DELETE FROM staging.import_{job.id.hex} WHERE line > 500"
        await connection.execute(sa.text(lost))

    assert await work_off(database) == 1

    after = await job_now(database, job)
    assert counts(after) == ("FAILED", 600, 499, 0, 0)
    assert (after.failure or "").startswith("IMPORT_STAGING_LOST: ")
    assert await on_hand(world) == {(5, 499)}


async def test_a_defect_fails_the_job_loudly_and_the_queue_goes_on(
    world: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = database_of(world)

    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    job = await taken(database, STOCK, file(5))
    with monkeypatch.context() as patched:
        patched.setitem(working.APPLYING, STOCK, broken)
        with pytest.raises(ZeroDivisionError):
            await work_off(database)
    failed = await job_now(database, job)
    assert (failed.status, failed.failure) == (JobStatus.FAILED, "INTERNAL: ZeroDivisionError")
    assert counts(await imported(world, STOCK, file(5))) == ("SUCCEEDED", 600, 600, 0, 0)


async def test_a_broken_upload_leaves_nothing(world: AsyncEngine) -> None:
    database = database_of(world)
    before = await everything(world)

    async def cut_off() -> AsyncIterator[bytes]:
        async for piece in pieces(file(5) * 200, 1 << 18):
            yield piece
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await taken(database, STOCK, cut_off())
    assert await stages(world) == []
    assert await everything(world) == before


async def test_what_nobody_needs_is_cleared_up(
    world: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = database_of(world)
    ended = await imported(world, STOCK, file(5, SKUS[:3], "x\n"))
    waiting = await taken(database, STOCK, file(6, SKUS[:3]))
    async with world.begin() as connection:
        name = "staging.import_0192f0c400007000800000000000dead"
        await connection.execute(sa.text(f"CREATE TABLE {name} ()"))
    assert await clear_up(database, days=1) == 1
    assert await stages(world) == [f"import_{waiting.id.hex}"]

    async with world.begin() as connection:
        past = {"at": ended.created_at - timedelta(days=2), "id": ended.id}
        old = sa.text("UPDATE import_job SET finished_at = :at WHERE id = :id")
        await connection.execute(old, past)
    assert await clear_up(database, days=1) == 1
    async with world.connect() as connection:
        left = await connection.scalar(sa.text("SELECT count(*) FROM import_refusal"))
    assert left == 0
    assert await work_off(database) == 1
    await assert_sound(world)


async def test_a_header_alone_is_a_job_of_no_rows(world: AsyncEngine) -> None:
    job = await imported(world, STOCK, HEADER.encode())
    assert counts(job) == ("SUCCEEDED", 0, 0, 0, 0)


async def test_another_process_at_the_job_is_left_alone(world: AsyncEngine) -> None:
    database = database_of(world)
    job = await taken(database, STOCK, file(5))

    async def hold(tx: Tx) -> None:
        await begin(tx, job.id)
        found = await work_on(database, job)
        assert found.status is JobStatus.QUEUED

    await database.run(hold, actor_key="TEST")
    assert await work_off(database) == 1
    assert (await level_at(world, SKUS[0])).on_hand == 5
