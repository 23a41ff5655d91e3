"""What a POS, a call center and a customer see: lines of text out of pushed payloads. Pure."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from app.client import Payload


class View(StrEnum):
    """Who is looking."""

    POS = "POS"
    CALL_CENTER = "call center"
    CUSTOMER = "customer"


def stock_lines(payload: Payload, names: Mapping[str, str]) -> list[str]:
    """A line per level; `names` are codes of locations by their global ids."""
    if payload["kind"] == "SNAPSHOT":
        return [f"watches {len(payload['levels'])} levels of {', '.join(names.values())}"]
    return [
        f"{names.get(level['locationId'], '?')} {level['sku'][:14]}: available "
        f"{level['available']}, allocated {level['allocated']}, on hand {level['onHand']} "
        f"(v{level['version']})"
        for level in payload["levels"]
    ]


def activity_lines(payload: Payload, customer: str) -> list[str]:
    """A line per change of the customer's orders and shipments."""
    if payload["kind"] == "SNAPSHOT":
        return [f"watches customer {customer}, {len(payload['orders'])} orders so far"]
    return [f"customer {customer}: {text}" for text in _changes(payload["orders"], payload)]


def order_lines(payload: Payload) -> list[str]:
    """A line per change of the order and its shipments."""
    watches = "watches " if payload["kind"] == "SNAPSHOT" else ""
    return [f"{watches}{text}" for text in _changes(payload["changes"], payload)]


def _changes(orders: Iterable[Payload], payload: Payload) -> Iterable[str]:
    for order in orders:
        yield (
            f"order {order['number']} {order['action'].lower().replace('_', ' ')}: "
            f"{order['status']}, {order['fulfillmentStatus']}, {order['paymentStatus']} "
            f"(v{order['version']})"
        )
    for shipment in payload["shipments"]:
        numbers = ", ".join(parcel["trackingNumber"] for parcel in shipment["parcels"])
        yield f"parcel {numbers}: {shipment['status']} (v{shipment['version']})"
