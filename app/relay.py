"""The relay: keeps a sequencer at work and publishes what it logged (ADR 0004).

Every worker runs one. One of them leads, the others stand by.
"""

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta

import structlog
from broadcaster import Broadcast
from prometheus_client import CollectorRegistry, Counter, Gauge

from app.settings import Settings
from domain.events.sequencing import Fenced, SequencedCommit, Sequencer, open_sequencer
from subscriptions import messages
from subscriptions.metrics import LiveMetrics
from subscriptions.stream import Backoff, EventStreamBackend

POLL_S = 0.25
HEARTBEAT_S = 1.0
STANDBY_S = 1.0
RETIRE_EVERY_S = 60.0
WAKE_DEBOUNCE_S = 0.005
LARGEST_MESSAGE = 16_384
"""Characters; a larger commit is only announced, and read from the log by whoever needs it."""

log = structlog.get_logger("unico.relay")


class RelayMetrics:
    """What a relay counts. One per registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.leading = Gauge(
            "unico_relay_leading",
            "1 in the process that leads.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.terms = Counter(
            "unico_relay_terms", "Times that a relay took over.", registry=registry
        )
        self.commits = Counter("unico_relay_commits", "Commits sequenced.", registry=registry)
        self.events = Counter("unico_relay_events", "Events sequenced.", registry=registry)
        self.retired = Counter("unico_relay_retired", "Old events deleted.", registry=registry)
        self.failures = Counter(
            "unico_relay_failures", "Terms that ended with an error.", registry=registry
        )


class Relay:
    """Moves committed events on, or stands by to do so; `run` until the process ends."""

    def __init__(
        self,
        database_url: str,
        broadcast: Broadcast,
        metrics: RelayMetrics,
        *,
        retention: timedelta,
        retire_every_s: float = RETIRE_EVERY_S,
    ) -> None:
        self.leading = False
        self.metrics = metrics
        self._database_url = database_url
        self._broadcast = broadcast
        self._retention = retention
        self._retire_every_s = retire_every_s
        self._woken = asyncio.Event()
        self._last_heartbeat = 0.0
        self._last_retirement = time.monotonic()
        self._pause: asyncio.TimerHandle | None = None
        self._wake_again = False
        self._sending: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """The leader, wherever it is, looks at the outbox at once; at most 200 messages a second.

        For `Database(after_commit=...)`. Never blocks and never fails: a lost wake-up costs 250 ms.
        """
        if self.leading:
            self._woken.set()
        elif self._pause is None:
            self._send_wake()
        else:
            self._wake_again = True

    async def run(self) -> None:
        """Leads whenever it can, until cancelled. No failure of database or stream ends it."""
        backoff = Backoff()
        while True:
            started = time.monotonic()
            try:
                await self._serve_a_term()
            except Fenced:
                log.warning("another relay took over")
            except Exception as error:  # noqa: BLE001 -- edge: the relay outlives all failures
                self.metrics.failures.inc()
                log.error("the relay failed, trying again", reason=repr(error))
            if time.monotonic() - started > STANDBY_S:
                backoff.reset()
            await asyncio.sleep(backoff.pause_s())

    async def _serve_a_term(self) -> None:
        async with open_sequencer(self._database_url) as sequencer:
            while not await sequencer.try_lead():  # noqa: ASYNC110 -- a lock elsewhere is awaited
                await asyncio.sleep(STANDBY_S * random.uniform(0.75, 1.25))
            async with self._in_office(sequencer):
                await self._lead(sequencer)

    @contextlib.asynccontextmanager
    async def _in_office(self, sequencer: Sequencer) -> AsyncGenerator[None]:
        """While inside, this process leads and hears the wake-ups of the others."""
        log.info("relay leads", last_seq=sequencer.last_seq)
        self.metrics.terms.inc()
        self.metrics.leading.set(1)
        self.leading = True
        self._last_heartbeat = 0.0
        listener = asyncio.create_task(self._listen(), name="relay wake-ups")
        try:
            yield
        finally:
            self.leading = False
            self.metrics.leading.set(0)
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)

    async def _listen(self) -> None:
        async with self._broadcast.subscribe(messages.WAKE) as wakes:
            while True:
                await wakes.get()
                self._woken.set()

    async def _lead(self, sequencer: Sequencer) -> None:
        """Until fenced, or until the database fails."""
        while True:
            self._woken.clear()
            commits = await sequencer.move()
            await self._publish(sequencer.incarnation, commits)
            await self._keep_house(sequencer)
            if not commits:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_S):
                        await self._woken.wait()

    async def _publish(self, incarnation: str, commits: Sequence[SequencedCommit]) -> None:
        for commit in commits:
            text = messages.published(incarnation, commit.records)
            if len(text) > LARGEST_MESSAGE:
                text = messages.heartbeat(incarnation, commit.last_seq)
            await self._broadcast.publish(messages.EVENTS, text)
            self.metrics.events.inc(len(commit.records))
        self.metrics.commits.inc(len(commits))

    async def _keep_house(self, sequencer: Sequencer) -> None:
        now = time.monotonic()
        if now - self._last_heartbeat >= HEARTBEAT_S:
            self._last_heartbeat = now
            text = messages.heartbeat(sequencer.incarnation, sequencer.last_seq)
            await self._broadcast.publish(messages.EVENTS, text)
        if now - self._last_retirement >= self._retire_every_s:
            retired = await sequencer.retire(self._retention)
            self.metrics.retired.inc(retired)
            if retired == 0:
                self._last_retirement = now

    def _send_wake(self) -> None:
        self._wake_again = False
        self._pause = asyncio.get_running_loop().call_later(WAKE_DEBOUNCE_S, self._pause_is_over)
        task = asyncio.create_task(self._broadcast.publish(messages.WAKE, ""))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    def _pause_is_over(self) -> None:
        self._pause = None
        if self._wake_again:
            self._send_wake()


async def serve_relay(settings: Settings) -> None:
    """A relay by itself, on the servers that `settings` name, until SIGTERM or SIGINT."""
    registry = CollectorRegistry()
    backend = EventStreamBackend(settings.redis_url, LiveMetrics(registry))
    async with Broadcast(backend=backend) as broadcast:
        relay = Relay(
            settings.database_url,
            broadcast,
            RelayMetrics(registry),
            retention=timedelta(hours=settings.event_retention_hours),
        )
        working = asyncio.create_task(relay.run(), name="relay")
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, working.cancel)
        await asyncio.wait([working])
    log.info("relay stopped")
