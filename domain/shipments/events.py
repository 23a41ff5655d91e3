"""What the shipments area publishes. Payloads are public state: no name, address or place."""

from typing import Any

from domain.common.ids import CustomerId
from domain.events.model import Aggregate, Event, Topic
from domain.shipments.model import Parcel, Shipment

SHIPMENT_CHANGED = "ShipmentChanged"


def shipment_payload(shipment: Shipment) -> dict[str, Any]:
    """The shipment's public state, as JSON values."""
    return {
        "shipment_id": str(shipment.id),
        "order_id": str(shipment.order_id),
        "version": shipment.version,
        "status": shipment.status.value,
        "carrier": shipment.carrier,
        "service": shipment.service,
        "parcels": [_parcel_payload(parcel) for parcel in shipment.parcels],
        "shipped_at": shipment.shipped_at.isoformat() if shipment.shipped_at else None,
        "delivered_at": shipment.delivered_at.isoformat() if shipment.delivered_at else None,
    }


def _parcel_payload(parcel: Parcel) -> dict[str, Any]:
    return {
        "tracking_number": parcel.tracking_number,
        "status": parcel.status.value,
        "notice": parcel.notice.value if parcel.notice else None,
        "expected_at": parcel.expected_at.isoformat() if parcel.expected_at else None,
        "lines": [
            {"line_id": str(line.line_id), "quantity": line.quantity} for line in parcel.lines
        ],
    }


def shipment_changed(shipment: Shipment, customer_id: CustomerId) -> Event:
    """The event of a shipment's change to its present version."""
    return Event(
        type=SHIPMENT_CHANGED,
        aggregate=Aggregate.SHIPMENT,
        aggregate_id=shipment.id,
        version=shipment.version,
        topics=[Topic.order(shipment.order_id), Topic.customer(customer_id)],
        payload=shipment_payload(shipment),
    )
