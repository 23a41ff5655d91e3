"""The hub: what one process knows of the event log, and who in it wants to hear what (ADR 0005).

It follows the stream, and reads from the log whatever the stream did not bring. Whoever takes a
topic (a mailbox of one subscription, or a cohort of many) gets each of its events once, in order.
"""

import asyncio
import contextlib
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Collection, Generator
from datetime import UTC, datetime
from itertools import islice
from typing import Protocol, TypeVar

import structlog
from broadcaster import Broadcast

from domain.events.log import Commit, LogReader, LogSource, Position, read_position
from domain.events.model import LoggedEvent
from subscriptions import messages
from subscriptions.mailbox import PATIENCE_S, Mailbox, Mode, mailbox_of
from subscriptions.messages import Heartbeat, Link, Published
from subscriptions.metrics import LiveMetrics

SILENCE_S = 3.0
POLL_S = 0.25
_RETRY_S = 0.5
MEMORY = 2_000

V = TypeVar("V")
log = structlog.get_logger("unico.hub")


class Taker(Protocol):
    """Gets commits from the hub. Both functions are called in the event loop and must be quick."""

    def put(self, commit: Commit) -> None:
        """The next commit, reduced to the events that are taken."""
        ...

    def end(self) -> None:
        """The log does not go on from where it was."""
        ...


