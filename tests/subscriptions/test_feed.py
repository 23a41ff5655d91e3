import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

import pytest
import sqlalchemy as sa

from domain.common.database import Database, DbConnection
from domain.common.transaction import Tx
from domain.events.model import Cursor, LoggedEvent
from domain.events.sequencing import open_sequencer
from schema.live import LiveKind, ResyncReason
from subscriptions.feed import Feed
from subscriptions.following import CHUNK, follow
from subscriptions.hub import Hub
from subscriptions.mailbox import MOST_COMMITS, Mode, TooFarBehind
from tests.support.probe import TOPIC, change, change_now, create_things, pile_up, versions
from tests.support.road import Road, counted, running_hub, running_road
from tests.support.waiting import until

T = TypeVar("T")
Versions = tuple[tuple[UUID, int], ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A payload of the tests' own feed."""

    kind: LiveKind
    cursor: str
    versions: Versions = ()
    is_last: bool = True
    reason: ResyncReason | None = None

    @property
    def place(self) -> Cursor:
        return Cursor.decode(self.cursor)


async def _states(connection: DbConnection) -> list[tuple[UUID, int]]:
    return sorted((await versions(connection)).items())


def _changes(events: Sequence[LoggedEvent], cursor: str) -> Shown:
    assert len({event.commit for event in events}) == 1
    return Shown(LiveKind.CHANGES, cursor, tuple((e.aggregate_id, e.version) for e in events))


def probe_feed(
    topics: Sequence[str] = (TOPIC,), mode: Mode = Mode.EVENTS
) -> Feed[tuple[UUID, int], Shown]:
    return Feed(
        topics=topics,
        mode=mode,
        snapshot=_states,
        show_snapshot=lambda states, cursor, is_last: Shown(
            LiveKind.SNAPSHOT, cursor, tuple(states), is_last
        ),
        show_changes=_changes,
        show_resync=lambda reason, cursor: Shown(
            LiveKind.RESYNC, cursor, is_last=False, reason=reason
        ),
    )


@dataclass
class Client:
    """Applies payloads as a client does, and fails on a gap or a repetition."""

    known: dict[UUID, int] = field(default_factory=dict[UUID, int])
    cursor: str | None = None
    snapshots: int = 0
    changes: int = 0

    def apply(self, shown: Shown) -> None:
        if shown.kind is LiveKind.SNAPSHOT:
            self.snapshots += 1
            for thing, version in shown.versions:
                assert version >= self.known.get(thing, 0)
                self.known[thing] = version
        for thing, version in shown.versions if shown.kind is LiveKind.CHANGES else ():
            assert version == self.known.get(thing, 0) + 1
            self.known[thing] = version
            self.changes += 1
        self.cursor = shown.cursor

    async def watch(self, source: AsyncGenerator[Shown], payloads: int) -> None:
        """Applies that many payloads, then leaves."""
        async with aclosing(source):
            for _ in range(payloads):
                self.apply(await anext(source))


async def _next(source: AsyncGenerator[Shown]) -> Shown:
    async with asyncio.timeout(10):
        return await anext(source)


@pytest.fixture
async def road(clean_database: str, clean_redis: str) -> AsyncGenerator[Road]:
    async with running_road(clean_database, clean_redis) as road:
        yield road


@pytest.fixture
async def impatient(clean_database: str, clean_redis: str) -> AsyncGenerator[Road]:
    """A road on which every client that does not read at once is slow."""
    async with running_road(clean_database, clean_redis, patience_s=0.0) as road:
        yield road


@pytest.fixture
async def forgetful(clean_database: str, clean_redis: str) -> AsyncGenerator[Road]:
    """A road whose hub remembers nothing: what was missed is read from the log."""
    async with running_road(clean_database, clean_redis, memory=0) as road:
        yield road


def _followed(
    road: Road, after: str | None = None, mode: Mode = Mode.EVENTS
) -> AsyncGenerator[Shown]:
    cursor = Cursor.decode(after) if after else None
    return follow(probe_feed(mode=mode), road.hub, road.database, cursor)


async def test_a_snapshot_comes_first_and_then_each_commit_in_one_payload(road: Road) -> None:
    one, two = await create_things(road.database, 2)
    await change_now(road.database, [one])
    await until(lambda: road.hub.last_seq == 1)

    async with aclosing(_followed(road)) as source:
        first = await _next(source)
        await change_now(road.database, [one, two])
        await change_now(road.database, [two])
        second, third = await _next(source), await _next(source)

    assert (first.kind, first.versions, first.is_last) == (
        LiveKind.SNAPSHOT,
        ((one, 1), (two, 0)),
        True,
    )
    assert second.versions == ((one, 2), (two, 1))
    assert third.versions == ((two, 2),)
    assert [shown.place.seq for shown in (first, second, third)] == [1, 3, 4]


async def test_nothing_to_show_is_an_empty_complete_snapshot(road: Road) -> None:
    await create_things(road.database, 0)
    async with aclosing(_followed(road)) as source:
        shown = await _next(source)
    assert (shown.kind, shown.versions, shown.is_last) == (LiveKind.SNAPSHOT, (), True)


async def test_a_large_snapshot_comes_in_parts_and_only_the_last_can_be_resumed(
    road: Road,
) -> None:
    ids = await create_things(road.database, CHUNK + 1)
    async with aclosing(_followed(road)) as source:
        first, last = await _next(source), await _next(source)
    assert [(len(s.versions), s.is_last) for s in (first, last)] == [(CHUNK, False), (1, True)]
    assert [thing for thing, _ in first.versions + last.versions] == ids

    async with aclosing(_followed(road, first.cursor)) as source:
        resync, again = await _next(source), await _next(source)
    assert (resync.kind, resync.reason) == (LiveKind.RESYNC, ResyncReason.INCOMPLETE_SNAPSHOT)
    assert again.kind is LiveKind.SNAPSHOT

    await change_now(road.database, [ids[0]])
    async with aclosing(_followed(road, last.cursor)) as source:
        assert (await _next(source)).versions == ((ids[0], 1),)


async def test_resuming_brings_what_happened_since_and_then_the_live_tail(road: Road) -> None:
    (one,) = await create_things(road.database, 1)
    async with aclosing(_followed(road)) as source:
        cursor = (await _next(source)).cursor
    for _ in range(3):
        await change_now(road.database, [one])
    await until(lambda: road.hub.last_seq == 3)

    async with aclosing(_followed(road, cursor)) as source:
        missed = [await _next(source) for _ in range(3)]
        await change_now(road.database, [one])
        live = await _next(source)

    assert [shown.versions for shown in (*missed, live)] == [((one, v),) for v in (1, 2, 3, 4)]
    assert {shown.kind for shown in missed} == {LiveKind.CHANGES}


async def test_a_long_absence_is_read_page_by_page(forgetful: Road) -> None:
    (one,) = await create_things(forgetful.database, 1)
    async with aclosing(_followed(forgetful)) as source:
        client = Client()
        client.apply(await _next(source))
    await pile_up(forgetful.database, one, 1_234)
    await until(lambda: forgetful.hub.last_seq == 1_234)

    await client.watch(_followed(forgetful, client.cursor), 1_234)
    assert client.known == {one: 1_234}


async def test_what_the_snapshot_showed_before_it_was_sequenced_is_not_sent_again(
    database: Database, clean_database: str, clean_redis: str
) -> None:
    one, two = await create_things(database, 2)
    async with (
        open_sequencer(clean_database) as sequencer,
        running_hub(database, clean_redis) as hub,
    ):
        assert await sequencer.try_lead()
        await change_now(database, [one, two])
        await change_now(database, [one])
        feed = probe_feed()

        async with aclosing(follow(feed, hub, database, None)) as source:
            snapshot = await _next(source)
            await sequencer.move()
            await change_now(database, [two])
            await sequencer.move()
            live = await _next(source)
        assert snapshot.versions == ((one, 2), (two, 1))
        assert snapshot.place.ahead == {str(one): 2, str(two): 1}
        assert live.versions == ((two, 2),)
        assert live.place == Cursor(sequencer.incarnation, 4)

        async with aclosing(follow(feed, hub, database, snapshot.place)) as source:
            assert (await _next(source)).versions == ((two, 2),)


async def test_a_cursor_that_would_name_very_many_things_cannot_be_resumed(
    database: Database, clean_database: str, clean_redis: str
) -> None:
    ids = await create_things(database, 101)
    async with (
        open_sequencer(clean_database) as sequencer,
        running_hub(database, clean_redis) as hub,
    ):
        assert await sequencer.try_lead()
        await change_now(database, ids)
        async with aclosing(follow(probe_feed(), hub, database, None)) as source:
            snapshot = await _next(source)
            assert snapshot.is_last
            await sequencer.move()
            await change_now(database, [ids[7]])
            await sequencer.move()
            live = await _next(source)

    assert snapshot.place.seq == -1
    assert live.versions == ((ids[7], 2),)
    assert live.place.seq == 102


@pytest.mark.parametrize(
    ("cursor", "reason"),
    [
        (Cursor("another", 1), ResyncReason.OTHER_LOG),
        (Cursor("", 1_000), ResyncReason.UNKNOWN_PLACE),
        (Cursor("", 1), ResyncReason.TOO_OLD),
        (Cursor("", -7), ResyncReason.TOO_OLD),
        (Cursor("", -1), ResyncReason.INCOMPLETE_SNAPSHOT),
    ],
)
async def test_a_cursor_that_cannot_be_resumed_gets_resync_and_a_snapshot(
    forgetful: Road, cursor: Cursor, reason: ResyncReason
) -> None:
    (one,) = await create_things(forgetful.database, 1)
    for _ in range(4):
        await change_now(forgetful.database, [one])
    await until(lambda: forgetful.hub.last_seq == 4)
    async with forgetful.database.writes.begin() as connection:
        await connection.execute(sa.text("DELETE FROM event_log WHERE seq < 3"))
        await connection.execute(sa.text("UPDATE sequencer_state SET oldest_seq = 3"))
    given = Cursor(cursor.incarnation or forgetful.hub.incarnation, cursor.seq)

    async with aclosing(follow(probe_feed(), forgetful.hub, forgetful.database, given)) as source:
        resync, snapshot = await _next(source), await _next(source)
        await change_now(forgetful.database, [one])
        live = await _next(source)

    assert (resync.kind, resync.reason, resync.place.seq) == (LiveKind.RESYNC, reason, -1)
    assert (snapshot.kind, snapshot.versions) == (LiveKind.SNAPSHOT, ((one, 4),))
    assert live.versions == ((one, 5),)


@pytest.mark.parametrize("seq", [2, 3, 4])
async def test_the_oldest_cursor_that_is_kept_can_be_resumed(forgetful: Road, seq: int) -> None:
    (one,) = await create_things(forgetful.database, 1)
    for _ in range(4):
        await change_now(forgetful.database, [one])
    await until(lambda: forgetful.hub.last_seq == 4)
    async with forgetful.database.writes.begin() as connection:
        await connection.execute(sa.text("DELETE FROM event_log WHERE seq < 3"))
        await connection.execute(sa.text("UPDATE sequencer_state SET oldest_seq = 3"))

    cursor = Cursor(forgetful.hub.incarnation, seq).encode()
    async with aclosing(_followed(forgetful, cursor)) as source:
        for version in range(seq + 1, 5):
            assert (await _next(source)).versions == ((one, version),)
        await change_now(forgetful.database, [one])
        assert (await _next(source)).versions == ((one, 5),)


async def test_a_cursor_from_a_worker_that_is_ahead_is_resumed(
    database: Database, clean_database: str, clean_redis: str
) -> None:
    (one,) = await create_things(database, 1)
    async with (
        open_sequencer(clean_database) as sequencer,
        running_hub(database, clean_redis) as hub,
    ):
        assert await sequencer.try_lead()
        for _ in range(3):
            await change_now(database, [one])
        await sequencer.move()
        assert hub.last_seq == 0  # nothing was published yet

        ahead = Cursor(sequencer.incarnation, 2)
        async with aclosing(follow(probe_feed(), hub, database, ahead)) as source:
            assert (await _next(source)).versions == ((one, 3),)
            await change_now(database, [one])
            await sequencer.move()
            assert (await _next(source)).versions == ((one, 4),)


async def test_only_topics_asked_for_arrive_also_when_resuming(road: Road) -> None:
    one, two = await create_things(road.database, 2)
    await change_now(road.database, [one, two], ["probe:other"])
    await change_now(road.database, [one])
    await until(lambda: road.hub.last_seq == 3)

    cursor = Cursor(road.hub.incarnation, 0).encode()
    async with aclosing(_followed(road, cursor)) as source:
        assert (await _next(source)).versions == ((one, 2),)
        await change_now(road.database, [two], ["probe:other"])
        await change_now(road.database, [one])
        assert (await _next(source)).versions == ((one, 3),)


async def _pile(road: Road, thing: UUID, count: int) -> None:
    """So many commits arrive while the client does not read."""
    reached = road.hub.last_seq + count
    await pile_up(road.database, thing, count)
    await until(lambda: road.hub.last_seq == reached)


async def test_a_slow_client_of_events_must_resync_and_can(impatient: Road) -> None:
    (one,) = await create_things(impatient.database, 1)
    client = Client()
    async with aclosing(_followed(impatient)) as source:
        client.apply(await _next(source))
        await change_now(impatient.database, [one])
        client.apply(await _next(source))
        await _pile(impatient, one, MOST_COMMITS + 10)
        with pytest.raises(TooFarBehind):
            await _next(source)

    await client.watch(_followed(impatient, client.cursor), MOST_COMMITS + 10)
    assert client.known == {one: MOST_COMMITS + 11}
    assert client.snapshots == 1


async def test_a_slow_client_of_states_gets_the_newest(impatient: Road) -> None:
    (one,) = await create_things(impatient.database, 1)
    total = MOST_COMMITS + 10
    async with aclosing(_followed(impatient, mode=Mode.STATE)) as source:
        await _next(source)
        await change_now(impatient.database, [one])
        await _next(source)
        await _pile(impatient, one, total)
        seen = [(await _next(source)).versions[0][1]]
        while seen[-1] < total + 1:
            seen.append((await _next(source)).versions[0][1])

    assert seen == list(range(MOST_COMMITS + 2, total + 2))


@pytest.mark.parametrize("mode", Mode)
async def test_a_burst_costs_nothing_before_and_in_the_live_tail(road: Road, mode: Mode) -> None:
    (one,) = await create_things(road.database, 1)
    client = Client()
    async with aclosing(_followed(road, mode=mode)) as source:
        client.apply(await _next(source))
        for expected in (2 * MOST_COMMITS, 4 * MOST_COMMITS):
            await _pile(road, one, 2 * MOST_COMMITS)
            while client.known[one] < expected:
                client.apply(await _next(source))
    assert client.known == {one: 4 * MOST_COMMITS}
    assert client.snapshots == 1
    assert counted(road.hub.metrics.bursts)() == 2


class SlowSource:
    """Reads like a database, but commits pile up while a page is read."""

    def __init__(self, database: Database, thing: UUID, hub: Hub) -> None:
        self._database = database
        self._thing = thing
        self._hub = hub
        self._rounds = 1

    async def snapshot(self, query: Callable[[DbConnection], Awaitable[T]]) -> T:
        return await self._database.snapshot(query)

    async def read_primary(self, query: Callable[[DbConnection], Awaitable[T]]) -> T:
        if self._rounds:
            self._rounds -= 1
            target = self._hub.last_seq + MOST_COMMITS + 5
            await pile_up(self._database, self._thing, MOST_COMMITS + 5)
            await until(lambda: self._hub.last_seq == target)
        return await self._database.read_primary(query)


async def test_a_mailbox_that_overflows_during_the_replay_costs_nothing(forgetful: Road) -> None:
    (one,) = await create_things(forgetful.database, 1)
    await change_now(forgetful.database, [one])
    await until(lambda: forgetful.hub.last_seq == 1)
    slow = SlowSource(forgetful.database, one, forgetful.hub)
    total = 1 + MOST_COMMITS + 5
    client = Client(known={one: 0})

    cursor = Cursor(forgetful.hub.incarnation, 0)
    source = follow(probe_feed(), forgetful.hub, slow, cursor)
    await client.watch(source, total)

    assert client.known == {one: total}
    assert client.snapshots == 0


async def test_closing_a_subscription_frees_it_wherever_it_stands(road: Road) -> None:
    await create_things(road.database, 1)
    count = counted(road.hub.metrics.subscriptions)
    source = _followed(road)
    await _next(source)
    waiting = asyncio.ensure_future(anext(source))
    await until(lambda: count() == 1)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert count() == 0
    assert not road.hub.has_subscribers

    unread = _followed(road)
    await _next(unread)
    await unread.aclose()
    assert count() == 0


@pytest.mark.parametrize("seed", range(4))
async def test_any_disconnection_at_any_cursor_loses_and_repeats_nothing(
    road: Road, seed: int
) -> None:
    """Writers, and clients that leave after a random number of payloads and come back by cursor."""
    chance = random.Random(seed)
    ids = await create_things(road.database, 8)
    done = asyncio.Event()

    async def work(tx: Tx) -> None:
        await change(tx, chance.sample(ids, k=chance.randint(1, 4)))
        if chance.random() < 0.1:
            await asyncio.sleep(0.003)

    async def write() -> None:
        for _ in range(60):
            await road.database.run(work, actor_key="TEST:probe")

    async def look(client: Client) -> None:
        await asyncio.sleep(chance.random() * 0.05)
        while not (done.is_set() and client.known == final):
            source = _followed(road, client.cursor)
            async with aclosing(source):
                for _ in range(chance.randint(1, 25)):
                    if done.is_set() and client.known == final:
                        break
                    client.apply(await _next(source))

    final: dict[UUID, int] = {}
    clients = [Client() for _ in range(5)]
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        writers = [group.create_task(write()) for _ in range(4)]
        for client in clients:
            group.create_task(look(client))
        await asyncio.wait(writers)
        written = await road.database.read(versions)
        final.update({thing: version + 1 for thing, version in written.items()})
        done.set()
        await change_now(road.database, ids)

    assert [client.snapshots for client in clients] == [1] * 5
    assert all(client.known == final for client in clients)
    assert sum(final.values()) >= 240


async def test_every_cursor_ever_sent_resumes_to_the_same_end(road: Road) -> None:
    chance = random.Random(11)
    ids = await create_things(road.database, 4)
    sent: list[tuple[str, dict[UUID, int]]] = []
    client = Client()
    async with aclosing(_followed(road)) as source:
        client.apply(await _next(source))
        for _ in range(25):
            await change_now(road.database, chance.sample(ids, k=chance.randint(1, 3)))
            client.apply(await _next(source))
            assert client.cursor is not None
            sent.append((client.cursor, dict(client.known)))

    for cursor, known in sent:
        again = Client(known)
        async with aclosing(_followed(road, cursor)) as source:
            while again.known != client.known:
                again.apply(await _next(source))
        assert again.snapshots == 0
