"""Why a location does not serve units, and what that says of its stock. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from domain.common.errors import ValidationFailed
from domain.common.ids import LineGroupId, OrderLineId, new_id
from domain.fulfillment.errors import QuantityExceeded
from domain.orders.lifecycle import split
from domain.orders.model import Group, Order
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


def parted(
    order: Order, groups: Sequence[Group], wanted: Mapping[OrderLineId, int]
) -> tuple[Order, frozenset[LineGroupId]]:
    """`order` with groups split so that some of `groups` hold exactly the wanted units per line,
    and the ids of those. Lines that are not wanted, or with 0 units, give none.

    Raises:
        QuantityExceeded: more units of a line are wanted than the groups have.
    """
    chosen: set[LineGroupId] = set()
    for line_id, quantity in wanted.items():
        left = quantity
        for group in (each for each in groups if each.line_id == line_id):
            if left <= 0:
                break
            if group.quantity > left:
                order = split(order, group.id, left, LineGroupId(new_id()))
            chosen.add(group.id)
            left -= min(left, group.quantity)
        if left > 0:
            raise QuantityExceeded(line_id, quantity, quantity - left)
    return order, frozenset(chosen)


def per_line(units: Iterable[tuple[OrderLineId, int]]) -> dict[OrderLineId, int]:
    """Units per order line.

    Raises:
        ValidationFailed: a line is named twice, or a quantity is negative.
    """
    found: dict[OrderLineId, int] = {}
    for line_id, quantity in units:
        if line_id in found:
            raise ValidationFailed("lines", f"line {line_id} is named twice")
        if quantity < 0:
            raise ValidationFailed("lines.quantity", "must not be negative")
        found[line_id] = quantity
    return found
