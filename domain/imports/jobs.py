"""How jobs go on: begun, counted, ended. Every change is one version and one event."""

import sqlalchemy as sa

from domain.common.sql import insert_many
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.imports.errors import StagingLost
from domain.imports.events import job_changed
from domain.imports.model import (
    COLUMNS,
    COUNTS,
    UNFINISHED,
    ImportJob,
    ImportJobId,
    ImportKind,
    JobStatus,
)
from domain.imports.repository import JOB_COLUMNS, job_of
from domain.imports.staging import drop_stage, has_rows, pages_of, stage_of
from domain.imports.tables import import_chunk, import_job

ROWS_AT_ONCE = {
    ImportKind.STOCK: 10_000,
    ImportKind.PRODUCTS: 1_000,
    ImportKind.PRICES: 2_000,
    ImportKind.CUSTOMERS: 1_000,
}
ORDERS_AT_ONCE = 50
_TOGETHER = ("channel", "country", "customer_source", "carrier")
_FIRST_OF = ", ".join(f"min(btrim(coalesce({name}, '')))" for name in _TOGETHER)
_CHUNK = ["job_id", "number", "start", "stop", *COUNTS]


async def begin(tx: Tx, job_id: ImportJobId) -> ImportJob | None:
    """The job, RUNNING and cut into chunks; None when another process is at it.

    Of rows with the same key the last one stays; the others will be refused. Locks the job.

    Raises:
        StagingLost: its rows are gone.
    """
    job = await _locked(tx, job_id, skip=True)
    if job is None or job.is_finished:
        return job
    if job.rows_read and not await has_rows(tx.connection, job_id):
        raise StagingLost
    if job.status is JobStatus.RUNNING:
        return job
    await _supersede(tx, job)
    await _cut(tx, job)
    return await _saved(tx, job, status=JobStatus.RUNNING.value, started_at=sa.func.now())


async def tally(tx: Tx, job_id: ImportJobId) -> ImportJob:
    """The job with the sum of its chunks; SUCCEEDED when all are done. Locks the job.

    Raises:
        StagingLost: all are done, but rows were gone before their chunk came.
    """
    job = await _locked(tx, job_id, skip=False)
    assert job is not None  # jobs are only deleted when they are finished
    if job.is_finished:
        return job
    values, left = await _sums(tx, job_id)
    if not left:
        if sum(values.values()) != job.rows_read:
            raise StagingLost
        await drop_stage(tx, job_id)
        ended = {"status": JobStatus.SUCCEEDED.value, "finished_at": sa.func.now()}
        return await _saved(tx, job, **values, **ended)
    if all(getattr(job, name) == count for name, count in values.items()):
        return job
    return await _saved(tx, job, **values)


async def fail(tx: Tx, job_id: ImportJobId, failure: str) -> ImportJob:
    """The job, FAILED for that reason unless it is finished. What its chunks did stays done, and is
    counted; the same file may be imported again. Locks the job.
    """
    job = await _locked(tx, job_id, skip=False)
    assert job is not None  # jobs are only deleted when they are finished
    if job.is_finished:
        return job
    values, _ = await _sums(tx, job_id)
    ended = {"status": JobStatus.FAILED.value, "finished_at": sa.func.now()}
    return await _saved(tx, job, failure=failure, **values, **ended)


async def _sums(tx: Tx, job_id: ImportJobId) -> tuple[dict[str, int], int]:
    """What the job's chunks came to, and how many of them are not done."""
    c = import_chunk.c
    query = sa.select(
        *[sa.func.coalesce(sa.func.sum(c[name]), 0).cast(sa.BigInteger) for name in COUNTS],
        sa.func.count().filter(c.done_at.is_(None)),
    ).where(c.job_id == job_id)
    *counts, left = (await tx.connection.execute(query)).one()
    return dict(zip(COUNTS, counts, strict=True)), left


async def _locked(tx: Tx, job_id: ImportJobId, *, skip: bool) -> ImportJob | None:
    query = sa.select(*JOB_COLUMNS).where(import_job.c.id == job_id)
    locking = query.with_for_update(key_share=True, skip_locked=skip)
    row = (await tx.connection.execute(locking)).one_or_none()
    return None if row is None else job_of(row)


async def _saved(tx: Tx, job: ImportJob, **values: object) -> ImportJob:
    changed = await tx.connection.execute(
        sa.update(import_job)
        .where(import_job.c.id == job.id)
        .values(version=job.version + 1, updated_at=sa.func.now(), **values)
        .returning(*JOB_COLUMNS)
    )
    after = job_of(changed.one())
    await publish(tx, job_changed(after))
    return after


