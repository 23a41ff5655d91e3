"""One use case, one transaction: opened, retried and committed here and nowhere else (ADR 0002)."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.dml import Insert

from domain.common.faults import FaultClass, classify
from domain.common.tables import metadata

T = TypeVar("T")
MAX_ATTEMPTS = 5


async def database_time(connection: AsyncConnection) -> datetime:
    """The database's time (UTC), by which all that depends on time is judged."""
    return (await connection.execute(sa.select(sa.func.now()))).scalar_one()


class Tx:
    """An open transaction: its connection, who acts, its time, and the events it will publish."""

    def __init__(self, connection: AsyncConnection, actor_key: str, correlation_id: str) -> None:
        self.connection = connection
        self.actor_key = actor_key
        self.correlation_id = correlation_id
        self._now: datetime | None = None
        self._events: list[dict[str, object]] = []
        self.published = False

    async def now(self) -> datetime:
        """The database's time at the start of this transaction (UTC); one statement at most."""
        if self._now is None:
            self._now = await database_time(self.connection)
        return self._now

    def set_now(self, now: datetime) -> None:
        """Spare the statement of `now()`: the caller got the database's time with another one."""
        self._now = now

    def acting_for(self, actor_key: str, correlation_id: str) -> "Tx":
        """This transaction in the name of somebody else: what is recorded there is published with
        this one. Give it its time (`now`) before.
        """
        other = Tx(self.connection, actor_key, correlation_id)
        other._now, other._events = self._now, self._events
        return other

    def record(self, event: dict[str, object]) -> None:
        """Publish `event` (see `domain.events.outbox`) with this transaction, in call order.

        Call it only after the row of the event's aggregate was locked: outbox order is then the
        order of each aggregate's versions (ADR 0015).
        """
        self._events.append(event)

    def drain_events(self) -> Insert | None:
        """The INSERT that writes all events recorded so far as one outbox row, or None.

        A use case may put it into its last `together(...)`; `UnitOfWork` runs it otherwise.
        """
        if not self._events:
            return None
        return sa.insert(metadata.tables["outbox"]).values(events=self.take_events())

    def take_events(self) -> list[dict[str, object]]:
        """All events recorded so far, for whoever writes the one outbox row in a statement of his
        own; the transaction forgets them.
        """
        events = list(self._events)
        self._events.clear()  # the list is shared with `acting_for`
        self.published = self.published or bool(events)
        return events


class UnitOfWork:
    """Runs work in transactions of `engine`; calls `after_commit` when events were published."""

    def __init__(self, engine: AsyncEngine, after_commit: Callable[[], None]) -> None:
        self.engine = engine
        self._after_commit = after_commit

    async def run(
        self,
        work: Callable[[Tx], Awaitable[T]],
        *,
        actor_key: str,
        correlation_id: str = "",
        attempts: int = MAX_ATTEMPTS,
    ) -> T:
        """What `work` returns, after its transaction was committed.

        Serialization failures, deadlocks and lock time-outs run `work` again from the start, at
        most `attempts` times in all with jitter, so it must not touch anything but the transaction.

        Raises:
            DomainError: what `work` raised; the transaction was rolled back.
            DBAPIError: a failure of the database, see `domain.common.faults.classify`.
        """
        for attempt in range(1, attempts + 1):
            try:
                return await self._attempt(work, actor_key, correlation_id)
            except DBAPIError as error:
                if attempt == attempts or classify(error) is not FaultClass.RETRY_UNIT:
                    raise
            await asyncio.sleep(random.uniform(0.01, 0.05) * attempt)
        raise AssertionError("unreachable")

    async def _attempt(
        self, work: Callable[[Tx], Awaitable[T]], actor_key: str, correlation_id: str
    ) -> T:
        async with self.engine.begin() as connection:
            tx = Tx(connection, actor_key, correlation_id)
            result = await work(tx)
            pending = tx.drain_events()
            if pending is not None:
                await connection.execute(pending)
        if tx.published:
            self._after_commit()
        return result
