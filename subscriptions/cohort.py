"""Subscriptions that see the same and therefore share what is made for them (ADR 0005).

Members of a cohort are *live*: a commit is rendered once and its bytes go to all of them. A member
that is not live is in a *lane*, a task that brings it to the present: at its start (together with
all who start alike), or because its client reads slowly (alone, at the client's pace). Nobody waits
for anybody else, and no member is given anything out of order.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf
from typing import Any, Generic, Protocol, TypeVar

import structlog

from domain.events.log import Commit
from domain.events.model import Cursor
from subscriptions.feed import Feed, Source
from subscriptions.following import Following
from subscriptions.hub import Hub
from subscriptions.mailbox import Mailbox, Mode
from subscriptions.metrics import LiveMetrics
from subscriptions.place import Place

P = TypeVar("P")

CHUNK = 128
"""So many members are written to before others get their turn."""
LONGEST_LAG_S = 15.0

Render = Callable[[Any], bytes | Awaitable[bytes]]
"""The body of a payload, encoded: at once, or awaited when it needs the database."""

log = structlog.get_logger("unico.cohort")


class Member(Protocol):
    """One subscription of one client, as its transport offers it."""

    def send(self, bodies: Sequence[bytes]) -> bool:
        """Writes all of them. False: the client does not keep up, `drained` tells when it has."""
        ...

    async def drained(self) -> None:
        """Returns when the client has taken enough to be given more."""
        ...

    def end(self, error: Exception) -> None:
        """The subscription ends with that error."""
        ...

    def cut(self) -> None:
        """The connection is over: its client has stopped reading."""
        ...


class NotReading(Exception):
    """A client took nothing for so long that it is given up."""


@dataclass(eq=False, slots=True)
class Lane:
    """Members on their way to the present, all at the same place."""

    members: dict[Member, None]
    place: Place | None
    """Where they are; None: they get a snapshot."""
    left: Sequence[bytes] = ()
    """Bodies up to `place` that they did not get yet."""
    is_slow: bool = False
    """It has one member, which is given as much as it takes."""
    key: str | None = None
    """Who comes with the same one joins, until the lane has begun."""
    task: asyncio.Task[None] | None = None


@dataclass(frozen=True, slots=True)
class House:
    """What all cohorts of a process use."""

    hub: Hub
    source: Source
    wake: "Callable[[Cohort[Any]], None]"
    """Called when commits wait in a cohort."""
    forget: "Callable[[Cohort[Any]], None]"
    """Called when a cohort has become empty."""
    longest_lag_s: float = LONGEST_LAG_S

    @property
    def metrics(self) -> LiveMetrics:
        """Where it is counted."""
        return self.hub.metrics


@dataclass(frozen=True, slots=True)
class Batch:
    """Bodies to send, each with the place behind it."""

    bodies: Sequence[bytes]
    seqs: Sequence[int]

    def after(self, seq: int) -> Sequence[bytes]:
        """Those from behind `seq` on."""
        if seq < self.seqs[0]:
            return self.bodies
        return [body for body, at in zip(self.bodies, self.seqs, strict=True) if at > seq]


@dataclass(eq=False)
class Cohort(Generic[P]):
    """All subscriptions with equal documents, variables and rights. Use it from one loop only."""

    key: Hashable
    feed: Feed[Any, P]
    render: Render
    house: House
    is_busy: bool = False
    """Whether it is being served, or rests from it (see `Fanout`)."""
    _live: dict[Member, int] = field(default_factory=dict[Member, int])
    """To how far each has been told everything by others than this cohort."""
    _lanes: dict[Member, Lane] = field(default_factory=dict[Member, Lane])
    _starting: dict[str, Lane] = field(default_factory=dict[str, Lane])
    """Lanes that have not begun, by key."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the lane that reads: who comes meanwhile gathers in the next one."""
    _pending: list[Commit] = field(default_factory=list[Commit])

    def enter(self, member: Member, after: Cursor | None) -> None:
        """`member` will get everything from `after` on, or a snapshot first."""
        key = "" if after is None else after.encode()
        lane = self._starting.get(key)
        if lane is None:
            lane = Lane({}, None if after is None else Place(after), key=key)
            self._starting[key] = lane
            self._open(lane)
        lane.members[member] = None
        self._lanes[member] = lane
        self.house.metrics.subscriptions.inc()

    def leave(self, member: Member) -> None:
        """`member` gets nothing more. Leaving twice is harmless."""
        if member not in self._live and member not in self._lanes:
            return
        self.house.metrics.subscriptions.dec()
        self._live.pop(member, None)
        lane = self._lanes.pop(member, None)
        if lane is not None:
            lane.members.pop(member, None)
            if not lane.members and lane.task is not None:
                self._begin(lane)
                lane.task.cancel()
        if not self._live and not self._lanes:
            self.house.forget(self)

    def fail(self, error: Exception) -> None:
        """All who are live end with that error."""
        for member in self.live:
            self.drop(member, error)

    def drop(self, member: Member, error: Exception) -> None:
        """`member` ends with that error; if even that fails, its connection is cut."""
        self.leave(member)
        try:
            member.end(error)
        except Exception:
            log.exception("a member could not be told of its end")
            member.cut()

    def put(self, commit: Commit) -> None:
        """From the hub: the next commit."""
        if self._live:
            if not self._pending:
                self.house.wake(self)
            self._pending.append(commit)

    def end(self) -> None:
        """From the hub: the log is another one. All who were live are told and start again."""
        self._pending.clear()
        if self._live:
            foreign = Place(Cursor("", 0))
            self._move(list(self._live), Lane({}, foreign))

    def take(self) -> list[tuple[int, bytes | Awaitable[bytes]]]:
        """What waits, rendered: a body and the place behind it for each commit."""
        pending, self._pending = self._pending, []
        incarnation = self.house.hub.incarnation
        taken: list[tuple[int, bytes | Awaitable[bytes]]] = []
        for commit in pending:
            if events := self.feed.wanted(commit.events):
                cursor = _cursor_at(incarnation, commit.last_seq)
                body = self.render(self.feed.show_changes(events, cursor))
                taken.append((commit.last_seq, body))
        return taken

    @property
    def has_pending(self) -> bool:
        """Whether commits wait."""
        return bool(self._pending)

    @property
    def live(self) -> list[Member]:
        """Those who get the next batch."""
        return list(self._live)

    def give(self, batch: Batch, member: Member) -> int:
        """`member` is sent what of `batch` it has not got; how many bodies that are."""
        told = self._live.get(member)
        if told is None:
            return 0
        bodies = batch.after(told)
        if bodies and not member.send(bodies):
            self._lag(member, batch.seqs[-1])
        return len(bodies)

    def _lag(self, member: Member, seq: int) -> None:
        self.house.metrics.lagging.inc()
        place = Place(Cursor(self.house.hub.incarnation, seq))
        self._move([member], Lane({}, place, is_slow=True))

    def _move(self, members: Iterable[Member], lane: Lane) -> None:
        for member in members:
            self._live.pop(member, None)
            lane.members[member] = None
            self._lanes[member] = lane
        self._open(lane)

    def _open(self, lane: Lane) -> None:
        lane.task = asyncio.create_task(self._drive(lane), name="live lane")

    async def _drive(self, lane: Lane) -> None:
        try:
            await self._bring(lane)
        except NotReading:
            self.house.metrics.aborted.inc(len(lane.members))
            for member in self._emptied(lane):
                member.cut()
        except Exception as error:  # noqa: BLE001 -- edge: clients are told, masked
            for member in self._emptied(lane):
                self.drop(member, error)
        finally:
            self._begin(lane)

    def _emptied(self, lane: Lane) -> list[Member]:
        """Who was in the lane; they are not in the cohort any more."""
        members = list(lane.members)
        lane.task = None
        for member in members:
            self.leave(member)
        return members

    def _begin(self, lane: Lane) -> None:
        """From now on nobody joins the lane any more."""
        if lane.key is not None and self._starting.get(lane.key) is lane:
            del self._starting[lane.key]

    async def _bring(self, lane: Lane) -> None:
        """The lane's members have become live."""
        hub = self.house.hub
        await hub.started()
        await self._hand_out(lane, lane.left, lane.place)
        await self._caught_up(lane)
        with contextlib.ExitStack() as stack:
            async with self._turn_of(lane):
                self._begin(lane)
                mailbox = stack.enter_context(
                    hub.open(self.feed.topics, Mode.EVENTS, patience_s=inf)
                )
                following = self._following(lane, mailbox)
                await self._advance(lane, following)
            while (place := following.place) is None or not place.is_plain:
                await mailbox.filled()
                await self._advance(lane, following)
            # Nothing is awaited between the end of `_advance` and this.
            self._join(lane, place)

    def _turn_of(self, lane: Lane) -> contextlib.AbstractAsyncContextManager[Any]:
        return contextlib.nullcontext() if lane.is_slow else self._turn

    def _following(self, lane: Lane, mailbox: Mailbox) -> Following[Any, P]:
        conflates = lane.is_slow and self.feed.mode is Mode.STATE
        house = self.house
        return Following(
            self.feed, house.hub, house.source, mailbox, lane.place, conflates=conflates
        )

    async def _advance(self, lane: Lane, following: Following[Any, P]) -> None:
        """The lane has got everything up to the present."""
        async for payloads in following.steps():
            bodies = [await _awaited(self.render(each)) for each in payloads]
            await self._hand_out(lane, bodies, following.place)

    def _join(self, lane: Lane, place: Place) -> None:
        """The lane's members are live: they have got everything up to where the hub stands, or to
        `place` if a snapshot showed what the hub has not heard of yet.
        """
        told = max(place.seq, self.house.hub.last_seq)
        for member in lane.members:
            del self._lanes[member]
            self._live[member] = told

    async def _hand_out(self, lane: Lane, bodies: Sequence[bytes], place: Place | None) -> None:
        """All members have got `bodies`, or are in lanes of their own with the rest of them."""
        if lane.is_slow:
            for body in bodies:
                await self._caught_up(lane)
                for member in list(lane.members):
                    member.send((body,))
            return
        for count, member in enumerate(list(lane.members)):
            if member in lane.members:
                self._pour(lane, member, bodies, place)
            if count % CHUNK == CHUNK - 1:
                await asyncio.sleep(0)

    def _pour(
        self, lane: Lane, member: Member, bodies: Sequence[bytes], place: Place | None
    ) -> None:
        for index, body in enumerate(bodies, start=1):
            if not member.send((body,)) and place is not None:
                del lane.members[member]
                self._move([member], Lane({}, place.copy(), left=bodies[index:], is_slow=True))
                return

    async def _caught_up(self, lane: Lane) -> None:
        """Slow members have taken what they were sent.

        Raises:
            NotReading: one did not within 15 seconds.
        """
        for member in list(lane.members) if lane.is_slow else ():
            try:
                async with asyncio.timeout(self.house.longest_lag_s):
                    await member.drained()
            except TimeoutError as error:
                raise NotReading from error


@lru_cache(maxsize=64)
def _cursor_at(incarnation: str, seq: int) -> str:
    return Cursor(incarnation, seq).encode()


async def _awaited(body: bytes | Awaitable[bytes]) -> bytes:
    return body if isinstance(body, bytes) else await body
