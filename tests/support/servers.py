"""One real PostgreSQL and one real Valkey for a whole test run, shared by all of its workers."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncGenerator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import asyncpg

from app.embedded import EmbeddedPostgres, EmbeddedValkey
from app.migrate import upgrade

_TEMPLATE = "unico_template"
_TEMPLATE_LOCK = 7_264_900
# The machine of a test run may lose power; a killed server still keeps what it committed.
_FAST = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "128MB"}

_TABLES = """
SELECT quote_ident(relname) FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
  AND relname <> 'alembic_version'
"""

# Deleting a few rows takes a tenth of the time of TRUNCATE, which makes new files for a table and
# each of its indexes; it is left to tables that have grown.
_RESET = """
CREATE FUNCTION pristine.reset() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text;
    -- One statement, planned once, tells the few tables that have rows.
    filled text[] := ARRAY({filled});
BEGIN
    FOREACH name IN ARRAY filled LOOP
        IF pg_table_size(('public.' || name)::regclass) > 1000000 THEN
            EXECUTE format('TRUNCATE public.%s CASCADE', name);
        ELSE
            EXECUTE format('DELETE FROM public.%s', name);
        END IF;
    END LOOP;
    PERFORM setval(format('public.%I', sequencename)::regclass, start_value, false)
    FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
    FOR name IN
        SELECT quote_ident(relname) FROM pg_class
        WHERE relnamespace = 'pristine'::regnamespace AND relkind = 'r'
    LOOP
        EXECUTE format(
            'INSERT INTO public.%s OVERRIDING SYSTEM VALUE SELECT * FROM pristine.%1$s', name
        );
    END LOOP;
END $$
"""


@dataclass(frozen=True, slots=True)
class ServerUrls:
    """Where the shared servers are; `{}` stands for the database."""

    database: str
    redis: str

    def database_url(self, name: str) -> str:
        return self.database.format(name)

    def redis_url(self, number: int) -> str:
        return self.redis.format(number)

    def to_dict(self) -> dict[str, str]:
        return asdict(self)


class SharedServers:
    """The servers, in a temporary folder."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="unico-tests-"))
        self._postgres = EmbeddedPostgres(self._folder / "postgres", settings=_FAST)
        self._valkey = EmbeddedValkey(self._folder / "valkey")

    def start(self) -> ServerUrls:
        self._postgres.start()
        self._valkey.start()
        redis, _, _ = self._valkey.dsn.rpartition("/")
        return ServerUrls(self._postgres.dsn_of("{}"), f"{redis}/{{}}")

    def stop(self) -> None:
        self._postgres.kill()  # nothing in it is worth a shutdown
        self._valkey.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncGenerator["asyncpg.Connection[asyncpg.Record]"]:
    """A bare connection, closed at the end."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        yield connection
    finally:
        await connection.close()


async def create_database(urls: ServerUrls, name: str, *, template: str = "template1") -> str:
    """URL of a new database, which replaces an older one of the same name."""
    async with connected(urls.database_url("postgres")) as admin:
        await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log")
    return urls.database_url(name)


async def clone_migrated(urls: ServerUrls, name: str) -> str:
    """URL of a new database at head; the first caller of the run migrates the template."""
    async with connected(urls.database_url("postgres")) as admin:
        await admin.execute("SELECT pg_advisory_lock($1)", _TEMPLATE_LOCK)
        done = await admin.fetchval(
            "SELECT datistemplate FROM pg_database WHERE datname=$1", _TEMPLATE
        )
        if not done:
            url = await create_database(urls, _TEMPLATE)
            await asyncio.to_thread(upgrade, url)
            await _keep_seed_rows(url)
            await admin.execute(f"ALTER DATABASE {_TEMPLATE} IS_TEMPLATE true")
        await admin.execute("SELECT pg_advisory_unlock($1)", _TEMPLATE_LOCK)
    return await create_database(urls, name, template=_TEMPLATE)


async def _keep_seed_rows(url: str) -> None:
    """Rows that migrations insert are copied aside, for `reset` to bring back."""
    async with connected(url) as connection:
        await connection.execute("CREATE SCHEMA pristine")
        tables: list[str] = [table for (table,) in await connection.fetch(_TABLES)]
        for table in tables:
            if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):
                await connection.execute(f"CREATE TABLE pristine.{table} AS TABLE public.{table}")
        filled = " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT FROM public.{table})" for table in tables
        )
        await connection.execute(_RESET.replace("{filled}", filled))


async def reset(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Every table is as the migrations left it, sequences included. The connection is for nothing
    else: no trigger fires on it. (Setting that anew each time would forget all plans.)
    """
    if await connection.fetchval("SHOW session_replication_role") != "replica":
        await connection.execute("SET session_replication_role = replica")
        await connection.execute("SET lock_timeout = '5s'")
    await connection.execute("SELECT pristine.reset()")


@dataclass
class Cleaner:
    """Cleans one database, on a connection that is kept; a lost one is made anew."""

    url: str
    connection: "asyncpg.Connection[asyncpg.Record]"

    async def clean(self) -> None:
        """Every table is as the migrations left it."""
        try:
            await reset(self.connection)
        except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError):
            self.connection = await asyncpg.connect(self.url.replace("+asyncpg", ""))
            await reset(self.connection)
