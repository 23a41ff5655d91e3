from collections.abc import Sequence
from functools import partial
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from domain.common.database import Database, DbConnection
from domain.common.transaction import Tx
from domain.events.log import (
    Commit,
    LogReader,
    Position,
    SnapshotPosition,
    read_snapshot_position,
)
from domain.events.outbox import publish
from domain.events.sequencing import open_sequencer
from tests.support.probe import change_now, create_things, thing_changed, versions

_FILL = sa.text(
    """
    INSERT INTO event_log (seq, "commit", type, aggregate, aggregate_id, version, topics, payload,
                           actor, at, correlation_id)
    SELECT seq, (:first + seq - 1) / :events_each, 'ThingChanged', 'product',
           '00000000-0000-7000-8000-000000000000', seq,
           ARRAY[CASE WHEN seq % :rare = 0 THEN 'probe:rare' ELSE 'probe:all' END],
           '{}', 'TEST:probe', now(), ''
    FROM generate_series(1, :count) AS seq
    """
)


async def _fill(
    database: Database, count: int, *, events_each: int, rare: int = 1_000_000, first: int = 0
) -> None:
    """A log of `count` events, so many in each commit; every `rare`-th has another topic."""
    values = {"count": count, "events_each": events_each, "rare": rare, "first": first}
    async with database.writes.begin() as connection:
        await connection.execute(_FILL, values)
        await connection.execute(
            sa.text("UPDATE sequencer_state SET last_seq = :count"), {"count": count}
        )


async def _all(reader: LogReader) -> list[Sequence[Commit]]:
    """Every page up to the end of the log."""
    pages: list[Sequence[Commit]] = []
    while True:
        page, position = await reader.next_page()
        pages.append(page)
        if reader.seq >= position.last_seq:
            return pages


def _seqs(pages: Sequence[Sequence[Commit]]) -> list[int]:
    return [event.seq for page in pages for commit in page for event in commit.events]


@pytest.mark.parametrize("events_each", [1, 7, 499, 500, 501, 1_700, 5_000])
async def test_pages_hold_whole_commits_and_every_event_once(
    database: Database, events_each: int
) -> None:
    await _fill(database, 5_000, events_each=events_each)

    pages = await _all(LogReader(database, 0))

    commits = [commit for page in pages for commit in page]
    assert _seqs(pages) == list(range(1, 5_001))
    assert len(commits) == len({commit.events[0].commit for commit in commits})
    assert max(sum(len(c.events) for c in page) for page in pages) <= max(500, 2 * events_each)


async def test_reading_starts_behind_the_given_place(database: Database) -> None:
    await _fill(database, 20, events_each=4)
    reader = LogReader(database, 8)

    (page,) = await _all(reader)

    assert [(c.first_seq, c.last_seq) for c in page] == [(9, 12), (13, 16), (17, 20)]
    assert reader.seq == 20


async def test_the_end_of_the_log_is_an_empty_page(database: Database) -> None:
    await _fill(database, 3, events_each=1)
    reader = LogReader(database, 3)

    page, position = await reader.next_page()

    assert (page, reader.seq, position.last_seq) == ([], 3, 3)


async def test_a_rare_topic_is_found_far_away_and_the_place_moves_to_the_end(
    database: Database,
) -> None:
    await _fill(database, 50_500, events_each=1, rare=50_000)
    reader = LogReader(database, 0, ["probe:rare", "probe:unknown"])

    pages = await _all(reader)

    assert _seqs(pages) == [50_000]
    assert len(pages) == 3
    assert reader.seq == 50_500


async def test_a_commit_across_the_border_of_a_window_stays_whole(database: Database) -> None:
    await _fill(database, 50_000, events_each=1_000, rare=300, first=500)

    pages = await _all(LogReader(database, 0, ["probe:rare"]))

    commits = [commit for page in pages for commit in page]
    assert _seqs(pages) == list(range(300, 50_001, 300))
    assert len(commits) == len({commit.events[0].commit for commit in commits}) == 51


async def test_a_snapshot_sees_each_change_in_the_log_or_in_the_outbox_but_not_in_both(
    database: Database, clean_database: str
) -> None:
    one, two, other = await create_things(database, 3)
    await change_now(database, [one, two])
    async with open_sequencer(clean_database) as sequencer:
        assert await sequencer.try_lead()
        await sequencer.move()
        await change_now(database, [two])
        await change_now(database, [two], ["probe:all", "probe:rare"])
        await change_now(database, [other], ["probe:other"])

        async def look(connection: DbConnection) -> tuple[SnapshotPosition, dict[UUID, int]]:
            first = await read_snapshot_position(connection, ["probe:rare", "probe:all"])
            await sequencer.move()
            await change_now(database, [one])
            again = await read_snapshot_position(connection, ["probe:rare", "probe:all"])
            assert again == first
            return first, await versions(connection)

        seen, state = await database.snapshot(look)
        incarnation = sequencer.incarnation

    assert seen.position == Position(incarnation, last_seq=2, oldest_seq=1)
    assert seen.pending == {str(two): 3}
    assert state == {one: 1, two: 3, other: 1}


async def test_nothing_pending_is_an_empty_mapping(database: Database) -> None:
    seen = await database.snapshot(partial(read_snapshot_position, topics=["probe:all"]))
    assert seen.pending == {}


async def test_a_snapshot_cannot_write_and_leaves_reads_as_they_were(database: Database) -> None:
    async def write(connection: DbConnection) -> None:
        await connection.execute(sa.text("DELETE FROM outbox"))

    with pytest.raises(DBAPIError, match="read-only"):
        await database.snapshot(write)

    async def times(connection: DbConnection) -> list[object]:
        level = await connection.scalar(sa.text("SHOW transaction_isolation"))
        now = sa.text("SELECT now()")
        return [level, await connection.scalar(now) < await connection.scalar(now)]

    for _ in range(3):  # each statement is a transaction of its own again
        assert await database.read(times) == ["read committed", True]


async def test_an_event_reads_back_as_it_was_published(database: Database) -> None:
    (one,) = await create_things(database, 1)
    event = thing_changed(one, 1, ["probe:all", "probe:more"])

    async def work(tx: Tx) -> None:
        await publish(tx, event)

    await database.run(work, actor_key="TEST:probe")
    async with open_sequencer(database.writes.url.render_as_string(hide_password=False)) as leader:
        assert await leader.try_lead()
        await leader.move()

    ((commit,), _) = await LogReader(database, 0).next_page()
    (logged,) = commit.events
    assert (logged.type, logged.aggregate, logged.aggregate_id, logged.version) == (
        event.type,
        event.aggregate,
        event.aggregate_id,
        event.version,
    )
    assert (logged.topics, logged.payload) == (tuple(event.topics), event.payload)
