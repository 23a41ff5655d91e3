import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar
from uuid import UUID

import pytest
import sqlalchemy as sa
from broadcaster import Broadcast

from app.embedded import EmbeddedValkey
from domain.common.database import Database, DbConnection
from domain.common.ids import new_id
from domain.events.log import Commit
from domain.events.sequencing import Sequencer, open_sequencer
from subscriptions import messages
from subscriptions.hub import Hub
from subscriptions.mailbox import MOST_COMMITS, PATIENCE_S, Mailbox, Mode, TooFarBehind
from subscriptions.metrics import LiveMetrics
from tests.support.mailboxes import next_of
from tests.support.probe import TOPIC, change_now, create_things, pile_up
from tests.support.road import connected_broadcast, counted, in_background, running_hub
from tests.support.waiting import until

T = TypeVar("T")


async def _take(mailbox: Mailbox, count: int) -> list[Commit]:
    async with asyncio.timeout(10):
        taken = [await next_of(mailbox) for _ in range(count)]
    return [commit for commit in taken if commit is not None]


def _seqs(commits: list[Commit]) -> list[int]:
    return [event.seq for commit in commits for event in commit.events]


async def _sequence(sequencer: Sequencer) -> list[str]:
    """Texts of all commits that waited in the outbox, now logged, not yet published."""
    texts: list[str] = []
    while commits := await sequencer.move():
        texts += [messages.published(sequencer.incarnation, c.records) for c in commits]
    return texts


class Bench:
    """A hub, and full control over what the stream brings it."""

    def __init__(
        self, database: Database, hub: Hub, sequencer: Sequencer, broadcast: Broadcast
    ) -> None:
        self.database = database
        self.hub = hub
        self.sequencer = sequencer
        self._broadcast = broadcast

    async def send(self, *texts: str) -> None:
        for text in texts:
            await self._broadcast.publish(messages.EVENTS, text)

    async def beat(self) -> None:
        await self.send(messages.heartbeat(self.sequencer.incarnation, self.sequencer.last_seq))


@asynccontextmanager
async def _bench(
    database: Database, redis_url: str, patience_s: float = PATIENCE_S
) -> AsyncGenerator[Bench]:
    async with AsyncExitStack() as stack:
        url = database.writes.url.render_as_string(hide_password=False)
        sequencer = await stack.enter_async_context(open_sequencer(url))
        assert await sequencer.try_lead()
        hub = await stack.enter_async_context(running_hub(database, redis_url, patience_s))
        broadcast = await stack.enter_async_context(connected_broadcast(redis_url))
        yield Bench(database, hub, sequencer, broadcast)


@pytest.fixture
async def bench(database: Database, clean_redis: str) -> AsyncGenerator[Bench]:
    async with _bench(database, clean_redis) as bench:
        yield bench


@pytest.fixture
async def impatient(database: Database, clean_redis: str) -> AsyncGenerator[Bench]:
    """A hub to which every reader that does not read at once is slow."""
    async with _bench(database, clean_redis, patience_s=0.0) as bench:
        yield bench


async def test_commits_of_a_topic_arrive_once_in_order_reduced_to_it(bench: Bench) -> None:
    one, two = await create_things(bench.database, 2)
    with bench.hub.open(["probe:a", "probe:b"], Mode.EVENTS) as mailbox:
        await change_now(bench.database, [one, two], ["probe:a", "probe:b"])
        await change_now(bench.database, [one], ["probe:other"])
        await change_now(bench.database, [two], ["probe:b"])
        await bench.send(*await _sequence(bench.sequencer))

        commits = await _take(mailbox, 2)

    assert _seqs(commits) == [1, 2, 4]
    assert [event.aggregate_id for event in commits[0].events] == [one, two]
    assert [event.version for event in commits[1].events] == [2]


async def test_repeated_and_late_messages_are_dropped(bench: Bench) -> None:
    (one,) = await create_things(bench.database, 1)
    with bench.hub.open([TOPIC], Mode.EVENTS) as mailbox:
        for _ in range(3):
            await change_now(bench.database, [one])
        first, second, third = await _sequence(bench.sequencer)
        await bench.send(first, second, first, second, third, first)
        assert _seqs(await _take(mailbox, 3)) == [1, 2, 3]

        await change_now(bench.database, [one])
        await bench.send(*await _sequence(bench.sequencer))
        assert _seqs(await _take(mailbox, 1)) == [4]


async def test_a_gap_is_filled_from_the_log(bench: Bench) -> None:
    (one,) = await create_things(bench.database, 1)
    gaps = counted(bench.hub.metrics.gaps)
    with bench.hub.open([TOPIC], Mode.EVENTS) as mailbox:
        for _ in range(5):
            await change_now(bench.database, [one])
        texts = await _sequence(bench.sequencer)
        await bench.send(texts[0], texts[3], texts[4])

        assert _seqs(await _take(mailbox, 5)) == [1, 2, 3, 4, 5]
    assert gaps() == 1


