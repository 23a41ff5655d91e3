"""F1 to F4: what one delivery costs the server, against writing ready frames and against Strawberry
and broadcaster as they come.
"""

import asyncio
import statistics
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
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
from bench.swarm import Swarm
from bench.world import WATCH, World, swarm_of
from domain.common.ids import Sku

PER_SECOND = 20.0
ROUNDS = 3
BURST = 20
FEWER = 5
"""Strawberry with broadcaster gets one event of so many: it needs most of a second for five."""


@dataclass(frozen=True, slots=True)
class Runner:
    """One of the compared servers: its sockets, its process, and how to make events happen."""

    swarm: Swarm
    processes: Sequence[psutil.Process]
    publish: Callable[[int], Awaitable[int]]
    """So many events at once; the version that all sockets will have then."""


@dataclass(frozen=True, slots=True)
class Case:
    """Events for all sockets of a runner, so many at once, and what each round of them cost."""

    runner: Runner
    events: int
    at_once: int = 1
    costs_us: list[float] = field(default_factory=list[float])

    async def round(self) -> None:
        """The microseconds of the server's CPU time for each delivery are kept."""
        swarm, processes = self.runner.swarm, self.runner.processes
        swarm.reset()
        before, version = cpu_s(processes), 0
        for _ in range(max(1, self.events // self.at_once)):
            version = await self.runner.publish(self.at_once)
            await asyncio.sleep(self.at_once / PER_SECOND)
        await swarm.reached(version)
        self.costs_us.append((cpu_s(processes) - before) / swarm.deliveries * 1e6)


async def measure(running: Service, world: World, sockets: int, events: int) -> list[Figure]:
    """The four bars, of so many events a round; every socket is checked to get every version in
    order.
    """
    bodies = 2 + ROUNDS * events
    async with aclosing(await stream_of(running, world.location_id, Sku(world.skus[0]))) as stream:
        async with (
            _ours(running, world, stream, sockets, apart=False) as ours,
            _raw(running, sockets, bodies) as raw,
            _strawberry(running, sockets) as usual,
        ):
            shared = await _in_turns(
                Case(ours, events),
                Case(raw, events),
                Case(usual, max(2, events // FEWER)),
                Case(ours, 2 * events, BURST),
            )
        async with _ours(running, world, stream, sockets, apart=True) as ours:
            cohorts = await _in_turns(Case(ours, events))
    return _figures(sockets, *shared, *cohorts)


async def _in_turns(*cases: Case) -> list[float]:
    """The median cost of each."""
    for _ in range(ROUNDS):
        for case in cases:
            await case.round()
    return [statistics.median(case.costs_us) for case in cases]


def _figures(
    sockets: int, ours: float, raw: float, strawberry: float, burst: float, cohorts: float
) -> list[Figure]:
    how = f"{sockets} sockets, {PER_SECOND:g} events/s"
    bursts = f"{sockets} sockets, {BURST} events at once"
    written = "a loop that writes ready frames, one write for each socket and event"
    usual = "Strawberry with broadcaster as in their manuals"
    return [
        Figure("delivery, shared", ours, "us CPU", how),
        Figure("delivery, raw write", raw, "us CPU", how),
        Figure("delivery, Strawberry + broadcaster", strawberry, "us CPU", how),
        Figure("delivery, every socket a cohort", cohorts, "us CPU", how),
        Figure("delivery in bursts", burst, "us CPU", bursts),
        Figure(
            "shared / raw write", ours / raw, "x", f"against {written}; {how}", "F1", at_most=1.3
        ),
        Figure(
            "Strawberry / shared", strawberry / ours, "x", f"against {usual}; {how}", "F2",
            at_least=20,
        ),
        Figure(
            "every socket a cohort / Strawberry", cohorts / strawberry, "x",
            f"against {usual}; {how}", "F3", at_most=0.15,
        ),
        Figure(
            "bursts / raw write", burst / raw, "x", f"against {written}; {bursts}", "F4",
            at_most=0.4,
        ),
    ]  # fmt: skip


@asynccontextmanager
async def _ours(
    running: Service, world: World, stream: Stream, sockets: int, *, apart: bool
) -> AsyncGenerator[Runner]:
    """Our server; all sockets ask for the same, or, `apart`, each for something of its own."""
    swarm = swarm_of(running, world)

    def payload(number: int) -> dict[str, Any]:
        return world.watch([world.skus[0], f"none-{number}"] if apart else world.skus[:1])

    opened = await swarm.open(sockets)
    await swarm.first_payloads([(socket, payload(n)) for n, socket in enumerate(opened)])

    async def publish(count: int) -> int:
        await stream.publish(count)
        return stream.version

    yield await _warm(Runner(swarm, running.workers, publish))
    await swarm.close()


@asynccontextmanager
async def _raw(running: Service, sockets: int, bodies: int) -> AsyncGenerator[Runner]:
    """A server that writes frames which were ready before."""
    version = 0
    with baseline("raw", running.redis_url) as server:
        async with Redis.from_url(running.redis_url, protocol=2) as redis:
            swarm = await _swarm_at(server, sockets)
            ready = [raw_body(number) for number in range(1, bodies + 1)]
            await redis.xadd(STREAM, {"bodies": orjson.dumps(ready)})

            async def publish(count: int) -> int:
                nonlocal version
                async with redis.pipeline(transaction=False) as pipe:
                    for _ in range(count):
                        pipe.xadd(STREAM, {"go": "1"})
                    await pipe.execute()
                version += count
                return version

            yield await _warm(Runner(swarm, [server.process], publish))
            await swarm.close()


@asynccontextmanager
async def _strawberry(running: Service, sockets: int) -> AsyncGenerator[Runner]:
    """Strawberry and broadcaster."""
    version = 0
    with baseline("naive", running.redis_url) as server:
        async with Redis.from_url(running.redis_url, protocol=2) as redis:
            swarm = await _swarm_at(server, sockets)

            async def publish(count: int) -> int:
                nonlocal version
                for _ in range(count):
                    version += 1
                    await redis.publish(CHANNEL, orjson.dumps(_plain_change(version)))
                return version

            await asyncio.sleep(1)  # subscribers of broadcaster come in one by one
            yield await _warm(Runner(swarm, [server.process], publish))
            await swarm.close()


async def _swarm_at(server: Baseline, sockets: int) -> Swarm:
    swarm = Swarm(server.port)
    payload = {"query": WATCH, "variables": {"store": ["x"], "skus": ["x"]}}
    await swarm.first_payloads([(socket, payload) for socket in await swarm.open(sockets)])
    return swarm


async def _warm(runner: Runner) -> Runner:
    """The same, after two deliveries to everybody."""
    for _ in range(2):
        await runner.swarm.reached(await runner.publish(1))
    return runner


def _plain_change(version: int) -> dict[str, Any]:
    """What `raw_body` shows, under the names of Python."""
    change = orjson.loads(raw_body(version))["data"]["stockChanged"]
    for level in change["levels"]:
        level["on_hand"] = level.pop("onHand")
    return change


def raw_body(version: int) -> str:
    """A payload of the same fields and nearly the same length as ours."""
    shown = {"sku": "SHIRT-0001-M", "onHand": 100, "available": 90, "version": version}
    change = {"kind": "CHANGES", "cursor": "x" * 70, "complete": True, "levels": [shown]}
    return orjson.dumps({"data": {"stockChanged": change}}).decode()
