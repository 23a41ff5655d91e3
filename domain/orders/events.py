"""What the orders area publishes. Payloads are public state: no name, address or token."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from domain.common.ids import FulfillmentOrderId
from domain.events.model import Aggregate, Event, Topic
from domain.orders.model import (
    FulfillmentOrder,
    Group,
    Line,
    Order,
)
from domain.orders.promises import promised_at
from domain.orders.states import GroupState

ORDER_CHANGED = "OrderChanged"
WORK_CHANGED = "FulfillmentOrderChanged"


def order_payload(order: Order, action: str, reason: str | None) -> dict[str, Any]:
    """The order's public state and what was done last."""
    return {
        "order_id": str(order.id),
        "version": order.version,
        "number": order.number,
        "channel": order.channel,
        "status": order.status.value,
        "holds": sorted(hold.value for hold in order.holds),
        "fulfillment_status": order.fulfillment_status.value,
        "payment_status": order.payment_status.value,
        "return_status": order.return_status.value,
        "delivery_mode": order.delivery_mode.value,
        "ready_at": _moment(order.pickup.ready_at if order.pickup else None),
        "collect_until": _moment(order.pickup.collect_until if order.pickup else None),
        "promised_at": _moment(promised_at(order)),
        "currency": order.currency,
        "total_minor": order.total_minor,
        "placed_at": order.placed_at.isoformat(),
        "updated_at": order.updated_at.isoformat(),
        "action": action,
        "reason": reason,
        "lines": [_line_payload(line, order.groups) for line in order.lines],
    }


def work_payload(order: Order, work: FulfillmentOrder) -> dict[str, Any]:
    """The fulfillment order's public state."""
    groups = order.groups_of(work.id)
    return {
        "fulfillment_order_id": str(work.id),
        "version": work.version,
        "order_id": str(order.id),
        "order_number": order.number,
        "location_id": str(work.location_id),
        "delivery_mode": work.delivery_mode.value,
        "status": order.work_status(work).value,
        "due_at": _moment(work.due_at),
        "accept_by": _moment(work.accept_by),
        "accepted_at": _moment(work.accepted_at),
        "rejection_reason": work.rejection_reason,
        "cancel_requested": work.cancel_requested,
        "wave_id": str(work.wave_id) if work.wave_id else None,
        "updated_at": work.updated_at.isoformat(),
        "units": sum(g.quantity for g in groups if g.state is not GroupState.CANCELLED),
        "lines": [
            {
                "line_id": str(group.line_id),
                "sku": order.line(group.line_id).sku,
                "quantity": group.quantity,
                "state": group.state.value,
            }
            for group in groups
        ],
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def order_changed(order: Order, action: str, reason: str | None) -> Event:
    """The event of an order's new version."""
    return Event(
        type=ORDER_CHANGED,
        aggregate=Aggregate.ORDER,
        aggregate_id=order.id,
        version=order.version,
        topics=[Topic.order(order.id), Topic.customer(order.customer_id)],
        payload=order_payload(order, action, reason),
    )


def work_changed(order: Order, work: FulfillmentOrder) -> Event:
    """The event of a fulfillment order's new version."""
    return Event(
        type=WORK_CHANGED,
        aggregate=Aggregate.FULFILLMENT_ORDER,
        aggregate_id=work.id,
        version=work.version,
        topics=[Topic.queue(work.location_id)],
        payload=work_payload(order, work),
    )


def changed_work(before: Order | None, after: Order) -> set[FulfillmentOrderId]:
    """The fulfillment orders that differ, or whose groups do, between two versions of an order."""
    old = _by_work(before.groups if before else ())
    new = _by_work(after.groups)
    known = set(before.fulfillment_orders if before else ())
    changed = {work.id for work in after.fulfillment_orders if work not in known}
    return changed | {work for work in new.keys() | old.keys() if old.get(work) != new.get(work)}


def _by_work(groups: Iterable[Group]) -> Mapping[FulfillmentOrderId, frozenset[Group]]:
    found: dict[FulfillmentOrderId, set[Group]] = {}
    for group in groups:
        if group.fulfillment_order_id is not None:
            found.setdefault(group.fulfillment_order_id, set()).add(group)
    return {work: frozenset(members) for work, members in found.items()}


def _line_payload(line: Line, groups: Iterable[Group]) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for group in groups:
        if group.line_id == line.id:
            counts[group.state.value] = counts.get(group.state.value, 0) + group.quantity
    return {
        "line_id": str(line.id),
        "sku": line.sku,
        "ordered_quantity": line.ordered_quantity,
        "groups": [{"state": state, "quantity": n} for state, n in sorted(counts.items())],
    }
