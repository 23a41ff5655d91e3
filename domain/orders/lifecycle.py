"""The state machine of line groups: one table, and the pure functions that apply it.

An action moves all groups that it is asked to move, or none: a group in any other state makes it
an `IllegalTransition`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from domain.common.ids import FulfillmentOrderId, LineGroupId, ReturnId, ShipmentId
from domain.orders.errors import IllegalTransition, OrderOnHold
from domain.orders.model import Group, Order
from domain.orders.states import (
    ASKING_CUSTOMER,
    CALLED_OFF,
    CANCELLABLE,
    CARRIED,
    COLLECTED_IN_STORE,
    GONE_WRONG,
    ON_THE_WAY,
    SERVED,
    UNSOURCED,
    WITH_CUSTOMER,
    WORKING,
    DeliveryMode,
    GroupState,
    Hold,
    OrderStatus,
)

S = GroupState
EVERY_MODE = frozenset(DeliveryMode)


class Action(StrEnum):
    """What can be done with line groups."""

    ALLOCATE = "ALLOCATE"
    BACKORDER = "BACKORDER"
    UNSOURCE = "UNSOURCE"
    RELEASE = "RELEASE"
    REJECT = "REJECT"
    START_PICKING = "START_PICKING"
    SHORT_PICK = "SHORT_PICK"
    CONFIRM_PICK = "CONFIRM_PICK"
    PACK = "PACK"
    REROUTE = "REROUTE"
    SHIP = "SHIP"
    MARK_IN_TRANSIT = "MARK_IN_TRANSIT"
    DELIVER = "DELIVER"
    LOSE = "LOSE"
    DAMAGE = "DAMAGE"
    REFUSE_DELIVERY = "REFUSE_DELIVERY"
    RETURN_TO_ORIGIN = "RETURN_TO_ORIGIN"
    RESHIP = "RESHIP"
    GIVE_UP = "GIVE_UP"
    DISPATCH_TRANSFER = "DISPATCH_TRANSFER"
    RECEIVE_TRANSFER = "RECEIVE_TRANSFER"
    MISS_TRANSFER = "MISS_TRANSFER"
    MARK_READY = "MARK_READY"
    COLLECT = "COLLECT"
    EXPIRE_PICKUP = "EXPIRE_PICKUP"
    HAND_OVER = "HAND_OVER"
    CANCEL = "CANCEL"
    ACCEPT_CANCEL = "ACCEPT_CANCEL"
    REQUEST_RETURN = "REQUEST_RETURN"
    AUTHORISE_RETURN = "AUTHORISE_RETURN"
    SEND_RETURN = "SEND_RETURN"
    CANCEL_RETURN = "CANCEL_RETURN"
    RECEIVE_RETURN = "RECEIVE_RETURN"
    RESTOCK = "RESTOCK"
    QUARANTINE = "QUARANTINE"
    WRITE_OFF = "WRITE_OFF"
    SEND_TO_VENDOR = "SEND_TO_VENDOR"
    TRANSFER_RETURN = "TRANSFER_RETURN"


@dataclass(frozen=True, slots=True)
class Transition:
    """From which states an action leads where, and for which delivery modes."""

    action: Action
    sources: frozenset[GroupState]
    target: GroupState
    modes: frozenset[DeliveryMode] = EVERY_MODE


TAKE_AWAY_ONLY = frozenset({DeliveryMode.TAKE_AWAY})
WORKED_ON = EVERY_MODE - TAKE_AWAY_ONLY
"""Modes in which a location picks and packs; what is taken away is in the customer's hands."""

MOVED_FREELY = EVERY_MODE - COLLECTED_IN_STORE
"""Modes in which another location may serve instead without asking the customer."""

COMING_BACK = frozenset({S.RETURN_REQUESTED, S.RETURN_AUTHORISED, S.RETURN_IN_TRANSIT})
"""States of units that the customer still has, or has sent back; a return can be called off."""

UNDELIVERED = frozenset({S.REFUSED, S.RETURNED_TO_ORIGIN})
"""States of units that come back without having reached the customer."""


