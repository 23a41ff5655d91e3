"""What the hub holds for one subscription until its client has taken it. Memory is bounded."""

import asyncio
from collections import deque
from enum import StrEnum

from graphql import GraphQLError

from domain.events.log import Commit
from domain.events.model import LoggedEvent
from subscriptions.metrics import LiveMetrics

MOST_COMMITS = 256
_MOST_EVENTS = 4_096


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
    """Commits for one subscription, in order; those behind `start_seq` are complete.

    One reader. It ends, rather than skip a commit, when the reader is too slow.
    """

    def __init__(self, start_seq: int, metrics: LiveMetrics) -> None:
        self.start_seq = start_seq
        self._metrics = metrics
        self._commits: deque[Commit] = deque()
        self._filled = asyncio.Event()
        self._ended = False

    def put(self, commit: Commit) -> None:
        """`commit` waits for the reader, or the mailbox has overflowed."""
        if self._ended:
            return
        self._commits.append(commit)
        self._filled.set()
        if len(self._commits) > MOST_COMMITS:
            self._overflow()

    async def get(self) -> Commit:
        """The oldest commit; waits for one.

        Raises:
            TooFarBehind: the mailbox has ended; what was not taken yet is gone.
        """
        while not self._commits and not self._ended:
            self._filled.clear()
            await self._filled.wait()
        if self._ended:
            raise TooFarBehind
        self._metrics.deliveries.inc()
        return self._commits.popleft()

    def end(self) -> None:
        """The reader gets an error instead of more commits."""
        self._ended = True
        self._commits.clear()
        self._filled.set()

    def rewind(self, start_seq: int) -> bool:
        """Whether the mailbox had ended; then it is open again and starts at `start_seq`."""
        if not self._ended:
            return False
        self._ended = False
        self.start_seq = start_seq
        return True

    def _overflow(self) -> None:
        self._metrics.overflows.inc()
        self.end()


class StateMailbox(Mailbox):
    """As `Mailbox`, but it never overflows: what a slow reader left lying is folded into one commit
    with the newest event of each aggregate.
    """

    def __init__(self, start_seq: int, metrics: LiveMetrics) -> None:
        super().__init__(start_seq, metrics)
        self._events_since_fold = 0

    def put(self, commit: Commit) -> None:
        self._events_since_fold += len(commit.events)
        super().put(commit)
        if self._events_since_fold > _MOST_EVENTS and len(self._commits) > 1:
            self._overflow()

    async def get(self) -> Commit:
        commit = await super().get()
        if not self._commits:
            self._events_since_fold = 0
        return commit

    def _overflow(self) -> None:
        newest: dict[tuple[str, object], LoggedEvent] = {}
        count = 0
        for commit in self._commits:
            for event in commit.events:
                newest[event.aggregate, event.aggregate_id] = event
                count += 1
        self._metrics.coalesced.inc(count - len(newest))
        self._commits.clear()
        self._commits.append(Commit(tuple(sorted(newest.values(), key=lambda event: event.seq))))
        self._events_since_fold = 0


def mailbox_of(mode: Mode, start_seq: int, metrics: LiveMetrics) -> Mailbox:
    """A mailbox that fits `mode`."""
    make = StateMailbox if mode is Mode.STATE else Mailbox
    return make(start_seq, metrics)
