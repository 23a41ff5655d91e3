"""Reading and writing transfers."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.errors import NotFound
from domain.common.ids import LocationId
from domain.common.sql import children, insert_many, upsert_many
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.identity.model import HEAD_OFFICE, Actor
from domain.identity.scope import at_work
from domain.transfers.events import transfer_changed
from domain.transfers.model import Transfer
from domain.transfers.tables import transfer, transfer_line

_TRANSFERS = TypeAdapter(list[Transfer])
_COLUMNS = [column.name for column in transfer.columns]
_LINE = [column.name for column in transfer_line.columns]


def may_see(actor: Actor, found: Transfer) -> bool:
    """Whether the actor works at one of its ends, or at head office."""
    ends = {found.source_id, found.destination_id}
    return actor.role in HEAD_OFFICE or any(actor.works_at(end) for end in ends)


def visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    """A condition on `transfer`: the rows that the actor may see."""
    return sa.or_(at_work(actor, transfer.c.source_id), at_work(actor, transfer.c.destination_id))


def _document() -> sa.ColumnElement[object]:
    lines = children(
        transfer_line, transfer_line.c.transfer_id == transfer.c.id, transfer_line.c.sku
    )
    return sa.func.to_jsonb(transfer.table_valued()).op("||")(
        sa.func.jsonb_build_object("lines", lines)
    )


async def transfer_by_id(
    connection: AsyncConnection, actor: Actor, transfer_id: UUID
) -> Transfer | None:
    """The transfer, if the actor may see it."""
    found = await connection.scalars(
        sa.select(_document()).where(transfer.c.id == transfer_id, visible_to(actor))
    )
    return next(iter(_TRANSFERS.validate_python(found.all())), None)


async def transfers_at(
    connection: AsyncConnection, actor: Actor, location_id: LocationId, limit: int
) -> Sequence[Transfer]:
    """The newest transfers from or to a location that the actor may see."""
    ends = sa.or_(transfer.c.source_id == location_id, transfer.c.destination_id == location_id)
    found = await connection.scalars(
        sa.select(_document())
        .where(ends, visible_to(actor))
        .order_by(transfer.c.created_at.desc(), transfer.c.id.desc())
        .limit(limit)
    )
    return _TRANSFERS.validate_python(found.all())


async def locked_transfer(connection: AsyncConnection, transfer_id: UUID) -> Transfer:
    """The transfer as of now, its row locked FOR NO KEY UPDATE. Two statements, so that the lines
    are read after the lock was obtained.

    Raises:
        NotFound: there is no such transfer.
    """
    row = sa.select(transfer.c.id).where(transfer.c.id == transfer_id)
    if await connection.scalar(row.with_for_update(key_share=True)) is None:
        raise NotFound("transfer", str(transfer_id))
    found = await connection.scalars(sa.select(_document()).where(transfer.c.id == transfer_id))
    return _TRANSFERS.validate_python(found.all())[0]


async def store(tx: Tx, saved: Transfer) -> Transfer:
    """The transfer itself, written whole; its event is published."""
    row: dict[str, Any] = {name: getattr(saved, name) for name in _COLUMNS}
    lines = [{"transfer_id": saved.id, **asdict(line)} for line in saved.lines]
    changing = ["state", "shipped_at", "expected_at", "received_at", "version"]
    if saved.version == 1:
        await tx.connection.execute(insert_many(transfer, _COLUMNS, [row]))
    else:
        await tx.connection.execute(upsert_many(transfer, _COLUMNS, changing, [row]))
    await tx.connection.execute(upsert_many(transfer_line, _LINE, ["received"], lines))
    await publish(tx, transfer_changed(saved))
    return saved
