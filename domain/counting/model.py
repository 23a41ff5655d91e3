"""Variance, approval, accuracy and trust. Pure."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.common.ids import LocationId, Sku

CountId = NewType("CountId", UUID)
MAX_LINES = 1000
TOLERATED_UNITS = 2
TOLERATED_SHARE = Decimal("0.10")
ALARMING_REJECTIONS = 10
LOSS_PER_REJECTION = Decimal("0.02")
LEAST_TRUST = Decimal("0.10")
MAX_RAISED_SAFETY = 5
SIGNALS_OF_DAYS = 30


class CountState(StrEnum):
    """OPEN while people count; POSTED and CANCELLED are final."""

    OPEN = "OPEN"
    POSTED = "POSTED"
    CANCELLED = "CANCELLED"


class LineOutcome(StrEnum):
    """What came of a counted line or of a line of a snapshot."""

    APPLIED = "APPLIED"
    UNCHANGED = "UNCHANGED"
    CLAIMED = "CLAIMED"
    OLDER = "OLDER"
    UNKNOWN = "UNKNOWN"
    NEGATIVE = "NEGATIVE"


@dataclass(frozen=True, slots=True)
class CountLine:
    """What somebody counted of a SKU, and what the books said at that moment."""

    sku: Sku
    counted: int
    system_quantity: int
    scanned_at: datetime
    counted_by: str
    approved_by: str | None = None
    outcome: LineOutcome | None = None

    @property
    def variance(self) -> int:
        """Units found beyond the books of that moment; below 0 units that were missing."""
        return self.counted - self.system_quantity

    @property
    def needs_approval(self) -> bool:
        """Whether the variance is so large that a second person must agree."""
        tolerated = max(Decimal(TOLERATED_UNITS), TOLERATED_SHARE * self.system_quantity)
        return abs(self.variance) > tolerated and self.approved_by is None


@dataclass(frozen=True, slots=True)
class Count:
    """A cycle count of a location."""

    id: CountId
    location_id: LocationId
    state: CountState
    opened_by: str
    opened_at: datetime
    posted_at: datetime | None
    version: int
    lines: tuple[CountLine, ...]


def accuracy(variance: int, counted: int) -> Decimal:
    """1 less Σ|variance| / Σcounted, at least 0; 1 when nothing was counted and nothing missing."""
    if counted == 0:
        return Decimal(0) if variance else Decimal(1)
    return max(Decimal(0), 1 - Decimal(variance) / Decimal(counted))


def assessed_trust(rejections: int, of_counts: Decimal) -> Decimal:
    """How far a location's stock can be believed: the accuracy of its counts, less 2 % for each
    time that units were not found, 0.10 at least.
    """
    loss = min(Decimal("0.9"), LOSS_PER_REJECTION * rejections)
    return max(LEAST_TRUST, (of_counts * (1 - loss)).quantize(Decimal("0.01")))


def raised_safety(present: int, rejections: int) -> int:
    """The safety stock of a SKU that was not found so many times: a unit for each, 5 at most."""
    return max(present, min(MAX_RAISED_SAFETY, rejections))
