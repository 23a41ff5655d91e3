"""What shipment use cases hand back, and what is stored under their idempotency keys."""

from dataclasses import dataclass

from domain.common.ids import OrderId, ShipmentId, TrackingEventId


@dataclass(frozen=True, slots=True)
class ShipmentChange:
    """A new or changed shipment with the version that the change gave it."""

    shipment_id: ShipmentId
    order_id: OrderId
    version: int


@dataclass(frozen=True, slots=True)
class Tracked:
    """A recorded tracking event, or the one that was recorded under that external id before."""

    shipment_id: ShipmentId
    event_id: TrackingEventId
    applied: bool
