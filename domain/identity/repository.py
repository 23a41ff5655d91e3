"""Statements on devices and revoked sessions. What an actor may not see is not selected."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.ids import DeviceId, LocationId
from domain.common.paging import Keyset, Page, PageRequest, page_of
from domain.identity.device import Device, DeviceKey
from domain.identity.model import Actor, Role
from domain.identity.tables import device as devices
from domain.identity.tables import revoked_session as revoked

_COLUMNS = [column for column in devices.c if column.name != "key_hash"]
_ALL_DEVICES = frozenset({Role.ADMIN, Role.OPERATIONS})


def visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    """The condition on `device` for what this actor may see and manage."""
    if actor.role in _ALL_DEVICES:
        return sa.true()
    if actor.role is Role.STORE_MANAGER:
        return devices.c.location_id.in_(actor.location_ids)
    return sa.false()


async def add(connection: AsyncConnection, device: Device, key: DeviceKey) -> None:
    """The device is stored with the hash of its key.

    Raises:
        IntegrityError: constraint `fk_device_location_id`, when there is no such location.
    """
    await connection.execute(
        sa.insert(devices).values(
            id=device.id,
            name=device.name,
            role=device.role.value,
            location_id=device.location_id,
            key_hash=key.sha256,
            key_prefix=device.key_prefix,
            enrolled_by=device.enrolled_by,
            enrolled_at=device.enrolled_at,
            expires_at=device.expires_at,
            version=device.version,
        )
    )


async def lock(connection: AsyncConnection, device_id: DeviceId, actor: Actor) -> Device | None:
    """The device, its row locked; None when it does not exist or is not the actor's."""
    query = (
        sa.select(*_COLUMNS)
        .where(devices.c.id == device_id, visible_to(actor))
        .with_for_update(key_share=True)
    )
    row = (await connection.execute(query)).one_or_none()
    return _device(row) if row else None


async def by_ids(
    connection: AsyncConnection, ids: Sequence[DeviceId], actor: Actor
) -> dict[DeviceId, Device]:
    """Those of the devices that the actor may see."""
    query = sa.select(*_COLUMNS).where(devices.c.id.in_(ids), visible_to(actor))
    found = [_device(row) for row in await connection.execute(query)]
    return {device.id: device for device in found}


async def page(connection: AsyncConnection, request: PageRequest, actor: Actor) -> Page[Device]:
    """The actor's devices, newest first."""
    query = (
        sa.select(*_COLUMNS)
        .where(visible_to(actor))
        .order_by(devices.c.enrolled_at.desc(), devices.c.id.desc())
        .limit(request.first + 1)
    )
    if after := request.after:
        place = sa.tuple_(devices.c.enrolled_at, devices.c.id)
        query = query.where(place < sa.tuple_(sa.literal(after.at), sa.literal(after.id)))
    found = [_device(row) for row in await connection.execute(query)]
    return page_of(found, request, lambda device: Keyset(device.enrolled_at, device.id))


async def count(connection: AsyncConnection, actor: Actor) -> int:
    """How many devices the actor may see."""
    query = sa.select(sa.func.count()).select_from(devices).where(visible_to(actor))
    return (await connection.execute(query)).scalar_one()


async def set_revoked(connection: AsyncConnection, device_id: DeviceId, at: datetime) -> None:
    """The key is dead and the version one higher. The row must be locked."""
    await connection.execute(
        sa.update(devices)
        .where(devices.c.id == device_id)
        .values(revoked_at=at, version=devices.c.version + 1)
    )


async def use_key(connection: AsyncConnection, key: DeviceKey) -> Device | None:
    """The device of a good key, marked as seen now; None when the key opens nothing.

    Being seen is no change of the device: the version stays and no event is written.
    """
    query = (
        sa.update(devices)
        .where(
            devices.c.id == key.device_id,
            devices.c.key_hash == key.sha256,
            devices.c.revoked_at.is_(None),
            sa.func.coalesce(devices.c.expires_at > sa.func.now(), sa.true()),
        )
        .values(last_seen_at=sa.func.now())
        .returning(*_COLUMNS)
    )
    row = (await connection.execute(query)).one_or_none()
    return _device(row) if row else None


async def add_revoked(
    connection: AsyncConnection, session_id: UUID, at: datetime, keep_for: timedelta
) -> datetime | None:
    """The session is among the revoked ones; if it was before, the moment when it became so."""
    query = (
        insert(revoked)
        .values(session_id=session_id, revoked_at=at, keep_until=at + keep_for)
        .on_conflict_do_nothing()
        .returning(revoked.c.session_id)
    )
    if (await connection.execute(query)).first() is not None:
        return None
    earlier = sa.select(revoked.c.revoked_at).where(revoked.c.session_id == session_id)
    return (await connection.execute(earlier)).scalar_one()


async def forget_revoked(connection: AsyncConnection, before: datetime) -> None:
    """Revoked sessions whose last token expired before then are no longer kept."""
    await connection.execute(sa.delete(revoked).where(revoked.c.keep_until < before))


async def revoked_sessions(connection: AsyncConnection, limit: int) -> Sequence[UUID]:
    """The revoked sessions that may still have tokens, newest first."""
    query = (
        sa.select(revoked.c.session_id)
        .where(revoked.c.keep_until >= sa.func.now())
        .order_by(revoked.c.revoked_at.desc())
        .limit(limit)
    )
    return (await connection.scalars(query)).all()


async def any_revoked(connection: AsyncConnection, session_ids: Sequence[UUID]) -> bool:
    """Whether one of these sessions was revoked."""
    query = sa.select(sa.exists().where(revoked.c.session_id.in_(session_ids)))
    return (await connection.execute(query)).scalar_one()


def _device(row: sa.Row[Any]) -> Device:
    return Device(
        id=DeviceId(row.id),
        name=row.name,
        role=Role(row.role),
        location_id=LocationId(row.location_id),
        key_prefix=row.key_prefix,
        enrolled_by=row.enrolled_by,
        enrolled_at=row.enrolled_at,
        expires_at=row.expires_at,
        last_seen_at=row.last_seen_at,
        revoked_at=row.revoked_at,
        version=row.version,
    )
