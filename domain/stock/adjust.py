"""People correct the books: counts, losses, finds, and goods that cannot be sold."""

from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa

from domain.common.errors import Forbidden, ValidationFailed
from domain.common.idempotency import once
from domain.common.ids import LocationId, Sku
from domain.common.texts import one_line
from domain.common.transaction import Tx
from domain.identity.model import Actor, Role
from domain.stock.allocation import move
from domain.stock.model import (
    MAX_QUANTITY,
    MAX_REFERENCE,
    AdjustmentReason,
    Bucket,
    Demand,
    Level,
    MovementReason,
    ReservationState,
    check_adjustment,
)
from domain.stock.posting import (
    Statement,
    change,
    end_reservations,
    free_of,
    given_demand,
    ground,
    movement,
    post,
    record_movements,
    statement,
)
from domain.stock.receive import ChangedLevels, open_levels

REASONS_AT_THE_TILL = frozenset({AdjustmentReason.DAMAGE, AdjustmentReason.DISPLAY})
"""What a POS may adjust."""


@dataclass(frozen=True, slots=True)
class Move:
    """Units go from one bucket to another."""

    source: Bucket
    target: Bucket
    quantity: int


@dataclass(frozen=True, slots=True)
class Count:
    """So many units were counted on hand, sellable or not, claimed or not."""

    counted: int


@dataclass(frozen=True, slots=True)
class AdjustStock:
    """A correction of one level; `reference` says where it comes from."""

    idempotency_key: str
    sku: Sku
    location_id: LocationId
    reason: AdjustmentReason
    change: Move | Count
    reference: str
    expected_version: int | None = None


def delta(units: int) -> Move:
    """The move of a signed difference: what is more came from outside, what is less went there."""
    if units > 0:
        return Move(Bucket.EXTERNAL, Bucket.FREE, units)
    return Move(Bucket.FREE, Bucket.EXTERNAL, -units)


async def adjust_stock(tx: Tx, actor: Actor, command: AdjustStock) -> ChangedLevels:
    """The level after the correction, which opens one where there was none.

    Locks the level.

    Raises:
        Forbidden: the actor does not work there, or is a POS and the reason is not for it.
        NotFound: no such location or SKU. VersionConflict: the level has another version.
        InsufficientStock: fewer units are in the source bucket, or counted than are claimed.
        ValidationFailed: a quantity is out of range, the reason does not fit, or it is a kit.
        IdempotencyConflict: see `once`.
    """
    if not actor.works_at(command.location_id):
        raise Forbidden("you do not work at this location")
    if actor.role is Role.POS and command.reason not in REASONS_AT_THE_TILL:
        raise Forbidden(f"a POS does not adjust for {command.reason}")
    _check(command)

    async def work() -> ChangedLevels:
        await open_levels(tx, [Demand(command.sku, command.location_id, 1)])
        match command.change:
            case Move() as moved:
                return ChangedLevels(tuple(await _move(tx, command, moved)))
            case Count(counted):
                return ChangedLevels(tuple(await _count(tx, command, counted)))

    return await once(tx, "adjustStock", command, ChangedLevels, work)


def _check(command: AdjustStock) -> None:
    match command.change:
        case Move(source, target, quantity):
            if not 1 <= quantity <= MAX_QUANTITY:
                raise ValidationFailed("change", f"must be 1 to {MAX_QUANTITY} units")
            check_adjustment(command.reason, source, target)
        case Count(counted):
            if not 0 <= counted <= MAX_QUANTITY:
                raise ValidationFailed("change.count", f"must be 0 to {MAX_QUANTITY}")
            if command.reason not in (AdjustmentReason.COUNT, AdjustmentReason.CORRECTION):
                raise ValidationFailed("reason", "of a count must be COUNT or CORRECTION")


async def _move(tx: Tx, command: AdjustStock, moved: Move) -> list[Level]:
    demand = Demand(command.sku, command.location_id, moved.quantity, command.expected_version)
    reason = MovementReason(command.reason)
    return await move(tx, moved.source, moved.target, [demand], reason, _reference(command))


async def _count(tx: Tx, command: AdjustStock, counted: int) -> list[Level]:
    row = {
        "location_id": str(command.location_id),
        "sku": command.sku,
        "quantity": counted,
        "expected_version": command.expected_version,
    }
    return await post(
        tx, _counted(), [row], reason=command.reason.value, reference=_reference(command)
    )


def _reference(command: AdjustStock) -> str:
    return one_line("reference", command.reference, MAX_REFERENCE)


@cache
def _counted() -> Statement:
    at = ground(given_demand())
    missing = at.locked.c.on_hand - at.demand.c.quantity
    judged = at.judged(requested=missing, available=free_of(at.locked) + at.lapsed)
    changed = change(judged, {"on_hand": -judged.c.requested}, {"counted_at": sa.func.now()})
    missed = changed.c.requested
    return statement(
        judged,
        changed,
        end_reservations(at, changed, ReservationState.RELEASED),
        record_movements(
            changed,
            movement(changed, Bucket.FREE, Bucket.EXTERNAL, missed),
            movement(changed, Bucket.EXTERNAL, Bucket.FREE, -missed),
        ),
    )
