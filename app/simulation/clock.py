"""The time of a simulated database: it stands still until it is moved.

Everything that the domain does by time asks the database, by `now()` or `clock_timestamp()`. In a
simulated database both names mean functions of ours, which tell the time of a one-row table. So
timers, deadlines and store hours work as they are, and a week passes in minutes.
"""

from datetime import datetime

import asyncpg

_INSTALL = """
CREATE TABLE public.simulated_clock (at timestamptz NOT NULL);
CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
    AS 'SELECT at FROM public.simulated_clock';
CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
    AS 'SELECT at FROM public.simulated_clock';
"""
_SET_PATH = """
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database());
END $$
"""


class Clock:
    """The clock of one simulated database. `now` is what its `now()` says."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]", now: datetime) -> None:
        self._connection = connection
        self.now = now

    @classmethod
    async def install(cls, database_url: str, start: datetime) -> "Clock":
        """The clock of an empty database, before it is migrated: column defaults look up `now()`
        when a table is made. Connections opened from now on tell its time.
        """
        connection = await asyncpg.connect(database_url.replace("+asyncpg", ""), timeout=5)
        await connection.execute(_INSTALL)
        await connection.execute("INSERT INTO public.simulated_clock VALUES ($1)", start)
        await connection.execute(_SET_PATH)
        return cls(connection, start)

    async def move(self, to: datetime) -> None:
        """It is `to` now; time never goes back."""
        if to > self.now:
            await self._connection.execute("UPDATE public.simulated_clock SET at = $1", to)
            self.now = to

    async def close(self) -> None:
        """The connection is closed."""
        await self._connection.close()
