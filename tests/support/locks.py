"""Knowing that somebody waits for a row or a constraint that another transaction holds."""

import asyncio

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

_WAITING = sa.text(
    "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
    " and datname = current_database()"
)


async def until_somebody_waits(engine: AsyncEngine) -> None:
    """Returns once a session of this database waits for a lock; fails after 10 seconds."""
    async with asyncio.timeout(10), engine.connect() as watcher:
        while not await watcher.scalar(_WAITING):
            await watcher.rollback()
