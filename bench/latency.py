"""L1 and L3: how long a commit takes to a screen, and what many screens cost a mutation."""

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
from bench.fanout import WATCH, raw_body
from bench.figures import Figure, percentile
from bench.service import Service, service
from bench.swarm import Swarm
from bench.world import RECEIVE, World, ask, client_of, location_of, look_around
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
    shares = {0.5: 2.5, 0.99: 3.0}
    figures: list[Figure] = []
    for share, limit in shares.items():
        mine, bare_ms = (percentile(each, share) * 1_000 for each in (ours, plain))
        name = f"commit to client p{share * 100:g}"
        figures += [
            Figure(name, mine, "ms", how),
            Figure(f"{name}, raw", bare_ms, "ms", "COMMIT, XADD, XREAD, raw write"),
            Figure(f"{name} / raw", mine / bare_ms, "x", how, "L1", at_most=limit),
        ]
    return figures


async def measure_crowded(subscribers: int, mutations: int) -> list[Figure]:
    """L3, on a service of its own: each mutation is itself an event for all subscribers."""
    with service(max_sockets_per_address=20_000, max_concurrency=20_000) as running:
        world = await look_around(running, units=10)
        await _mutate(running, world, 40)
        idle = await _mutate(running, world, mutations)
        swarm = Swarm("127.0.0.1", running.port, token=f"Bearer {world.token}")
        opened = await swarm.open(subscribers)
        variables = {"store": [world.store], "skus": world.skus[:1]}
        payload = {"query": WATCH, "variables": variables}
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
        Figure("mutation p99, crowd / nobody", among / alone, "x", how, "L3", at_most=2.0),
    ]


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
    swarm = Swarm("127.0.0.1", running.port, token=f"Bearer {world.token}")
    async with Broadcast(backend=EventStreamBackend(running.redis_url, metrics)) as broadcast:
        async with engine.connect() as connection:
            (level,) = await level_states(connection, [location_of(world)], [Sku(sku)])
        (socket,) = await swarm.open(1)
        payload = {"query": WATCH, "variables": {"store": [world.store], "skus": [sku]}}
        await swarm.first_payloads([(socket, payload)])
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
        swarm = Swarm("127.0.0.1", server.port)
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


async def _mutate(running: Service, world: World, mutations: int) -> list[float]:
    """Seconds from when each mutation was due to its answer, open loop."""
    took: list[float] = []
    key = f"crowd-{time.monotonic_ns()}"
    async with client_of(running, world.token) as client:

        async def receive(number: int, due: float) -> None:
            given = {
                "idempotencyKey": f"{key}-{number}",
                "locationId": world.store,
                "reference": "bench",
                "lines": [{"sku": world.skus[0], "quantity": 1}],
            }
            await ask(client, RECEIVE, {"input": given})
            took.append(time.perf_counter() - due)

        start = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(mutations):
                due = start + number / MUTATIONS_PER_SECOND
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(receive(number, due))
    return took
