"""L1 and L3: how long a commit, or a request, takes to a screen, and what many screens cost a
mutation.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import sqlalchemy as sa
from broadcaster import Broadcast
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bench.baselines.names import STREAM
from bench.baselines.running import baseline
from bench.fanout import raw_body
from bench.figures import Figure, percentile
from bench.service import MANY_SOCKETS, Service, service
from bench.swarm import Swarm
from bench.world import RECEIVE, WATCH, World, look_around, swarm_of, wire_of
from domain.common.ids import Sku
from domain.common.transaction import Tx
from domain.events.model import Aggregate, Event, Topic
from domain.stock.projection import level_states
from subscriptions import messages
from subscriptions.metrics import LiveMetrics
from subscriptions.stream import EventStreamBackend

PER_SECOND = 50.0
MUTATIONS_PER_SECOND = 20.0
ROUNDS = 3


async def measure(running: Service, world: World, commits: int) -> list[Figure]:
    """L1, in turns with a commit, an entry of the stream and a ready frame."""
    ours: list[float] = []
    plain: list[float] = []
    async with _our_road(running, world) as road, _raw_road(running, commits) as bare:
        await _timed(road, 20)
        await _timed(bare, 20)
        for _ in range(ROUNDS):
            ours += await _timed(road, commits // ROUNDS)
            plain += await _timed(bare, commits // ROUNDS)
    how = f"{len(ours)} commits at {PER_SECOND:g}/s, from before COMMIT to the client"
    against = "COMMIT, XADD, XREAD and a raw write"
    figures: list[Figure] = []
    for share, limit in ((0.5, 2.5), (0.99, 3.0)):
        mine, bare_ms = (percentile(each, share) * 1_000 for each in (ours, plain))
        name = f"commit to client p{share * 100:g}"
        figures += [
            Figure(name, mine, "ms", how),
            Figure(f"{name}, raw", bare_ms, "ms", against),
            Figure(
                f"{name} / raw", mine / bare_ms, "x", f"against {against}; {how}", "L1",
                at_most=limit,
            ),
        ]  # fmt: skip
    return figures


async def measure_requests(running: Service, world: World, requests: int) -> list[Figure]:
    """From the request of a change to its arrival at a screen."""
    async with _requests(running, world) as road:
        await _timed(road, 20)
        took = await _timed(road, requests)
    how = f"{requests} times receiveStock over HTTP at {PER_SECOND:g}/s, one socket"
    return [
        Figure(f"request to push p{share * 100:g}", percentile(took, share) * 1_000, "ms", how)
        for share in (0.5, 0.99)
    ]


async def measure_crowded(subscribers: int, mutations: int) -> list[Figure]:
    """L3, on a service of its own: each mutation is itself an event for all subscribers."""
    with service(**MANY_SOCKETS) as running:
        world = await look_around(running, units=10)
        await _mutate(running, world, 40)
        idle = await _mutate(running, world, mutations)
        swarm = swarm_of(running, world)
        opened = await swarm.open(subscribers)
        payload = world.watch(world.skus[:1])
        await swarm.first_payloads([(socket, payload) for socket in opened])
        crowded = await _mutate(running, world, mutations)
        await swarm.close()
    alone, among = percentile(idle, 0.99) * 1_000, percentile(crowded, 0.99) * 1_000
    how = (
        f"receiveStock over HTTP, {MUTATIONS_PER_SECOND:g}/s, each pushed to {subscribers} sockets"
    )
    return [
        Figure("mutation p99, nobody watches", alone, "ms", how),
        Figure("mutation p50, crowd", percentile(crowded, 0.5) * 1_000, "ms", how),
        Figure("mutation p99, crowd", among, "ms", how),
        Figure(
            "mutation p99, crowd / nobody", among / alone, "x",
            f"against the same just before, when nobody watches; {how}", "L3", at_most=2.0,
        ),
    ]  # fmt: skip


Commit = Callable[[], Awaitable[float]]
"""One commit; the moment before it, by `perf_counter`."""
Road = tuple[Swarm, Commit]


async def _timed(road: Road, commits: int) -> list[float]:
    """Seconds from before each commit to its arrival."""
    swarm, commit = road
    (socket,) = swarm.sockets
    took: list[float] = []
    start = time.perf_counter()
    for number in range(commits):
        await asyncio.sleep(max(0.0, start + number / PER_SECOND - time.perf_counter()))
        push = asyncio.ensure_future(swarm.next_push(socket))
        await asyncio.sleep(0)
        began = await commit()
        took.append(await push - began)
    return took


@asynccontextmanager
async def _our_road(running: Service, world: World) -> AsyncGenerator[Road]:
    sku = world.skus[-1]
    metrics = LiveMetrics(CollectorRegistry())
    engine = create_async_engine(running.database_url)
    swarm = swarm_of(running, world)
    async with Broadcast(backend=EventStreamBackend(running.redis_url, metrics)) as broadcast:
        async with engine.connect() as connection:
            (level,) = await level_states(connection, [world.location_id], [Sku(sku)])
        (socket,) = await swarm.open(1)
        await swarm.first_payloads([(socket, world.watch([sku]))])
        versions = itertools.count(level["version"] + 1)

        async def commit() -> float:
            version = next(versions)
            began = await _publish(engine, {**level, "version": version})
            await broadcast.publish(messages.WAKE, "")
            return began

        yield swarm, commit
        await swarm.close()
    await engine.dispose()


async def _publish(engine: AsyncEngine, level: dict[str, Any]) -> float:
    """The event's outbox row is committed, as a worker does it; the moment before."""
    async with engine.begin() as connection:
        tx = Tx(connection, "SYSTEM:bench", "")
        topics = [Topic.stock(level["location_id"])]
        event = Event(
            "StockChanged",
            Aggregate.STOCK_LEVEL,
            level["level_id"],
            level["version"],
            topics,
            orjson.loads(orjson.dumps(level, default=str)),
        )
        tx.record(event.to_record(tx.actor_key, await tx.now(), ""))
        row = tx.drain_events()
        assert row is not None
        began = time.perf_counter()
        await connection.execute(row)
    return began


