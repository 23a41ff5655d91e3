"""Who may edit which order, and what a list of changes comes to. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.common.errors import Forbidden, NotFound, ValidationFailed
from domain.common.ids import OrderLineId, Sku
from domain.common.money import Money
from domain.editing.commands import AddUnits, Change, SetUnits
from domain.editing.errors import OrderNotEditable, QuantityNotEditable
from domain.identity.model import AT_LOCATION, Actor, Role
from domain.orders.model import Group, Order
from domain.orders.placing_rules import MAX_LINES, MAX_QUANTITY, PRICE_SETTERS
from domain.orders.states import (
    CALLED_OFF,
    CANCELLABLE,
    DeliveryMode,
    OrderStatus,
)


@dataclass(frozen=True, slots=True)
class Added:
    """Units to add: of the line, if one is named and still has the present price."""

    sku: Sku
    quantity: int
    line_id: OrderLineId | None = None
    unit_price: Money | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the changes come to: units to add, and units to give up per line."""

    added: tuple[Added, ...]
    given_up: Mapping[OrderLineId, int]


def check_changes(changes: Sequence[Change]) -> None:
    """Nothing, when the changes are well formed.

    Raises:
        ValidationFailed: none or too many, a quantity out of range, a line named twice.
    """
    if not 1 <= len(changes) <= MAX_LINES:
        raise ValidationFailed("changes", f"must be 1 to {MAX_LINES}")
    seen: set[OrderLineId] = set()
    for position, change in enumerate(changes):
        lowest = 1 if isinstance(change, AddUnits) else 0
        if not lowest <= change.quantity <= MAX_QUANTITY:
            reason = f"must be {lowest} to {MAX_QUANTITY}"
            raise ValidationFailed(f"changes.{position}.quantity", reason)
        if isinstance(change, SetUnits):
            if change.line_id in seen:
                raise ValidationFailed("changes", f"line {change.line_id} is named twice")
            seen.add(change.line_id)
        elif change.unit_price is not None and change.unit_price.amount_minor < 0:
            raise ValidationFailed(f"changes.{position}.unitPrice", "must not be negative")


def require_editor(actor: Actor, order: Order, changes: Sequence[Change]) -> None:
    """Nothing, when the actor, who sees the order, may edit it like this.

    A till edits what was sold at it, a store manager also what is collected in the store.

    Raises:
        Forbidden: the order is another's, or the role may not set prices.
    """
    if actor.role in AT_LOCATION and order.placed_by != actor.key:
        place = order.delivery_location_id
        collected_here = place is not None and actor.works_at(place)
        if actor.role is not Role.STORE_MANAGER or not collected_here:
            raise Forbidden("a till edits its own orders only")
    priced = any(isinstance(change, AddUnits) and change.unit_price for change in changes)
    if priced and actor.role not in PRICE_SETTERS:
        raise Forbidden("this role may not set prices")


def require_in_time(order: Order, window: timedelta | None, now: datetime) -> None:
    """Nothing, while customers may edit the order: `window` after it was placed, None for ever.

    Raises:
        OrderNotEditable: the window is over.
    """
    if window is not None and now > order.placed_at + window:
        raise OrderNotEditable(order.id, "the edit window is over")


def require_editable(order: Order) -> None:
    """Nothing, when the order as a whole can be edited: it is confirmed and not taken away.

    Raises:
        OrderNotEditable: otherwise.
    """
    if order.status is not OrderStatus.CONFIRMED:
        raise OrderNotEditable(order.id, order.status.value)
    if order.delivery_mode is DeliveryMode.TAKE_AWAY:
        raise OrderNotEditable(order.id, order.delivery_mode.value)


def wishes_of(order: Order, changes: Sequence[Change]) -> Wishes:
    """What the changes come to on the order as it is.

    Raises:
        NotFound: the order has no such line.
        QuantityNotEditable: more units would be given up than wait for their release.
        ValidationFailed: nothing would change, or nothing would be left.
    """
    added: list[Added] = []
    given_up: dict[OrderLineId, int] = {}
    for change in changes:
        if isinstance(change, AddUnits):
            added.append(Added(change.sku, change.quantity, unit_price=change.unit_price))
            continue
        line = next((line for line in order.lines if line.id == change.line_id), None)
        if line is None:
            raise NotFound("order line", str(change.line_id))
        live = order.units_of(line.id, lambda group: group.state not in CALLED_OFF)
        if change.quantity > live:
            added.append(Added(line.sku, change.quantity - live, line.id))
        elif change.quantity < live:
            waiting = order.units_of(line.id, lambda group: group.state in CANCELLABLE)
            if live - change.quantity > waiting:
                raise QuantityNotEditable(line.id, change.quantity, live - waiting)
            given_up[line.id] = live - change.quantity
    if not added and not given_up:
        raise ValidationFailed("changes", "change nothing")
    if not added and sum(given_up.values()) == sum(map(_live_units, order.groups)):
        raise ValidationFailed("changes", "would leave nothing: cancel the order instead")
    return Wishes(tuple(added), given_up)


def _live_units(group: Group) -> int:
    return 0 if group.state in CALLED_OFF else group.quantity
