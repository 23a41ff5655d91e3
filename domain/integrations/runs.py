"""The book of imports: what each run added, and which rows it refused."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.ids import new_id
from domain.common.sql import insert_many
from domain.common.transaction import Tx
from domain.integrations.reading import Rejected
from domain.integrations.tables import import_quarantine, import_run

Refusal = tuple[str, int, str]
"""File, line and reason."""

_LOCK = sa.text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
_UNLOCK = sa.text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))")


async def known_refusals(connection: AsyncConnection, kind: str, source: str) -> set[Refusal]:
    """What earlier runs of the kind refused of that source."""
    c = import_quarantine.c
    found = await connection.execute(
        sa.select(c.file, c.line, c.reason)
        .join(import_run, import_run.c.id == c.run_id)
        .where(import_run.c.kind == kind, import_run.c.source == source)
    )
    return {(row.file, row.line, row.reason) for row in found}


async def begin_run(tx: Tx, kind: str, source: str) -> UUID:
    """The id of a run that began now."""
    run_id = new_id()
    await tx.connection.execute(
        sa.insert(import_run).values(
            id=run_id, kind=kind, source=source, started_at=await tx.now(), counts={}
        )
    )
    return run_id


async def quarantine(tx: Tx, run_id: UUID, refused: Sequence[Rejected]) -> None:
    """The refused rows are kept with the run."""
    rows = [
        {
            "run_id": run_id,
            "file": each.file,
            "line": each.line,
            "reason": each.reason,
            "row": {name: value.replace("\0", "") for name, value in each.row.items()},
        }
        for each in refused
    ]
    columns = ["run_id", "file", "line", "reason", "row"]
    await tx.connection.execute(insert_many(import_quarantine, columns, rows))


async def end_run(tx: Tx, run_id: UUID, counts: Mapping[str, int]) -> None:
    """The run has ended, with these counts of what is new."""
    await tx.connection.execute(
        sa.update(import_run)
        .where(import_run.c.id == run_id)
        .values(finished_at=sa.func.now(), counts=dict(counts))
    )


async def lock_out_others(connection: AsyncConnection, kind: str) -> bool:
    """Whether this session alone runs imports of the kind from now on, until `unlock`."""
    return bool(await connection.scalar(_LOCK, {"name": f"import:{kind}"}))


async def unlock(connection: AsyncConnection, kind: str) -> None:
    """Others may import; the inverse of `lock_out_others`, in the same session."""
    await connection.execute(_UNLOCK, {"name": f"import:{kind}"})
