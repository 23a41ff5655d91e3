"""A1: the stream's server is away for five seconds, its clients are cut off, a worker is killed;
how long until every client knows the last version of everything again.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from app.client import Watch
from app.embedded import EmbeddedValkey
from bench.figures import Figure
from bench.service import Service, service
from bench.wire import Wire
from bench.world import RECEIVE, World, look_around, versions_of, wire_of

WATCH = """subscription($store: [ID!]!, $after: String) {
  stockChanged(locationIds: $store, after: $after) {
    kind cursor complete levels { sku version } } }"""
CLIENTS = 40
AWAY_S = 5.0
LIMIT_S = 3.0
PER_SECOND = 20.0


@dataclass
class Screen:
    """What one client knows: the newest version of each SKU."""

    known: dict[str, int] = field(default_factory=dict[str, int])
    stale: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def shows(self, final: Mapping[str, int]) -> None:
        """Returns when all these versions are known."""
        while any(self.known.get(sku) != version for sku, version in final.items()):
            self.changed.clear()
            await self.changed.wait()

    def see(self, payload: Mapping[str, Any]) -> None:
        """Takes a payload; one that goes back in time is counted."""
        for level in payload["levels"]:
            before = self.known.get(level["sku"], 0)
            if payload["kind"] == "CHANGES" and level["version"] <= before:
                self.stale += 1
            self.known[level["sku"]] = max(before, level["version"])
        self.changed.set()


async def measure() -> list[Figure]:
    """Three disasters, one after the other, while stock changes 20 times a second."""
    with tempfile.TemporaryDirectory(prefix="unico-bench-") as folder:
        valkey = EmbeddedValkey(Path(folder) / "valkey")
        redis_url = valkey.start()
        try:
            with service(workers=2, redis_url=redis_url) as running:
                return await _measured(running, valkey, redis_url)
        finally:
            valkey.stop()


async def _measured(running: Service, valkey: EmbeddedValkey, redis_url: str) -> list[Figure]:
    world = await look_around(running, units=10)
    screens = [Screen() for _ in range(CLIENTS)]

    async def kill_server() -> None:
        await asyncio.to_thread(valkey.kill)
        await asyncio.sleep(AWAY_S)
        await asyncio.to_thread(valkey.start)

    async def kill_clients() -> None:
        redis = Redis.from_url(redis_url, protocol=2)
        await redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        await redis.aclose()

    async def kill_worker() -> None:
        running.workers[0].kill()

    async with _watching(running, world, screens):
        scene = Scene(running, world, screens)
        return [
            await scene.disaster("the stream's server is killed for 5 s", kill_server, AWAY_S),
            await scene.disaster("its clients are cut off", kill_clients),
            await scene.disaster("a worker is killed", kill_worker),
            Figure(
                "changes that went back in time", sum(screen.stale for screen in screens), "",
                f"against the version that each of {CLIENTS} clients knew before", "A1", at_most=0,
            ),
        ]  # fmt: skip


@asynccontextmanager
async def _watching(running: Service, world: World, screens: list[Screen]) -> AsyncGenerator[None]:
    watches = [
        Watch(running.url, world.token, WATCH, {"store": [world.store]}, screen.see)
        for screen in screens
    ]
    tasks = [asyncio.create_task(watch.run()) for watch in watches]
    try:
        async with asyncio.timeout(30):
            await asyncio.gather(*[watch.started.wait() for watch in watches])
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class Scene:
    """Where disasters happen, and who watches."""

    running: Service
    world: World
    screens: list[Screen]

    async def disaster(
        self, name: str, strike: Callable[[], Awaitable[None]], lasts_s: float = 0.0
    ) -> Figure:
        """Seconds from the end of the disaster, or the last change if that is later, until every
        screen shows the last version of everything.
        """
        writing = asyncio.create_task(_write(self.running, self.world, lasts_s + 2))
        await asyncio.sleep(1)
        await strike()
        over = time.perf_counter()
        async with asyncio.timeout(60):
            start = max(over, await writing)
            final = await versions_of(self.running, self.world)
            for screen in self.screens:
                await screen.shows(final)
        took = max(0.0, time.perf_counter() - start)
        how = f"against the database; {CLIENTS} clients, {PER_SECOND:g} changes/s go on"
        return Figure(name, took, "s until all is known", how, "A1", at_most=LIMIT_S)


async def _write(running: Service, world: World, seconds: float) -> float:
    """Changes go on; when the last was made."""
    end, last = time.perf_counter() + seconds, 0.0
    async with wire_of(running, world) as wire:
        for sku in cycle(world.skus[:10]):
            await _change(wire, world.receipt(sku))
            last = time.perf_counter()
            if last > end:
                break
            await asyncio.sleep(1 / PER_SECOND)
    return last


async def _change(wire: Wire, given: dict[str, Any]) -> None:
    """Once, with the same key again when a killed worker did not answer, or said to come again."""
    while True:
        try:
            await wire.value(RECEIVE, given)
        except (OSError, EOFError, RuntimeError):
            await asyncio.sleep(0.05)
        else:
            return
