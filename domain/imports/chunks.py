"""One chunk of a job: who takes it, which of its rows are refused, and when it is done."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from domain.common.card_numbers import without_card_numbers
from domain.common.sql import insert_many
from domain.common.transaction import Tx
from domain.imports.model import COLUMNS, COUNTS, ImportJob, ImportKind, Tally
from domain.imports.staging import stage_of
from domain.imports.tables import import_chunk, import_job, import_refusal

_REFUSAL = ["job_id", "line", "reason", "row"]


class Disturbed(Exception):
    """Another transaction took or changed what a chunk was about to write: run the chunk again."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of a job that are applied together, or not at all."""

    number: int
    start: int
    stop: int


class Unfit(Exception):
    """A rule of the domain refuses something of a chunk as a whole: it must be applied in parts,
    and what cannot be divided is refused.
    """

    def __init__(self, chunk: Chunk, reason: str) -> None:
        super().__init__(reason)
        self.chunk = chunk
        self.reason = reason


@dataclass(frozen=True, slots=True)
class StagedRow:
    """A row of the file: its line, the values that are not empty, and why it cannot be applied."""

    line: int
    place: int
    values: Mapping[str, str]
    refusal: str | None

    def __getitem__(self, column: str) -> str:
        """The value of a column; empty when there is none."""
        return self.values.get(column, "")


@dataclass(frozen=True, slots=True)
class Refused:
    """A row of a chunk that is not applied, and why."""

    row: StagedRow
    reason: str


async def take_chunk(tx: Tx, job: ImportJob) -> Chunk | None:
    """The next chunk that nobody is at, locked; None when there is none left."""
    c = import_chunk.c
    query = (
        sa.select(c.number, c.start, c.stop)
        .where(c.job_id == job.id, c.done_at.is_(None))
        .order_by(c.number)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = (await tx.connection.execute(query)).one_or_none()
    return None if row is None else Chunk(*row)


async def end_chunk(tx: Tx, job: ImportJob, chunk: Chunk, tally: Tally) -> None:
    """The chunk is done, with that result."""
    c = import_chunk.c
    await tx.connection.execute(
        sa.update(import_chunk)
        .where(c.job_id == job.id, c.number == chunk.number)
        .values(done_at=sa.func.now(), **asdict(tally))
    )


async def part_with(tx: Tx, job: ImportJob, unfit: Unfit) -> None:
    """The chunk is two; or, when it is one order only, done, with all of its rows refused.

    Locks: the chunk, then the job.
    """
    c, chunk = import_chunk.c, unfit.chunk
    mine = sa.and_(c.job_id == job.id, c.number == chunk.number, c.done_at.is_(None))
    locked = sa.select(c.stop).where(mine).with_for_update()
    if await tx.connection.scalar(locked) != chunk.stop:
        return  # another process did it
    if chunk.stop - chunk.start > 1:
        alone = sa.select(import_job.c.id).where(import_job.c.id == job.id)
        await tx.connection.execute(alone.with_for_update(key_share=True))
        middle = (chunk.start + chunk.stop) // 2
        await tx.connection.execute(sa.update(import_chunk).where(mine).values(stop=middle))
        last = sa.select(sa.func.max(c.number)).where(c.job_id == job.id)
        half = {"job_id": job.id, "start": middle, "stop": chunk.stop}
        counts = dict.fromkeys(COUNTS, 0)
        number = await tx.connection.scalar(last)
        await tx.connection.execute(
            sa.insert(import_chunk).values(number=(number or 0) + 1, **half, **counts)
        )
        return
    rows = await rows_of_chunk(tx, job, chunk)
    await refuse(tx, job, [Refused(row, row.refusal or unfit.reason) for row in rows])
    await end_chunk(tx, job, chunk, Tally(quarantined=len(rows)))


def rows_in(job: ImportJob, name: str) -> str:
    """The condition, as SQL text, under which a row `name` of the job's table is in the chunk of
    the parameters `start` and `stop`: pages, or places for orders.
    """
    if job.kind is ImportKind.ORDERS:
        return f"{name}.place >= :start AND {name}.place < :stop"
    return (
        f"{name}.ctid >= CAST('(' || CAST(:start AS bigint) || ',0)' AS tid)"
        f" AND {name}.ctid < CAST('(' || CAST(:stop AS bigint) || ',0)' AS tid)"
    )


def said_by(job: ImportJob, name: str) -> str:
    """What a row `name` of the job's table says, as SQL text: a JSON object."""
    pairs = ", ".join(f"'{each}', {name}.{each}" for each in COLUMNS[job.kind].all)
    whole = f"jsonb_strip_nulls(jsonb_build_object({pairs}))"
    malformed = f"jsonb_build_object('line', {name}.said)"
    return f"CASE WHEN {name}.said IS NULL THEN {whole} ELSE {malformed} END"


async def rows_of_chunk(tx: Tx, job: ImportJob, chunk: Chunk) -> list[StagedRow]:
    """The rows of the chunk, in the order of the file."""
    query = (
        f"SELECT s.line, coalesce(s.place, 0), {said_by(job, 's')}, s.refusal "  # noqa: S608 -- names of ours
        f"FROM {stage_of(job.id)} AS s WHERE {rows_in(job, 's')} ORDER BY s.line"
    )
    typed = sa.text(query).columns(
        sa.column("line"), sa.column("place"), sa.column("said", JSONB), sa.column("refusal")
    )
    given = {"start": chunk.start, "stop": chunk.stop}
    found = await tx.connection.execute(typed, given)
    return [
        StagedRow(line, place, {n: v for n, v in said.items() if v.strip()}, refusal)
        for line, place, said, refusal in found
    ]


async def refuse(tx: Tx, job: ImportJob, refused: Sequence[Refused]) -> None:
    """The rows are in quarantine, as they were sent, but without card numbers."""
    if not refused:
        return
    rows: list[dict[str, Any]] = [
        {
            "job_id": job.id,
            "line": each.row.line,
            "reason": each.reason,
            "row": {name: without_card_numbers(text) for name, text in each.row.values.items()},
        }
        for each in refused
    ]
    await tx.connection.execute(insert_many(import_refusal, _REFUSAL, rows))
