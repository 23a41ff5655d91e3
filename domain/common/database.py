"""The database as the rest of the house sees it: transactions, and single-statement reads."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from domain.common.transaction import MAX_ATTEMPTS, Tx, UnitOfWork

T = TypeVar("T")
DbConnection = AsyncConnection
"""A connection, by a name that rooms without SQL may import."""


class Database:
    """Transactions on the primary and reads on the primary or a replica."""

    def __init__(
        self, writes: AsyncEngine, reads: AsyncEngine, after_commit: Callable[[], None]
    ) -> None:
        self.writes = writes
        self.reads = reads
        self._primary_reads = reads if reads.url == writes.url else writes
        self._unit = UnitOfWork(writes, after_commit)

    async def run(
        self,
        work: Callable[[Tx], Awaitable[T]],
        *,
        actor_key: str,
        correlation_id: str = "",
        attempts: int = MAX_ATTEMPTS,
    ) -> T:
        """What `work` returns, committed; see `UnitOfWork.run`."""
        return await self._unit.run(
            work, actor_key=actor_key, correlation_id=correlation_id, attempts=attempts
        )

    async def read(self, query: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """What `query` returns. Each statement is its own snapshot: read a whole with one."""
        async with self.reads.connect() as connection:
            return await query(connection)

    async def snapshot(self, query: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """What `query` returns; all its statements see one and the same state of the database."""
        async with self.reads.connect() as connection:
            await connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            async with connection.begin():
                return await query(connection)

    async def read_primary(self, query: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """As `read`, and never from a replica that lags behind."""
        async with self._primary_reads.connect() as connection:
            return await query(connection)

    async def close(self) -> None:
        """All pooled connections are closed."""
        await self.writes.dispose()
        await self.reads.dispose()


def to_json(value: Any) -> str:
    """JSON as it is sent to PostgreSQL: ids and times in it are text."""
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def write_engine(url: str, *, pool_size: int = 8, lock_timeout: str = "5s") -> AsyncEngine:
    """An engine for transactions (READ COMMITTED). `url` uses the `postgresql+asyncpg` driver."""
    return create_async_engine(
        url,
        hide_parameters=True,  # they hold personal data, and errors are logged
        pool_size=pool_size,
        max_overflow=4,
        pool_timeout=8,
        pool_pre_ping=False,
        pool_recycle=1800,
        json_serializer=to_json,
        json_deserializer=orjson.loads,
        connect_args={
            "timeout": 5,
            "command_timeout": 30,
            "server_settings": {
                "application_name": "unico",
                "lock_timeout": lock_timeout,
                "statement_timeout": "20s",
                "idle_in_transaction_session_timeout": "30s",
                "timezone": "UTC",
            },
        },
    )


def read_engine(url: str, *, pool_size: int = 8) -> AsyncEngine:
    """An engine for single-statement reads: autocommit, nothing to reset on return (ADR 0012)."""
    return create_async_engine(
        url,
        hide_parameters=True,  # they hold personal data, and errors are logged
        pool_size=pool_size,
        max_overflow=8,
        pool_timeout=5,
        pool_reset_on_return=None,
        pool_recycle=1800,
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        json_serializer=to_json,
        json_deserializer=orjson.loads,
        connect_args={
            "timeout": 5,
            "command_timeout": 15,
            "server_settings": {
                "application_name": "unico-read",
                "statement_timeout": "10s",
                "timezone": "UTC",
            },
        },
    )