@asynccontextmanager
async def _raw_road(running: Service, commits: int) -> AsyncGenerator[Road]:
    engine = create_async_engine(running.database_url)
    redis = Redis.from_url(running.redis_url, protocol=2)
    with baseline("raw", running.redis_url) as server:
        swarm = Swarm(server.port)
        (socket,) = await swarm.open(1)
        await swarm.first_payloads([(socket, {"query": WATCH})])
        bodies = [raw_body(version) for version in range(1, commits + 100)]
        await redis.xadd(STREAM, {"bodies": orjson.dumps(bodies)})
        async with engine.begin() as connection:
            await connection.execute(sa.text("CREATE TABLE bench_commit (body jsonb)"))
        insert = sa.text("INSERT INTO bench_commit VALUES (CAST(:body AS jsonb))")

        async def commit() -> float:
            async with engine.begin() as connection:
                await connection.execute(sa.text("SELECT now()"))
                began = time.perf_counter()
                await connection.execute(insert, {"body": bodies[0]})
            await redis.xadd(STREAM, {"go": "1"})
            return began

        yield swarm, commit
        await swarm.close()
    await redis.aclose()
    await engine.dispose()


@asynccontextmanager
async def _requests(running: Service, world: World) -> AsyncGenerator[Road]:
    swarm = swarm_of(running, world)
    (socket,) = await swarm.open(1)
    await swarm.first_payloads([(socket, world.watch(world.skus[:1]))])
    async with wire_of(running, world) as wire:

        async def commit() -> float:
            began = time.perf_counter()
            await wire.value(RECEIVE, world.receipt(world.skus[0]))
            return began

        yield swarm, commit
    await swarm.close()


async def _mutate(running: Service, world: World, mutations: int) -> list[float]:
    """Seconds from when each mutation was due to its answer, open loop."""
    took: list[float] = []
    async with wire_of(running, world) as wire:

        async def receive(due: float) -> None:
            await wire.value(RECEIVE, world.receipt(world.skus[0]))
            took.append(time.perf_counter() - due)

        start = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(mutations):
                due = start + number / MUTATIONS_PER_SECOND
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(receive(due))
    return took
