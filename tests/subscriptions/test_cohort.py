import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

import orjson
import pytest
import sqlalchemy as sa

from domain.common.database import Database, DbConnection
from domain.common.transaction import Tx
from domain.events.model import Cursor, LoggedEvent
from schema.live import LiveKind, ResyncReason
from subscriptions.cohort import Cohort, Render
from subscriptions.fanout import Fanout
from subscriptions.feed import Feed
from subscriptions.mailbox import Mode
from tests.support.probe import TOPIC, change, change_now, create_things, versions
from tests.support.road import Road, counted, in_background, running_hub, running_road
from tests.support.waiting import until

T = TypeVar("T")
Shown = dict[str, Any]


async def _states(connection: DbConnection) -> list[tuple[UUID, int]]:
    return sorted((await versions(connection)).items())


def _shown(
    kind: LiveKind, cursor: str, pairs: Sequence[tuple[UUID, int]], *, is_last: bool = True
) -> Shown:
    return {"kind": kind, "cursor": cursor, "things": pairs, "last": is_last}


def _changes(events: Sequence[LoggedEvent], cursor: str) -> Shown:
    return _shown(LiveKind.CHANGES, cursor, [(e.aggregate_id, e.version) for e in events])


def _resync(reason: ResyncReason, cursor: str) -> Shown:
    return {**_shown(LiveKind.RESYNC, cursor, [], is_last=False), "reason": reason}


def probe_feed(mode: Mode = Mode.EVENTS) -> Feed[tuple[UUID, int], Shown]:
    return Feed(
        topics=(TOPIC,),
        mode=mode,
        snapshot=_states,
        show_snapshot=lambda states, cursor, is_last: _shown(
            LiveKind.SNAPSHOT, cursor, states, is_last=is_last
        ),
        show_changes=_changes,
        show_resync=_resync,
    )


@dataclass(eq=False)
class Client:
    """A member that applies what it gets as a client does, and fails on a gap or a repetition."""

    mode: Mode = Mode.EVENTS
    known: dict[str, int] = field(default_factory=dict[str, int])
    bodies: list[bytes] = field(default_factory=list[bytes])
    kinds: list[str] = field(default_factory=list[str])
    cursor: Cursor | None = None
    writes: int = 0
    reads: bool = True
    error: Exception | None = None
    is_cut: bool = False
    _ready: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, bodies: Sequence[bytes]) -> bool:
        self.writes += 1
        for body in bodies:
            self.bodies.append(body)
            self._apply(orjson.loads(body))
        return self.reads

    async def drained(self) -> None:
        while not self.reads:
            self._ready.clear()
            await self._ready.wait()

    def end(self, error: Exception) -> None:
        self.error = error

    def cut(self) -> None:
        self.is_cut = True

    def read_again(self) -> None:
        self.reads = True
        self._ready.set()

    def _apply(self, shown: dict[str, Any]) -> None:
        kind = shown["kind"]
        self.kinds.append(kind)
        self.cursor = Cursor.decode(shown["cursor"])
        for thing, version in shown["things"]:
            before = self.known.get(thing, 0)
            if kind == LiveKind.SNAPSHOT or self.mode is Mode.STATE:
                assert version >= before
            else:
                assert version == before + 1
            self.known[thing] = version


