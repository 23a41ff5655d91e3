"""Choosing some units of an order's lines: groups are split until they fit. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.common.errors import ValidationFailed
from domain.common.ids import LineGroupId, OrderLineId, new_id
from domain.orders.errors import QuantityExceeded
from domain.orders.lifecycle import split
from domain.orders.model import Group, Order


@dataclass(frozen=True, slots=True)
class LineUnits:
    """Units of an order line."""

    line_id: OrderLineId
    quantity: int


def one_of(ids: Collection[LineGroupId]) -> Callable[[Group], bool]:
    """A choice of groups: those with these ids."""
    return lambda group: group.id in ids


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


def per_line(units: Iterable[LineUnits]) -> dict[OrderLineId, int]:
    """Units per order line.

    Raises:
        ValidationFailed: a line is named twice, or a quantity is negative.
    """
    found: dict[OrderLineId, int] = {}
    for line in units:
        if line.line_id in found:
            raise ValidationFailed("lines", f"line {line.line_id} is named twice")
        if line.quantity < 0:
            raise ValidationFailed("lines.quantity", "must not be negative")
        found[line.line_id] = line.quantity
    return found
