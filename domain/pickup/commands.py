"""What the outside may ask of pickups: frozen commands, one per use case."""

from dataclasses import dataclass
from enum import StrEnum

from domain.common.ids import FulfillmentOrderId, LocationId, OrderId
from domain.orders.model import Address
from domain.orders.units import LineUnits


class Alternative(StrEnum):
    """What becomes of units that the pickup store cannot serve."""

    OTHER_STORE = "OTHER_STORE"
    SHIP_HOME = "SHIP_HOME"
    REFUND = "REFUND"


@dataclass(frozen=True, slots=True)
class CollectPickup:
    """Somebody is in the store for the goods, with the code or with an identity card."""

    idempotency_key: str
    order_id: OrderId
    code: str | None = None
    identity_checked: bool = False
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class NameProxy:
    """Another person will collect; None takes that back. Personal data."""

    idempotency_key: str
    order_id: OrderId
    name: str | None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class ExtendPickup:
    """The customer gets `days` more to collect."""

    idempotency_key: str
    order_id: OrderId
    days: int
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class ChooseAlternative:
    """The customer's choice; OTHER_STORE needs a location, SHIP_HOME an address."""

    idempotency_key: str
    order_id: OrderId
    choice: Alternative
    location_id: LocationId | None = None
    address: Address | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class ReceiveForPickup:
    """What arrived at the store of a fulfillment order that was sent there; no lines: all."""

    idempotency_key: str
    fulfillment_order_id: FulfillmentOrderId
    lines: tuple[LineUnits, ...] | None = None
    expected_version: int | None = None