class CountedSource:
    """Counts snapshots."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.snapshots = 0

    async def snapshot(self, query: Callable[[DbConnection], Awaitable[T]]) -> T:
        self.snapshots += 1
        return await self._database.snapshot(query)

    async def read_primary(self, query: Callable[[DbConnection], Awaitable[T]]) -> T:
        return await self._database.read_primary(query)


@dataclass
class Bench:
    """A road with a fan-out behind it."""

    road: Road
    fanout: Fanout
    source: CountedSource
    rendered: int = 0

    def enter(self, client: Client, key: str = "all", after: Cursor | None = None) -> Any:
        return self.fanout.enter(key, probe_feed(client.mode), self._render, client, after)

    def _render(self) -> Render:
        def render(payload: Shown) -> bytes:
            self.rendered += 1
            return orjson.dumps(payload, default=str)

        return render


def _encoding() -> Render:
    return lambda payload: orjson.dumps(payload, default=str)


@asynccontextmanager
async def fanning_out(road: Road, longest_lag_s: float = 15.0) -> AsyncGenerator[Bench]:
    source = CountedSource(road.database)
    fanout = Fanout(road.hub, source, longest_lag_s=longest_lag_s)
    async with in_background(fanout.run()):
        yield Bench(road, fanout, source)


@pytest.fixture
async def bench(clean_database: str, clean_redis: str) -> AsyncGenerator[Bench]:
    async with running_road(clean_database, clean_redis) as road, fanning_out(road) as bench:
        yield bench


async def test_a_commit_is_rendered_once_and_reaches_all_members(bench: Bench) -> None:
    one, two = await create_things(bench.road.database, 2)
    clients = [Client() for _ in range(300)]
    for client in clients:
        bench.enter(client)
    await until(lambda: all(client.kinds for client in clients))
    bench.rendered = 0

    await change_now(bench.road.database, [one, two])
    await change_now(bench.road.database, [two])
    await until(lambda: all(len(client.kinds) == 3 for client in clients))

    assert bench.rendered == 2
    assert all(client.bodies == clients[0].bodies for client in clients)
    assert clients[0].known == {str(one): 1, str(two): 2}
    assert counted(bench.road.hub.metrics.cohorts)() == 1
    assert counted(bench.road.hub.metrics.subscriptions)() == 300


async def test_a_storm_of_clients_shares_snapshots(bench: Bench) -> None:
    await create_things(bench.road.database, 3)
    clients = [Client() for _ in range(200)]
    for count, client in enumerate(clients):
        bench.enter(client)
        if count % 20 == 0:
            await asyncio.sleep(0)
    await until(lambda: all(client.kinds == [LiveKind.SNAPSHOT] for client in clients))
    assert bench.source.snapshots <= 2


async def test_who_left_gets_nothing_more_and_an_empty_cohort_is_forgotten(bench: Bench) -> None:
    (one,) = await create_things(bench.road.database, 1)
    stays, leaves, never = Client(), Client(), Client()
    bench.enter(stays)
    seat = bench.enter(leaves)
    bench.enter(never).leave()
    await until(lambda: bool(stays.kinds and leaves.kinds))
    seat.leave()
    seat.leave()
    await change_now(bench.road.database, [one])
    await until(lambda: len(stays.kinds) == 2)
    assert len(leaves.kinds) == 1
    assert not never.kinds
    assert counted(bench.road.hub.metrics.subscriptions)() == 1

    bench.enter(leaves)
    await until(lambda: leaves.kinds[-1] == LiveKind.SNAPSHOT and len(leaves.kinds) == 2)
    assert leaves.known == {str(one): 1}


async def test_the_last_one_out_frees_the_topic(bench: Bench) -> None:
    await create_things(bench.road.database, 1)
    client = Client()
    seat = bench.enter(client)
    await until(lambda: bool(client.kinds))
    seat.leave()
    await until(lambda: not bench.road.hub.has_subscribers)
    assert counted(bench.road.hub.metrics.cohorts)() == 0
    assert counted(bench.road.hub.metrics.subscriptions)() == 0


async def test_clients_that_come_back_with_one_cursor_resume_together(bench: Bench) -> None:
    (one,) = await create_things(bench.road.database, 1)
    first = Client()
    seat = bench.enter(first)
    await until(lambda: bool(first.kinds))
    seat.leave()
    for _ in range(5):
        await change_now(bench.road.database, [one])
    await until(lambda: bench.road.hub.last_seq == 5)
    bench.source.snapshots = bench.rendered = 0

    clients = [Client(known=dict(first.known), cursor=first.cursor) for _ in range(50)]
    for client in clients:
        bench.enter(client, after=client.cursor)
    await until(lambda: all(client.known == {str(one): 5} for client in clients))
    await change_now(bench.road.database, [one])
    await until(lambda: all(client.known == {str(one): 6} for client in clients))
    assert bench.source.snapshots == 0
    assert bench.rendered == 6
    assert all(client.kinds == [LiveKind.CHANGES] * 6 for client in clients)


async def test_a_slow_client_of_events_gets_each_at_its_own_pace(bench: Bench) -> None:
    (one,) = await create_things(bench.road.database, 1)
    slow, fast = Client(), Client()
    bench.enter(slow)
    bench.enter(fast)
    await until(lambda: bool(slow.kinds and fast.kinds))
    slow.reads = False
    for _ in range(20):
        await change_now(bench.road.database, [one])
    await until(lambda: fast.known == {str(one): 20})
    assert slow.known[str(one)] < 20

    slow.read_again()
    await until(lambda: slow.known == {str(one): 20})
    await change_now(bench.road.database, [one])
    await until(lambda: slow.known == fast.known == {str(one): 21})
    assert counted(bench.road.hub.metrics.lagging)() == 1


async def test_a_slow_client_of_states_gets_the_newest(bench: Bench) -> None:
    one, two = await create_things(bench.road.database, 2)
    slow, fast = Client(Mode.STATE), Client(Mode.STATE)
    bench.enter(slow)
    bench.enter(fast)
    await until(lambda: bool(slow.kinds and fast.kinds))
    slow.reads = False
    for _ in range(20):
        await change_now(bench.road.database, [one, two])
    await until(lambda: fast.known == {str(one): 20, str(two): 20})
    before = len(slow.kinds)

    slow.read_again()
    await until(lambda: slow.known == fast.known)
    assert len(slow.kinds) == before + 1
    assert counted(bench.road.hub.metrics.coalesced)() >= 2


async def test_a_client_that_takes_nothing_is_cut_and_holds_up_nobody(
    clean_database: str, clean_redis: str
) -> None:
    async with (
        running_road(clean_database, clean_redis) as road,
        fanning_out(road, longest_lag_s=0.05) as bench,
    ):
        (one,) = await create_things(road.database, 1)
        dead, alive = Client(), Client()
        dead.reads = False
        bench.enter(dead)
        bench.enter(alive)
        await until(lambda: dead.is_cut)
        await change_now(road.database, [one])
        await until(lambda: alive.known == {str(one): 1})
        assert counted(road.hub.metrics.aborted)() == 1
        assert counted(road.hub.metrics.subscriptions)() == 1


async def test_a_large_snapshot_reaches_a_slow_client_whole(bench: Bench) -> None:
    ids = await create_things(bench.road.database, 1_100)
    slow, fast = Client(), Client()
    slow.reads = False
    bench.enter(slow)
    bench.enter(fast)
    await until(lambda: len(fast.known) == 1_100)
    await change_now(bench.road.database, ids[:2])
    await until(lambda: len(fast.kinds) == 4)
    assert slow.kinds == [LiveKind.SNAPSHOT]
    for _ in range(8):
        slow.read_again()
        await asyncio.sleep(0)
    await until(lambda: slow.known == fast.known)
    assert slow.kinds == [LiveKind.SNAPSHOT] * 3 + [LiveKind.CHANGES]


async def test_rendering_that_waits_keeps_the_order_and_holds_up_nobody(bench: Bench) -> None:
    (one,) = await create_things(bench.road.database, 1)
    gate = asyncio.Event()

    def waiting() -> Render:
        async def render(payload: Shown) -> bytes:
            if payload["kind"] == LiveKind.CHANGES:
                await gate.wait()
            return orjson.dumps(payload, default=str)

        return render

    late, other = Client(), Client()
    bench.fanout.enter("late", probe_feed(), waiting, late, None)
    bench.enter(other)
    await until(lambda: bool(late.kinds and other.kinds))
    for _ in range(3):
        await change_now(bench.road.database, [one])
    await until(lambda: other.known == {str(one): 3})
    assert late.known == {str(one): 0}
    gate.set()
    await until(lambda: late.known == {str(one): 3})


async def test_a_cohort_is_never_served_twice_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rendering waits, longer at first than later, and each service is followed by a rest."""
    monkeypatch.setattr("subscriptions.fanout._WORTH_RESTING_S", 0.0)
    (one,) = await create_things(bench.road.database, 1)
    chance = random.Random(5)
    at_work = most = 0

    def waiting() -> Render:
        async def render(payload: Shown) -> bytes:
            nonlocal at_work, most
            at_work += 1
            most = max(most, at_work)
            await asyncio.sleep(chance.random() * 0.01)
            at_work -= 1
            return orjson.dumps(payload, default=str)

        return render

    client = Client()
    bench.fanout.enter("late", probe_feed(), waiting, client, None)
    await until(lambda: bool(client.kinds))
    for _ in range(60):
        await change_now(bench.road.database, [one])
    await until(lambda: client.known == {str(one): 60} or client.error is not None)
    assert client.error is None
    assert most == 1


