"""From a placed order to its historic state: the same transitions as live ones, at known times.

Each moment that the data tell of is one version of the order: placed, confirmed, released or
shipped, delivered or cancelled. What lies between, such as picking before shipping, is passed
through in one step, since nobody knows when it happened.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce

from domain.common.ids import TrackingEventId, new_id
from domain.integrations.model import HistoricOrder, HistoricState
from domain.orders.lifecycle import Action, move, with_hold
from domain.orders.model import Order
from domain.orders.saving import next_version
from domain.orders.settle import with_work
from domain.orders.states import GroupState, Hold, OrderStatus
from domain.shipments.commands import GivenParcel, ShipFulfillmentOrder
from domain.shipments.model import Shipment, TrackingEvent, TrackingStatus, with_events
from domain.shipments.units import delivered, dispatched

_TO_RELEASED = (Action.RELEASE,)
_TO_PICKING = (*_TO_RELEASED, Action.START_PICKING)
_TO_PACKED = (*_TO_PICKING, Action.CONFIRM_PICK, Action.PACK)


@dataclass(frozen=True, slots=True)
class Version:
    """An order after one change, what was done to it, and why."""

    order: Order
    action: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """All versions of an order, oldest first, and the states of its shipments after each change of
    theirs, with the tracking events that caused it.
    """

    versions: tuple[Version, ...]
    shipments: tuple[Shipment, ...] = ()
    events: tuple[TrackingEvent, ...] = ()

    @property
    def order(self) -> Order:
        """The order as it stands in the end."""
        return self.versions[-1].order

    def then(self, change: Callable[[Order], Order], at: datetime, action: str) -> "Past":
        """The same past and one more change at `at`, which it finds in the order's `updated_at`;
        time does not run backwards.
        """
        before = self.order
        moment = max(at, before.updated_at)
        after = change(replace(before, updated_at=moment))
        version = Version(next_version(before, after, moment), action)
        return replace(self, versions=(*self.versions, version))


def past_of(placed: Order, told: HistoricOrder, carrier: str) -> Past:
    """The whole past of an order that was just built (`build_order`) from `told.command`.

    Raises:
        IllegalTransition: the state does not fit the way of delivery.
    """
    past = Past((Version(replace(placed, version=1, updated_at=told.placed_at), "PLACE"),))
    if told.takes_stock:
        past = past.then(_confirmed, told.approved_at or told.placed_at, "CONFIRM")
    last = past.order.updated_at
    match told.state:
        case HistoricState.CONFIRMED:
            return past
        case HistoricState.HELD:
            return past.then(lambda order: with_hold(order, Hold.PAYMENT), last, "HOLD")
        case HistoricState.RELEASED:
            return past.then(_through(_TO_RELEASED), last, Action.RELEASE.value)
        case HistoricState.PICKING:
            return past.then(_through(_TO_PICKING), last, Action.START_PICKING.value)
        case HistoricState.CANCELLED:
            return _cancelled(past, told)
        case HistoricState.SHIPPED:
            return _shipped(past, told, carrier)
        case HistoricState.DELIVERED:
            return _delivered(_shipped(past, told, carrier), told)


def _confirmed(order: Order) -> Order:
    allocated = move(order, Action.ALLOCATE, lambda group: group.state is GroupState.NEW)
    confirmed = replace(allocated, status=OrderStatus.CONFIRMED, pay_until=None)
    return with_work(replace(confirmed, confirmed_at=order.updated_at))


def _through(actions: Sequence[Action]) -> Callable[[Order], Order]:
    def change(order: Order) -> Order:
        return reduce(lambda each, action: move(each, action, lambda group: True), actions, order)

    return change


def _cancelled(past: Past, told: HistoricOrder) -> Past:
    def change(order: Order) -> Order:
        cancelled = move(order, Action.CANCEL, lambda group: True, reason="cancelled")
        # Where the money was taken it was given back long ago: nothing is owed here.
        given_back = tuple(
            replace(paid, refunded_minor=paid.captured_minor) for paid in order.payments
        )
        return replace(cancelled, pay_until=None, payments=given_back)

    ended = past.then(change, past.order.updated_at, "CANCEL")
    last = replace(ended.versions[-1], reason=told.reason)
    return replace(ended, versions=(*ended.versions[:-1], last))


def _shipped(past: Past, told: HistoricOrder, carrier: str) -> Past:
    """One shipment with one parcel for each location that served the order."""
    shipments: list[Shipment] = []

    def change(order: Order) -> Order:
        order = _through(_TO_PACKED)(order)
        for position, work in enumerate(order.fulfillment_orders, start=1):
            parcel = GivenParcel(f"{(told.tracking or told.reference).upper()}-{position}")
            command = ShipFulfillmentOrder("", work.id, carrier, (parcel,))
            order, shipment = dispatched(order, work.id, command, order.updated_at)
            shipments.append(shipment)
        return order

    past = past.then(change, told.shipped_at or past.order.updated_at, Action.SHIP.value)
    return replace(past, shipments=tuple(shipments))


def _delivered(past: Past, told: HistoricOrder) -> Past:
    def change(order: Order) -> Order:
        return reduce(lambda each, sent: delivered(each, sent.id), past.shipments, order)

    sent = past.shipments
    past = past.then(change, told.delivered_at or past.order.updated_at, Action.DELIVER.value)
    events = [_delivery(each, past.order.updated_at) for each in sent]
    done = [with_events(each, [event]) for each, event in zip(sent, events, strict=True)]
    return replace(past, shipments=(*sent, *done), events=tuple(events))


def _delivery(shipment: Shipment, at: datetime) -> TrackingEvent:
    return TrackingEvent(
        id=TrackingEventId(new_id()),
        parcel_id=shipment.parcels[0].id,
        external_id="import:delivered",
        status=TrackingStatus.DELIVERED,
        place="",
        occurred_at=at,
        received_at=at,
        applied=True,
    )
