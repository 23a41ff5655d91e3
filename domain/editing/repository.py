"""Statements over edits of orders."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.editing.model import EditState, StoredEdit
from domain.editing.tables import order_edit

_STORED = TypeAdapter(StoredEdit)
_JSON = ("edit", "shortage")


async def insert_edit(connection: AsyncConnection, edit: StoredEdit) -> None:
    """The edit is stored."""
    await connection.execute(sa.insert(order_edit).values(**_row(edit)))


async def update_edit(connection: AsyncConnection, edit: StoredEdit) -> None:
    """The stored edit is as given; its row must be locked."""
    change = sa.update(order_edit).where(order_edit.c.id == edit.id)
    await connection.execute(change.values(**_row(edit)))


async def edit_by_id(connection: AsyncConnection, edit_id: UUID) -> StoredEdit:
    """The edit of that id; it must exist."""
    return await _one(connection, sa.select(order_edit).where(order_edit.c.id == edit_id))


async def locked_edit(connection: AsyncConnection, edit_id: UUID) -> StoredEdit:
    """The edit of that id, its row locked FOR NO KEY UPDATE. Lock its order before."""
    query = sa.select(order_edit).where(order_edit.c.id == edit_id)
    return await _one(connection, query.with_for_update(key_share=True))


async def unfinished(connection: AsyncConnection, limit: int) -> Sequence[StoredEdit]:
    """Edits that nobody finished in time, or whose authorisation is to be voided."""
    c = order_edit.c
    late = sa.and_(c.state == EditState.PENDING.value, c.apply_until <= sa.func.now())
    query = sa.select(order_edit).where(sa.or_(late, c.state == EditState.LETTING_GO.value))
    rows = await connection.execute(query.order_by(c.apply_until).limit(limit))
    return [_STORED.validate_python(dict(row)) for row in rows.mappings()]


async def _one(connection: AsyncConnection, query: sa.Select[Any]) -> StoredEdit:
    row = (await connection.execute(query)).mappings().one()
    return _STORED.validate_python(dict(row))


def _row(edit: StoredEdit) -> dict[str, Any]:
    parts = _STORED.dump_python(edit, mode="json", include=set(_JSON))
    plain = {field.name: getattr(edit, field.name) for field in fields(edit)}
    return plain | parts
