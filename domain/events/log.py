"""Reading the event log: where it begins and ends, and whole commits in order."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any, Protocol, TypeVar

from domain.common.database import DbConnection
from domain.events import repository
from domain.events.model import LoggedEvent

T = TypeVar("T")
PAGE_EVENTS = 500
_WINDOW = 20_000


@dataclass(frozen=True, slots=True)
class Position:
    """The log reaches from `oldest_seq` to `last_seq`, both included, in this incarnation."""

    incarnation: str
    last_seq: int
    oldest_seq: int


@dataclass(frozen=True, slots=True)
class SnapshotPosition:
    """A position, and the versions committed but not yet logged, by aggregate id."""

    position: Position
    pending: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Commit:
    """Events of one commit, in order, at least one. It may be a part: what one watcher wants."""

    events: tuple[LoggedEvent, ...]

    @property
    def first_seq(self) -> int:
        """Place of the first event."""
        return self.events[0].seq

    @property
    def last_seq(self) -> int:
        """Place of the last event."""
        return self.events[-1].seq


class LogSource(Protocol):
    """Where the log is read: the primary, since a replica may not have the newest events yet."""

    async def read_primary(self, query: Callable[[DbConnection], Awaitable[T]]) -> T:
        """What `query` returns."""
        ...


class LogReader:
    """Reads the log onwards from a place, page by page, never splitting a commit."""

    def __init__(self, source: LogSource, after: int, topics: Sequence[str] = ()) -> None:
        """From the event after `after`; `topics` restricts to events under any of them."""
        self.seq = after
        self._source = source
        self._topics = topics

    async def next_page(self) -> tuple[Sequence[Commit], Position]:
        """Whole commits, in order, and where the log stood when they were read.

        About 500 events a page. `seq` moves behind what was returned or skipped; the end of the
        log is reached when it is not below the position's `last_seq`.
        """
        size = 1
        while True:
            query = partial(_page, after=self.seq, size=size, topics=self._topics)
            events, position = await self._source.read_primary(query)
            commits = _commits(events)
            read_to = min(self.seq + size * _WINDOW, position.last_seq)
            if len(events) == size * PAGE_EVENTS:
                read_to = events[-1].seq
            if read_to >= position.last_seq or not commits:
                self.seq = max(self.seq, read_to)
                return commits, position
            unfinished = commits.pop()  # it may go on behind what was read
            if commits or unfinished.first_seq - 1 > self.seq:
                self.seq = unfinished.first_seq - 1
                return commits, position
            size *= 2


async def read_position(connection: DbConnection) -> Position:
    """Where the log begins and ends."""
    return _position((await connection.execute(repository.position())).one())


async def read_snapshot_position(
    connection: DbConnection, topics: Sequence[str]
) -> SnapshotPosition:
    """Where the log ends and what of `topics` waits in the outbox, in the snapshot of the caller's
    transaction (`Database.snapshot`): with state read in it, nothing is missing or told twice.
    """
    row = (await connection.execute(repository.position_with_pending(topics))).one()
    return SnapshotPosition(_position(row), row.pending or {})


async def _page(
    connection: DbConnection, *, after: int, size: int, topics: Sequence[str]
) -> tuple[list[LoggedEvent], Position]:
    statement = repository.log_page(
        after, window=size * _WINDOW, limit=size * PAGE_EVENTS, topics=topics
    )
    rows = (await connection.execute(statement)).all()
    return [_event(row) for row in rows if row.seq is not None], _position(rows[0])


def _commits(events: Sequence[LoggedEvent]) -> list[Commit]:
    return [Commit(tuple(group)) for _, group in groupby(events, lambda event: event.commit)]


def _position(row: Any) -> Position:
    return Position(row.incarnation, row.last_seq, row.oldest_seq)


def _event(row: Any) -> LoggedEvent:
    return LoggedEvent(
        row.seq,
        row.commit,
        row.type,
        row.aggregate,
        row.aggregate_id,
        row.version,
        tuple(row.topics),
        row.payload,
        row.at,
    )
