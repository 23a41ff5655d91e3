import asyncio
import random
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import groupby

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from domain.common.database import Database, DbConnection
from domain.common.transaction import Tx
from domain.events import repository
from domain.events.log import Position, read_position
from domain.events.sequencing import Fenced, SequencedCommit, Sequencer, open_sequencer
from domain.events.tables import event_log, outbox
from tests.support.probe import change, change_now, create_things, pile_up
from tests.support.waiting import until


async def _drained(sequencer: Sequencer) -> list[SequencedCommit]:
    """Moves until nothing is left."""
    commits: list[SequencedCommit] = []
    while batch := await sequencer.move():
        commits += batch
    return commits


async def _count(connection: DbConnection) -> int:
    return await connection.scalar(sa.select(sa.func.count()).select_from(event_log)) or 0


async def test_a_commit_is_numbered_in_its_order_and_returned_for_publishing(
    database: Database, clean_database: str
) -> None:
    one, two = await create_things(database, 2)
    await change_now(database, [one, two])
    await change_now(database, [two])

    async with open_sequencer(clean_database) as sequencer:
        assert await sequencer.try_lead()
        commits = await sequencer.move()

    assert [(c.first_seq, c.last_seq, len(c.records)) for c in commits] == [(1, 2, 2), (3, 3, 1)]
    assert sequencer.last_seq == 3
    position = await database.read(read_position)
    assert position == Position(sequencer.incarnation, last_seq=3, oldest_seq=1)
    async with database.reads.connect() as connection:
        rows = (await connection.execute(sa.select(event_log).order_by("seq"))).all()
        assert await connection.scalar(sa.select(sa.func.count()).select_from(outbox)) == 0
    assert [(r.aggregate_id, r.version) for r in rows] == [(one, 1), (two, 1), (two, 2)]
    assert {r.actor for r in rows} == {"TEST:probe"}
    assert all("TEST:probe" not in record for c in commits for record in c.records)


async def test_an_empty_outbox_moves_nothing(database: Database, clean_database: str) -> None:
    async with open_sequencer(clean_database) as sequencer:
        assert await sequencer.try_lead()
        assert await sequencer.move() == []
        assert await sequencer.retire(timedelta(hours=1)) == 0
    assert (await database.read(read_position)).last_seq == 0


async def test_concurrent_writers_lose_nothing_and_keep_every_order(
    database: Database, clean_database: str
) -> None:
    ids = await create_things(database, 6)
    chance = random.Random(7)

    async def work(tx: Tx) -> None:
        await tx.connection.execute(sa.select(sa.func.pg_current_xact_id()))  # an early xid
        await asyncio.sleep(chance.random() * 0.004)
        await change(tx, chance.sample(ids, k=chance.randint(1, 3)))
        await asyncio.sleep(chance.random() * 0.004)

    async def write() -> None:
        for _ in range(40):
            await database.run(work, actor_key="TEST:probe")

    commits: list[SequencedCommit] = []
    async with open_sequencer(clean_database) as sequencer, asyncio.TaskGroup() as group:
        assert await sequencer.try_lead()
        writers = [group.create_task(write()) for _ in range(8)]
        while not all(writer.done() for writer in writers):
            commits += await sequencer.move()
            await asyncio.sleep(0.002)
        commits += await _drained(sequencer)

    async with database.reads.connect() as connection:
        rows = (await connection.execute(sa.select(event_log).order_by("seq"))).all()
        things = (await connection.execute(sa.text("SELECT id, version FROM probe.thing"))).all()
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    assert len(list(groupby(rows, lambda row: row.commit))) == 8 * 40 == len(commits)
    for thing in things:
        seen = [row.version for row in rows if row.aggregate_id == thing.id]
        assert seen == list(range(1, thing.version + 1))
    assert [(c.first_seq, c.last_seq) for c in commits] == [
        (group[0].seq, group[-1].seq)
        for group in (list(g) for _, g in groupby(rows, lambda row: row.commit))
    ]


async def test_a_batch_ends_after_enough_events_and_never_inside_a_commit(
    database: Database, clean_database: str
) -> None:
    ids = await create_things(database, 2_600)
    for _ in range(4):
        await change_now(database, ids)

    async with open_sequencer(clean_database) as sequencer:
        assert await sequencer.try_lead()
        sizes = [len(await sequencer.move()) for _ in range(3)]

    assert sizes == [2, 2, 0]
    assert sequencer.last_seq == 4 * 2_600


