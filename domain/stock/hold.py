"""Holds: units kept for a cart until it is paid for, given back, or its time is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from domain.catalog.tables import kit_component, variant
from domain.common.errors import Forbidden, NotFound, ValidationFailed
from domain.common.idempotency import once
from domain.common.ids import LocationId, Sku, new_id
from domain.common.sql import among
from domain.common.transaction import Tx
from domain.identity.model import Actor, Role
from domain.locations.tables import channel_location
from domain.stock.allocation import release, reserve
from domain.stock.model import MAX_QUANTITY, Demand, HoldId, Level, aggregate, explode
from domain.stock.tables import reservation

MAX_LINES = 100
MAX_TTL_S = 3600


@dataclass(frozen=True, slots=True)
class ReserveStock:
    """Units wanted for a cart; lines may name kits."""

    idempotency_key: str
    lines: tuple[Demand, ...]
    ttl_s: int


@dataclass(frozen=True, slots=True)
class Hold:
    """What is kept, until when; one entry per SKU and location, kits as their components."""

    id: HoldId
    expires_at: datetime
    reserved: tuple[Demand, ...]


@dataclass(frozen=True, slots=True)
class ReleaseReservation:
    """The cart needs its units no more."""

    idempotency_key: str
    hold_id: HoldId


@dataclass(frozen=True, slots=True)
class ReleasedHold:
    """A hold that is over, and the levels that got units back: none if its time was over before."""

    id: HoldId
    levels: tuple[Level, ...]


def hold_owner(actor: Actor, hold_id: HoldId) -> str:
    """The name under which the hold's reservations are kept: no other caller can name them."""
    return f"cart:{actor.key}:{hold_id}"


async def reserve_stock(tx: Tx, actor: Actor, command: ReserveStock) -> Hold:
    """The caller's hold of all lines; of none if one cannot be met.

    Locks the levels in (location_id, sku) order.

    Raises:
        InsufficientStock: fewer units are available to promise than all lines together want.
        NotFound: no such SKU. Forbidden: a location does not serve the channels of the caller.
        ValidationFailed: lines, quantities or time out of range. IdempotencyConflict: see `once`.
    """
    _check(command)

    async def work() -> Hold:
        if actor.role is Role.CHANNEL:
            await _check_channels(tx, actor, {line.location_id for line in command.lines})
        demands = explode(command.lines, await _kits(tx, command.lines))
        hold_id, ttl = HoldId(new_id()), timedelta(seconds=command.ttl_s)
        levels = await reserve(tx, demands, owner=hold_owner(actor, hold_id), ttl=ttl)
        kept = aggregate(demands)
        return Hold(hold_id, levels[0].updated_at + ttl, tuple(kept))

    return await once(tx, "reserveStock", command, Hold, work)


async def release_reservation(tx: Tx, actor: Actor, command: ReleaseReservation) -> ReleasedHold:
    """The hold, over; its units are free again.

    Locks the levels in (location_id, sku) order.

    Raises:
        NotFound: the caller has no such hold. IdempotencyConflict: see `once`.
    """

    async def work() -> ReleasedHold:
        owner = hold_owner(actor, command.hold_id)
        levels = await release(tx, owner=owner)
        if not levels:
            known = sa.select(sa.exists().where(reservation.c.owner == owner))
            if not await tx.connection.scalar(known):
                raise NotFound("reservation", str(command.hold_id))
        return ReleasedHold(command.hold_id, tuple(levels))

    return await once(tx, "releaseReservation", command, ReleasedHold, work)


def _check(command: ReserveStock) -> None:
    if not 1 <= len(command.lines) <= MAX_LINES:
        raise ValidationFailed("lines", f"must be 1 to {MAX_LINES}")
    if not 1 <= command.ttl_s <= MAX_TTL_S:
        raise ValidationFailed("ttlSeconds", f"must be 1 to {MAX_TTL_S}")
    for line in command.lines:
        if not 1 <= line.quantity <= MAX_QUANTITY:
            raise ValidationFailed("lines.quantity", f"must be 1 to {MAX_QUANTITY}")


async def _kits(tx: Tx, lines: Sequence[Demand]) -> dict[Sku, dict[Sku, int]]:
    """The components of those lines that are kits."""
    query = (
        sa.select(variant.c.sku, kit_component.c.component_sku, kit_component.c.quantity)
        .outerjoin(kit_component, kit_component.c.kit_sku == variant.c.sku)
        .where(among(variant.c.sku, {line.sku for line in lines}))
    )
    rows = (await tx.connection.execute(query)).all()
    known = {row.sku for row in rows}
    for line in lines:
        if line.sku not in known:
            raise NotFound("variant", line.sku)
    kits: dict[Sku, dict[Sku, int]] = {}
    for sku, component, quantity in rows:
        if component is not None:
            kits.setdefault(sku, {})[component] = quantity
    return kits


async def _check_channels(tx: Tx, actor: Actor, wanted: set[LocationId]) -> None:
    query = sa.select(channel_location.c.location_id).where(
        among(channel_location.c.channel, actor.channel_codes),
        among(channel_location.c.location_id, wanted),
    )
    if wanted - set(await tx.connection.scalars(query)):
        raise Forbidden("a location does not serve your channels")
