"""F1 to F4: what one delivery costs the server, against writing ready frames and against Strawberry
and broadcaster as they come.
"""

import asyncio
import statistics
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import orjson
import psutil
from redis.asyncio import Redis

from bench.baselines.names import CHANNEL, STREAM
from bench.baselines.running import Baseline, baseline
from bench.cpu import cpu_s
from bench.figures import Figure
from bench.service import Service
from bench.stream import Stream, stream_of
from bench.swarm import Socket, Swarm
from bench.world import World, location_of
from domain.common.ids import Sku

WATCH = """subscription($store: [ID!]!, $skus: [String!]) {
  stockChanged(locationIds: $store, skus: $skus) {
    kind cursor complete levels { sku onHand available version } } }"""
PER_SECOND = 20.0
ROUNDS = 3
BURST = 20


@dataclass(frozen=True, slots=True)
class Runner:
    """One of the compared servers: its sockets, its process, and how to make events happen."""

    swarm: Swarm
    processes: Sequence[psutil.Process]
    publish: Callable[[int], Awaitable[int]]
    """So many events at once; the version that all sockets will have then."""

    async def cost_us(self, events: int, at_once: int = 1) -> float:
        """Microseconds of the server's CPU time for each delivery."""
        self.swarm.reset()
        before, version = cpu_s(self.processes), 0
        for _ in range(events // at_once):
            version = await self.publish(at_once)
            await asyncio.sleep(at_once / PER_SECOND)
        await self.swarm.reached(version)
        return (cpu_s(self.processes) - before) / self.swarm.deliveries * 1e6


async def measure(running: Service, world: World, sockets: int, events: int) -> list[Figure]:
    """The four bars; every socket is checked to get every version in order."""
    with ExitStack() as stack:
        plain = stack.enter_context(baseline("raw", running.redis_url))
        usual = stack.enter_context(baseline("naive", running.redis_url))
        stream = await stream_of(running, location_of(world), Sku(world.skus[0]))
        ours = await _ours(running, world, stream, sockets, apart=False)
        raws = await _raw(running, plain, sockets)
        one = await _compared([ours, raws], events)
        bursts = await _compared([ours, raws], events * 2, BURST)
        await raws.swarm.close()
        naives = await _naive(running, usual, sockets)
        (strawberry,) = await _compared([naives], max(6, events // 5))
        await naives.swarm.close()
        await ours.swarm.close()
        apart = await _ours(running, world, stream, sockets, apart=True)
        (cohorts,) = await _compared([apart], events)
        await apart.swarm.close()
        await stream.close()
    return _figures(sockets, one, bursts[0], strawberry, cohorts)


def _figures(
    sockets: int, one: Sequence[float], burst: float, strawberry: float, cohorts: float
) -> list[Figure]:
    ours, raws = one
    how = f"{sockets} sockets, {PER_SECOND:g} events/s"
    return [
        Figure("delivery, shared", ours, "us CPU", how),
        Figure("delivery, raw write", raws, "us CPU", how),
        Figure("delivery, Strawberry + broadcaster", strawberry, "us CPU", how),
        Figure("delivery, every socket a cohort", cohorts, "us CPU", how),
        Figure("delivery in bursts", burst, "us CPU", f"{BURST} events within one tick"),
        Figure("shared / raw write", ours / raws, "x", how, "F1", at_most=1.3),
        Figure("Strawberry / shared", strawberry / ours, "x", how, "F2", at_least=20),
        Figure(
            "every socket a cohort / Strawberry", cohorts / strawberry, "x", how, "F3", at_most=0.15
        ),
        Figure("bursts / raw write", burst / raws, "x", "one write per frame", "F4", at_most=0.4),
    ]


async def _compared(runners: Sequence[Runner], events: int, at_once: int = 1) -> list[float]:
    """The median cost of each, measured in turns."""
    costs: list[list[float]] = [[] for _ in runners]
    for _ in range(ROUNDS):
        for runner, found in zip(runners, costs, strict=True):
            found.append(await runner.cost_us(events // ROUNDS // at_once * at_once, at_once))
    return [statistics.median(found) for found in costs]


async def _ours(
    running: Service, world: World, stream: Stream, sockets: int, *, apart: bool
) -> Runner:
    swarm = Swarm("127.0.0.1", running.port, token=f"Bearer {world.token}")

    def payload(number: int) -> dict[str, Any]:
        skus = [world.skus[0], f"none-{number}"] if apart else world.skus[:1]
        return {"query": WATCH, "variables": {"store": [world.store], "skus": skus}}

    opened = await swarm.open(sockets)
    await swarm.first_payloads([(socket, payload(n)) for n, socket in enumerate(opened)])

    async def publish(count: int) -> int:
        await stream.publish(count)
        return stream.version

    return await _warm(Runner(swarm, running.workers, publish))


async def _raw(running: Service, server: Baseline, sockets: int) -> Runner:
    swarm = await _swarm_at(server.port, sockets)
    redis = Redis.from_url(running.redis_url, protocol=2)
    bodies = [raw_body(version) for version in range(1, 1_001)]
    await redis.xadd(STREAM, {"bodies": orjson.dumps(bodies)})
    version = 0

    async def publish(count: int) -> int:
        nonlocal version
        async with redis.pipeline(transaction=False) as pipe:
            for _ in range(count):
                pipe.xadd(STREAM, {"go": "1"})
            await pipe.execute()
        version += count
        return version

    return await _warm(Runner(swarm, [server.process], publish))


async def _naive(running: Service, server: Baseline, sockets: int) -> Runner:
    swarm = await _swarm_at(server.port, sockets)
    redis = Redis.from_url(running.redis_url, protocol=2)
    version = 0

    async def publish(count: int) -> int:
        nonlocal version
        for _ in range(count):
            version += 1
            change = orjson.loads(raw_body(version))["data"]["stockChanged"]
            change["levels"] = [
                {
                    "sku": level["sku"],
                    "on_hand": level["onHand"],
                    "available": level["available"],
                    "version": level["version"],
                }
                for level in change["levels"]
            ]
            await redis.publish(CHANNEL, orjson.dumps(change))
        return version

    await asyncio.sleep(1)  # subscribers of broadcaster come in one by one
    return await _warm(Runner(swarm, [server.process], publish))


async def _swarm_at(port: int, sockets: int) -> Swarm:
    swarm = Swarm("127.0.0.1", port)
    opened: list[Socket] = await swarm.open(sockets)
    payload = {"query": WATCH, "variables": {"store": ["x"], "skus": ["x"]}}
    await swarm.first_payloads([(socket, payload) for socket in opened])
    return swarm


async def _warm(runner: Runner) -> Runner:
    """The same, after two deliveries to everybody."""
    for _ in range(2):
        await runner.swarm.reached(await runner.publish(1))
    return runner


def raw_body(version: int) -> str:
    """A payload of the same fields and nearly the same length as ours."""
    shown = {"sku": "SHIRT-0001-M", "onHand": 100, "available": 90, "version": version}
    change = {"kind": "CHANGES", "cursor": "x" * 70, "complete": True, "levels": [shown]}
    return orjson.dumps({"data": {"stockChanged": change}}).decode()
