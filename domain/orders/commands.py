"""What the outside may ask of orders: frozen commands, one per use case."""

from dataclasses import dataclass, field
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
    """A tender; CARD needs the PSP's token, never a card number; GIFT_CARD its code, CHEQUE its
    number. Without an amount it pays the rest.
    """

    tender: Tender
    token: str | None = None
    amount: Money | None = None
    code: str | None = field(default=None, repr=False)
    number: str | None = None


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """A wish to buy, complete: who, what, how to deliver, how to pay; `more_payments` pay together
    with `payment`. `deliver_by` is when the goods are wanted, None for as soon as may be.
    """

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
    more_payments: tuple[GivenPayment, ...] = ()
    coupon_codes: tuple[str, ...] = ()
    deliver_by: datetime | None = None

    @property
    def payments(self) -> tuple[GivenPayment, ...]:
        """All of them."""
        return (self.payment, *self.more_payments)


@dataclass(frozen=True, slots=True)
class PayOrder:
    """Other payments for an order that waits for one, or (without `payment`) the same again."""

    idempotency_key: str
    order_id: OrderId
    payment: GivenPayment | None = None
    expected_version: int | None = None
    more_payments: tuple[GivenPayment, ...] = ()

    @property
    def payments(self) -> tuple[GivenPayment, ...]:
        """All of them."""
        return (self.payment, *self.more_payments) if self.payment else ()


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
