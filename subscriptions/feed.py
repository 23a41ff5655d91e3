"""From a snapshot or a cursor to the live tail: the one road of all subscription fields (ADR 0016).

The mailbox is opened first. What is committed meanwhile is in the snapshot, in the log behind its
position, or in the mailbox, and the place tells which of it was sent already.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, Protocol, TypeVar

from domain.common.database import DbConnection
from domain.events.log import (
    Commit,
    LogReader,
    LogSource,
    Position,
    SnapshotPosition,
    read_snapshot_position,
)
from domain.events.model import Cursor, LoggedEvent
from schema.live import ResyncReason
from subscriptions.hub import Hub
from subscriptions.mailbox import Mailbox, Mode

S = TypeVar("S")
P = TypeVar("P")
T = TypeVar("T")

CHUNK = 500
_UNFINISHED = -1
_MOST_AHEAD = 100


class Source(LogSource, Protocol):
    """Where the log and the present state are read."""

    async def snapshot(self, query: Callable[[DbConnection], Awaitable[T]]) -> T:
        """What `query` returns; all its statements see one state of the database."""
        ...


def _every(_: LoggedEvent) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Feed(Generic[S, P]):
    """What one subscription watches, and how it is shown. All but `snapshot` is pure, so that equal
    feeds of equal scope can share what they make.
    """

    topics: Sequence[str]
    mode: Mode
    snapshot: Callable[[DbConnection], Awaitable[Sequence[S]]]
    show_snapshot: Callable[[Sequence[S], str, bool], P]
    """States (at most 500), cursor, and whether the snapshot is complete with them."""
    show_changes: Callable[[Sequence[LoggedEvent], str], P]
    """Events of one commit, in order, at least one; and the cursor."""
    show_resync: Callable[[ResyncReason, str], P]
    wants: Callable[[LoggedEvent], bool] = _every


class NotResumable(Exception):
    """Nobody can tell what happened since the cursor."""

    def __init__(self, reason: ResyncReason) -> None:
        super().__init__(reason)
        self.reason = reason


class Place:
    """How far a subscription got: what was sent, and what is still in the log behind it although
    the snapshot showed it.
    """

    def __init__(self, cursor: Cursor) -> None:
        self.seq = cursor.seq
        self._incarnation = cursor.incarnation
        self._ahead = dict(cursor.ahead)

    def fresh(self, commit: Commit) -> list[LoggedEvent]:
        """The events of `commit` that were not sent yet; they count as sent from now on."""
        events = [event for event in commit.events if event.seq > self.seq and self._is_new(event)]
        self.seq = max(self.seq, commit.last_seq)
        return events

    def cursor(self) -> str:
        """Where to resume. Not resumable while a great many changes wait to be sequenced, since the
        cursor would name them all.
        """
        if len(self._ahead) > _MOST_AHEAD:
            return unfinished(self._incarnation)
        return Cursor(self._incarnation, self.seq, self._ahead).encode()

    def check(self, position: Position) -> None:
        """Nothing, when the log at `position` holds all that came after this place.

        Raises:
            NotResumable: it does not.
        """
        if position.incarnation != self._incarnation:
            raise NotResumable(ResyncReason.OTHER_LOG)
        if self.seq > position.last_seq:
            raise NotResumable(ResyncReason.UNKNOWN_PLACE)
        if self.seq < position.oldest_seq - 1:
            raise NotResumable(ResyncReason.TOO_OLD)

    def _is_new(self, event: LoggedEvent) -> bool:
        key = str(event.aggregate_id)
        shown = self._ahead.get(key)
        if shown is None:
            return True
        if event.version >= shown:
            del self._ahead[key]
        return event.version > shown


def unfinished(incarnation: str) -> str:
    """A cursor that cannot be resumed: the snapshot was not complete."""
    return Cursor(incarnation, _UNFINISHED).encode()


async def follow(
    feed: Feed[S, P], hub: Hub, source: Source, after: Cursor | None
) -> AsyncGenerator[P]:
    """What a client sees: from `after` on if given and possible, else a snapshot first; then every
    change as it comes, without a gap and without a repetition. Ends only by being closed.

    Raises:
        TooFarBehind: the client takes its payloads too slowly.
    """
    await hub.started()
    with hub.open(feed.topics, feed.mode) as mailbox:
        place = None if after is None else Place(after)
        is_checked = after is None
        while True:
            try:
                if place is None:
                    states, place = await _snapshot(feed, source)
                    is_checked = True
                    for chunk, cursor, is_last in _chunks(states, place, hub.incarnation):
                        yield feed.show_snapshot(chunk, cursor, is_last)
                elif place.seq == _UNFINISHED:
                    raise NotResumable(ResyncReason.INCOMPLETE_SNAPSHOT)
                reader = LogReader(source, place.seq, feed.topics)
                while not is_checked or _is_behind(place, mailbox, hub):
                    is_checked = True
                    for commit in await _replayed(reader, place):
                        if events := _wanted(feed, place.fresh(commit)):
                            yield feed.show_changes(events, place.cursor())
                    place.seq = max(place.seq, reader.seq)
                while (live := await mailbox.get()) is not None:
                    if events := _wanted(feed, place.fresh(live)):
                        yield feed.show_changes(events, place.cursor())
            except NotResumable as error:
                hub.metrics.resyncs.labels(error.reason.value).inc()
                yield feed.show_resync(error.reason, unfinished(hub.incarnation))
                place = None


def _wanted(feed: Feed[S, P], events: Sequence[LoggedEvent]) -> list[LoggedEvent]:
    return [event for event in events if feed.wants(event)]


def _is_behind(place: Place, mailbox: Mailbox, hub: Hub) -> bool:
    """Whether the log must be read before the mailbox; one without room is opened again."""
    if mailbox.rewind(hub.last_seq):
        return True
    return place.seq < mailbox.start_seq


async def _replayed(reader: LogReader, place: Place) -> Sequence[Commit]:
    commits, position = await reader.next_page()
    place.check(position)
    return commits


async def _snapshot(feed: Feed[S, P], source: Source) -> tuple[Sequence[S], Place]:
    async def query(connection: DbConnection) -> tuple[Sequence[S], SnapshotPosition]:
        read_position = partial(read_snapshot_position, topics=feed.topics)
        return await feed.snapshot(connection), await read_position(connection)

    states, seen = await source.snapshot(query)
    at = seen.position
    return states, Place(Cursor(at.incarnation, at.last_seq, seen.pending))


def _chunks(
    states: Sequence[S], place: Place, incarnation: str
) -> list[tuple[Sequence[S], str, bool]]:
    """Parts of at most 500 states, at least one part; only the last one can be resumed from."""
    starts = range(0, max(1, len(states)), CHUNK)
    last = starts[-1]
    return [
        (
            states[start : start + CHUNK],
            place.cursor() if start == last else unfinished(incarnation),
            start == last,
        )
        for start in starts
    ]