async def test_a_crowd_gets_what_happens_meanwhile_in_one_write(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    resting: list[Cohort[Any]] = []

    def rest(_: Fanout, cohort: Cohort[Any], took_s: float) -> None:
        assert took_s >= 0
        resting.append(cohort)

    monkeypatch.setattr(Fanout, "_rest", rest)
    (one,) = await create_things(bench.road.database, 1)
    client = Client()
    bench.enter(client)
    await until(lambda: bool(client.kinds))
    for count in range(1, 4):
        await change_now(bench.road.database, [one])
        await until(lambda: bench.road.hub.last_seq == count)  # noqa: B023 -- awaited at once
    await until(lambda: bool(resting))
    assert client.kinds == [LiveKind.SNAPSHOT, LiveKind.CHANGES]
    writes = client.writes

    bench.fanout._rested(resting[0])  # pyright: ignore[reportPrivateUsage]
    await until(lambda: client.known == {str(one): 3})
    assert client.writes == writes + 1


async def test_a_payload_that_cannot_be_made_ends_its_cohort_only(bench: Bench) -> None:
    (one,) = await create_things(bench.road.database, 1)

    def broken() -> Render:
        def render(payload: Shown) -> bytes:
            if payload["kind"] == LiveKind.CHANGES:
                raise RuntimeError("cannot be made")
            return orjson.dumps(payload, default=str)

        return render

    unlucky, other = Client(), Client()
    bench.fanout.enter("broken", probe_feed(), broken, unlucky, None)
    bench.enter(other)
    await until(lambda: bool(unlucky.kinds and other.kinds))
    await change_now(bench.road.database, [one])
    await until(lambda: other.known == {str(one): 1})
    assert isinstance(unlucky.error, RuntimeError)
    await change_now(bench.road.database, [one])
    await until(lambda: other.known == {str(one): 2})


async def test_another_log_means_resync_and_a_snapshot(
    database: Database, clean_redis: str
) -> None:
    (one,) = await create_things(database, 1)
    async with running_hub(database, clean_redis) as hub:
        fanout, client = Fanout(hub, database), Client()
        fanout.enter("all", probe_feed(), _encoding, client, None)
        await until(lambda: client.kinds == [LiveKind.SNAPSHOT])
        async with database.writes.begin() as connection:
            await connection.execute(sa.text("UPDATE sequencer_state SET incarnation = 'restored'"))
        await until(lambda: len(client.kinds) == 3)
    assert client.kinds[1:] == [LiveKind.RESYNC, LiveKind.SNAPSHOT]
    assert client.cursor is not None
    assert client.cursor.incarnation == "restored"
    assert client.known == {str(one): 0}


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_clients_do_they_miss_and_repeat_nothing(bench: Bench, seed: int) -> None:
    """Writers, and clients that come, stop reading, read again, leave, and come back by cursor."""
    chance = random.Random(seed)
    database = bench.road.database
    ids = await create_things(database, 8)
    done = asyncio.Event()

    async def work(tx: Tx) -> None:
        await change(tx, chance.sample(ids, k=chance.randint(1, 4)))
        if chance.random() < 0.1:
            await asyncio.sleep(0.003)

    async def write() -> None:
        for _ in range(60):
            await database.run(work, actor_key="TEST:probe")

    async def live(client: Client) -> None:
        while not done.is_set():
            seat = bench.enter(client, after=client.cursor)
            for _ in range(chance.randint(1, 6)):
                await asyncio.sleep(chance.random() * 0.03)
                client.reads = False
                await asyncio.sleep(chance.random() * 0.03)
                client.read_again()
            seat.leave()
        bench.enter(client, after=client.cursor)

    clients = [Client() for _ in range(8)]
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        writers = [group.create_task(write()) for _ in range(4)]
        for client in clients:
            group.create_task(live(client))
        await asyncio.wait(writers)
        done.set()
    final = {str(thing): version for thing, version in (await database.read(versions)).items()}
    await until(lambda: all(client.known == final for client in clients))
    assert sum(final.values()) >= 240
    assert all(client.error is None for client in clients)
