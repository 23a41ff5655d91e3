"""The state machine of line groups: one table, and the pure functions that apply it.

An action moves all groups that it is asked to move, or none: a group in any other state makes it
an `IllegalTransition`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from domain.common.ids import LineGroupId, ShipmentId
from domain.orders.errors import IllegalTransition, OrderOnHold
from domain.orders.model import (
    DeliveryMode,
    Group,
    GroupState,
    Hold,
    Order,
    OrderStatus,
)

S = GroupState
EVERY_MODE = frozenset(DeliveryMode)


class Action(StrEnum):
    """What can be done with line groups."""

    ALLOCATE = "ALLOCATE"
    RELEASE = "RELEASE"
    START_PICKING = "START_PICKING"
    CONFIRM_PICK = "CONFIRM_PICK"
    PACK = "PACK"
    SHIP = "SHIP"
    MARK_IN_TRANSIT = "MARK_IN_TRANSIT"
    DELIVER = "DELIVER"
    MARK_READY = "MARK_READY"
    COLLECT = "COLLECT"
    HAND_OVER = "HAND_OVER"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True)
class Transition:
    """From which states an action leads where, and for which delivery modes."""

    sources: frozenset[GroupState]
    target: GroupState
    modes: frozenset[DeliveryMode] = EVERY_MODE


SHIP_ONLY = frozenset({DeliveryMode.SHIP})
PICKUP_ONLY = frozenset({DeliveryMode.PICKUP})
TAKE_AWAY_ONLY = frozenset({DeliveryMode.TAKE_AWAY})

TRANSITIONS: Mapping[Action, Transition] = {
    Action.ALLOCATE: Transition(frozenset({S.NEW, S.BACKORDERED}), S.ALLOCATED),
    Action.RELEASE: Transition(frozenset({S.ALLOCATED}), S.RELEASED),
    Action.START_PICKING: Transition(frozenset({S.RELEASED}), S.PICKING),
    Action.CONFIRM_PICK: Transition(frozenset({S.PICKING}), S.PICKED),
    Action.PACK: Transition(frozenset({S.PICKED}), S.PACKED),
    Action.SHIP: Transition(frozenset({S.PACKED}), S.SHIPPED, SHIP_ONLY),
    Action.MARK_IN_TRANSIT: Transition(frozenset({S.SHIPPED}), S.IN_TRANSIT, SHIP_ONLY),
    Action.DELIVER: Transition(frozenset({S.SHIPPED, S.IN_TRANSIT}), S.DELIVERED, SHIP_ONLY),
    Action.MARK_READY: Transition(frozenset({S.PACKED}), S.READY_FOR_PICKUP, PICKUP_ONLY),
    Action.COLLECT: Transition(frozenset({S.READY_FOR_PICKUP}), S.COLLECTED, PICKUP_ONLY),
    Action.HAND_OVER: Transition(frozenset({S.ALLOCATED}), S.COLLECTED, TAKE_AWAY_ONLY),
    Action.CANCEL: Transition(frozenset({S.NEW, S.BACKORDERED, S.ALLOCATED}), S.CANCELLED),
}

FINAL = frozenset({OrderStatus.CLOSED, OrderStatus.CANCELLED, OrderStatus.EXPIRED})


def move(
    order: Order,
    action: Action,
    chosen: Callable[[Group], bool],
    *,
    shipment_id: ShipmentId | None = None,
    reason: str | None = None,
) -> Order:
    """`order` after `action` on the chosen groups (cancelled ones are never chosen).

    Raises:
        IllegalTransition: no group is chosen, one is in a state that the table does not allow, or
            the delivery mode does not fit.
    """
    rule = TRANSITIONS[action]
    picked = [g for g in order.groups if g.state is not S.CANCELLED and chosen(g)]
    if not picked or order.delivery_mode not in rule.modes:
        raise IllegalTransition(action.value, _describe(order, picked))
    for group in picked:
        if group.state not in rule.sources:
            raise IllegalTransition(action.value, group.state.value)
    ids = {group.id for group in picked}
    moved = tuple(
        replace(
            group,
            state=rule.target,
            shipment_id=shipment_id or group.shipment_id,
            reason=reason or group.reason,
        )
        if group.id in ids
        else group
        for group in order.groups
    )
    return closed_if_done(replace(order, groups=moved))


def split(order: Order, group_id: LineGroupId, quantity: int, rest_id: LineGroupId) -> Order:
    """`order` with one group divided: `quantity` of its units keep its id, the others get `rest_id`
    and are otherwise the same. Their sum stays (L1).

    Raises:
        ValueError: nothing would be left on one side, or the order has no such group.
    """
    group = next((group for group in order.groups if group.id == group_id), None)
    if group is None or not 0 < quantity < group.quantity:
        raise ValueError(f"cannot split {quantity} units from group {group_id}")
    rest = replace(group, id=rest_id, quantity=group.quantity - quantity)
    kept = tuple(
        replace(each, quantity=quantity) if each.id == group_id else each for each in order.groups
    )
    return replace(order, groups=(*kept, rest))


def _describe(order: Order, picked: Iterable[Group]) -> str:
    if not list(picked):
        return f"{order.status.value} without units to move"
    return f"delivery mode {order.delivery_mode.value}"


def require_status(order: Order, action: str, *allowed: OrderStatus) -> None:
    """Nothing, when the order's life allows the action.

    Raises:
        IllegalTransition: otherwise.
    """
    if order.status not in allowed:
        raise IllegalTransition(action, order.status.value)


def require_no_hold(order: Order) -> None:
    """Nothing, when the order has no hold.

    Raises:
        OrderOnHold: otherwise.
    """
    if order.holds:
        raise OrderOnHold([hold.value for hold in order.holds])


def with_hold(order: Order, hold: Hold) -> Order:
    """`order` with one more hold.

    Raises:
        IllegalTransition: the order's life is over, or it has that hold already.
    """
    if order.status in FINAL or hold in order.holds:
        raise IllegalTransition("HOLD", _hold_state(order))
    return replace(order, holds=order.holds | {hold})


def without_hold(order: Order, hold: Hold) -> Order:
    """`order` without that hold.

    Raises:
        IllegalTransition: it does not have it.
    """
    if hold not in order.holds:
        raise IllegalTransition("RELEASE_HOLD", _hold_state(order))
    return replace(order, holds=order.holds - {hold})


def _hold_state(order: Order) -> str:
    return " ".join([order.status.value, *sorted(hold.value for hold in order.holds)])


def closed_if_done(order: Order) -> Order:
    """`order`, CLOSED when it was confirmed and every unit is with the customer or cancelled,
    CANCELLED when all units are cancelled.
    """
    states = {group.state for group in order.groups}
    if order.status in FINAL:
        return order
    if states <= {S.CANCELLED}:
        return replace(order, status=OrderStatus.CANCELLED)
    if order.status is OrderStatus.CONFIRMED and states <= {S.DELIVERED, S.COLLECTED, S.CANCELLED}:
        return replace(order, status=OrderStatus.CLOSED)
    return order
