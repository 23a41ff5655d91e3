"""The event road in one process: relay, stream and hub, wired as the application does."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from broadcaster import Broadcast
from prometheus_client import CollectorRegistry

from app.relay import Relay, RelayMetrics
from domain.common.database import Database
from domain.events.log import LogSource
from subscriptions.hub import MEMORY, Hub
from subscriptions.mailbox import PATIENCE_S
from subscriptions.metrics import LiveMetrics
from subscriptions.stream import EventStreamBackend
from tests.support.probe import opened


@asynccontextmanager
async def in_background(work: Coroutine[Any, Any, None]) -> AsyncGenerator[asyncio.Task[None]]:
    """`work` runs while inside; it must not have ended by itself."""
    task = asyncio.create_task(work)
    try:
        yield task
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.wait([task])


@asynccontextmanager
async def connected_broadcast(
    redis_url: str, metrics: LiveMetrics | None = None
) -> AsyncGenerator[Broadcast]:
    """A connected backplane."""
    backend = EventStreamBackend(redis_url, metrics or LiveMetrics(CollectorRegistry()))
    async with Broadcast(backend=backend) as broadcast:
        yield broadcast


def new_relay(
    database_url: str,
    broadcast: Broadcast,
    retention: timedelta = timedelta(hours=72),
    retire_every_s: float = 60.0,
) -> Relay:
    """A relay that does not run yet."""
    return Relay(
        database_url,
        broadcast,
        RelayMetrics(CollectorRegistry()),
        retention=retention,
        retire_every_s=retire_every_s,
    )


@asynccontextmanager
async def running_hub(
    source: LogSource, redis_url: str, patience_s: float = PATIENCE_S, memory: int = MEMORY
) -> AsyncGenerator[Hub]:
    """A hub that follows the log, on a backplane of its own, as in another process."""
    metrics = LiveMetrics(CollectorRegistry())
    async with connected_broadcast(redis_url, metrics) as broadcast:
        hub = Hub(source, broadcast, metrics, patience_s=patience_s, memory=memory)
        async with in_background(hub.run()):
            await hub.started()
            yield hub


@dataclass(frozen=True, slots=True)
class Road:
    """All stations in one process."""

    database: Database
    relay: Relay
    hub: Hub


@asynccontextmanager
async def running_road(
    database_url: str, redis_url: str, patience_s: float = PATIENCE_S, memory: int = MEMORY
) -> AsyncGenerator[Road]:
    """A worker: its commits wake its relay, and its hub follows the log."""
    async with AsyncExitStack() as stack:
        metrics = LiveMetrics(CollectorRegistry())
        broadcast = await stack.enter_async_context(connected_broadcast(redis_url, metrics))
        relay = new_relay(database_url, broadcast)
        database = await stack.enter_async_context(opened(database_url, relay.wake))
        hub = Hub(database, broadcast, metrics, patience_s=patience_s, memory=memory)
        await stack.enter_async_context(in_background(relay.run()))
        await stack.enter_async_context(in_background(hub.run()))
        await hub.started()
        yield Road(database, relay, hub)


def counted(metric: Any) -> Callable[[], float]:
    """A function that reads the present value of a counter or gauge without labels."""
    return lambda: float(next(iter(metric.collect())).samples[0].value)
