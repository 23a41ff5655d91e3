"""Reading and writing waves. Orders are locked before waves, waves after stock levels."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.errors import NotFound
from domain.common.ids import LocationId, OrderId, WaveId
from domain.common.paging import Keyset, Page, PageRequest, page_of
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.fulfillment.events import wave_changed
from domain.fulfillment.tables import wave
from domain.fulfillment.wave import Wave, WaveStatus, over_if_done
from domain.identity.model import Actor
from domain.identity.scope import at_work
from domain.orders.tables import fulfillment_order

_WAVES = TypeAdapter(list[Wave])
_COLUMNS = [column.name for column in wave.columns]
_CHANGING = ["status", "pick_list_id", "started_at", "ended_at", "version"]
WAITING = ["RELEASED", "PICKING"]
"""Statuses of work that a picker still has to walk for."""


async def wave_by_id(connection: AsyncConnection, actor: Actor, wave_id: UUID) -> Wave | None:
    """The wave, if the actor works at its location."""
    query = sa.select(_document()).where(wave.c.id == wave_id, at_work(actor, wave.c.location_id))
    return next(iter(await _read(connection, query)), None)


async def waves_at(
    connection: AsyncConnection,
    actor: Actor,
    location_id: LocationId,
    statuses: Collection[WaveStatus] | None,
    request: PageRequest,
) -> Page[Wave]:
    """A page of the location's waves, the newest first; of these statuses if given."""
    query = sa.select(_document()).where(*_wanted(actor, location_id, statuses))
    if request.after is not None:
        place = sa.tuple_(wave.c.created_at, wave.c.id)
        query = query.where(place < sa.tuple_(request.after.at, request.after.id))
    query = query.order_by(wave.c.created_at.desc(), wave.c.id.desc()).limit(request.first + 1)
    found = await _read(connection, query)
    return page_of(found, request, lambda each: Keyset(each.created_at, each.id))


async def count_waves(
    connection: AsyncConnection,
    actor: Actor,
    location_id: LocationId,
    statuses: Collection[WaveStatus] | None,
) -> int:
    """How many entries the whole list of `waves_at` has."""
    query = sa.select(sa.func.count()).select_from(wave)
    return await connection.scalar(query.where(*_wanted(actor, location_id, statuses))) or 0


async def orders_of_wave(connection: AsyncConnection, wave_id: WaveId) -> list[OrderId]:
    """The orders whose works are in the wave, sorted: the order in which they are locked."""
    c = fulfillment_order.c
    query = sa.select(c.order_id).where(c.wave_id == wave_id).distinct()
    return sorted(OrderId(each) for each in await connection.scalars(query))


async def locked_wave(connection: AsyncConnection, wave_id: WaveId) -> Wave:
    """The wave as of now, its row locked FOR NO KEY UPDATE.

    Raises:
        NotFound: there is no such wave.
    """
    query = sa.select(_document()).where(wave.c.id == wave_id)
    found = await _read(connection, query.with_for_update(key_share=True, of=wave))
    if not found:
        raise NotFound("wave", str(wave_id))
    return found[0]


async def create(tx: Tx, new: Wave) -> Wave:
    """The new wave, stored; its event is published."""
    await tx.connection.execute(sa.insert(wave).values({n: getattr(new, n) for n in _COLUMNS}))
    await publish(tx, wave_changed(new))
    return new


async def save(tx: Tx, after: Wave) -> Wave:
    """The locked wave with its next version, stored; its event is published."""
    saved = replace(after, version=after.version + 1)
    values = {name: getattr(saved, name) for name in _CHANGING}
    await tx.connection.execute(sa.update(wave).where(wave.c.id == saved.id).values(values))
    await publish(tx, wave_changed(saved))
    return saved


async def end_if_done(tx: Tx, wave_id: WaveId) -> bool:
    """Whether the wave has ended now, because none of its works waits to be picked.

    Locks: the wave. Works that two transactions finish at once are counted after the lock, so the
    second one sees both.
    """
    before = await locked_wave(tx.connection, wave_id)
    after = await counted(tx, before)
    if after == before:
        return False
    await save(tx, after)
    return True


async def counted(tx: Tx, before: Wave) -> Wave:
    """The locked wave, over when none of its works waits to be picked. Not saved."""
    c = fulfillment_order.c
    query = sa.select(sa.func.count(), sa.func.count().filter(c.status.in_(WAITING))).where(
        c.wave_id == before.id
    )
    works, waiting = (await tx.connection.execute(query)).one()
    return over_if_done(before, works=works, waiting=waiting, now=await tx.now())


async def finished_waves(connection: AsyncConnection, limit: int) -> Sequence[WaveId]:
    """Waves that have not ended although none of their works waits."""
    c = fulfillment_order.c
    waits = sa.exists().where(c.wave_id == wave.c.id, c.status.in_(WAITING))
    query = sa.select(wave.c.id).where(wave.c.ended_at.is_(None), ~waits).limit(limit)
    return [WaveId(each) for each in await connection.scalars(query)]


def _document() -> sa.ColumnElement[object]:
    return sa.func.to_jsonb(wave.table_valued())


async def _read(connection: AsyncConnection, query: sa.Select[Any]) -> list[Wave]:
    return _WAVES.validate_python((await connection.scalars(query)).all())


def _wanted(
    actor: Actor, location_id: LocationId, statuses: Collection[WaveStatus] | None
) -> Sequence[sa.ColumnElement[bool]]:
    found = [wave.c.location_id == location_id, at_work(actor, wave.c.location_id)]
    if statuses is not None:
        found.append(wave.c.status.in_([status.value for status in statuses]))
    return found
