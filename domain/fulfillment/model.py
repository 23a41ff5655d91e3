"""Why a location does not serve units, and what that says of its stock. Pure."""

from collections.abc import Mapping
from enum import StrEnum

from domain.stock.model import Bucket


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
