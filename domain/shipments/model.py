"""Shipments as values: parcels, what carriers say of them, statuses derived from them. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import reduce

from domain.carriers.model import TrackingStatus
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

RANK: Mapping[TrackingStatus, int] = {
    TrackingStatus.LABEL_CREATED: 0,
    TrackingStatus.HANDED_OVER: 1,
    TrackingStatus.IN_TRANSIT: 2,
    TrackingStatus.OUT_FOR_DELIVERY: 3,
    TrackingStatus.REFUSED: 4,
    TrackingStatus.DELIVERED: 5,
    TrackingStatus.LOST: 5,
    TrackingStatus.DAMAGED: 5,
    TrackingStatus.RETURNED_TO_ORIGIN: 5,
}
"""A parcel's status only ever goes up in rank, whatever arrives and in whatever order: the first
final word stands.
"""
FINAL_RANK = 5

INFORMATION = frozenset(TrackingStatus) - RANK.keys()
"""What is recorded and shown, and leaves a parcel's status as it is."""

AT_SENDER = frozenset({TrackingStatus.LABEL_CREATED, TrackingStatus.HANDED_OVER})


class Disposition(StrEnum):
    """What becomes of units that come back."""

    RESTOCK = "RESTOCK"
    DAMAGED = "DAMAGED"
    QUALITY_HOLD = "QUALITY_HOLD"
    WRITE_OFF = "WRITE_OFF"


class ShipmentStatus(StrEnum):
    """Where a shipment is, derived from its parcels."""

    SHIPPED = "SHIPPED"
    IN_TRANSIT = "IN_TRANSIT"
    PARTIALLY_DELIVERED = "PARTIALLY_DELIVERED"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class TrackingEvent:
    """What a carrier reported. `applied`: it was news when it arrived, neither late nor outdone.

    `external_id` is the carrier's own; `occurred_at` its time, `received_at` ours.
    """

    id: TrackingEventId
    parcel_id: ParcelId
    external_id: str
    status: TrackingStatus
    place: str
    occurred_at: datetime
    received_at: datetime
    applied: bool
    expected_at: datetime | None = None
    """When the carrier now expects to deliver, if it said so."""


@dataclass(frozen=True, slots=True)
class ParcelLine:
    """Units of an order line in a parcel."""

    line_id: OrderLineId
    quantity: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """One package. `latest`: the last tracking event that was applied to it."""

    id: ParcelId
    shipment_id: ShipmentId
    position: int
    carrier: str
    tracking_number: str
    weight_g: int | None
    status: TrackingStatus
    lines: tuple[ParcelLine, ...]
    latest: TrackingEvent | None = None
    expected_at: datetime | None = None
    """When it should arrive, as the carrier said last."""
    returned_at: datetime | None = None
    """When it was received back at the location that had sent it."""

    @property
    def notice(self) -> TrackingStatus | None:
        """The trouble that the carrier reported last, until the parcel moves on again."""
        if self.latest is None or self.latest.status not in INFORMATION:
            return None
        return self.latest.status

    def is_news(self, status: TrackingStatus, occurred_at: datetime) -> bool:
        """Whether such a report tells more than is known.

        A status with a rank does if the rank is higher than the parcel's; information does if the
        parcel is under way and nothing later was applied.
        """
        if status in RANK:
            return RANK[status] > RANK[self.status]
        if RANK[self.status] == FINAL_RANK:
            return False
        return self.latest is None or occurred_at >= self.latest.occurred_at


@dataclass(frozen=True, slots=True)
class Shipment:
    """What left a location together for one order. `version` counts its changes."""

    id: ShipmentId
    order_id: OrderId
    fulfillment_order_id: FulfillmentOrderId
    location_id: LocationId
    carrier: str
    service: str
    created_at: datetime
    shipped_at: datetime | None
    delivered_at: datetime | None
    version: int
    parcels: tuple[Parcel, ...]

    @property
    def status(self) -> ShipmentStatus:
        """Where it is: delivered once all parcels are, else as far as the most advanced parcel."""
        return shipment_status(parcel.status for parcel in self.parcels)

    def parcel(self, parcel_id: ParcelId) -> Parcel:
        """The parcel of that id; it must be one of the shipment's."""
        return next(parcel for parcel in self.parcels if parcel.id == parcel_id)


_ENDS: Mapping[TrackingStatus, GroupState] = {
    TrackingStatus.DELIVERED: GroupState.DELIVERED,
    TrackingStatus.REFUSED: GroupState.REFUSED,
    TrackingStatus.LOST: GroupState.LOST,
    TrackingStatus.DAMAGED: GroupState.DAMAGED_IN_TRANSIT,
    TrackingStatus.RETURNED_TO_ORIGIN: GroupState.RETURNED_TO_ORIGIN,
}
_FAILED = _ENDS.keys() - {TrackingStatus.DELIVERED}


def shipment_status(statuses: Iterable[TrackingStatus]) -> ShipmentStatus:
    """The status of a shipment whose parcels have these statuses."""
    found = frozenset(statuses)
    if found == frozenset({TrackingStatus.DELIVERED}):
        return ShipmentStatus.DELIVERED
    if found <= _FAILED:
        return ShipmentStatus.FAILED
    if TrackingStatus.DELIVERED in found:
        return ShipmentStatus.PARTIALLY_DELIVERED
    return ShipmentStatus.SHIPPED if found <= AT_SENDER else ShipmentStatus.IN_TRANSIT


def state_of_units(status: TrackingStatus) -> GroupState:
    """The state of the units in a parcel of that status (one with a rank)."""
    if status in _ENDS:
        return _ENDS[status]
    return GroupState.SHIPPED if status in AT_SENDER else GroupState.IN_TRANSIT


def with_events(shipment: Shipment, events: Sequence[TrackingEvent]) -> Shipment:
    """The next version of `shipment`, after events that are news (see `Parcel.is_news`).

    `delivered_at` is the time of the last delivery once all parcels are delivered.
    """
    after = reduce(_with_event, events, shipment)
    return replace(after, version=shipment.version + 1, delivered_at=_delivered_at(after))


def _with_event(shipment: Shipment, event: TrackingEvent) -> Shipment:
    parcels = tuple(
        replace(
            parcel,
            status=event.status if event.status in RANK else parcel.status,
            latest=event,
            expected_at=event.expected_at or parcel.expected_at,
        )
        if parcel.id == event.parcel_id
        else parcel
        for parcel in shipment.parcels
    )
    return replace(shipment, parcels=parcels)


def _delivered_at(shipment: Shipment) -> datetime | None:
    if shipment.status is not ShipmentStatus.DELIVERED:
        return None
    return max(parcel.latest.occurred_at for parcel in shipment.parcels if parcel.latest)


def contents(parcels: Collection[Parcel]) -> dict[OrderLineId, int]:
    """Units per order line over all these parcels."""
    sums: dict[OrderLineId, int] = {}
    for parcel in parcels:
        for line in parcel.lines:
            sums[line.line_id] = sums.get(line.line_id, 0) + line.quantity
    return sums
