"""Ending sessions before their time: a device with all its tokens, or one token."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.common.errors import Forbidden, NotFound, check_version
from domain.common.idempotency import once
from domain.common.ids import DeviceId
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.identity import repository
from domain.identity.device import Device
from domain.identity.events import session_revoked
from domain.identity.model import Actor, Role

MAX_TOKEN_LIFE = timedelta(days=31)
"""Tokens that live longer are not accepted, so a revoked session can be forgotten after this."""


@dataclass(frozen=True, slots=True)
class RevokeDevice:
    """Ask that a device's key and tokens stop working."""

    idempotency_key: str
    device_id: DeviceId
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class RevokeSession:
    """Ask that one token (by its `jti`) stops working."""

    idempotency_key: str
    token_id: UUID


@dataclass(frozen=True, slots=True)
class RevokedSession:
    """A token that is refused from now on."""

    token_id: UUID
    revoked_at: datetime


async def revoke_device(tx: Tx, actor: Actor, command: RevokeDevice) -> Device:
    """The device, revoked; nothing changes when it was revoked before. Locks its row.

    Raises:
        NotFound: there is no such device, or the actor does not manage it.
        VersionConflict: the device is at another version than expected.
        IdempotencyConflict: the key of the command was used with another input.
    """

    async def work() -> Device:
        device = await repository.lock(tx.connection, command.device_id, actor)
        if device is None:
            raise NotFound("device", str(command.device_id))
        check_version(command.expected_version, device.version)
        return device if device.revoked_at else await _revoke(tx, device)

    return await once(tx, "revoke_device", command, Device, work)


async def _revoke(tx: Tx, device: Device) -> Device:
    now = await tx.now()
    revoked = replace(device, revoked_at=now, version=device.version + 1)
    await repository.set_revoked(tx.connection, device.id, now)
    await repository.add_revoked(tx.connection, device.id, now, MAX_TOKEN_LIFE)
    await repository.forget_revoked(tx.connection, now)
    await publish(tx, session_revoked(device.id, revoked.version, now + MAX_TOKEN_LIFE))
    return revoked


async def revoke_session(tx: Tx, actor: Actor, command: RevokeSession) -> RevokedSession:
    """The token, refused from now on; nothing changes when it was revoked before.

    Raises:
        Forbidden: the actor is not an ADMIN.
        IdempotencyConflict: the key of the command was used with another input.
    """
    if actor.role is not Role.ADMIN:
        raise Forbidden("only ADMIN may revoke sessions")

    async def work() -> RevokedSession:
        now = await tx.now()
        before = await repository.add_revoked(tx.connection, command.token_id, now, MAX_TOKEN_LIFE)
        if before is None:
            await repository.forget_revoked(tx.connection, now)
            await publish(tx, session_revoked(command.token_id, 1, now + MAX_TOKEN_LIFE))
        return RevokedSession(command.token_id, before or now)

    return await once(tx, "revoke_session", command, RevokedSession, work)