def _row(
    action: Action,
    sources: Iterable[GroupState],
    target: GroupState,
    modes: frozenset[DeliveryMode] = EVERY_MODE,
) -> Transition:
    return Transition(action, frozenset(sources), target, modes)


TRANSITIONS: tuple[Transition, ...] = (
    _row(Action.ALLOCATE, {S.NEW, *UNSOURCED}, S.ALLOCATED),
    _row(Action.BACKORDER, {S.NEW, S.PENDING_SOURCE}, S.BACKORDERED),
    _row(Action.UNSOURCE, {S.ALLOCATED, S.RELEASED}, S.PENDING_SOURCE),
    _row(Action.RELEASE, {S.ALLOCATED}, S.RELEASED, WORKED_ON),
    _row(Action.REJECT, {S.RELEASED}, S.PENDING_SOURCE, MOVED_FREELY),
    _row(Action.REJECT, {S.RELEASED}, S.REJECTED, COLLECTED_IN_STORE),
    _row(Action.START_PICKING, {S.RELEASED}, S.PICKING),
    _row(Action.SHORT_PICK, {S.PICKING}, S.PENDING_SOURCE, MOVED_FREELY),
    _row(Action.SHORT_PICK, {S.PICKING}, S.SHORT_PICKED, COLLECTED_IN_STORE),
    _row(Action.CONFIRM_PICK, {S.PICKING}, S.PICKED),
    _row(Action.PACK, {S.PICKED}, S.PACKED),
    _row(Action.REROUTE, ASKING_CUSTOMER, S.PENDING_SOURCE),
    _row(Action.SHIP, {S.PACKED}, S.SHIPPED, CARRIED),
    _row(Action.MARK_IN_TRANSIT, {S.SHIPPED}, S.IN_TRANSIT, CARRIED),
    _row(Action.DELIVER, {*ON_THE_WAY, S.REFUSED}, S.DELIVERED, CARRIED),
    _row(Action.LOSE, {*ON_THE_WAY, S.REFUSED}, S.LOST, CARRIED),
    _row(Action.DAMAGE, {*ON_THE_WAY, S.REFUSED}, S.DAMAGED_IN_TRANSIT, CARRIED),
    _row(Action.REFUSE_DELIVERY, ON_THE_WAY, S.REFUSED, CARRIED),
    _row(Action.RETURN_TO_ORIGIN, {*ON_THE_WAY, S.REFUSED}, S.RETURNED_TO_ORIGIN, CARRIED),
    _row(Action.RESHIP, GONE_WRONG, S.PENDING_SOURCE, CARRIED),
    _row(Action.GIVE_UP, GONE_WRONG, S.CANCELLED, CARRIED),
    _row(Action.DISPATCH_TRANSFER, {S.PACKED}, S.TRANSFER_IN_TRANSIT, COLLECTED_IN_STORE),
    _row(Action.RECEIVE_TRANSFER, {S.TRANSFER_IN_TRANSIT}, S.READY_FOR_PICKUP, COLLECTED_IN_STORE),
    _row(Action.MISS_TRANSFER, {S.TRANSFER_IN_TRANSIT}, S.PENDING_SOURCE, COLLECTED_IN_STORE),
    _row(Action.MARK_READY, {S.PACKED}, S.READY_FOR_PICKUP, COLLECTED_IN_STORE),
    _row(Action.COLLECT, {S.READY_FOR_PICKUP}, S.COLLECTED, COLLECTED_IN_STORE),
    _row(Action.EXPIRE_PICKUP, {S.READY_FOR_PICKUP}, S.PICKUP_EXPIRED, COLLECTED_IN_STORE),
    _row(Action.HAND_OVER, {S.ALLOCATED}, S.COLLECTED, TAKE_AWAY_ONLY),
    _row(Action.CANCEL, CANCELLABLE, S.CANCELLED),
    _row(Action.ACCEPT_CANCEL, {*WORKING, S.READY_FOR_PICKUP}, S.CANCELLED),
    _row(Action.REQUEST_RETURN, WITH_CUSTOMER, S.RETURN_REQUESTED),
    _row(Action.AUTHORISE_RETURN, {S.RETURN_REQUESTED}, S.RETURN_AUTHORISED),
    _row(Action.SEND_RETURN, {S.RETURN_AUTHORISED}, S.RETURN_IN_TRANSIT),
    _row(Action.CANCEL_RETURN, COMING_BACK, S.DELIVERED, CARRIED),
    _row(Action.CANCEL_RETURN, COMING_BACK, S.COLLECTED, EVERY_MODE - CARRIED),
    _row(Action.RECEIVE_RETURN, {*COMING_BACK, *UNDELIVERED}, S.RETURN_RECEIVED),
    _row(Action.RESTOCK, {S.RETURN_RECEIVED}, S.RESTOCKED),
    _row(Action.QUARANTINE, {S.RETURN_RECEIVED}, S.QUARANTINED),
    _row(Action.WRITE_OFF, {S.RETURN_RECEIVED}, S.WRITTEN_OFF),
    _row(Action.SEND_TO_VENDOR, {S.RETURN_RECEIVED}, S.SENT_TO_VENDOR),
    _row(Action.TRANSFER_RETURN, {S.RETURN_RECEIVED}, S.TRANSFERRED),
)
"""The whole life of line groups. `docs/lifecycle.md` is made from it."""


