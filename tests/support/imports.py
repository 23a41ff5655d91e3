"""Files imported without a server, and what became of them."""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.database import Database
from domain.identity.model import Actor, Role
from domain.imports.model import ImportJob, ImportKind, Refusal
from domain.imports.receive import ImportFile, receive_file
from domain.imports.repository import job_by_id, refusals_after
from domain.imports.working import work_off
from domain.orders.invariants import invariant_violations
from tests.support.stock import database_of

CLERK = Actor("clerk", Role.OPERATIONS)


async def pieces(data: bytes, size: int = 7) -> AsyncIterator[bytes]:
    """The bytes as a network may bring them."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def taken(
    database: Database,
    kind: ImportKind,
    data: bytes | AsyncIterable[bytes],
    *,
    actor: Actor = CLERK,
    **given: Any,
) -> ImportJob:
    """The job that was made of the file."""
    stream = pieces(data) if isinstance(data, bytes) else data
    return await receive_file(database, actor, ImportFile(kind, **given), stream)


async def imported(engine: AsyncEngine, kind: ImportKind, data: bytes, **given: Any) -> ImportJob:
    """The job after it was worked off."""
    database = database_of(engine)
    job = await taken(database, kind, data, **given)
    await work_off(database)
    return await job_now(database, job)


async def job_now(database: Database, job: ImportJob) -> ImportJob:
    """The job as it is committed now."""
    found = await database.read_primary(lambda c: job_by_id(c, job.id))
    assert found is not None
    return found


def counts(job: ImportJob) -> tuple[str, int, int, int, int]:
    """Status, and rows read, applied, unchanged and refused."""
    return (job.status.value, job.rows_read, job.applied, job.unchanged, job.quarantined)


async def refusals(engine: AsyncEngine, job: ImportJob) -> list[Refusal]:
    """What the job refused, in the order of the file."""
    async with engine.connect() as connection:
        return await refusals_after(connection, job.id, None)


async def reasons(engine: AsyncEngine, job: ImportJob) -> list[tuple[int, str]]:
    """The lines that the job refused, and why."""
    return [(each.line, each.reason) for each in await refusals(engine, job)]


async def stages(engine: AsyncEngine) -> list[str]:
    """The tables in which rows wait."""
    query = sa.text("SELECT tablename::text FROM pg_tables WHERE schemaname = 'staging'")
    async with engine.connect() as connection:
        return list(await connection.scalars(query))


async def clear_stages(engine: AsyncEngine) -> None:
    """Nothing waits that an earlier test left behind."""
    names = await stages(engine)
    async with engine.begin() as connection:
        for name in names:
            await connection.execute(sa.text(f"DROP TABLE staging.{name}"))


async def assert_sound(engine: AsyncEngine) -> None:
    """All books agree."""
    async with engine.connect() as connection:
        assert await invariant_violations(connection) == []
