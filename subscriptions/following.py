"""From a snapshot or a cursor to the present: the one road of all subscription fields (ADR 0016).

The mailbox is opened first. What is committed meanwhile is in the snapshot, in the log behind its
position, or in the mailbox, and the place tells which of it was sent already.
"""

from collections.abc import AsyncGenerator, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from domain.common.database import DbConnection
from domain.events.log import Commit, LogReader, SnapshotPosition, read_snapshot_position
from domain.events.model import Cursor, LoggedEvent
from subscriptions.feed import Feed, Source
from subscriptions.hub import Hub
from subscriptions.mailbox import Mailbox, newest_of
from subscriptions.place import NotResumable, Place, unfinished

S = TypeVar("S")
P = TypeVar("P")

CHUNK = 500


class Following(Generic[S, P]):
    """One watcher, or several at the same place, on the way to the present and behind it."""

    def __init__(
        self,
        feed: Feed[S, P],
        hub: Hub,
        source: Source,
        mailbox: Mailbox,
        place: Place | None,
        *,
        conflates: bool = False,
    ) -> None:
        """From `place` on if possible, else from a snapshot.

        With `conflates`, what was missed comes as one payload with the newest of each thing.
        """
        self.place = place
        self._feed = feed
        self._hub = hub
        self._source = source
        self._mailbox = mailbox
        self._conflates = conflates
        self._is_checked = place is None

    async def steps(self) -> AsyncGenerator[list[P]]:
        """The payloads up to the present, some at a time. At the end the mailbox is empty, and
        nothing has been awaited since it was.

        Raises:
            TooFarBehind: the mailbox has ended.
        """
        while True:
            try:
                if self.place is None:
                    states, self.place = await self._snapshot()
                    self._is_checked = True
                    yield self._shown_snapshot(states, self.place)
                self.place.check_finished()
                async for payloads in self._shown_changes(self.place):
                    yield payloads
                return
            except NotResumable as error:
                self._hub.metrics.resyncs.labels(error.reason.value).inc()
                yield [self._feed.show_resync(error.reason, unfinished(self._hub.incarnation))]
                self.place = None

    async def _shown_changes(self, place: Place) -> AsyncGenerator[list[P]]:
        if not self._conflates:
            async for missed in self._missed(place):
                yield [self._feed.show_changes(events, cursor) for events, cursor in missed]
            return
        while everything := await self._all_missed(place):
            newest = newest_of(everything)
            self._hub.metrics.coalesced.inc(len(everything) - len(newest))
            yield [self._feed.show_changes(newest, place.cursor())]

    async def _all_missed(self, place: Place) -> list[LoggedEvent]:
        found: list[LoggedEvent] = []
        async for missed in self._missed(place):
            for events, _ in missed:
                found.extend(events)
        return found

    async def _missed(self, place: Place) -> AsyncGenerator[list[tuple[list[LoggedEvent], str]]]:
        """Events of commits with the cursor behind them."""
        while True:
            reader = LogReader(self._source, place.seq, self._feed.topics)
            while self._is_behind(place):
                commits = await self._replayed(reader, place)
                missed = [found for commit in commits if (found := self._fresh(place, commit))]
                place.seq = max(place.seq, reader.seq)
                if missed:
                    yield missed
            while (live := self._mailbox.take()) is not None:
                if found := self._fresh(place, live):
                    yield [found]
            if not self._mailbox.is_flooded:
                return

    def _fresh(self, place: Place, commit: Commit) -> tuple[list[LoggedEvent], str] | None:
        events = self._feed.wanted(place.fresh(commit))
        return (events, place.cursor()) if events else None

    def _is_behind(self, place: Place) -> bool:
        """Whether the log must be read before the mailbox; one without room is opened again."""
        is_rewound = self._mailbox.rewind(self._hub.last_seq)
        return is_rewound or not self._is_checked or place.seq < self._mailbox.start_seq

    async def _replayed(self, reader: LogReader, place: Place) -> Sequence[Commit]:
        self._is_checked = True
        recent = self._hub.since(place.incarnation, place.seq, self._feed.topics)
        if recent is not None:
            reader.seq = self._hub.last_seq
            return recent
        commits, position = await reader.next_page()
        place.check(position)
        return commits

    async def _snapshot(self) -> tuple[Sequence[S], Place]:
        feed = self._feed

        async def query(connection: DbConnection) -> tuple[Sequence[S], SnapshotPosition]:
            read_position = partial(read_snapshot_position, topics=feed.topics)
            return await feed.snapshot(connection), await read_position(connection)

        states, seen = await self._source.snapshot(query)
        at = seen.position
        return states, Place(Cursor(at.incarnation, at.last_seq, seen.pending))

    def _shown_snapshot(self, states: Sequence[S], place: Place) -> list[P]:
        """Parts of at most 500 states, at least one part; only the last one can be resumed from."""
        starts = range(0, max(1, len(states)), CHUNK)
        half = unfinished(self._hub.incarnation)
        return [
            self._feed.show_snapshot(
                states[start : start + CHUNK],
                place.cursor() if start == starts[-1] else half,
                start == starts[-1],
            )
            for start in starts
        ]


async def follow(
    feed: Feed[S, P], hub: Hub, source: Source, after: Cursor | None
) -> AsyncGenerator[P]:
    """What a client sees that shares with nobody: from `after` on if given and possible, else a
    snapshot first; then every change as it comes, without a gap and without a repetition. Ends only
    by being closed.

    Raises:
        TooFarBehind: the client takes its payloads too slowly.
    """
    await hub.started()
    with hub.metrics.subscribed(), hub.open(feed.topics, feed.mode) as mailbox:
        place = None if after is None else Place(after)
        following = Following(feed, hub, source, mailbox, place)
        while True:
            async for payloads in following.steps():
                for payload in payloads:
                    yield payload
            await mailbox.filled()


class LiveStream(Generic[S, P]):
    """What a subscription field answers with: payloads one by one for whoever iterates it, or, for
    a transport that shares them, the feed and where to begin.
    """

    def __init__(self, feed: Feed[S, P], hub: Hub, source: Source, after: Cursor | None) -> None:
        self.feed = feed
        self.after = after
        self._hub = hub
        self._source = source
        self._own: AsyncGenerator[P] | None = None

    def __aiter__(self) -> "LiveStream[S, P]":
        return self

    async def __anext__(self) -> P:
        if self._own is None:
            self._own = follow(self.feed, self._hub, self._source, self.after)
        return await anext(self._own)

    async def aclose(self) -> None:
        """Nothing is followed any more."""
        if self._own is not None:
            await self._own.aclose()


AnyStream = LiveStream[Any, Any]
