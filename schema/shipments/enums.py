"""Statuses of shipments and parcels, described."""

from domain.shipments.model import ShipmentStatus, TrackingStatus
from schema.enums import described

__all__ = ["ShipmentStatus", "TrackingStatus"]

described(
    TrackingStatus,
    "What a carrier says of a parcel. A parcel's own status only moves forwards through "
    "LABEL_CREATED, HANDED_OVER, IN_TRANSIT, OUT_FOR_DELIVERY, DELIVERED; the rest is information.",
    {
        "LABEL_CREATED": "The label is printed.",
        "HANDED_OVER": "The carrier has the parcel.",
        "IN_TRANSIT": "On the way.",
        "OUT_FOR_DELIVERY": "With the driver, on the last tour.",
        "DELIVERED": "With the customer.",
        "DELAYED": "Information: it will be late.",
        "FAILED_ATTEMPT": "Information: nobody could receive it.",
    },
)
described(
    ShipmentStatus,
    "Where a shipment is, derived from its parcels.",
    {
        "SHIPPED": "All parcels are with the carrier and have not moved yet.",
        "IN_TRANSIT": "At least one parcel is on the way, none is delivered.",
        "PARTIALLY_DELIVERED": "Some parcels are delivered.",
        "DELIVERED": "All parcels are delivered.",
    },
)
