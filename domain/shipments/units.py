"""Which units are in which parcel, and how a parcel moves the line groups of its order. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from domain.common.errors import ValidationFailed
from domain.common.ids import (
    FulfillmentOrderId,
    LineGroupId,
    OrderLineId,
    ParcelId,
    ShipmentId,
    new_id,
)
from domain.orders.errors import IllegalTransition
from domain.orders.lifecycle import (
    Action,
    move,
    require_no_cancel_request,
    require_no_hold,
    require_status,
    split,
)
from domain.orders.model import Group, Order
from domain.orders.states import GONE_WRONG, GroupState, OrderStatus
from domain.orders.work import belongs_to, find_work
from domain.shipments.commands import ShipFulfillmentOrder
from domain.shipments.errors import ParcelDifference, ParcelsDoNotMatch
from domain.shipments.model import (
    Parcel,
    ParcelLine,
    Shipment,
    TrackingStatus,
    contents,
    state_of_units,
)

_ACTIONS: Mapping[GroupState, Action] = {
    GroupState.IN_TRANSIT: Action.MARK_IN_TRANSIT,
    GroupState.DELIVERED: Action.DELIVER,
    GroupState.REFUSED: Action.REFUSE_DELIVERY,
    GroupState.LOST: Action.LOSE,
    GroupState.DAMAGED_IN_TRANSIT: Action.DAMAGE,
    GroupState.RETURNED_TO_ORIGIN: Action.RETURN_TO_ORIGIN,
}


def dispatched(
    order: Order, work_id: FulfillmentOrderId, command: ShipFulfillmentOrder, now: datetime
) -> tuple[Order, Shipment]:
    """`order` with all units of a fulfillment order SHIPPED, and the shipment that they are in.

    Raises:
        IllegalTransition: a unit is not PACKED, or the order is not CONFIRMED or not to be shipped.
        OrderOnHold: it has a hold.
        ParcelsDoNotMatch: the parcels hold more or less of a line than was packed.
        ValidationFailed: one of several parcels is empty.
    """
    require_status(order, Action.SHIP.value, OrderStatus.CONFIRMED)
    require_no_hold(order)
    require_no_cancel_request(order, Action.SHIP.value, work_id)
    shipment_id = ShipmentId(new_id())
    after = move(order, Action.SHIP, belongs_to(work_id), shipment_id=shipment_id)
    return after, Shipment(
        id=shipment_id,
        order_id=order.id,
        fulfillment_order_id=work_id,
        location_id=find_work(order, work_id).location_id,
        carrier=command.carrier,
        service=command.service,
        created_at=now,
        shipped_at=now,
        delivered_at=None,
        version=1,
        parcels=_filled(command, packed_groups(order, work_id), shipment_id),
    )


def packed_groups(order: Order, work_id: FulfillmentOrderId) -> list[Group]:
    """The groups of a fulfillment order that are ready to leave."""
    return [group for group in order.groups_of(work_id) if group.state is GroupState.PACKED]


def _filled(
    command: ShipFulfillmentOrder, packed: Iterable[Group], shipment_id: ShipmentId
) -> tuple[Parcel, ...]:
    units = _units(packed)
    everything = tuple(ParcelLine(line, quantity) for line, quantity in units.items())
    parcels: list[Parcel] = []
    for position, given in enumerate(command.parcels, start=1):
        lines = tuple(ParcelLine(line.line_id, line.quantity) for line in given.lines)
        if not lines and len(command.parcels) > 1:
            field = f"parcels.{position - 1}.lines"
            raise ValidationFailed(field, "may be left out for a single parcel only")
        parcels.append(
            Parcel(
                id=ParcelId(new_id()),
                shipment_id=shipment_id,
                position=position,
                carrier=command.carrier,
                tracking_number=given.tracking_number,
                weight_g=given.weight_g,
                status=TrackingStatus.HANDED_OVER,
                lines=lines or everything,
            )
        )
    _check_same(units, contents(parcels))
    return tuple(parcels)


def _units(groups: Iterable[Group]) -> dict[OrderLineId, int]:
    sums: dict[OrderLineId, int] = {}
    for group in groups:
        sums[group.line_id] = sums.get(group.line_id, 0) + group.quantity
    return sums


def _check_same(packed: Mapping[OrderLineId, int], given: Mapping[OrderLineId, int]) -> None:
    differences = [
        ParcelDifference(line, packed.get(line, 0), given.get(line, 0))
        for line in sorted(packed.keys() | given.keys())
        if packed.get(line, 0) != given.get(line, 0)
    ]
    if differences:
        raise ParcelsDoNotMatch(differences)


def action_of(status: TrackingStatus) -> Action:
    """What is done to the units of a parcel that gets this status, which must move them."""
    return _ACTIONS[state_of_units(status)]


def parcel_moved(order: Order, parcel: Parcel, status: TrackingStatus) -> Order:
    """`order` after `parcel`, as it was, got another status: its own units moved, no others.

    A group that is only in part in the parcel is split. The same order, when its units stay in
    their state.

    Raises:
        IllegalTransition: the order has fewer units in that state than the parcel holds.
    """
    source, target = state_of_units(parcel.status), state_of_units(status)
    if source is target:
        return order
    action, moving = action_of(status), set[LineGroupId]()
    for line in parcel.lines:
        here = [
            group
            for group in order.groups
            if group.shipment_id == parcel.shipment_id
            and group.line_id == line.line_id
            and group.state is source
        ]
        order, taken = _taken(order, here, line.quantity)
        if taken is None:
            raise IllegalTransition(action.value, f"fewer units {source.value} than in the parcel")
        moving |= taken
    return move(order, action, lambda group: group.id in moving)


def moved_unless_settled(order: Order, parcel: Parcel, status: TrackingStatus) -> Order:
    """As `parcel_moved`; the same order, when the fate of the parcel's units was settled before: a
    refused parcel may be paid back or replaced while it is still on its way.

    Raises:
        IllegalTransition: see `parcel_moved`.
    """
    try:
        return parcel_moved(order, parcel, status)
    except IllegalTransition:
        if state_of_units(parcel.status) in GONE_WRONG:
            return order
        raise


def _taken(
    order: Order, groups: Sequence[Group], quantity: int
) -> tuple[Order, set[LineGroupId] | None]:
    """Groups of exactly `quantity` units in sum, the last split if need be; None if too few."""
    taken: set[LineGroupId] = set()
    for group in sorted(groups, key=lambda each: each.id):
        if quantity == 0:
            break
        if group.quantity > quantity:
            order = split(order, group.id, quantity, LineGroupId(new_id()))
        taken.add(group.id)
        quantity -= min(group.quantity, quantity)
    return order, taken if quantity == 0 else None


def delivered(order: Order, shipment_id: ShipmentId) -> Order:
    """`order` with all units of a shipment DELIVERED.

    Raises:
        IllegalTransition: they are already.
    """

    def under_way(group: Group) -> bool:
        return group.shipment_id == shipment_id and group.state is not GroupState.DELIVERED

    return move(order, Action.DELIVER, under_way)
