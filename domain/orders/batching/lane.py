"""A queue whose head is decided while its tail grows. Pure asyncio: no SQL, no orders.

While one batch is under way the next one gathers; nobody waits for a timer. A job that is alone is
a batch of its own at once, so that an idle house is as fast as without a queue.
"""

import asyncio
import contextvars
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any, Generic, TypeVar

J = TypeVar("J")
R = TypeVar("R")
MAX_TRIES = 5
MAX_RERUNS = 3


class Verdict(StrEnum):
    """What a batch says of a job that it did not decide."""

    AGAIN = "AGAIN"
    """What it needs has moved: decide it with the next batch, before all that came later."""
    ALONE = "ALONE"
    """It needs more than a batch can do: decide it singly."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A job that was decided, by a refusal."""

    error: Exception


class Reaction(Enum):
    """What to do when a batch as a whole has failed; nothing of it was stored then."""

    RERUN = "a race was lost: decide the same batch again"
    BISECT = "something in it cannot be stored: find it by halves"
    DISBAND = "something in it has to wait: decide each singly, so that the others need not"
    GIVE_UP = "the database is away or said nothing: everybody is told"


@dataclass(slots=True)
class Counts:
    """What a lane has done so far."""

    batches: int = 0
    batched: int = 0
    single: int = 0
    again: int = 0
    failed: int = 0


@dataclass(slots=True, eq=False)
class _Ticket(Generic[J, R]):
    job: J
    future: asyncio.Future[R]
    tries: int = 0


@dataclass(slots=True)
class Lane(Generic[J, R]):
    """Decides jobs in the order in which they came, at most `most` at once.

    `many` decides a batch: one outcome for each job, in their order, and all of it stored; or it
    raises, and nothing is. `single` decides one job that a batch cannot decide. Jobs whose `same`
    is equal are never in one batch. `reaction` says what to do when `many` raises. At most `alone`
    jobs are decided singly at the same time.
    """

    many: Callable[[Sequence[J]], Awaitable[Sequence[R | Refused | Verdict]]]
    single: Callable[[J], Awaitable[R]]
    same: Callable[[J], Hashable]
    reaction: Callable[[Exception], Reaction]
    most: int = 128
    alone: int = 4
    counts: Counts = field(default_factory=Counts)
    _waiting: deque[_Ticket[J, R]] = field(default_factory=deque["_Ticket[J, R]"])
    _worker: asyncio.Task[None] | None = None
    _singles: set[asyncio.Task[None]] = field(default_factory=set["asyncio.Task[None]"])
    _slots: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.alone)

    async def decide(self, job: J) -> R:
        """What was decided. A caller that is cancelled leaves the job in the queue: it is decided
        all the same.

        Raises:
            Exception: the refusal of the job, or why nothing could be decided.
        """
        ticket = _Ticket[J, R](job, asyncio.get_running_loop().create_future())
        ticket.future.add_done_callback(_heard)
        self._waiting.append(ticket)
        if self._worker is None:
            self._worker = _background(self._work())
        return await ticket.future

    async def drained(self) -> None:
        """Returns when nothing waits and nothing is under way."""
        while self._worker is not None or self._singles:
            running = [*self._singles, *([self._worker] if self._worker else [])]
            await asyncio.wait(running)

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._together(self._next())
        finally:
            self._worker = None

    def _next(self) -> list[_Ticket[J, R]]:
        """The head of the queue, each `same` once; who must wait for a twin stays at the front."""
        chosen: list[_Ticket[J, R]] = []
        passed: list[_Ticket[J, R]] = []
        seen: set[Hashable] = set()
        while self._waiting and len(chosen) < self.most:
            ticket = self._waiting.popleft()
            name = self.same(ticket.job)
            (passed if name in seen else chosen).append(ticket)
            seen.add(name)
        self._waiting.extendleft(reversed(passed))
        return chosen

    async def _together(self, batch: Sequence[_Ticket[J, R]], reruns: int = 0) -> None:
        try:
            outcomes = await self.many([ticket.job for ticket in batch])
        except Exception as error:  # noqa: BLE001 -- whatever it is, every job gets an answer
            await self._failed(batch, error, reruns)
            return
        self.counts.batches += 1
        again: list[_Ticket[J, R]] = []
        for ticket, outcome in zip(batch, outcomes, strict=True):
            if outcome is Verdict.AGAIN and ticket.tries < MAX_TRIES:
                ticket.tries += 1
                again.append(ticket)
            elif isinstance(outcome, Verdict):
                self._apart(ticket)
            else:
                self.counts.batched += 1
                _answer(ticket, outcome)
        self.counts.again += len(again)
        self._waiting.extendleft(reversed(again))

    async def _failed(self, batch: Sequence[_Ticket[J, R]], error: Exception, reruns: int) -> None:
        self.counts.failed += 1
        reaction = self.reaction(error)
        if reaction is Reaction.RERUN and reruns < MAX_RERUNS:
            await self._together(batch, reruns + 1)
        elif reaction is Reaction.GIVE_UP:
            for ticket in batch:
                _answer(ticket, Refused(error))
        elif reaction is Reaction.DISBAND:
            for ticket in batch:
                self._apart(ticket)
        elif len(batch) == 1:
            await self._singly(batch[0])
        else:
            middle = len(batch) // 2
            for half in (batch[:middle], batch[middle:]):
                await (self._together(half) if len(half) > 1 else self._singly(half[0]))

    def _apart(self, ticket: _Ticket[J, R]) -> None:
        """The job is decided singly, and the queue does not wait for it."""

        async def in_turn() -> None:
            async with self._slots:
                await self._singly(ticket)

        task = _background(in_turn())
        self._singles.add(task)
        task.add_done_callback(self._singles.discard)

    async def _singly(self, ticket: _Ticket[J, R]) -> None:
        self.counts.single += 1
        try:
            _answer(ticket, await self.single(ticket.job))
        except Exception as error:  # noqa: BLE001 -- the caller gets it, whatever it is
            _answer(ticket, Refused(error))


def _answer(ticket: _Ticket[J, R], outcome: R | Refused) -> None:
    if ticket.future.done():
        return
    if isinstance(outcome, Refused):
        ticket.future.set_exception(outcome.error)
    else:
        ticket.future.set_result(outcome)


def _heard(future: asyncio.Future[Any]) -> None:
    """A refusal that nobody waits for any more is no mistake."""
    if not future.cancelled():
        future.exception()


def _background(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """A task of nobody's request: it does not log or trace in the name of who came first."""
    return asyncio.create_task(work, context=contextvars.Context())
