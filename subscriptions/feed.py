"""What a subscription watches and how it is shown."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from domain.common.database import DbConnection
from domain.events.log import LogSource
from domain.events.model import LoggedEvent
from schema.live import ResyncReason
from subscriptions.mailbox import Mode

S = TypeVar("S")
P = TypeVar("P")
T = TypeVar("T")


class Scope(StrEnum):
    """Who may share what was made for one subscriber: PUBLIC everybody, LOCATION callers with the
    same role, locations and channels, PRINCIPAL nobody else (ADR 0005).
    """

    PUBLIC = "PUBLIC"
    LOCATION = "LOCATION"
    PRINCIPAL = "PRINCIPAL"


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
    """Events of one commit, in order, at least one; and the cursor. A slow client of states gets
    the newest events of several commits instead."""
    show_resync: Callable[[ResyncReason, str], P]
    wants: Callable[[LoggedEvent], bool] = _every
    scope: Scope = Scope.PRINCIPAL

    def wanted(self, events: Sequence[LoggedEvent]) -> list[LoggedEvent]:
        """Those of `events` that are shown."""
        return [event for event in events if self.wants(event)]
