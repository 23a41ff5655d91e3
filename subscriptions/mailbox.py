"""What the hub holds for one subscription until its client has taken it. Memory is bounded."""

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from enum import StrEnum

from graphql import GraphQLError

from domain.events.log import Commit
from domain.events.model import LoggedEvent
from subscriptions.metrics import LiveMetrics

MOST_COMMITS = 256
PATIENCE_S = 5.0


class Mode(StrEnum):
    """STATE: a slow client may get only the newest of a thing's changes. EVENTS: every change."""

    STATE = "STATE"
    EVENTS = "EVENTS"


class TooFarBehind(GraphQLError):
    """The subscription ends, since its client did not keep up; the client resumes by cursor."""

    def __init__(self) -> None:
        super().__init__(
            "too far behind: subscribe again with the last cursor as `after`",
            extensions={"code": "RESYNC_REQUIRED"},
        )


class Mailbox:
    """Commits for one subscription, in order; from behind `start_seq` on it is complete.

    One reader. When more than 256 commits wait, it depends on the reader: one that took something
    in the last 5 seconds met a burst and goes on from the log; one that did not is slow, and the
    mailbox ends.
    """

    def __init__(self, start_seq: int, metrics: LiveMetrics, patience_s: float) -> None:
        self.start_seq = start_seq
        self._metrics = metrics
        self._patience_s = patience_s
        self._commits: deque[Commit] = deque()
        self._filled = asyncio.Event()
        self._waiting_since = 0.0
        self._is_flooded = False
        self._is_over = False

    def put(self, commit: Commit) -> None:
        """`commit` waits for the reader, unless there is no room."""
        if self._is_flooded or self._is_over:
            return
        if not self._commits:
            self._waiting_since = time.monotonic()
            self._filled.set()
        self._commits.append(commit)
        if len(self._commits) > MOST_COMMITS:
            self._make_room()

    @property
    def is_flooded(self) -> bool:
        """Whether too many commits came at once: the log has them all."""
        return self._is_flooded

    async def filled(self) -> None:
        """Returns when there is something to take, or the mailbox is flooded or has ended."""
        while not (self._commits or self._is_flooded or self._is_over):
            self._filled.clear()
            await self._filled.wait()

    def take(self) -> Commit | None:
        """The oldest commit. None: there is none, or the mailbox is flooded.

        Raises:
            TooFarBehind: the mailbox has ended; what was not taken yet is gone.
        """
        if self._is_over:
            raise TooFarBehind
        if not self._commits:
            return None
        self._waiting_since = time.monotonic()
        self._metrics.deliveries.inc()
        return self._commits.popleft()

    def end(self) -> None:
        """The reader gets an error instead of more commits."""
        self._is_over = True
        self._commits.clear()
        self._filled.set()

    def rewind(self, start_seq: int) -> bool:
        """Whether it was flooded or had ended; then it is empty and open, from `start_seq` on."""
        if not (self._is_flooded or self._is_over):
            return False
        self._is_flooded = self._is_over = False
        self.start_seq = start_seq
        return True

    def _make_room(self) -> None:
        if time.monotonic() - self._waiting_since < self._patience_s:
            self._metrics.bursts.inc()
            self._is_flooded = True
            self._commits.clear()
        else:
            self._drop()

    def _drop(self) -> None:
        self._metrics.overflows.inc()
        self.end()


class StateMailbox(Mailbox):
    """As `Mailbox`, but it does not end: what a slow reader left lying is folded into one commit
    with the newest event of each aggregate.
    """

    def _drop(self) -> None:
        events = [event for commit in self._commits for event in commit.events]
        newest = newest_of(events)
        self._metrics.coalesced.inc(len(events) - len(newest))
        self._commits.clear()
        self._commits.append(Commit(tuple(newest)))


def newest_of(events: Iterable[LoggedEvent]) -> list[LoggedEvent]:
    """The last event of each aggregate, in the order of the log."""
    newest = {(event.aggregate, event.aggregate_id): event for event in events}
    return sorted(newest.values(), key=lambda event: event.seq)


def mailbox_of(mode: Mode, start_seq: int, metrics: LiveMetrics, patience_s: float) -> Mailbox:
    """A mailbox that fits `mode`."""
    make = StateMailbox if mode is Mode.STATE else Mailbox
    return make(start_seq, metrics, patience_s)
