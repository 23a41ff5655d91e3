"""What the outside may ask of shipments: frozen commands, one per use case."""

from dataclasses import dataclass
from datetime import datetime

from domain.common.ids import FulfillmentOrderId, OrderId, OrderLineId, ShipmentId
from domain.shipments.model import Disposition, TrackingStatus


@dataclass(frozen=True, slots=True)
class GivenParcelLine:
    """Units of an order line that go into a parcel."""

    line_id: OrderLineId
    quantity: int


@dataclass(frozen=True, slots=True)
class GivenParcel:
    """A package with its label. Without lines, a single parcel holds all units."""

    tracking_number: str
    weight_g: int | None = None
    lines: tuple[GivenParcelLine, ...] = ()


@dataclass(frozen=True, slots=True)
class ShipFulfillmentOrder:
    """All units of a packed fulfillment order go to the carrier, in these parcels."""

    idempotency_key: str
    fulfillment_order_id: FulfillmentOrderId
    carrier: str
    parcels: tuple[GivenParcel, ...]
    service: str = ""
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class RecordTrackingEvent:
    """A carrier reports something of a parcel; `external_id` is its own id of the report."""

    idempotency_key: str
    carrier: str
    tracking_number: str
    external_id: str
    status: TrackingStatus
    occurred_at: datetime
    place: str = ""
    expected_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ResolveFailure:
    """What becomes of an order's units that did not arrive; `resolution`: RESHIP or REFUND."""

    idempotency_key: str
    order_id: OrderId
    resolution: str
    expected_version: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class GivenDisposition:
    """What becomes of the units of a line in a parcel that came back."""

    line_id: OrderLineId
    disposition: Disposition


@dataclass(frozen=True, slots=True)
class ReceiveReturnedParcel:
    """A parcel is back at the location that sent it."""

    idempotency_key: str
    carrier: str
    tracking_number: str
    dispositions: tuple[GivenDisposition, ...] = ()


@dataclass(frozen=True, slots=True)
class DeliverShipment:
    """Every parcel of a shipment is with the customer; for carriers that report nothing."""

    idempotency_key: str
    shipment_id: ShipmentId
    expected_version: int | None = None