STARTS = frozenset({S.NEW, S.BACKORDERED})
"""States in which the units of a placed order begin."""


def reachable_states(mode: DeliveryMode) -> frozenset[GroupState]:
    """All states in which units of an order with this delivery mode can ever be. An order whose
    mode was changed to it may bring units that were called off before.
    """
    found = set(STARTS) | CALLED_OFF
    while True:
        more = {
            row.target
            for row in TRANSITIONS
            if mode in row.modes and row.sources & found and row.target not in found
        }
        if not more:
            return frozenset(found)
        found |= more


def transition_of(action: Action, mode: DeliveryMode) -> Transition | None:
    """The one row of the table for an action in a delivery mode; None if the mode forbids it."""
    return next((row for row in TRANSITIONS if row.action is action and mode in row.modes), None)


FINAL = frozenset({OrderStatus.CLOSED, OrderStatus.CANCELLED, OrderStatus.EXPIRED})


def move(
    order: Order,
    action: Action,
    chosen: Callable[[Group], bool],
    *,
    shipment_id: ShipmentId | None = None,
    return_id: ReturnId | None = None,
    reason: str | None = None,
) -> Order:
    """`order` after `action` on the chosen groups (those called off are never chosen).

    Raises:
        IllegalTransition: no group is chosen, one is in a state that the table does not allow, or
            the delivery mode does not fit.
    """
    rule = transition_of(action, order.delivery_mode)
    picked = [g for g in order.groups if g.state not in CALLED_OFF and chosen(g)]
    if not picked or rule is None:
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
            return_id=return_id or group.return_id,
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


def require_no_cancel_request(order: Order, action: str, work_id: FulfillmentOrderId) -> None:
    """Nothing, when nobody waits for an answer whether that work can be cancelled.

    Raises:
        IllegalTransition: otherwise; answer first.
    """
    if any(work.id == work_id and work.cancel_requested for work in order.fulfillment_orders):
        raise IllegalTransition(action, "CANCEL_REQUESTED")


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
    """`order`, CLOSED when it was confirmed, every unit was delivered or is called off, whether or
    not it came back afterwards, and the customer has all money back; CANCELLED when no unit ever
    will be delivered.
    """
    states = {group.state for group in order.groups}
    if order.status in FINAL:
        return order
    if states <= CALLED_OFF:
        return replace(order, status=OrderStatus.CANCELLED)
    if order.status is not OrderStatus.CONFIRMED or not states <= SERVED | CALLED_OFF:
        return order
    if order.refund_due_minor or order.excess_minor:
        return order
    return replace(order, status=OrderStatus.CLOSED)


def in_life(order: Order) -> Order:
    """`order` after its payments changed: CLOSED when nothing is left to do, CONFIRMED again when
    it was closed and money is owed to the customer by now.
    """
    if order.status is OrderStatus.CLOSED and order.refund_due_minor:
        return replace(order, status=OrderStatus.CONFIRMED, closed_at=None)
    return closed_if_done(order)
