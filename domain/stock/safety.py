"""Safety stock: units of a level that are never promised."""

from dataclasses import dataclass
from functools import cache

from domain.common.errors import Forbidden, ValidationFailed
from domain.common.idempotency import once
from domain.common.ids import LocationId, Sku
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.stock.model import MAX_QUANTITY, Demand, ReservationState
from domain.stock.posting import (
    NONE,
    Statement,
    change,
    end_reservations,
    given_demand,
    ground,
    post,
    record_movements,
    statement,
)
from domain.stock.receive import ChangedLevels, open_levels


@dataclass(frozen=True, slots=True)
class SetSafetyStock:
    """So many units of the SKU are never to be promised from the location."""

    idempotency_key: str
    sku: Sku
    location_id: LocationId
    safety: int
    expected_version: int | None = None


async def set_safety_stock(tx: Tx, actor: Actor, command: SetSafetyStock) -> ChangedLevels:
    """The level with its new safety stock; one is opened where there was none.

    What was promised already stays promised, even if less than the safety stock remains. Locks the
    level.

    Raises:
        Forbidden: the actor does not work there. NotFound: no such location or SKU.
        VersionConflict: the level has another version. IdempotencyConflict: see `once`.
        ValidationFailed: the quantity is out of range, or the SKU is a kit.
    """
    if not actor.works_at(command.location_id):
        raise Forbidden("you do not work at this location")
    if not 0 <= command.safety <= MAX_QUANTITY:
        raise ValidationFailed("safetyStock", f"must be 0 to {MAX_QUANTITY}")

    async def work() -> ChangedLevels:
        await open_levels(tx, [Demand(command.sku, command.location_id, 1)])
        row = {
            "location_id": str(command.location_id),
            "sku": command.sku,
            "quantity": command.safety,
            "expected_version": command.expected_version,
        }
        return ChangedLevels(tuple(await post(tx, _set(), [row], reference="setSafetyStock")))

    return await once(tx, "setSafetyStock", command, ChangedLevels, work)


@cache
def _set() -> Statement:
    at = ground(given_demand())
    judged = at.judged(requested=NONE, available=NONE)
    changed = change(judged, {}, {"safety": judged.c.quantity})
    return statement(
        judged,
        changed,
        end_reservations(at, changed, ReservationState.RELEASED),
        record_movements(changed),
    )
