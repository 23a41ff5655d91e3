"""Migrations from code: bring a database to head, and say where it is."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine


def config(database_url: str) -> Config:
    """Alembic's configuration for this database, whatever the working directory."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    made.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return made


def upgrade(database_url: str) -> None:
    """The database is at head. Must not be called from within a running event loop."""
    command.upgrade(config(database_url), "head")


async def upgrade_async(database_url: str) -> None:
    """As `upgrade`, from within an event loop."""
    await asyncio.to_thread(upgrade, database_url)


def head() -> str | None:
    """The newest revision that the code knows."""
    return ScriptDirectory.from_config(config("")).get_current_head()


async def current(database_url: str) -> str | None:
    """The revision that the database is at; None when it was never migrated."""
    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        found = await connection.run_sync(
            lambda sync: MigrationContext.configure(sync).get_current_revision()
        )
    await engine.dispose()
    return found
