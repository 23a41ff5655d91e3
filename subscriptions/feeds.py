"""What each subscription field watches and how it shows it. Payloads are pure functions of events,
so that subscribers of equal scope can share them.
"""

from collections.abc import Collection, Sequence
from typing import Any

from domain.common.database import DbConnection
from domain.common.ids import CustomerId, LocationId, OrderId, Sku
from domain.events.model import Aggregate, LoggedEvent, Topic
from domain.orders.projection import order_states, queue_states, recent_order_states
from domain.returns.projection import return_states, waiting_states
from domain.shipments.projection import shipment_states
from domain.stock.projection import level_states
from schema.live import (
    CustomerActivity,
    CustomerChange,
    FulfillmentOrderState,
    LiveKind,
    OrderChange,
    OrderState,
    ResyncReason,
    ReturnsChange,
    ShipmentState,
    StockChange,
    WorkQueueChange,
)
from schema.returns.live import ReturnUpdate
from schema.stock import StockLevel
from subscriptions.feed import Feed, Scope
from subscriptions.mailbox import Mode
from subscriptions.once import Once

RECENT_ORDERS = 20

State = dict[str, Any]
WholeOrder = tuple[State, list[State], list[State]]
"""An order, its shipments and its returns."""


_level_of = Once(lambda event: StockLevel.of_payload(event.payload))


def stock_feed(
    location_ids: Sequence[LocationId], skus: Collection[Sku] | None
) -> Feed[State, StockChange]:
    """Levels of some locations, of some SKUs if given."""

    async def snapshot(connection: DbConnection) -> list[State]:
        return await level_states(connection, location_ids, skus)

    wanted = None if skus is None else frozenset(skus)
    return Feed(
        topics=[Topic.stock(location_id) for location_id in location_ids],
        mode=Mode.STATE,
        snapshot=snapshot,
        show_snapshot=lambda states, cursor, is_last: _stock(
            LiveKind.SNAPSHOT, cursor, states, is_last=is_last
        ),
        show_changes=lambda events, cursor: StockChange(
            kind=LiveKind.CHANGES,
            cursor=cursor,
            complete=True,
            reason=None,
            levels=[_level_of(event) for event in events],
        ),
        show_resync=lambda reason, cursor: _stock(
            LiveKind.RESYNC, cursor, [], is_last=False, reason=reason
        ),
        wants=lambda event: wanted is None or event.payload["sku"] in wanted,
        scope=Scope.LOCATION,
    )


def order_feed(order_id: OrderId) -> Feed[WholeOrder, OrderChange]:
    """One order, its shipments and its returns."""

    async def snapshot(connection: DbConnection) -> list[WholeOrder]:
        return await _whole(connection, await order_states(connection, [order_id]))

    return Feed(
        topics=[Topic.order(order_id)],
        mode=Mode.EVENTS,
        snapshot=snapshot,
        show_snapshot=lambda states, cursor, is_last: OrderChange(
            kind=LiveKind.SNAPSHOT,
            cursor=cursor,
            complete=is_last,
            reason=None,
            changes=_orders(states),
            shipments=_shipments(states),
            returns=_back(states),
        ),
        show_changes=lambda events, cursor: OrderChange(
            kind=LiveKind.CHANGES,
            cursor=cursor,
            complete=True,
            reason=None,
            changes=[OrderState.of_payload(e.payload) for e in _of(Aggregate.ORDER, events)],
            shipments=[
                ShipmentState.of_payload(e.payload) for e in _of(Aggregate.SHIPMENT, events)
            ],
            returns=[ReturnUpdate.of_payload(e.payload) for e in _of(Aggregate.RETURN, events)],
        ),
        show_resync=lambda reason, cursor: OrderChange(
            kind=LiveKind.RESYNC,
            cursor=cursor,
            complete=False,
            reason=reason,
            changes=[],
            shipments=[],
            returns=[],
        ),
    )


def returns_feed(location_id: LocationId) -> Feed[State, ReturnsChange]:
    """The returns that come to one location."""

    async def snapshot(connection: DbConnection) -> list[State]:
        return await waiting_states(connection, location_id)

    return Feed(
        topics=[Topic.returns(location_id)],
        mode=Mode.EVENTS,
        snapshot=snapshot,
        show_snapshot=lambda states, cursor, is_last: _returns(
            LiveKind.SNAPSHOT, cursor, states, is_last=is_last
        ),
        show_changes=lambda events, cursor: _returns(
            LiveKind.CHANGES, cursor, [event.payload for event in events]
        ),
        show_resync=lambda reason, cursor: _returns(
            LiveKind.RESYNC, cursor, [], is_last=False, reason=reason
        ),
        scope=Scope.LOCATION,
    )


