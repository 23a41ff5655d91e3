"""Thousands of sockets on one worker: M1, clients who all come back at once, one that is deaf."""

import asyncio
import time
from contextlib import aclosing
from typing import Any

from bench.cpu import cpu_s, resident_bytes
from bench.figures import Figure
from bench.service import MANY_SOCKETS, Service, service
from bench.stream import stream_of
from bench.swarm import Swarm
from bench.world import World, look_around, receive_one, swarm_of
from domain.common.ids import Sku

FIRST = 1_000
DEAF_EVENTS = 30_000
DEAF_AT_ONCE = 100
OTHERS = 20
ABORTED = "unico_live_aborted_total"


async def measure(sockets: int) -> list[Figure]:
    """All of it, on a service of its own with one worker."""
    with service(**MANY_SOCKETS) as running:
        world = await look_around(running, units=10)
        swarm = swarm_of(running, world)
        figures = await _memory(running, world, swarm, sockets)
        figures += await _storm(running, world, swarm, sockets)
        await swarm.close()
        figures += await _deaf(running, world)
    return figures


async def _memory(running: Service, world: World, swarm: Swarm, sockets: int) -> list[Figure]:
    """RSS of the worker as idle sockets and then subscriptions are added."""
    warm = await swarm.open(FIRST)
    await swarm.first_payloads([(socket, _payload(world)) for socket in warm[:50]])
    bare_first = resident_bytes(running.workers)
    rest = await swarm.open(sockets - FIRST)
    bare_all = resident_bytes(running.workers)
    await swarm.first_payloads([(each, _payload(world)) for each in warm[50:]], at_once=100)
    first = resident_bytes(running.workers)
    await swarm.first_payloads([(each, _payload(world)) for each in rest], at_once=100)
    everything = resident_bytes(running.workers)
    await swarm.reached(await receive_one(running, world, world.skus[0]))
    bare = (bare_all - bare_first) / len(rest) / 1024
    idle = (everything - first) / len(rest) / 1024
    how = f"slope of RSS from {FIRST} to {sockets}"
    return [
        Figure("idle socket", bare, "KiB", how),
        Figure(
            "idle subscription above it", idle, "KiB",
            f"against a socket that is acknowledged and subscribes to nothing; {how}",
            "M1", at_most=4.0,
        ),
        Figure("worker with all of them", everything / 2**20, "MiB", f"{sockets} subscriptions"),
    ]  # fmt: skip


async def _storm(running: Service, world: World, swarm: Swarm, sockets: int) -> list[Figure]:
    """All connections break at once, and all clients come back."""
    await swarm.close()
    before, start = cpu_s(running.workers), time.perf_counter()
    opened = await swarm.open(sockets)
    connected = time.perf_counter() - start
    await swarm.first_payloads([(socket, _payload(world)) for socket in opened])
    subscribed = time.perf_counter() - start
    await swarm.reached(await receive_one(running, world, world.skus[0]))
    live = time.perf_counter() - start
    spent = (cpu_s(running.workers) - before) / sockets * 1e3
    how = f"{sockets} clients come back at once, token, snapshot and a push to each"
    return [
        Figure("storm: connected", connected, "s", how),
        Figure("storm: all have a snapshot", subscribed, "s", how),
        Figure("storm: all are live", live, "s", how),
        Figure("storm: CPU per client", spent, "ms", how),
    ]


async def _deaf(running: Service, world: World) -> list[Figure]:
    """One client stops reading while a great many events go to all.

    Raises:
        RuntimeError: one of the others did not get every event, once and in order.
    """
    swarm = swarm_of(running, world)
    opened = await swarm.open(OTHERS + 1)
    await swarm.first_payloads([(socket, _payload(world)) for socket in opened])
    deaf = swarm.sockets.pop()
    swarm.reset()
    assert deaf.transport is not None
    memory, cut_before = resident_bytes(running.workers), running.metric(ABORTED)
    deaf.transport.pause_reading()
    async with aclosing(await stream_of(running, world.location_id, Sku(world.skus[0]))) as stream:
        start = time.perf_counter()
        for _ in range(DEAF_EVENTS // DEAF_AT_ONCE):
            await stream.publish(DEAF_AT_ONCE)
            await swarm.reached(stream.version)
        took = time.perf_counter() - start
    if swarm.deliveries != OTHERS * DEAF_EVENTS:
        raise RuntimeError(f"{swarm.deliveries} deliveries, {OTHERS * DEAF_EVENTS} were due")
    grown = (resident_bytes(running.workers) - memory) / 2**20
    cut = await _seconds_until_cut(running, cut_before + 1)
    deaf.transport.abort()
    await swarm.close()
    how = f"one of {OTHERS + 1} stops reading, {DEAF_EVENTS} events"
    return [
        Figure("beside a deaf client, the others get all", DEAF_EVENTS / took, "events/s", how),
        Figure("memory that it takes", grown, "MiB", how),
        Figure("until it is cut, after the last event", cut, "s", f"{how}; by the worker's count"),
    ]


async def _seconds_until_cut(running: Service, aborted: float) -> float:
    """Until the worker says that it has cut so many connections.

    Raises:
        TimeoutError: it has not after a minute.
    """
    start = time.perf_counter()
    async with asyncio.timeout(60):
        while True:
            if await asyncio.to_thread(running.metric, ABORTED) >= aborted:
                return time.perf_counter() - start
            await asyncio.sleep(0.1)


def _payload(world: World) -> dict[str, Any]:
    return world.watch(world.skus[:1])
