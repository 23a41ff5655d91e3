"""The fan-out of a process: all cohorts, and the task that sends what commits mean to them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from domain.common.database import DbConnection
from domain.events.model import Cursor
from subscriptions.cohort import CHUNK, LONGEST_LAG_S, Batch, Cohort, House, Member, Render
from subscriptions.feed import Feed, Source
from subscriptions.hub import Hub

T = TypeVar("T")
Rendered = Sequence[tuple[int, bytes | Awaitable[bytes]]]

_READS_AT_ONCE = 4
_WORTH_RESTING_S = 0.01

log = structlog.get_logger("unico.fanout")


class GatedSource:
    """A source of which only a few reads run at once, so that a storm of clients who reconnect
    leaves connections for others.
    """

    def __init__(self, source: Source, most: int) -> None:
        self._source = source
        self._gate = asyncio.Semaphore(most)

    async def read_primary(self, query: Callable[[DbConnection], Awaitable[T]]) -> T:
        """What `query` returns, read from the primary."""
        async with self._gate:
            return await self._source.read_primary(query)

    async def snapshot(self, query: Callable[[DbConnection], Awaitable[T]]) -> T:
        """What `query` returns; all its statements see one state of the database."""
        async with self._gate:
            return await self._source.snapshot(query)


@dataclass(frozen=True, slots=True)
class Seat:
    """A member's place in a cohort."""

    cohort: Cohort[Any]
    member: Member

    def leave(self) -> None:
        """The member gets nothing more. Leaving twice is harmless."""
        self.cohort.leave(self.member)


class Fanout:
    """Finds the cohort of a subscription, and renders and sends. One task, one event loop."""

    def __init__(self, hub: Hub, source: Source, *, longest_lag_s: float = LONGEST_LAG_S) -> None:
        gated = GatedSource(source, _READS_AT_ONCE)
        self._house = House(hub, gated, self._wake, self._forget, longest_lag_s)
        self._cohorts: dict[Hashable, Cohort[Any]] = {}
        self._due: dict[Cohort[Any], None] = {}
        self._is_due = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._given = 0

    def enter(
        self,
        key: Hashable,
        feed: Feed[Any, Any],
        render: Callable[[], Render],
        member: Member,
        after: Cursor | None,
    ) -> Seat:
        """`member` is in the cohort of `key`, which is made with `feed` and `render` if nobody is.

        Equal keys must mean equal documents, variables (but `after`) and rights.
        """
        cohort = self._cohorts.get(key)
        if cohort is None:
            cohort = Cohort(key, feed, render(), self._house)
            self._cohorts[key] = cohort
            self._house.hub.attach(feed.topics, cohort)
            self._house.metrics.cohorts.inc()
        cohort.enter(member, after)
        return Seat(cohort, member)

    async def run(self) -> None:
        """Sends until cancelled."""
        while True:
            await self._is_due.wait()
            self._is_due.clear()
            due, self._due = self._due, {}
            for cohort in due:
                if not cohort.is_busy:
                    await self._serve(cohort)

    def _wake(self, cohort: Cohort[Any]) -> None:
        self._due[cohort] = None
        self._is_due.set()

    def _forget(self, cohort: Cohort[Any]) -> None:
        if self._cohorts.get(cohort.key) is cohort:
            del self._cohorts[cohort.key]
            self._house.hub.detach(cohort.feed.topics, cohort)
            self._house.metrics.cohorts.dec()

    async def _serve(self, cohort: Cohort[Any]) -> None:
        """What waits in the cohort is sent; by a task of its own if rendering takes its time."""
        try:
            rendered = cohort.take()
        except Exception as error:
            log.exception("a payload could not be made")
            cohort.fail(error)
            return
        cohort.is_busy = True
        seqs = [seq for seq, _ in rendered]
        bodies = [body for _, body in rendered if isinstance(body, bytes)]
        if len(bodies) == len(rendered):
            self._rest(cohort, await self._send(cohort, Batch(bodies, seqs)))
        else:
            task = asyncio.create_task(self._serve_later(cohort, rendered), name="live rendering")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve_later(self, cohort: Cohort[Any], rendered: Rendered) -> None:
        took_s = 0.0
        try:
            bodies = [body if isinstance(body, bytes) else await body for _, body in rendered]
            took_s = await self._send(cohort, Batch(bodies, [seq for seq, _ in rendered]))
        except Exception as error:
            log.exception("a payload could not be made")
            cohort.fail(error)
        finally:
            self._rest(cohort, took_s)

    async def _send(self, cohort: Cohort[Any], batch: Batch) -> float:
        """All members have been sent the batch; the seconds that it took."""
        given, began = 0, time.monotonic()
        for member in cohort.live if batch.bodies else ():
            try:
                given += cohort.give(batch, member)
            except Exception as error:
                log.exception("a member could not be written to")
                cohort.drop(member, error)
            self._given += 1
            if self._given >= CHUNK:
                self._given = 0
                await asyncio.sleep(0)
        self._house.metrics.deliveries.inc(given)
        return time.monotonic() - began

    def _rest(self, cohort: Cohort[Any], took_s: float) -> None:
        """The cohort may be served again: at once, or, if it is a crowd, as late as serving it
        took. Half of the time is then for mutations, and what happens meanwhile goes out together,
        in one write for each member.
        """
        if took_s < _WORTH_RESTING_S:
            self._rested(cohort)
        else:
            asyncio.get_running_loop().call_later(took_s, self._rested, cohort)

    def _rested(self, cohort: Cohort[Any]) -> None:
        cohort.is_busy = False
        if cohort.has_pending:
            self._wake(cohort)
