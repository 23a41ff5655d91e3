"""Stock in buckets, what can be promised of it, and kits. Pure values and rules."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.common.errors import ValidationFailed
from domain.common.ids import LocationId, Sku

StockLevelId = NewType("StockLevelId", UUID)
HoldId = NewType("HoldId", UUID)
MAX_QUANTITY = 1_000_000
"""Units that one line of a command may name."""
MAX_REFERENCE = 128
"""Characters of a movement's reference that people give."""


class Bucket(StrEnum):
    """Where a unit stands in the double-entry ledger. EXTERNAL is the world outside: goods that
    come from it raise on hand, goods that go to it lower it.
    """

    EXTERNAL = "EXTERNAL"
    FREE = "FREE"
    ALLOCATED = "ALLOCATED"
    RESERVED = "RESERVED"
    DAMAGED = "DAMAGED"
    INSPECTION = "INSPECTION"
    QUALITY_HOLD = "QUALITY_HOLD"
    DISPLAY = "DISPLAY"


UNAVAILABLE = frozenset({Bucket.DAMAGED, Bucket.INSPECTION, Bucket.QUALITY_HOLD, Bucket.DISPLAY})
"""Buckets of goods that are on hand but cannot be sold."""


class MovementReason(StrEnum):
    """Why units changed their bucket."""

    RECEIVED = "RECEIVED"
    COUNT = "COUNT"
    DAMAGE = "DAMAGE"
    THEFT = "THEFT"
    FOUND = "FOUND"
    CORRECTION = "CORRECTION"
    DISPLAY = "DISPLAY"
    INSPECTION = "INSPECTION"
    QUALITY = "QUALITY"
    RESERVED = "RESERVED"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"
    ALLOCATED = "ALLOCATED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    SHORT_PICKED = "SHORT_PICKED"
    RESOURCED = "RESOURCED"
    SHIPPED = "SHIPPED"
    COLLECTED = "COLLECTED"
    SOLD = "SOLD"
    TRANSFER_OUT = "TRANSFER_OUT"
    TRANSFER_IN = "TRANSFER_IN"
    RETURNED = "RETURNED"


class AdjustmentReason(StrEnum):
    """Why people correct the books; each is a MovementReason too."""

    COUNT = "COUNT"
    DAMAGE = "DAMAGE"
    THEFT = "THEFT"
    FOUND = "FOUND"
    CORRECTION = "CORRECTION"
    DISPLAY = "DISPLAY"
    INSPECTION = "INSPECTION"
    QUALITY = "QUALITY"


class ReservationState(StrEnum):
    """ACTIVE until it ends, once, in one of the other states."""

    ACTIVE = "ACTIVE"
    CONSUMED = "CONSUMED"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Demand:
    """Units of a SKU wanted at a location; `quantity` is 1 or more.

    `expected_version` is the version of the level that the caller saw; 0 means that there was no
    level yet, None that any version will do.
    """

    sku: Sku
    location_id: LocationId
    quantity: int
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """Stock of a SKU at a location. All quantities are units; `version` counts its changes."""

    id: StockLevelId
    sku: Sku
    location_id: LocationId
    on_hand: int
    allocated: int
    reserved: int
    damaged: int
    inspection: int
    quality_hold: int
    display: int
    safety: int
    version: int
    updated_at: datetime

    @property
    def unavailable(self) -> int:
        """Units on hand that cannot be sold."""
        return self.damaged + self.inspection + self.quality_hold + self.display

    @property
    def free(self) -> int:
        """Units nobody has a claim on, safety stock included."""
        return self.on_hand - self.allocated - self.reserved - self.unavailable

    @property
    def available(self) -> int:
        """Units that can be promised: free units above safety stock, never below 0."""
        return max(0, self.free - self.safety)


@dataclass(frozen=True, slots=True)
class StockBin:
    """Where a SKU stands at a location: a bin of a zone; both are empty when it has no place."""

    id: UUID
    location_id: LocationId
    sku: Sku
    zone: str
    bin: str
    version: int
    updated_at: datetime


_BUCKET_OF_REASON = {
    AdjustmentReason.DAMAGE: Bucket.DAMAGED,
    AdjustmentReason.DISPLAY: Bucket.DISPLAY,
    AdjustmentReason.INSPECTION: Bucket.INSPECTION,
    AdjustmentReason.QUALITY: Bucket.QUALITY_HOLD,
}


def check_adjustment(reason: AdjustmentReason, source: Bucket, target: Bucket) -> None:
    """Nothing, when people may move units from `source` to `target` for this reason.

    ALLOCATED and RESERVED belong to orders and carts. THEFT and FOUND cross the door, outwards and
    inwards; DAMAGE, DISPLAY, INSPECTION and QUALITY go to or from their own bucket; CORRECTION may
    do either.

    Raises:
        ValidationFailed: otherwise.
    """
    if source == target or {source, target} & {Bucket.ALLOCATED, Bucket.RESERVED}:
        raise ValidationFailed("change.move", f"units cannot go from {source} to {target}")
    match reason:
        case AdjustmentReason.CORRECTION:
            fits = True
        case AdjustmentReason.THEFT:
            fits = target is Bucket.EXTERNAL
        case AdjustmentReason.FOUND:
            fits = source is Bucket.EXTERNAL
        case _:
            fits = _BUCKET_OF_REASON.get(reason) in (source, target)
    if not fits:
        raise ValidationFailed("reason", f"{reason} does not go from {source} to {target}")


def aggregate(demands: Iterable[Demand]) -> list[Demand]:
    """One demand per location and SKU, sorted: two lines of one SKU compete for the same stock.

    Raises:
        ValidationFailed: a quantity is below 1, or lines of one level expect different versions.
    """
    sums: dict[tuple[LocationId, Sku], Demand] = {}
    for demand in demands:
        if demand.quantity < 1:
            raise ValidationFailed("quantity", "must be at least 1")
        key = (demand.location_id, demand.sku)
        sums[key] = _added(sums[key], demand) if key in sums else demand
    return [sums[key] for key in sorted(sums)]


def _added(first: Demand, second: Demand) -> Demand:
    versions = {first.expected_version, second.expected_version} - {None}
    if len(versions) > 1:
        raise ValidationFailed("expectedVersion", f"differs between lines of {first.sku}")
    total = first.quantity + second.quantity
    return Demand(first.sku, first.location_id, total, next(iter(versions), None))


def explode(demands: Iterable[Demand], kits: Mapping[Sku, Mapping[Sku, int]]) -> list[Demand]:
    """The demand with each kit replaced by its components; what is not in `kits` stays itself.

    Raises:
        ValidationFailed: the demand of a kit expects a version, which a kit does not have.
    """
    units: list[Demand] = []
    for demand in demands:
        if demand.sku not in kits:
            units.append(demand)
            continue
        if demand.expected_version is not None:
            raise ValidationFailed("expectedVersion", f"{demand.sku} is a kit and has no version")
        units += [
            Demand(component, demand.location_id, demand.quantity * each)
            for component, each in kits[demand.sku].items()
        ]
    return units


def kit_available(components: Mapping[Sku, int], available: Mapping[Sku, int]) -> int:
    """Whole kits that one location can promise: the scarcest component decides.

    `components` are units of each SKU in one kit; a SKU absent from `available` has no stock.
    """
    if not components:
        return 0
    return min(max(0, available.get(sku, 0)) // each for sku, each in components.items())


def network_available(per_location: Sequence[int]) -> int:
    """What locations can promise together. Each is floored at 0 first, so that a location with less
    than nothing does not hide the stock of another.
    """
    return sum(max(0, available) for available in per_location)
