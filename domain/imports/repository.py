"""Reading jobs and what they refused. Each read is one statement."""

import base64
import binascii
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.errors import ValidationFailed
from domain.common.paging import MAX_PAGE, Keyset, Page, PageRequest, page_of
from domain.imports.model import (
    UNFINISHED,
    ImportJob,
    ImportJobId,
    ImportKind,
    JobStatus,
    Refusal,
)
from domain.imports.tables import import_job, import_refusal

JOB_COLUMNS = [
    import_job.c[name]
    for name in (
        "id", "kind", "status", "name", "content_hash", "size_bytes", "as_of", "is_snapshot",
        "requested_by", "rows_read", "applied", "unchanged", "quarantined", "failure",
        "created_at", "started_at", "finished_at", "updated_at", "version",
    )
]  # fmt: skip
_REFUSALS_AT_ONCE = 1_000


def job_of(row: sa.Row[Any]) -> ImportJob:
    """The job in a row of JOB_COLUMNS."""
    job_id, kind, status, *rest = tuple(row)
    return ImportJob(ImportJobId(job_id), ImportKind(kind), JobStatus(status), *rest)


async def job_by_id(connection: AsyncConnection, job_id: ImportJobId) -> ImportJob | None:
    """The job, if there is one."""
    found = await connection.execute(sa.select(*JOB_COLUMNS).where(import_job.c.id == job_id))
    row = found.one_or_none()
    return None if row is None else job_of(row)


async def next_job(connection: AsyncConnection) -> ImportJob | None:
    """The oldest job that is not finished."""
    c = import_job.c
    query = (
        sa.select(*JOB_COLUMNS)
        .where(c.status.in_(UNFINISHED))
        .order_by(c.created_at, c.id)
        .limit(1)
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else job_of(row)


async def unfinished_ids(connection: AsyncConnection) -> list[ImportJobId]:
    """The jobs that are not finished."""
    query = sa.select(import_job.c.id).where(import_job.c.status.in_(UNFINISHED))
    return [ImportJobId(found) for found in await connection.scalars(query)]


async def page_of_jobs(
    connection: AsyncConnection,
    kind: ImportKind | None,
    status: JobStatus | None,
    request: PageRequest,
) -> Page[ImportJob]:
    """A page of jobs, the newest first."""
    c = import_job.c
    query = sa.select(*JOB_COLUMNS).where(*_wanted(kind, status))
    if request.after is not None:
        place = sa.tuple_(c.created_at, c.id)
        query = query.where(place < sa.tuple_(request.after.at, request.after.id))
    query = query.order_by(c.created_at.desc(), c.id.desc()).limit(request.first + 1)
    jobs = [job_of(row) for row in await connection.execute(query)]
    return page_of(jobs, request, lambda job: Keyset(job.created_at, job.id))


async def count_of_jobs(
    connection: AsyncConnection, kind: ImportKind | None, status: JobStatus | None
) -> int:
    """The number of jobs in the whole list."""
    query = sa.select(sa.func.count()).select_from(import_job).where(*_wanted(kind, status))
    return await connection.scalar(query) or 0


def _wanted(kind: ImportKind | None, status: JobStatus | None) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if kind is not None:
        conditions.append(import_job.c.kind == kind.value)
    if status is not None:
        conditions.append(import_job.c.status == status.value)
    return conditions


async def page_of_refusals(
    connection: AsyncConnection, job_id: ImportJobId, first: int, after: str | None
) -> Page[Refusal]:
    """A page of the rows that the job refused, in the order of the file.

    Raises:
        ValidationFailed: `first` is not 1 to 100, or `after` is not a cursor of this list.
    """
    if not 1 <= first <= MAX_PAGE:
        raise ValidationFailed("first", f"must be 1 to {MAX_PAGE}")
    place = None if after is None else _decoded(after)
    rows = (await connection.execute(_refusals(job_id, place).limit(first + 1))).all()
    items = [Refusal(*row) for row in rows[:first]]
    return Page(items, [_encoded(each) for each in items], len(rows) > first)


async def count_of_refusals(connection: AsyncConnection, job_id: ImportJobId) -> int:
    """The number of rows that the job refused."""
    query = sa.select(sa.func.count()).select_from(import_refusal)
    return await connection.scalar(query.where(import_refusal.c.job_id == job_id)) or 0


async def refusals_after(
    connection: AsyncConnection, job_id: ImportJobId, after: Refusal | None
) -> list[Refusal]:
    """The next rows that the job refused, in the order of the file; 1,000 at most."""
    place = None if after is None else (after.line, after.id)
    query = _refusals(job_id, place).limit(_REFUSALS_AT_ONCE)
    return [Refusal(*row) for row in await connection.execute(query)]


def _refusals(job_id: ImportJobId, after: tuple[int, int] | None) -> sa.Select[*tuple[Any, ...]]:
    c = import_refusal.c
    query = sa.select(c.id, c.line, c.reason, c.row).where(c.job_id == job_id)
    if after is not None:
        query = query.where(sa.tuple_(c.line, c.id) > sa.tuple_(*after))
    return query.order_by(c.line, c.id)


def _encoded(refusal: Refusal) -> str:
    raw = f"{refusal.line}.{refusal.id}".encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decoded(cursor: str) -> tuple[int, int]:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        line, _, key = raw.partition(".")
        place = int(line), int(key)
    except (ValueError, binascii.Error) as error:
        raise ValidationFailed("after", "is not a cursor of this list") from error
    if not all(0 <= each < 2**63 for each in place):
        raise ValidationFailed("after", "is not a cursor of this list")
    return place
