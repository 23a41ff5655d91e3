"""Parcels and shipments as values: statuses only move forwards, whatever arrives."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.common.ids import (
    FulfillmentOrderId,
    LocationId,
    OrderId,
    OrderLineId,
    ParcelId,
    ShipmentId,
    TrackingEventId,
)
from domain.orders.states import GroupState
from domain.shipments.model import (
    INFORMATION,
    RANK,
    Parcel,
    ParcelLine,
    Shipment,
    ShipmentStatus,
    TrackingEvent,
    TrackingStatus,
    shipment_status,
    state_of_units,
    with_events,
)

T = TrackingStatus
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


def parcel(position: int = 1, status: TrackingStatus = T.HANDED_OVER) -> Parcel:
    line = ParcelLine(OrderLineId(uuid4()), 1)
    parcel_id, shipment_id = ParcelId(uuid4()), ShipmentId(uuid4())
    return Parcel(parcel_id, shipment_id, position, "DHL", f"P{position}", None, status, (line,))


def shipment(*parcels: Parcel) -> Shipment:
    return Shipment(
        id=parcels[0].shipment_id,
        order_id=OrderId(uuid4()),
        fulfillment_order_id=FulfillmentOrderId(uuid4()),
        location_id=LocationId(uuid4()),
        carrier="DHL",
        service="",
        created_at=NOON,
        shipped_at=NOON,
        delivered_at=None,
        version=1,
        parcels=parcels,
    )


def event(of: Parcel, status: TrackingStatus, at: datetime = NOON) -> TrackingEvent:
    made = TrackingEvent(TrackingEventId(uuid4()), of.id, "e", status, "", at, at, applied=True)
    return replace(made, applied=of.is_news(status, at))


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([T.LABEL_CREATED, T.HANDED_OVER], ShipmentStatus.SHIPPED),
        ([T.HANDED_OVER, T.IN_TRANSIT], ShipmentStatus.IN_TRANSIT),
        ([T.OUT_FOR_DELIVERY, T.OUT_FOR_DELIVERY], ShipmentStatus.IN_TRANSIT),
        ([T.HANDED_OVER, T.DELIVERED], ShipmentStatus.PARTIALLY_DELIVERED),
        ([T.DELIVERED, T.DELIVERED], ShipmentStatus.DELIVERED),
        ([T.DELIVERED, T.LOST], ShipmentStatus.PARTIALLY_DELIVERED),
        ([T.REFUSED, T.LOST], ShipmentStatus.FAILED),
    ],
)
def test_shipment_status_comes_from_its_parcels(
    statuses: Sequence[TrackingStatus], expected: ShipmentStatus
) -> None:
    assert shipment_status(statuses) is expected


def test_units_follow_their_parcel() -> None:
    assert {status: state_of_units(status) for status in RANK} == {
        T.LABEL_CREATED: GroupState.SHIPPED,
        T.HANDED_OVER: GroupState.SHIPPED,
        T.IN_TRANSIT: GroupState.IN_TRANSIT,
        T.OUT_FOR_DELIVERY: GroupState.IN_TRANSIT,
        T.DELIVERED: GroupState.DELIVERED,
        T.REFUSED: GroupState.REFUSED,
        T.LOST: GroupState.LOST,
        T.DAMAGED: GroupState.DAMAGED_IN_TRANSIT,
        T.RETURNED_TO_ORIGIN: GroupState.RETURNED_TO_ORIGIN,
    }


@given(st.lists(st.sampled_from(TrackingStatus), max_size=12))
def test_a_parcel_never_goes_back(reports: list[TrackingStatus]) -> None:
    whole = shipment(parcel())
    seen = [T.HANDED_OVER]
    for status in reports:
        news = event(whole.parcels[0], status)
        if news.applied:
            whole = with_events(whole, [news])
        seen.append(status)
        ranked = [each for each in seen if each in RANK]
        assert whole.parcels[0].status is max(ranked, key=lambda each: RANK[each])
        assert (whole.delivered_at is None) == (whole.parcels[0].status is not T.DELIVERED)


def test_information_leaves_the_status_and_is_shown_until_the_parcel_moves() -> None:
    whole = shipment(parcel())
    for status in sorted(INFORMATION):
        whole = with_events(whole, [event(whole.parcels[0], status)])
        assert whole.parcels[0].notice is status
        assert whole.parcels[0].status is T.HANDED_OVER
    whole = with_events(whole, [event(whole.parcels[0], T.IN_TRANSIT)])
    assert whole.parcels[0].notice is None
    assert whole.version == 4


def test_information_is_late_when_later_news_were_applied_or_the_parcel_is_there() -> None:
    first = parcel()
    whole = with_events(shipment(first), [event(first, T.IN_TRANSIT, NOON)])
    under_way = whole.parcels[0]
    assert not under_way.is_news(T.DELAYED, NOON - timedelta(minutes=1))
    assert under_way.is_news(T.DELAYED, NOON)
    assert not parcel(status=T.DELIVERED).is_news(T.FAILED_ATTEMPT, NOON)


def test_delivered_at_is_the_time_of_the_last_delivery_in_whatever_order_they_are_reported() -> (
    None
):
    first, second = parcel(1), parcel(2)
    later = NOON + timedelta(hours=2)
    whole = with_events(shipment(first, second), [event(second, T.DELIVERED, later)])
    assert whole.delivered_at is None
    whole = with_events(whole, [event(first, T.DELIVERED, NOON)])
    assert (whole.status, whole.delivered_at) == (ShipmentStatus.DELIVERED, later)