async def test_a_heartbeat_shows_that_the_last_messages_were_lost(bench: Bench) -> None:
    (one,) = await create_things(bench.database, 1)
    with bench.hub.open([TOPIC], Mode.EVENTS) as mailbox:
        await change_now(bench.database, [one])
        await _sequence(bench.sequencer)
        await bench.beat()

        assert _seqs(await _take(mailbox, 1)) == [1]


async def test_a_long_gap_is_read_in_pages(bench: Bench) -> None:
    ids = await create_things(bench.database, 400)
    with bench.hub.open([TOPIC], Mode.EVENTS) as mailbox:
        for _ in range(4):
            await change_now(bench.database, ids)
        await _sequence(bench.sequencer)
        await bench.beat()

        commits = await _take(mailbox, 4)
    assert _seqs(commits) == list(range(1, 1_601))


async def test_silence_makes_the_hub_poll_and_a_heartbeat_ends_it(bench: Bench) -> None:
    (one,) = await create_things(bench.database, 1)
    await bench.beat()
    await until(lambda: not bench.hub.degraded)
    with bench.hub.open([TOPIC], Mode.EVENTS) as mailbox:
        await change_now(bench.database, [one])
        await _sequence(bench.sequencer)
        assert _seqs(await _take(mailbox, 1)) == [1]  # within 3 s of silence and one poll
        assert bench.hub.degraded

        await bench.beat()
        await until(lambda: not bench.hub.degraded)


async def test_messages_of_another_log_and_garbage_are_ignored(bench: Bench) -> None:
    (one,) = await create_things(bench.database, 1)
    with bench.hub.open([TOPIC], Mode.EVENTS) as mailbox:
        await change_now(bench.database, [one])
        (text,) = await _sequence(bench.sequencer)
        foreign = text.replace(bench.sequencer.incarnation, "another")
        await bench.send(foreign, "", "garbage", "[1]", '{"log": 1}', "null", '{"events":[{}]}')
        await bench.send(text.replace('"at"', '"when"'), text.replace('"aggregate_id":', '"a":'))
        await bench.send(messages.heartbeat("another", 99), text)

        assert _seqs(await _take(mailbox, 1)) == [1]
    assert bench.hub.last_seq == 1


async def test_a_mailbox_begins_where_the_hub_stands(bench: Bench) -> None:
    (one,) = await create_things(bench.database, 1)
    await change_now(bench.database, [one])
    await bench.send(*await _sequence(bench.sequencer))
    await until(lambda: bench.hub.last_seq == 1)

    with bench.hub.open([TOPIC], Mode.EVENTS) as mailbox:
        assert mailbox.start_seq == 1
        await change_now(bench.database, [one])
        await bench.send(*await _sequence(bench.sequencer))
        assert _seqs(await _take(mailbox, 1)) == [2]


async def test_a_closed_mailbox_is_forgotten(bench: Bench) -> None:
    with bench.hub.open([TOPIC, "probe:b"], Mode.STATE):
        assert bench.hub.has_subscribers
    assert not bench.hub.has_subscribers


async def _pile(bench: Bench, thing: UUID, count: int) -> None:
    """So many commits are dispatched while nobody reads."""
    reached = bench.hub.last_seq + count
    await pile_up(bench.database, thing, count)
    await _sequence(bench.sequencer)
    await bench.beat()
    await until(lambda: bench.hub.last_seq >= reached)


@pytest.mark.parametrize("mode", Mode)
async def test_a_burst_sends_the_reader_to_the_log_and_the_mailbox_can_be_opened_again(
    bench: Bench, mode: Mode
) -> None:
    (one,) = await create_things(bench.database, 1)
    with bench.hub.open([TOPIC], mode) as mailbox:
        await _pile(bench, one, MOST_COMMITS)
        assert _seqs(await _take(mailbox, MOST_COMMITS)) == list(range(1, MOST_COMMITS + 1))
        assert not mailbox.rewind(bench.hub.last_seq)

        await _pile(bench, one, MOST_COMMITS + 1)
        assert await next_of(mailbox) is None
        assert mailbox.rewind(bench.hub.last_seq)
        assert mailbox.start_seq == 2 * MOST_COMMITS + 1
        await _pile(bench, one, 1)
        assert _seqs(await _take(mailbox, 1)) == [2 * MOST_COMMITS + 2]
    assert counted(bench.hub.metrics.bursts)() == 1


async def test_a_slow_reader_of_events_is_told_to_resync(impatient: Bench) -> None:
    (one,) = await create_things(impatient.database, 1)
    with impatient.hub.open([TOPIC], Mode.EVENTS) as mailbox:
        await _pile(impatient, one, MOST_COMMITS + 1)
        with pytest.raises(TooFarBehind) as refused:
            await next_of(mailbox)
    assert refused.value.extensions == {"code": "RESYNC_REQUIRED"}
    assert counted(impatient.hub.metrics.overflows)() == 1


