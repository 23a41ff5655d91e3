"""Statuses of shipments and parcels, described."""

from domain.shipments.failing import Resolution
from domain.shipments.model import Disposition, ShipmentStatus, TrackingStatus
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
        "REFUSED": "Refused at the door, or undeliverable: it goes back.",
        "LOST": "The carrier lost it.",
        "DAMAGED": "The carrier damaged it beyond delivery.",
        "RETURNED_TO_ORIGIN": "Back at the location that sent it.",
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
        "FAILED": "All parcels were lost, damaged, refused or sent back.",
    },
)
described(
    Disposition,
    "What becomes of units that come back.",
    {
        "RESTOCK": "They can be sold again.",
        "DAMAGED": "They are damaged.",
        "QUALITY_HOLD": "They must be looked at.",
        "WRITE_OFF": "They are thrown away.",
    },
)
described(
    Resolution,
    "What the customer gets for units that did not arrive.",
    {"RESHIP": "The same units again.", "REFUND": "The money."},
    name="FailedDeliveryResolution",
)
