"""Where rows wait: one unlogged table per job, in the schema `staging`, filled by COPY.

Nothing of it is written to the WAL. After a crash of the database such a table is empty, which the
job notices (`StagingLost`). The name of a table tells the id of its job and, since that is a UUID
of version 7, its age: what a broken upload left behind is found by that.
"""

import csv
import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.transaction import Tx
from domain.imports.model import COLUMNS, ImportJobId, ImportKind
from domain.imports.scanning import Malformed

SCHEMA = "staging"
KEPT = timedelta(hours=1)
"""How long an upload may take before its rows count as abandoned."""

_PREFIX = "import_"
_FIRST = sa.text("SELECT 1")


def stage_name(job_id: ImportJobId) -> str:
    """The name of the job's table, without the schema."""
    return f"{_PREFIX}{job_id.hex}"


def stage_of(job_id: ImportJobId) -> str:
    """The job's table, as SQL text."""
    return f"{SCHEMA}.{stage_name(job_id)}"


async def open_stage(tx: Tx, job_id: ImportJobId, kind: ImportKind) -> None:
    """An empty table for rows of that kind is there. `refusal` says why a row cannot be applied,
    `said` what a malformed one says, `place` in which order a row belongs to its chunk.
    """
    columns = ", ".join(f"{name} text" for name in COLUMNS[kind].all)
    ddl = (
        f"CREATE UNLOGGED TABLE {stage_of(job_id)} "
        f"(line bigint NOT NULL, {columns}, refusal text, said text, place bigint) "
        "WITH (autovacuum_enabled = false)"
    )
    await tx.connection.execute(sa.text(ddl))


async def copy_rows(
    tx: Tx, job_id: ImportJobId, columns: Sequence[str], delimiter: str, data: bytes
) -> None:
    """`data` (CSV: the line's number, then those columns) is in the job's table."""
    await _copy(tx, job_id, ["line", *columns], data, delimiter)


async def copy_malformed(tx: Tx, job_id: ImportJobId, refused: Sequence[Malformed]) -> None:
    """Lines that are no rows are in the job's table, with what is wrong with them."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows((each.line, each.reason, each.said) for each in refused)
    await _copy(tx, job_id, ["line", "refusal", "said"], made.getvalue().encode(), ",")


async def _copy(
    tx: Tx, job_id: ImportJobId, columns: Sequence[str], data: bytes, delimiter: str
) -> None:
    await tx.connection.execute(_FIRST)  # the transaction begins with its first statement
    raw = await tx.connection.get_raw_connection()
    driver = raw.driver_connection
    assert driver is not None  # the connection is open
    await driver.copy_to_table(
        stage_name(job_id),
        source=io.BytesIO(data),
        columns=list(columns),
        schema_name=SCHEMA,
        format="csv",
        delimiter=delimiter,
    )


async def drop_stage(tx: Tx, job_id: ImportJobId) -> None:
    """The job's table is gone, if it was there."""
    await tx.connection.execute(sa.text(f"DROP TABLE IF EXISTS {stage_of(job_id)}"))


async def has_rows(connection: AsyncConnection, job_id: ImportJobId) -> bool:
    """Whether rows of the job are still there."""
    there = sa.text("SELECT to_regclass(:name) IS NOT NULL")
    if not await connection.scalar(there, {"name": stage_of(job_id)}):
        return False
    query = f"SELECT EXISTS (SELECT FROM {stage_of(job_id)})"  # noqa: S608 -- a name of ours
    return bool(await connection.scalar(sa.text(query)))


async def pages_of(connection: AsyncConnection, job_id: ImportJobId) -> int:
    """The number of pages of the job's table."""
    size = sa.text("SELECT pg_relation_size(:name) / current_setting('block_size')::bigint")
    return int(await connection.scalar(size, {"name": stage_of(job_id)}) or 0)


async def abandoned(
    connection: AsyncConnection, unfinished: Sequence[UUID], now: datetime
) -> list[ImportJobId]:
    """The jobs, known or not, whose tables nobody needs any more."""
    names = await connection.scalars(
        sa.text("SELECT tablename::text FROM pg_tables WHERE schemaname = :schema"),
        {"schema": SCHEMA},
    )
    ids = [UUID(name.removeprefix(_PREFIX)) for name in names if name.startswith(_PREFIX)]
    eldest = now - KEPT
    return [ImportJobId(e) for e in ids if e not in unfinished and _born(e) < eldest.timestamp()]


def _born(job_id: UUID) -> float:
    """Unix time of a UUID version 7 (RFC 9562, 5.7)."""
    return (job_id.int >> 80) / 1000