async def test_a_slow_reader_of_state_gets_the_newest_of_each(impatient: Bench) -> None:
    one, two = await create_things(impatient.database, 2)
    with impatient.hub.open([TOPIC], Mode.STATE) as mailbox:
        await change_now(impatient.database, [two])  # counts as one more
        await _pile(impatient, one, 2 * MOST_COMMITS)
        await until(lambda: impatient.hub.last_seq == 2 * MOST_COMMITS + 1)
        last = impatient.hub.last_seq
        (folded,) = await _take(mailbox, 1)
        rest = await _take(mailbox, last - folded.last_seq)

    assert [event.aggregate_id for event in folded.events] == [two, one]
    assert folded.events[1].version == folded.last_seq - 1
    assert folded.last_seq > MOST_COMMITS
    assert _seqs(rest) == list(range(folded.last_seq + 1, last + 1))


async def test_watchers_hear_of_their_topic_until_they_stop(bench: Bench) -> None:
    (one,) = await create_things(bench.database, 1)
    topic = f"session:{new_id()}"
    heard: list[str] = []

    def fail() -> None:
        raise RuntimeError("a broken watcher harms nobody")

    stop = bench.hub.watch(topic, lambda: heard.append("yes"))
    bench.hub.watch(topic, fail)
    with bench.hub.open([topic], Mode.EVENTS) as mailbox:
        await change_now(bench.database, [one], [topic])
        await bench.send(*await _sequence(bench.sequencer))
        await _take(mailbox, 1)
        assert heard == ["yes"]

        stop()
        await change_now(bench.database, [one], [topic])
        await bench.send(*await _sequence(bench.sequencer))
        await _take(mailbox, 1)
        assert heard == ["yes"]


async def test_a_log_of_another_incarnation_ends_subscriptions_and_calls_watchers(
    bench: Bench,
) -> None:
    heard: list[str] = []
    bench.hub.watch("session:x", lambda: heard.append("yes"))
    with bench.hub.open([TOPIC], Mode.STATE) as mailbox:
        async with bench.database.writes.begin() as connection:
            await connection.execute(
                sa.text("UPDATE sequencer_state SET incarnation = 'restored', last_seq = 7")
            )
        with pytest.raises(TooFarBehind):
            await _take(mailbox, 1)

    assert heard == ["yes"]
    assert (bench.hub.incarnation, bench.hub.last_seq) == ("restored", 7)


class Shaky:
    """A log that cannot be read for a while."""

    def __init__(self, database: Database) -> None:
        self.broken = True
        self.attempts = 0
        self._database = database

    async def read_primary(self, query: Callable[[DbConnection], Awaitable[T]]) -> T:
        self.attempts += 1
        if self.broken:
            raise ConnectionRefusedError
        return await self._database.read_primary(query)


async def test_a_hub_outlives_a_database_that_is_away(
    database: Database, clean_database: str, clean_redis: str, metrics: LiveMetrics
) -> None:
    (one,) = await create_things(database, 1)
    source = Shaky(database)
    async with AsyncExitStack() as stack:
        sequencer = await stack.enter_async_context(open_sequencer(clean_database))
        assert await sequencer.try_lead()
        broadcast = await stack.enter_async_context(connected_broadcast(clean_redis))
        hub = Hub(source, broadcast, metrics)
        await stack.enter_async_context(in_background(hub.run()))
        await until(lambda: source.attempts > 0)
        source.broken = False
        await hub.started()

        mailbox = stack.enter_context(hub.open([TOPIC], Mode.EVENTS))
        source.broken = True
        await change_now(database, [one])
        await _sequence(sequencer)
        attempts = source.attempts
        beat = messages.heartbeat(sequencer.incarnation, sequencer.last_seq)
        await broadcast.publish(messages.EVENTS, beat)
        await until(lambda: source.attempts > attempts)
        source.broken = False

        assert _seqs(await _take(mailbox, 1)) == [1]


async def test_while_the_stream_is_away_events_come_from_the_log(
    database: Database, clean_database: str, valkey: EmbeddedValkey
) -> None:
    (one,) = await create_things(database, 1)
    async with AsyncExitStack() as stack:
        sequencer = await stack.enter_async_context(open_sequencer(clean_database))
        assert await sequencer.try_lead()
        hub = await stack.enter_async_context(running_hub(database, valkey.dsn))
        mailbox = stack.enter_context(hub.open([TOPIC], Mode.EVENTS))

        await asyncio.to_thread(valkey.kill)
        await until(lambda: hub.degraded)
        await change_now(database, [one])
        await _sequence(sequencer)
        assert _seqs(await _take(mailbox, 1)) == [1]

        await asyncio.to_thread(valkey.start)
        await until(lambda: not hub.degraded)
