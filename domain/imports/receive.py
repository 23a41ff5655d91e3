"""Use case: a file is taken in. Its bytes stream into a table of their own; when all are there, one
transaction makes a job of them.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.common.card_numbers import check_no_card_number
from domain.common.database import Database
from domain.common.errors import Forbidden, IdempotencyConflict, ValidationFailed
from domain.common.idempotency import check_key
from domain.common.ids import new_id
from domain.common.sql import alone
from domain.common.texts import one_line
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.identity.model import Actor
from domain.imports.events import job_changed
from domain.imports.model import (
    COUNTS,
    MAX_NAME,
    MAY_IMPORT,
    UNFINISHED,
    ImportJob,
    ImportJobId,
    ImportKind,
    JobStatus,
)
from domain.imports.repository import JOB_COLUMNS, job_of
from domain.imports.scanning import Malformed, Scanned, Scanner, copied
from domain.imports.staging import copy_malformed, copy_rows, drop_stage, open_stage
from domain.imports.tables import import_job

AT_ONCE = 1 << 20
"""Bytes that go into one COPY."""


@dataclass(frozen=True, slots=True)
class ImportFile:
    """A file to import. `as_of` is the moment of which it tells (stock only; None: now). With an
    `idempotency_key` the same file makes one job, however often it comes; without one, the same
    file makes no second job while the first is unfinished.
    """

    kind: ImportKind
    name: str = ""
    as_of: datetime | None = None
    idempotency_key: str | None = None


async def receive_file(
    database: Database, actor: Actor, file: ImportFile, data: AsyncIterable[bytes]
) -> ImportJob:
    """The job that applies the file, or the one that was made of the same file before.

    Memory stays bounded, no connection is held while the sender is slow, and nothing is left behind
    but a job. Publishes ImportJobChanged.

    Raises:
        Forbidden: the actor's role does not import.
        EmptyFile, WrongHeader, NotText: see `Scanner`; nothing was kept.
        ValidationFailed: a moment for another kind than stock, without an offset or in the future;
            a key or name that is too long.
        IdempotencyConflict: the key was used for another file.
    """
    if actor.role not in MAY_IMPORT:
        raise Forbidden(f"{actor.role.value} does not import files")
    _check(file)
    job_id = ImportJobId(new_id())
    taken = _Intake(database, actor, job_id, file.kind)
    try:
        await taken.read(data)
        job = await database.run(lambda tx: _queue(tx, job_id, file, taken), actor_key=actor.key)
    except BaseException:
        await database.run(lambda tx: drop_stage(tx, job_id), actor_key=actor.key)
        raise
    if job.id != job_id:
        await database.run(lambda tx: drop_stage(tx, job_id), actor_key=actor.key)
    return job


def _check(file: ImportFile) -> None:
    if file.idempotency_key is not None:
        check_key(file.idempotency_key)
        check_no_card_number("idempotencyKey", file.idempotency_key)
    check_no_card_number("name", one_line("name", file.name, MAX_NAME))
    if file.as_of is None:
        return
    if file.kind is not ImportKind.STOCK:
        raise ValidationFailed("asOf", "is for stock only")
    if file.as_of.tzinfo is None:
        raise ValidationFailed("asOf", "must have an offset from UTC")


class _Intake:
    """Scans a file and copies it, a part at a time, each in a transaction of its own."""

    def __init__(
        self, database: Database, actor: Actor, job_id: ImportJobId, kind: ImportKind
    ) -> None:
        self.size = 0
        self.scanner = Scanner(kind)
        self._database = database
        self._actor = actor
        self._job_id = job_id
        self._kind = kind
        self._digest = hashlib.sha256()
        self._rows: list[bytes] = []
        self._refused: list[Malformed] = []
        self._waiting = 0
        self._is_open = False

    @property
    def content_hash(self) -> str:
        """SHA-256 of all that came."""
        return self._digest.hexdigest()

    async def read(self, data: AsyncIterable[bytes]) -> None:
        """All rows are in the job's table."""
        async for piece in data:
            self.size += len(piece)
            self._digest.update(piece)
            # Parsing is work for the processor: others have their turn meanwhile.
            await self._take(await asyncio.to_thread(self.scanner.feed, piece), len(piece))
        await self._take(await asyncio.to_thread(self.scanner.end), 0)
        await self._flush()

    async def _take(self, found: Scanned, size: int) -> None:
        self._rows += found.rows
        self._refused += found.refused
        self._waiting += size
        if self._waiting >= AT_ONCE:
            await self._flush()

    async def _flush(self) -> None:
        rows, refused = self._rows, self._refused
        self._rows, self._refused, self._waiting = [], [], 0

        async def work(tx: Tx) -> None:
            if not self._is_open:
                await open_stage(tx, self._job_id, self._kind)
            if rows:
                scanner = self.scanner
                delimiter = scanner.delimiter.decode()
                await copy_rows(tx, self._job_id, scanner.columns, delimiter, copied(rows))
            if refused:
                await copy_malformed(tx, self._job_id, refused)

        await self._database.run(work, actor_key=self._actor.key)
        self._is_open = True


async def _queue(tx: Tx, job_id: ImportJobId, file: ImportFile, taken: _Intake) -> ImportJob:
    """The new job, QUEUED; or its twin."""
    name = file.idempotency_key or f"{file.kind} {taken.content_hash}"
    await tx.connection.execute(alone(f"import:{tx.actor_key}:{name}"))
    twin = await _twin(tx, file, taken.content_hash)
    if twin is not None:
        return twin
    now = await tx.now()
    if file.as_of is not None and file.as_of > now:
        raise ValidationFailed("asOf", "is in the future")
    values: dict[str, Any] = {
        "id": job_id,
        "kind": file.kind.value,
        "status": JobStatus.QUEUED.value,
        "name": one_line("name", file.name, MAX_NAME),
        "content_hash": taken.content_hash,
        "size_bytes": taken.size,
        "as_of": file.as_of or now,
        "is_snapshot": file.as_of is not None,
        "requested_by": tx.actor_key,
        "idempotency_key": file.idempotency_key,
        "columns": list(taken.scanner.columns),
        "rows_read": taken.scanner.rows_read,
        **dict.fromkeys(COUNTS, 0),
        "created_at": now,
        "updated_at": now,
        "version": 1,
    }
    made = await tx.connection.execute(sa.insert(import_job).values(values).returning(*JOB_COLUMNS))
    job = job_of(made.one())
    await publish(tx, job_changed(job))
    return job


async def _twin(tx: Tx, file: ImportFile, content_hash: str) -> ImportJob | None:
    """The job that the same file made before, if it still stands for it.

    Raises:
        IdempotencyConflict: the key was used for another file.
    """
    c = import_job.c
    query = sa.select(*JOB_COLUMNS).where(c.requested_by == tx.actor_key)
    if file.idempotency_key is not None:
        query = query.where(
            c.idempotency_key == file.idempotency_key, c.status != JobStatus.FAILED.value
        )
    else:
        query = query.where(
            c.kind == file.kind.value,
            c.content_hash == content_hash,
            c.status.in_(UNFINISHED),
            c.is_snapshot == (file.as_of is not None),
        )
        if file.as_of is not None:
            query = query.where(c.as_of == file.as_of)
    row = (await tx.connection.execute(query.order_by(c.created_at).limit(1))).one_or_none()
    if row is None:
        return None
    job = job_of(row)
    said = (job.kind, job.content_hash, job.as_of if job.is_snapshot else None)
    if said != (file.kind, content_hash, file.as_of):
        raise IdempotencyConflict(file.idempotency_key or "")
    return job