async def test_a_backlog_is_moved_quickly_though_statistics_say_that_the_outbox_is_empty(
    database: Database, clean_database: str
) -> None:
    (one,) = await create_things(database, 1)
    await pile_up(database, one, 5_000)
    async with open_sequencer(clean_database) as sequencer:
        assert await sequencer.try_lead()
        await _drained(sequencer)
        async with database.reads.connect() as connection:
            await connection.execute(sa.text("VACUUM ANALYZE outbox"))
        await pile_up(database, one, 20_000)

        async with asyncio.timeout(30):  # minutes, if each batch read all of the backlog
            assert len(await _drained(sequencer)) == 20_000


async def test_only_one_leads_and_a_standby_takes_over_when_the_session_ends(
    clean_database: str,
) -> None:
    async with open_sequencer(clean_database) as standby:
        async with open_sequencer(clean_database) as leader:
            assert await leader.try_lead()
            assert not await standby.try_lead()
        await until(standby.try_lead)


async def test_a_fenced_leader_moves_and_retires_nothing(
    database: Database, clean_database: str
) -> None:
    ids = await create_things(database, 1)
    async with AsyncExitStack() as stack:
        old = await stack.enter_async_context(open_sequencer(clean_database))
        assert await old.try_lead()
        await change_now(database, ids)
        await old.move()
        async with database.writes.begin() as connection:  # as a new leader would
            await connection.execute(repository.RAISE_EPOCH)
        await change_now(database, ids)

        with pytest.raises(Fenced):
            await old.move()
        assert await old.retire(timedelta(0)) == 0

    assert await database.read(_count) == 1
    assert (await database.read(read_position)).last_seq == 1


async def test_a_batch_that_waits_for_a_new_epoch_moves_nothing(
    database: Database, clean_database: str
) -> None:
    ids = await create_things(database, 1)
    await change_now(database, ids)
    async with open_sequencer(clean_database) as old:
        assert await old.try_lead()
        async with database.writes.begin() as connection:
            await connection.execute(repository.RAISE_EPOCH)
            late = asyncio.create_task(old.move())
            await _until_waiting(database)

        assert await late == []
        with pytest.raises(Fenced):
            await old.move()
    assert await database.read(_count) == 0


async def test_retention_deletes_a_prefix_and_raises_the_oldest_number(
    database: Database, clean_database: str
) -> None:
    ids = await create_things(database, 1)
    for _ in range(5):
        await change_now(database, ids)
    async with open_sequencer(clean_database) as sequencer:
        assert await sequencer.try_lead()
        await _drained(sequencer)
        async with database.writes.begin() as connection:  # 4 is young, 5 has a wrong clock
            old = sa.update(event_log).where(event_log.c.seq != 4)
            await connection.execute(
                old.values(logged_at=sa.func.now() - sa.text("interval '80 hours'"))
            )

        assert await sequencer.retire(timedelta(hours=72)) == 3
        assert await sequencer.retire(timedelta(hours=72)) == 0

    position = await database.read(read_position)
    assert (position.oldest_seq, position.last_seq) == (4, 5)
    assert await database.read(_count) == 2


async def test_retention_of_everything_keeps_the_numbers_going(
    database: Database, clean_database: str
) -> None:
    ids = await create_things(database, 1)
    await change_now(database, ids)
    async with open_sequencer(clean_database) as sequencer:
        assert await sequencer.try_lead()
        await _drained(sequencer)
        assert await sequencer.retire(timedelta(0)) == 1
        await change_now(database, ids)
        (commit,) = await sequencer.move()

    assert commit.first_seq == 2
    position = await database.read(read_position)
    assert (position.oldest_seq, position.last_seq) == (2, 2)


async def test_a_version_that_was_published_twice_stops_the_sequencer(
    database: Database, clean_database: str
) -> None:
    ids = await create_things(database, 1)
    await change_now(database, ids)
    async with open_sequencer(clean_database) as sequencer:
        assert await sequencer.try_lead()
        await _drained(sequencer)
        async with database.writes.begin() as connection:
            await connection.execute(sa.text("UPDATE probe.thing SET version = 0"))
        await change_now(database, ids)

        with pytest.raises(IntegrityError, match="uq_event_log"):
            await sequencer.move()
    assert await database.read(_count) == 1


async def _until_waiting(database: Database) -> None:
    """Some statement of this database waits for a lock."""
    waiting = sa.text(
        "SELECT count(*) > 0 FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with database.reads.connect() as connection:

        async def some_wait() -> bool:
            return bool(await connection.scalar(waiting))

        await until(some_wait)
