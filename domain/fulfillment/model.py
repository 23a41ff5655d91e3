"""Why a location does not serve units, what contradicts orders, what a picker walks for. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.common.ids import FulfillmentOrderId, LocationId, Sku
from domain.fulfillment.errors import ExceptionResolved
from domain.stock.model import Bucket

PickListId = NewType("PickListId", UUID)


class FailureReason(StrEnum):
    """Why a location did not serve units of a fulfillment order."""

    NOT_IN_STOCK = "NOT_IN_STOCK"
    DAMAGED = "DAMAGED"
    MISMATCH = "MISMATCH"
    CAPACITY = "CAPACITY"
    CLOSED = "CLOSED"
    OTHER = "OTHER"
    NO_RESPONSE = "NO_RESPONSE"


GIVEN_BY_PEOPLE = frozenset(FailureReason) - {FailureReason.NO_RESPONSE}
OF_PICKING = frozenset({FailureReason.NOT_IN_STOCK, FailureReason.DAMAGED, FailureReason.MISMATCH})
"""What a picker finds at the shelf."""

_WHERE_UNITS_GO: Mapping[FailureReason, Bucket] = {
    FailureReason.NOT_IN_STOCK: Bucket.QUALITY_HOLD,
    FailureReason.DAMAGED: Bucket.DAMAGED,
    FailureReason.MISMATCH: Bucket.EXTERNAL,
}


def bucket_after(reason: FailureReason) -> Bucket:
    """Where the units stand that were allocated and not served.

    NOT_IN_STOCK: blocked on quality hold until a count tells; DAMAGED: damaged; MISMATCH: they were
    another article, so they are not on hand; otherwise they are fine, and free.
    """
    return _WHERE_UNITS_GO.get(reason, Bucket.FREE)


def makes_suspect(reason: FailureReason) -> bool:
    """Whether the reason says that the location's count of the SKU cannot be believed."""
    return reason in (FailureReason.NOT_IN_STOCK, FailureReason.MISMATCH)


@dataclass(frozen=True, slots=True)
class PickShare:
    """Units of a pick line that are for one order."""

    order_number: str
    fulfillment_order_id: FulfillmentOrderId
    quantity: int


@dataclass(frozen=True, slots=True)
class PickLine:
    """Units of a SKU to take from its place, and whose they are. `zone` and `bin` may be empty."""

    zone: str
    bin: str
    sku: Sku
    title: str
    shares: tuple[PickShare, ...]

    @property
    def quantity(self) -> int:
        """Units to take."""
        return sum(share.quantity for share in self.shares)


@dataclass(frozen=True, slots=True)
class PickList:
    """What was to be picked at a location at one moment, in the order of the walk. It never
    changes; `wave_number` is that of the wave it was printed for, if any.
    """

    id: PickListId
    number: str
    location_id: LocationId
    wave_number: str | None
    created_by: str
    created_at: datetime
    lines: tuple[PickLine, ...]

    @property
    def quantity(self) -> int:
        """Units to take."""
        return sum(line.quantity for line in self.lines)

    @property
    def order_numbers(self) -> tuple[str, ...]:
        """The orders, sorted by number."""
        return tuple(sorted({s.order_number for line in self.lines for s in line.shares}))


@dataclass(frozen=True, slots=True)
class FulfillmentException:
    """A refused report: what was reported of which work, by whom, and why it was refused; and what
    people said of it since.
    """

    id: UUID
    fulfillment_order_id: FulfillmentOrderId
    location_id: LocationId
    operation: str
    message: str
    reported_by: str
    at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None
    version: int


def resolved(
    found: FulfillmentException, by: str, resolution: str, now: datetime
) -> FulfillmentException:
    """The next version: somebody looked at it.

    Raises:
        ExceptionResolved: somebody did before.
    """
    if found.resolved_at is not None:
        raise ExceptionResolved
    return replace(
        found, resolved_at=now, resolved_by=by, resolution=resolution, version=found.version + 1
    )
