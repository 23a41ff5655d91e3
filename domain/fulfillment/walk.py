"""The walk of a picker: what to take from where, zone by zone and bin by bin. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.common.ids import FulfillmentOrderId, Sku
from domain.fulfillment.model import PickLine, PickShare
from domain.orders.model import FulfillmentOrder, Order
from domain.orders.states import GroupState
from domain.stock.model import StockBin

TO_PICK = frozenset({GroupState.RELEASED, GroupState.PICKING})
"""States of units that stand on the shelf and are waited for."""
_NUMBERS = re.compile(r"(\d+)")
SortKey = tuple[tuple[bool, int, str], ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Units of a stocked SKU that one order needs."""

    sku: Sku
    order_number: str
    fulfillment_order_id: FulfillmentOrderId
    quantity: int


def wanted_of(works: Iterable[tuple[Order, FulfillmentOrder]]) -> list[Wanted]:
    """What is still to be picked of those works; kits as their components."""
    return [
        Wanted(sku, order.number, work.id, group.quantity * each)
        for order, work in works
        for group in order.groups_of(work.id)
        if group.state in TO_PICK
        for sku, each in order.line(group.line_id).components.items()
    ]


def walk(
    wanted: Iterable[Wanted], bins: Mapping[Sku, StockBin], titles: Mapping[Sku, str]
) -> tuple[PickLine, ...]:
    """One line per SKU, its units by order, sorted by zone, bin and SKU; what has no place is last.

    Numbers within names count as numbers: bin A2 comes before A10.
    """
    shares: dict[Sku, dict[FulfillmentOrderId, PickShare]] = {}
    for each in wanted:
        mine = shares.setdefault(each.sku, {})
        before = mine.get(each.fulfillment_order_id)
        units = each.quantity + (before.quantity if before else 0)
        mine[each.fulfillment_order_id] = PickShare(
            each.order_number, each.fulfillment_order_id, units
        )
    lines = [
        PickLine(
            zone=bins[sku].zone if sku in bins else "",
            bin=bins[sku].bin if sku in bins else "",
            sku=sku,
            title=titles.get(sku, ""),
            shares=tuple(found.values()),
        )
        for sku, found in shares.items()
    ]
    return tuple(sorted(lines, key=_step))


def _step(line: PickLine) -> tuple[bool, SortKey, SortKey, str]:
    return (not line.bin, _natural(line.zone), _natural(line.bin), line.sku)


def _natural(name: str) -> SortKey:
    parts = _NUMBERS.split(name.casefold())
    return tuple(
        (not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts if part
    )