class Hub:
    """Follows the log from where it was when `run` began. Use it from one event loop only."""

    def __init__(
        self,
        source: LogSource,
        broadcast: Broadcast,
        metrics: LiveMetrics,
        *,
        patience_s: float = PATIENCE_S,
        memory: int = MEMORY,
    ) -> None:
        """`memory`: how many commits `since` knows."""
        self.metrics = metrics
        self._patience_s = patience_s
        self.last_seq = 0
        self.incarnation = ""
        self._source = source
        self._broadcast = broadcast
        self._started = asyncio.Event()
        self._working = asyncio.Lock()
        self._link_lost = False
        self._log_readable = True
        self._heard_at = time.monotonic()
        self._takers: dict[str, set[Taker]] = {}
        self._recent: deque[Commit] = deque(maxlen=memory)
        self._watchers: dict[str, set[Callable[[], None]]] = {}

    @property
    def degraded(self) -> bool:
        """Whether events arrive by polling: the stream is away, or nobody has written to it for 3 s
        (there is a heartbeat each second).
        """
        return self._link_lost or time.monotonic() - self._heard_at > SILENCE_S

    @property
    def has_subscribers(self) -> bool:
        """Whether anybody takes anything."""
        return bool(self._takers)

    async def started(self) -> None:
        """Returns once the hub follows the log; subscriptions must wait for it."""
        await self._started.wait()

    async def run(self) -> None:
        """Follows the log until cancelled. Failures of database and stream are logged and retried.

        Needs a connected `Broadcast`, and subscribes to it once.
        """
        async with self._broadcast.subscribe(messages.EVENTS) as feed, asyncio.TaskGroup() as group:
            await self._begin()
            group.create_task(self._poll_when_degraded(), name="hub poll")
            while True:
                message = await feed.get()
                try:
                    await self._receive(message.message)
                except Exception:
                    log.exception("a message could not be handled")

    @contextlib.contextmanager
    def open(
        self, topics: Collection[str], mode: Mode, *, patience_s: float | None = None
    ) -> Generator[Mailbox]:
        """A mailbox that gets all commits after `start_seq` with an event under any of `topics`,
        reduced to those events; forgotten at the end.
        """
        patience_s = self._patience_s if patience_s is None else patience_s
        mailbox = mailbox_of(mode, self.last_seq, self.metrics, patience_s)
        self.attach(topics, mailbox)
        try:
            yield mailbox
        finally:
            self.detach(topics, mailbox)

    def attach(self, topics: Collection[str], taker: Taker) -> None:
        """From now on `taker` gets all commits with an event under any of `topics`, reduced to
        those events, until it is detached.
        """
        for topic in topics:
            self._takers.setdefault(topic, set()).add(taker)

    def detach(self, topics: Collection[str], taker: Taker) -> None:
        """`taker` gets nothing more."""
        for topic in topics:
            _discard(self._takers, topic, taker)

    def since(self, incarnation: str, seq: int, topics: Collection[str]) -> list[Commit] | None:
        """Commits from behind `seq` up to `last_seq`, reduced to events under `topics`; None when
        memory does not reach back so far, or the log is another one.
        """
        if incarnation != self.incarnation or seq > self.last_seq:
            return None
        if seq == self.last_seq:
            return []
        if not self._recent or self._recent[0].first_seq > seq + 1:
            return None
        start = bisect_right(self._recent, seq, key=lambda commit: commit.last_seq)
        wanted = frozenset(topics)
        missed = islice(self._recent, start, None)
        return [part for commit in missed if (part := _part_of(commit, wanted)) is not None]

    def watch(self, topic: str, callback: Callable[[], None]) -> Callable[[], None]:
        """From now on `callback` is called, in the event loop, at every event under `topic`, and
        when such events may have been missed. Returns the function that ends this.

        For the socket of a session: `stop = hub.watch(Topic.session(token_id), close_4403)`.
        The callback must be quick and must not raise.
        """
        self._watchers.setdefault(topic, set()).add(callback)
        return lambda: _discard(self._watchers, topic, callback)

    async def _begin(self) -> None:
        while not self._started.is_set():
            try:
                position = await self._source.read_primary(read_position)
                self.incarnation, self.last_seq = position.incarnation, position.last_seq
                self._started.set()
            except Exception as error:  # noqa: BLE001 -- edge: whatever it is, try again
                log.warning("cannot read the event log yet", reason=repr(error))
                await asyncio.sleep(_RETRY_S)

    async def _poll_when_degraded(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            self.metrics.degraded.set(self.degraded)
            if self.degraded:
                async with self._working:
                    await self._catch_up()

    async def _receive(self, text: str) -> None:
        async with self._working:
            if text in (Link.LOST, Link.FOUND):
                self._link_lost = text == Link.LOST
                await self._catch_up()
                return
            try:
                message = messages.decode(text)
            except messages.NotAMessage as error:
                log.warning("not a message of ours in the stream", text=str(error))
                return
            if message.incarnation == self.incarnation:
                self._heard_at = time.monotonic()
                await self._follow(message)

    async def _follow(self, message: Heartbeat | Published) -> None:
        if isinstance(message, Published) and message.commit.first_seq == self.last_seq + 1:
            self._dispatch(message.commit)
            return
        reached = message.seq if isinstance(message, Heartbeat) else message.commit.last_seq
        if reached > self.last_seq:
            self.metrics.gaps.inc()
            await self._catch_up()

    async def _catch_up(self) -> None:
        """The log is read to its end; on failure the next message or poll goes on with it."""
        try:
            reader = LogReader(self._source, self.last_seq)
            while True:
                commits, position = await reader.next_page()
                if self._is_other_history(position):
                    self._start_over(position)
                    return
                for commit in commits:
                    self._dispatch(commit)
                if reader.seq >= position.last_seq:
                    break
            self._log_readable = True
        except Exception as error:  # noqa: BLE001 -- edge: database errors have many faces
            if self._log_readable:
                log.warning("cannot read the event log, trying again", reason=repr(error))
            self._log_readable = False

    def _is_other_history(self, position: Position) -> bool:
        return (
            position.incarnation != self.incarnation
            or position.last_seq < self.last_seq
            or position.oldest_seq > self.last_seq + 1
        )

    def _start_over(self, position: Position) -> None:
        """The log does not go on from where we were: restored, replaced, or slept through."""
        log.error("the event log was replaced or retired under us", now=str(position))
        self.incarnation, self.last_seq = position.incarnation, position.last_seq
        self._recent.clear()
        for taker in {each for group in self._takers.values() for each in group}:
            taker.end()
        self._call({each for group in self._watchers.values() for each in group})

    @staticmethod
    def _call(callbacks: Collection[Callable[[], None]]) -> None:
        for callback in tuple(callbacks):
            try:
                callback()
            except Exception:
                log.exception("a watcher failed")

    def _dispatch(self, commit: Commit) -> None:
        wanted: dict[Taker, list[LoggedEvent]] = {}
        for event in commit.events:
            takers: set[Taker] = set()
            for topic in event.topics:
                takers |= self._takers.get(topic, set())
                self._call(self._watchers.get(topic, ()))
            for taker in takers:
                wanted.setdefault(taker, []).append(event)
        self.last_seq = commit.last_seq
        self._recent.append(commit)
        for taker, events in wanted.items():
            taker.put(commit if len(events) == len(commit.events) else Commit(tuple(events)))
        lag = datetime.now(UTC) - commit.events[0].at
        self.metrics.publish_lag.observe(max(0.0, lag.total_seconds()))


def _part_of(commit: Commit, topics: frozenset[str]) -> Commit | None:
    events = tuple(event for event in commit.events if not topics.isdisjoint(event.topics))
    return Commit(events) if events else None


def _discard(groups: dict[str, set[V]], topic: str, member: V) -> None:
    group = groups.get(topic, set())
    group.discard(member)
    if not group:
        groups.pop(topic, None)