async def _supersede(tx: Tx, job: ImportJob) -> None:
    """Rows that a later one of the same key replaces have that as their refusal."""
    key = COLUMNS[job.kind].key
    if key:
        names = ", ".join(f"btrim(coalesce({name}, '')) AS k_{name}" for name in key)
        same = " AND ".join(f"btrim(coalesce(s.{n}, '')) = t.k_{n}" for n in key)
        groups = ", ".join(f"k_{name}" for name in key)
        stage = stage_of(job.id)
        await tx.connection.execute(
            sa.text(
                f"""
                WITH twice AS (
                    SELECT {groups}, max(line) AS last
                    FROM (SELECT line, {names} FROM {stage} WHERE refusal IS NULL) AS rows
                    GROUP BY {groups} HAVING count(*) > 1
                )
                UPDATE {stage} AS s SET refusal = 'line ' || t.last || ' replaces it'
                FROM twice AS t WHERE s.line < t.last AND s.refusal IS NULL AND {same}
                """  # noqa: S608 -- names of ours
            )
        )
    await tx.connection.execute(sa.text(f"ANALYZE {stage_of(job.id)}"))


async def _cut(tx: Tx, job: ImportJob) -> None:
    """Chunks of pages; those of orders are ranges of orders that can be loaded together."""
    if job.kind is ImportKind.ORDERS:
        ranges = await _ranges_of_orders(tx, job)
    else:
        pages = await pages_of(tx.connection, job.id)
        step = max(1, round(ROWS_AT_ONCE[job.kind] * pages / max(1, job.rows_read)))
        ranges = [(start, start + step) for start in range(0, pages, step)]
    rows = [
        {
            "job_id": job.id,
            "number": number,
            "start": start,
            "stop": stop,
            **dict.fromkeys(COUNTS, 0),
        }
        for number, (start, stop) in enumerate(ranges)
    ]
    await tx.connection.execute(insert_many(import_chunk, _CHUNK, rows))


async def _ranges_of_orders(tx: Tx, job: ImportJob) -> list[tuple[int, int]]:
    """Ranges of `place`, which counts the orders: those of one channel, country, source of
    customers and carrier follow each other, in the order of the file. A malformed row stands for
    an order of its own.
    """
    stage, key = stage_of(job.id), ", ".join(_TOGETHER)
    numbered = f"""
        WITH named AS (
            SELECT line, CASE WHEN refusal IS NULL THEN btrim(coalesce(channel, '')) END AS c,
                   CASE WHEN refusal IS NULL THEN btrim(coalesce(reference, ''))
                        ELSE line::text END AS r, {key}
            FROM {stage}
        ), begun AS (
            SELECT c, r, row_number() OVER (ORDER BY {_FIRST_OF}, min(line)) - 1 AS place
            FROM named GROUP BY c, r
        )
        UPDATE {stage} AS s SET place = begun.place
        FROM named JOIN begun ON begun.c IS NOT DISTINCT FROM named.c AND begun.r = named.r
        WHERE named.line = s.line
        """  # noqa: S608 -- names of ours
    await tx.connection.execute(sa.text(numbered))
    await tx.connection.execute(sa.text(f"CREATE INDEX ON {stage} (place)"))
    await tx.connection.execute(sa.text(f"ANALYZE {stage}"))
    grouped = f"""
        SELECT min(place), max(place) + 1
        FROM (SELECT place, {_FIRST_OF} FROM {stage} GROUP BY place) AS orders (place, {key})
        GROUP BY {key} ORDER BY 1
        """  # noqa: S608 -- names of ours
    groups = (await tx.connection.execute(sa.text(grouped))).all()
    return [
        (start, min(start + ORDERS_AT_ONCE, stop))
        for first, stop in groups
        for start in range(first, stop, ORDERS_AT_ONCE)
    ]


async def delete_older(tx: Tx, days: int) -> int:
    """The number of jobs that were forgotten with all that they refused: those that ended more than
    so many days ago.
    """
    c = import_job.c
    gone = await tx.connection.execute(
        sa.delete(import_job)
        .where(
            c.status.not_in(UNFINISHED),
            c.finished_at < sa.func.now() - sa.func.make_interval(0, 0, 0, days),
        )
        .returning(c.id)
    )
    return len(gone.all())
