"""What the outside may ask of orders: frozen commands, one per use case."""

from dataclasses import dataclass
from datetime import datetime

from domain.common.ids import ChannelCode, FulfillmentOrderId, LocationId, OrderId, Sku
from domain.common.money import Money
from domain.customers.model import GivenCustomer
from domain.orders.model import Address
from domain.orders.states import DeliveryMode, Hold, UnfilledPolicy
from domain.orders.units import LineUnits
from domain.payments.model import Tender


@dataclass(frozen=True, slots=True)
class OrderedLine:
    """A wanted quantity of a SKU; `unit_price` only from channels that set their own prices."""

    sku: Sku
    quantity: int
    unit_price: Money | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """How and where to: SHIP needs `address`; PICKUP and TAKE_AWAY need `location_id`."""

    mode: DeliveryMode
    address: Address | None = None
    location_id: LocationId | None = None


@dataclass(frozen=True, slots=True)
class GivenPayment:
    """A tender; CARD needs the PSP's token. Never a card number."""

    tender: Tender
    token: str | None = None


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """A wish to buy, complete: who, what, how to deliver, how to pay."""

    idempotency_key: str
    channel: ChannelCode
    customer: GivenCustomer
    lines: tuple[OrderedLine, ...]
    delivery: Delivery
    payment: GivenPayment
    unfilled_policy: UnfilledPolicy = UnfilledPolicy.REFUSE
    currency: str | None = None
    language: str | None = None
    shipping: Money | None = None
    source_code: str | None = None
    external_reference: str | None = None


@dataclass(frozen=True, slots=True)
class PayOrder:
    """Another payment for an order that waits for one, or (without `payment`) the same again."""

    idempotency_key: str
    order_id: OrderId
    payment: GivenPayment | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeOrder:
    """A command on one order that needs nothing but, perhaps, a reason."""

    idempotency_key: str
    order_id: OrderId
    expected_version: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CancelLines:
    """Cancel some units that no location works on."""

    idempotency_key: str
    order_id: OrderId
    lines: tuple[LineUnits, ...]
    expected_version: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeHold:
    """Put an order on hold for a reason, or lift that hold."""

    idempotency_key: str
    order_id: OrderId
    hold: Hold
    expected_version: int | None = None
    reason: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class EditAddress:
    """Ship to another address."""

    idempotency_key: str
    order_id: OrderId
    address: Address
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeWork:
    """A command on one location's work for an order."""

    idempotency_key: str
    fulfillment_order_id: FulfillmentOrderId
    expected_version: int | None = None