def queue_feed(location_id: LocationId) -> Feed[State, WorkQueueChange]:
    """The open work of one location."""

    async def snapshot(connection: DbConnection) -> list[State]:
        return await queue_states(connection, location_id)

    return Feed(
        topics=[Topic.queue(location_id)],
        mode=Mode.EVENTS,
        snapshot=snapshot,
        show_snapshot=lambda states, cursor, is_last: _work(
            LiveKind.SNAPSHOT, cursor, states, is_last=is_last
        ),
        show_changes=lambda events, cursor: _work(
            LiveKind.CHANGES, cursor, [event.payload for event in events]
        ),
        show_resync=lambda reason, cursor: _work(
            LiveKind.RESYNC, cursor, [], is_last=False, reason=reason
        ),
        scope=Scope.LOCATION,
    )


def customer_feed(customer_id: CustomerId) -> Feed[WholeOrder, CustomerActivity]:
    """One customer: orders, shipments, returns, and that their own data changed."""

    async def snapshot(connection: DbConnection) -> list[WholeOrder]:
        recent = await recent_order_states(connection, customer_id, RECENT_ORDERS)
        return await _whole(connection, recent)

    return Feed(
        topics=[Topic.customer(customer_id)],
        mode=Mode.EVENTS,
        snapshot=snapshot,
        show_snapshot=lambda states, cursor, is_last: CustomerActivity(
            kind=LiveKind.SNAPSHOT,
            cursor=cursor,
            complete=is_last,
            reason=None,
            orders=_orders(states),
            shipments=_shipments(states),
            returns=_back(states),
            changes=[],
        ),
        show_changes=lambda events, cursor: CustomerActivity(
            kind=LiveKind.CHANGES,
            cursor=cursor,
            complete=True,
            reason=None,
            orders=[OrderState.of_payload(e.payload) for e in _of(Aggregate.ORDER, events)],
            shipments=[
                ShipmentState.of_payload(e.payload) for e in _of(Aggregate.SHIPMENT, events)
            ],
            returns=[ReturnUpdate.of_payload(e.payload) for e in _of(Aggregate.RETURN, events)],
            changes=[CustomerChange.of_payload(e.payload) for e in _of(Aggregate.CUSTOMER, events)],
        ),
        show_resync=lambda reason, cursor: CustomerActivity(
            kind=LiveKind.RESYNC,
            cursor=cursor,
            complete=False,
            reason=reason,
            orders=[],
            shipments=[],
            returns=[],
            changes=[],
        ),
    )


def _stock(
    kind: LiveKind,
    cursor: str,
    levels: Sequence[Any],
    *,
    is_last: bool = True,
    reason: ResyncReason | None = None,
) -> StockChange:
    return StockChange(
        kind=kind,
        cursor=cursor,
        complete=is_last,
        reason=reason,
        levels=[StockLevel.of_payload(level) for level in levels],
    )


def _work(
    kind: LiveKind,
    cursor: str,
    items: Sequence[Any],
    *,
    is_last: bool = True,
    reason: ResyncReason | None = None,
) -> WorkQueueChange:
    return WorkQueueChange(
        kind=kind,
        cursor=cursor,
        complete=is_last,
        reason=reason,
        items=[FulfillmentOrderState.of_payload(item) for item in items],
    )


def _returns(
    kind: LiveKind,
    cursor: str,
    items: Sequence[Any],
    *,
    is_last: bool = True,
    reason: ResyncReason | None = None,
) -> ReturnsChange:
    return ReturnsChange(
        kind=kind,
        cursor=cursor,
        complete=is_last,
        reason=reason,
        returns=[ReturnUpdate.of_payload(item) for item in items],
    )


async def _whole(connection: DbConnection, orders: Sequence[State]) -> list[WholeOrder]:
    ids = [order["order_id"] for order in orders]
    shipments = await shipment_states(connection, ids)
    returns = await return_states(connection, ids)
    return [
        (
            order,
            [each for each in shipments if each["order_id"] == order["order_id"]],
            [each for each in returns if each["order_id"] == order["order_id"]],
        )
        for order in orders
    ]


def _orders(states: Sequence[WholeOrder]) -> list[OrderState]:
    return [OrderState.of_payload(order) for order, _, _ in states]


def _shipments(states: Sequence[WholeOrder]) -> list[ShipmentState]:
    return [ShipmentState.of_payload(each) for _, shipments, _ in states for each in shipments]


def _back(states: Sequence[WholeOrder]) -> list[ReturnUpdate]:
    return [ReturnUpdate.of_payload(each) for _, _, returns in states for each in returns]


def _of(aggregate: Aggregate, events: Sequence[LoggedEvent]) -> list[LoggedEvent]:
    return [event for event in events if event.aggregate == aggregate]
