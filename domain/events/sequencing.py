"""The sequencer: the one writer of the event log, fenced (ADR 0004, 0015, 0016)."""

import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from domain.events import repository

BATCH_COMMITS = 200
BATCH_EVENTS = 5_000
RETIRE_ROWS = 5_000

# The lock lives as long as the session: when this host vanishes, the server must notice soon.
_SESSION = {
    "application_name": "unico-relay",
    "synchronous_commit": "on",
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    "timezone": "UTC",
    # Both of its tables are read by key only, whatever their statistics say at the moment.
    "enable_seqscan": "off",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10s",
}


class Fenced(Exception):
    """Another leader raised the epoch: this one must not write any more."""


@dataclass(frozen=True, slots=True)
class SequencedCommit:
    """A commit that was just logged: its first and last `seq`, and one JSON object per event, in
    order, without actor and correlation id.
    """

    first_seq: int
    last_seq: int
    records: Sequence[str]


class Sequencer:
    """Moves commits from the outbox to the event log while it leads."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._epoch = 0
        self.incarnation = ""
        self.last_seq = 0

    async def try_lead(self) -> bool:
        """Whether this sequencer leads now: it has the lock, and the epoch was raised.

        Call it until it succeeds, and not again after that.
        """
        if not await self._connection.scalar(repository.TRY_LOCK):
            return False
        row = (await self._connection.execute(repository.RAISE_EPOCH)).one()
        self._epoch, self.last_seq, self.incarnation = row.epoch, row.last_seq, row.incarnation
        return True

    async def move(self) -> Sequence[SequencedCommit]:
        """The oldest commits of the outbox, now durable in the log; empty when there were none.

        At most 200 commits, and no further one after 5,000 events.

        Raises:
            Fenced: another leader took over; nothing was moved.
            DBAPIError: the database failed. Whether the batch was moved is then unknown; the log
                itself is right in both cases, and a heartbeat of the next leader tells watchers.
        """
        moved = await self._connection.execute(
            repository.MOVE,
            {
                "epoch": self._epoch,
                "most_commits": BATCH_COMMITS,
                "enough_events": BATCH_EVENTS,
            },
        )
        rows = moved.all()
        if not rows:
            raise Fenced(f"epoch {self._epoch} is over")
        commits: list[SequencedCommit] = []
        for _, group in groupby((row for row in rows if row.seq is not None), lambda r: r.commit):
            events = list(group)
            records = [event.record for event in events]
            commits.append(SequencedCommit(events[0].seq, events[-1].seq, records))
        if commits:
            self.last_seq = commits[-1].last_seq
        return commits

    async def retire(self, keep: timedelta) -> int:
        """The number of events, older than `keep`, that were deleted: at most 5,000 a call.

        They are the oldest ones; `oldest_seq` was raised in the same statement.
        """
        gone = await self._connection.scalar(
            repository.RETIRE, {"epoch": self._epoch, "keep": keep, "most_rows": RETIRE_ROWS}
        )
        return int(gone or 0)


@contextlib.asynccontextmanager
async def open_sequencer(database_url: str) -> AsyncGenerator[Sequencer]:
    """A sequencer on a connection of its own, which is closed, and its lock freed, at the end.

    `database_url` must lead to the server itself and not to a transaction pooler.
    """
    engine = create_async_engine(
        database_url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"timeout": 5, "command_timeout": 15, "server_settings": _SESSION},
    )
    try:
        async with engine.connect() as connection:
            yield Sequencer(connection)
    finally:
        await engine.dispose()
