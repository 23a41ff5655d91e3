"""When units that wait for stock are promised for: the dates of inbound stock. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.common.ids import LineGroupId, LocationId, OrderLineId, Sku, new_id
from domain.orders.model import Group, Line, Order
from domain.orders.states import UNSOURCED, OrderStatus
from domain.supply.model import Inbound, InboundId, Promise, PromiseId, cuts

Part = tuple[OrderLineId, Sku]
"""A component that a line waits for."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Inbound stock that may serve an order. `free` are units that may be promised to the order,
    those promised to it already included; a lower `priority` is preferred.
    """

    inbound: Inbound
    free: int
    priority: int


def waiting(order: Order) -> Mapping[Part, int]:
    """Units that the order waits for, per component of its lines; none unless it is CONFIRMED."""
    if order.status is not OrderStatus.CONFIRMED:
        return {}
    units: Counter[Part] = Counter()
    for group in order.groups:
        if group.state in UNSOURCED:
            for sku, each in order.line(group.line_id).components.items():
                units[group.line_id, sku] += group.quantity * each
    return units


def kept(order: Order) -> Order:
    """`order` with no more promised than it waits for: promises without inbound stock go first,
    then the latest.
    """
    if not order.promises:
        return order
    needed = waiting(order)
    cut = {
        each.promise.id: each.kept
        for part, mine in _by_part(order.promises).items()
        for each in cuts(sorted(mine, key=_firmness), needed.get(part, 0))
    }
    promises = tuple(
        replace(each, quantity=units)
        for each in order.promises
        if (units := cut.get(each.id, each.quantity))
    )
    return replace(order, promises=promises)


def promised_dates(order: Order) -> Mapping[LineGroupId, datetime]:
    """The date for which all units of a waiting group are promised; groups without one are absent.

    The units of a line are promised in the order of its groups, the earliest dates first.
    """
    dates: dict[LineGroupId, datetime] = {}
    if not order.promises:
        return dates
    by_part = _by_part(order.promises)
    for line in order.lines:
        waits = [g for g in order.groups if g.line_id == line.id and g.state in UNSOURCED]
        position = 0
        for group in sorted(waits, key=lambda g: g.id):
            position += group.quantity
            moments = [
                _covered_at(by_part.get((line.id, sku), ()), position * each)
                for sku, each in line.components.items()
            ]
            known = [moment for moment in moments if moment is not None]
            if known and len(known) == len(moments):
                dates[group.id] = max(known)
    return dates


def promised_at(order: Order) -> datetime | None:
    """The date for which all units are promised that wait; None if none wait, or some are not."""
    waits = [group for group in order.groups if group.state in UNSOURCED]
    dates = promised_dates(order)
    if not waits or any(group.id not in dates for group in waits):
        return None
    return max(dates.values())


def promised(order: Order, offers: Sequence[Offer], now: datetime) -> Order:
    """`order` with all its waiting units promised as early as the offers allow; whole kits only.

    What is promised already on the same inbound stock for the same date stays as it is. Promises
    on inbound stock that is overdue are kept, but none are made.
    """
    own = _own(order.promises)
    free = {offer.inbound.id: offer.free for offer in offers}
    needed = waiting(order)
    wanted: list[Promise] = []
    for line in order.lines:
        parts = [(line.id, sku) for sku in line.components]
        if not all(needed.get(part) for part in parts):
            continue
        usable = {part: _usable(part, offers, own, _excluded(order, line), now) for part in parts}
        kits = _whole_kits(line, needed, usable, free)
        for part in parts:
            units = kits * line.components[part[1]]
            wanted += _taken(order, part, units, usable[part], free)
    return replace(order, promises=_as_before(order.promises, wanted))


def told(promises: Iterable[Promise]) -> Counter[tuple[Part, datetime]]:
    """What the customer knows: units per part and date."""
    units: Counter[tuple[Part, datetime]] = Counter()
    for each in promises:
        units[(each.line_id, each.sku), each.promised_at] += each.quantity
    return units


def _by_part(promises: Iterable[Promise]) -> Mapping[Part, list[Promise]]:
    found: dict[Part, list[Promise]] = {}
    for each in promises:
        found.setdefault((each.line_id, each.sku), []).append(each)
    return found


def _firmness(promise: Promise) -> tuple[bool, datetime, PromiseId]:
    return promise.inbound_id is None, promise.promised_at, promise.id


def _covered_at(promises: Iterable[Promise], units: int) -> datetime | None:
    for each in sorted(promises, key=lambda p: p.promised_at):
        units -= each.quantity
        if units <= 0:
            return each.promised_at
    return None


def _own(promises: Iterable[Promise]) -> Counter[tuple[Part, InboundId | None]]:
    units: Counter[tuple[Part, InboundId | None]] = Counter()
    for each in promises:
        units[(each.line_id, each.sku), each.inbound_id] += each.quantity
    return units


def _excluded(order: Order, line: Line) -> frozenset[LocationId]:
    def waits(group: Group) -> bool:
        return group.line_id == line.id and group.state in UNSOURCED

    return frozenset(
        place for group in order.groups if waits(group) for place in group.excluded_location_ids
    )


def _usable(
    part: Part,
    offers: Iterable[Offer],
    own: Mapping[tuple[Part, InboundId | None], int],
    excluded: frozenset[LocationId],
    now: datetime,
) -> list[tuple[Offer, int]]:
    """Offers for the part with the most units to take of each, in the order of taking them."""
    found: list[tuple[Offer, int]] = []
    for offer in offers:
        mine = own.get((part, offer.inbound.id), 0)
        most = offer.free if offer.inbound.eta > now else min(mine, offer.free)
        fits = offer.inbound.sku == part[1] and offer.inbound.location_id not in excluded
        if fits and most > 0:
            found.append((offer, most))
    return sorted(
        found,
        key=lambda each: (
            each[0].inbound.eta,
            not own.get((part, each[0].inbound.id)),
            each[0].priority,
            each[0].inbound.id,
        ),
    )


def _whole_kits(
    line: Line,
    needed: Mapping[Part, int],
    usable: Mapping[Part, Sequence[tuple[Offer, int]]],
    free: Mapping[InboundId, int],
) -> int:
    kits: list[int] = []
    for part, offers in usable.items():
        there = sum(min(most, free[offer.inbound.id]) for offer, most in offers)
        kits.append(min(there, needed[part]) // line.components[part[1]])
    return min(kits, default=0)


def _taken(
    order: Order,
    part: Part,
    units: int,
    usable: Iterable[tuple[Offer, int]],
    free: dict[InboundId, int],
) -> list[Promise]:
    """Promises of so many units; what they take is no longer free."""
    found: list[Promise] = []
    for offer, most in usable:
        inbound = offer.inbound
        taken = min(units, most, free[inbound.id])
        if taken <= 0:
            continue
        free[inbound.id] -= taken
        units -= taken
        found.append(
            Promise(
                id=PromiseId(new_id()),
                order_id=order.id,
                line_id=part[0],
                sku=part[1],
                location_id=inbound.location_id,
                inbound_id=inbound.id,
                quantity=taken,
                promised_at=inbound.eta,
                confidence=inbound.confidence,
                confirmed_at=order.confirmed_at or order.updated_at,
            )
        )
    return found


def _as_before(before: Iterable[Promise], wanted: Iterable[Promise]) -> tuple[Promise, ...]:
    """The wanted promises, each as the one before that says the same, if there is one."""
    known = {_terms(each): each for each in before}
    return tuple(known.pop(_terms(each), each) for each in wanted)


def _terms(promise: Promise) -> tuple[object, ...]:
    return (
        promise.line_id,
        promise.sku,
        promise.inbound_id,
        promise.location_id,
        promise.quantity,
        promise.promised_at,
    )
