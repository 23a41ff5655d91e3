"""Enrolling a device: it gets a long-lived key, shown once."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from domain.common.card_numbers import check_no_card_number
from domain.common.errors import Forbidden, NotFound, ValidationFailed
from domain.common.faults import constraint_of
from domain.common.idempotency import once
from domain.common.ids import DeviceId, LocationId, new_id
from domain.common.texts import needed_line
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.identity import repository
from domain.identity.device import DEVICE_ROLES, SECRET_BYTES, Device, DeviceKey
from domain.identity.events import device_enrolled
from domain.identity.model import Actor, Role

MAX_NAME = 100
_ENROLLERS = frozenset({Role.ADMIN, Role.OPERATIONS, Role.STORE_MANAGER})


@dataclass(frozen=True, slots=True)
class EnrollDevice:
    """Ask for a key for a device that stands at a location. Without `expires_at` it lasts."""

    idempotency_key: str
    name: str
    role: Role
    location_id: LocationId
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The device, and its key when it was made just now: it is nowhere else to be had."""

    device: Device
    key: DeviceKey | None


async def enroll_device(tx: Tx, actor: Actor, command: EnrollDevice) -> Enrolled:
    """The device with its new key; a repeated command gets the same device without the key.

    Raises:
        ValidationFailed: the name, role or expiry is not acceptable.
        Forbidden: the actor does not manage devices of this location.
        NotFound: there is no such location.
        IdempotencyConflict: the key of the command was used with another input.
    """
    _check(actor, command)
    made: list[DeviceKey] = []

    async def work() -> Device:
        device, key = await _new_device(tx, command)
        made.append(key)
        await _store(tx, device, key)
        return device

    device = await once(tx, "enroll_device", command, Device, work)
    return Enrolled(device, made[0] if made else None)


def _check(actor: Actor, command: EnrollDevice) -> None:
    check_no_card_number("name", needed_line("name", command.name, MAX_NAME))
    if command.role not in DEVICE_ROLES:
        raise ValidationFailed("role", "must be POS or WAREHOUSE")
    if actor.role not in _ENROLLERS or not actor.works_at(command.location_id):
        raise Forbidden("not allowed to enroll devices of this location")


async def _new_device(tx: Tx, command: EnrollDevice) -> tuple[Device, DeviceKey]:
    now = await tx.now()
    if command.expires_at is not None and command.expires_at <= now:
        raise ValidationFailed("expiresAt", "must be in the future")
    device_id = DeviceId(new_id())
    key = DeviceKey.make(command.role, device_id, secrets.token_bytes(SECRET_BYTES))
    device = Device(
        id=device_id,
        name=needed_line("name", command.name, MAX_NAME),
        role=command.role,
        location_id=command.location_id,
        key_prefix=key.prefix,
        enrolled_by=tx.actor_key,
        enrolled_at=now,
        expires_at=command.expires_at,
        last_seen_at=None,
        revoked_at=None,
        version=1,
    )
    return device, key


async def _store(tx: Tx, device: Device, key: DeviceKey) -> None:
    try:
        await repository.add(tx.connection, device, key)
    except IntegrityError as error:
        if constraint_of(error) == "fk_device_location_id":
            raise NotFound("location", str(device.location_id)) from error
        raise
    await publish(tx, device_enrolled(device))
