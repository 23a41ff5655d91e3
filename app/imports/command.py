"""A file from the command line: taken in and worked off in this process."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from app.imports.report import report_of
from domain.common.database import Database, read_engine, write_engine
from domain.imports.model import IMPORTER, ImportJob
from domain.imports.receive import ImportFile, receive_file
from domain.imports.repository import job_by_id
from domain.imports.working import Progress, work_off

_PIECE = 1 << 18
_AGAIN_S = 0.2


async def import_file(
    database_url: str, path: Path, file: ImportFile, *, report: Path, tasks: int, progress: Progress
) -> tuple[ImportJob, Path | None]:
    """The job when it has ended, and the file with what it refused, if it refused anything. Jobs
    that came before it are worked off first; a service that runs on the same database helps.

    Raises:
        DomainError: see `receive_file`. OSError: the file cannot be read.
    """
    writes = write_engine(database_url, pool_size=tasks + 2)
    database = Database(writes, read_engine(database_url), after_commit=lambda: None)
    try:
        job = await receive_file(database, IMPORTER, file, _pieces(path))
        mine = job.id

        def note(moved: ImportJob) -> None:
            if moved.id == mine:
                progress(moved)

        while not job.is_finished:
            await work_off(database, tasks=tasks, progress=note)
            found = await database.read_primary(lambda c: job_by_id(c, mine))
            assert found is not None  # it was just made
            job = found
            note(job)
            if not job.is_finished:
                await asyncio.sleep(_AGAIN_S)
        return job, await _reported(database, job, report)
    finally:
        await database.close()


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as opened:
        while piece := await asyncio.to_thread(opened.read, _PIECE):
            yield piece


async def _reported(database: Database, job: ImportJob, report: Path) -> Path | None:
    if not job.quarantined:
        return None
    report.parent.mkdir(parents=True, exist_ok=True)
    with report.open("w", encoding="utf-8", newline="") as opened:
        async for part in report_of(database, job):
            opened.write(part)
    return report
