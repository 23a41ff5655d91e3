"""What the outside may ask of orders."""

from datetime import datetime

import strawberry
from strawberry import relay

from domain.common.errors import ValidationFailed
from domain.common.ids import (
    ChannelCode,
    CustomerId,
    FulfillmentOrderId,
    LocationId,
    OrderId,
    OrderLineId,
    Sku,
)
from domain.customers.model import GivenCustomer
from domain.orders import commands
from domain.orders import model as orders
from domain.orders.units import LineUnits
from schema.ids import id_of, uuid_of
from schema.inputs import KEY, VERSION
from schema.money import MoneyInput
from schema.orders.enums import DeliveryMode, Hold, Tender, UnfilledPolicy


@strawberry.input(
    description="Who buys: by id, else by reference, e-mail or phone; made if unknown."
)
class OrderCustomerInput:
    """Twin of GivenCustomer."""

    id: relay.GlobalID | None = strawberry.field(default=None, description="A known customer.")
    email: str | None = strawberry.field(default=None, description="E-mail address.")
    phone: str | None = strawberry.field(
        default=None, description="Phone, best with country prefix such as +39."
    )
    first_name: str | None = strawberry.field(default=None, description="Given name.")
    last_name: str | None = strawberry.field(default=None, description="Family name.")
    language: str | None = strawberry.field(default=None, description="Language code such as it.")
    reference: str | None = strawberry.field(
        default=None, description="The channel's own id of the customer."
    )

    def to_domain(self, channel: str) -> GivenCustomer:
        """The customer as given; `reference` counts within the channel."""
        return GivenCustomer(
            id=CustomerId(id_of(self.id, "Customer", "customer.id")) if self.id else None,
            email=self.email,
            phone=self.phone,
            first_name=self.first_name or "",
            last_name=self.last_name or "",
            language=self.language,
            source=channel if self.reference else None,
            reference=self.reference,
        )


@strawberry.input(description="A wanted quantity of a variant.")
class OrderLineInput:
    """Twin of OrderedLine."""

    sku: str = strawberry.field(description="SKU of the variant.")
    quantity: int = strawberry.field(description="Units, 1 to 100,000.")
    unit_price: MoneyInput | None = strawberry.field(
        default=None,
        description="Price of one unit; only for channels that set their own prices (CHANNEL, "
        "OPERATIONS, ADMIN). Otherwise the channel's price now.",
    )

    def to_domain(self) -> commands.OrderedLine:
        """The line as wanted."""
        price = self.unit_price.to_domain() if self.unit_price else None
        return commands.OrderedLine(Sku(self.sku), self.quantity, price)


@strawberry.input(description="Where to ship to.")
class OrderAddressInput:
    """Twin of Address."""

    recipient: str = strawberry.field(description="Who receives the parcel, at most 200.")
    street: str = strawberry.field(description="Street and house number.")
    city: str = strawberry.field(description="City.")
    postal_code: str = strawberry.field(description="Postal code.")
    country: str = strawberry.field(description="ISO 3166-1 alpha-2 code, such as IT.")
    region: str = strawberry.field(default="", description="Province or region.")
    phone: str | None = strawberry.field(default=None, description="Phone for the carrier.")
    latitude: float | None = strawberry.field(
        default=None, description="Degrees; with longitude it lets the nearest location win."
    )
    longitude: float | None = strawberry.field(default=None, description="Degrees.")
    pickup_point_id: str | None = strawberry.field(
        default=None,
        description="The carrier's id of the pickup point or locker that this is the address of; "
        "for PICKUP_POINT only, 1 to 64 characters. It goes onto the label.",
    )
    pickup_point_name: str | None = strawberry.field(
        default=None, description="Its name, for people; only with its id, at most 200 characters."
    )

    def to_domain(self) -> orders.Address:
        """The address as given."""
        return orders.Address(
            recipient=self.recipient,
            street=self.street,
            city=self.city,
            postal_code=self.postal_code,
            country=self.country,
            region=self.region,
            phone=self.phone,
            latitude=self.latitude,
            longitude=self.longitude,
            pickup_point_id=self.pickup_point_id,
            pickup_point_name=self.pickup_point_name,
        )


@strawberry.input(description="How the goods get to the customer.")
class DeliveryInput:
    """Twin of Delivery."""

    mode: DeliveryMode = strawberry.field(description="How.")
    address: OrderAddressInput | None = strawberry.field(
        default=None, description="Required for SHIP and PICKUP_POINT, absent otherwise."
    )
    location_id: relay.GlobalID | None = strawberry.field(
        default=None, description="The store, required for the other modes."
    )

    def to_domain(self) -> commands.Delivery:
        """The delivery as wanted."""
        place = None
        if self.location_id is not None:
            place = LocationId(id_of(self.location_id, "Location", "delivery.locationId"))
        address = self.address.to_domain() if self.address else None
        return commands.Delivery(mode=self.mode, address=address, location_id=place)


@strawberry.input(description="How the customer pays. Card numbers are refused everywhere.")
class PaymentInput:
    """Twin of GivenPayment."""

    tender: Tender = strawberry.field(description="How.")
    token: str | None = strawberry.field(
        default=None, description="The payment service's token; required for CARD."
    )
    amount: MoneyInput | None = strawberry.field(
        default=None,
        description="What it pays, more than 0, in the order's currency. Without it GIFT_CARD and "
        "STORE_CREDIT pay as much as they have, any other the rest; at most one may pay the rest.",
    )
    code: str | None = strawberry.field(
        default=None, description="The code of the GIFT_CARD, however it is typed."
    )
    number: str | None = strawberry.field(
        default=None, description="The number of the CHEQUE, at most 200 characters."
    )

    def to_domain(self) -> commands.GivenPayment:
        """The payment as given.

        Raises:
            ValidationFailed: the amount is malformed, or the tender is not the customer's choice.
        """
        if self.tender is Tender.EXCHANGE_CREDIT:
            raise ValidationFailed("payment.tender", "is for exchangeReturn only")
        amount = self.amount.to_domain() if self.amount else None
        return commands.GivenPayment(self.tender, self.token, amount, self.code, self.number)


PAYMENTS = "Instead of `payment`: 1 to 10 payments that together make up what is due."


def given_payments(
    payment: PaymentInput | None, payments: list[PaymentInput] | None
) -> tuple[commands.GivenPayment, ...]:
    """One payment or several, as given; empty when neither is.

    Raises:
        ValidationFailed: both are given, or an amount is malformed.
    """
    if payment is not None and payments is not None:
        raise ValidationFailed("payments", "must be absent when `payment` is given")
    wanted = [payment] if payment is not None else payments or []
    return tuple(each.to_domain() for each in wanted)


@strawberry.input(description="An order: who, what, how delivered, how paid.")
class PlaceOrderInput:
    """Twin of PlaceOrder."""

    idempotency_key: str = strawberry.field(description=KEY)
    channel: str = strawberry.field(description="Code of the channel.")
    customer: OrderCustomerInput = strawberry.field(description="Who buys.")
    lines: list[OrderLineInput] = strawberry.field(description="1 to 200 lines.")
    delivery: DeliveryInput = strawberry.field(description="How the goods get there.")
    payment: PaymentInput | None = strawberry.field(
        default=None, description="How it is paid; this or `payments` is required."
    )
    payments: list[PaymentInput] | None = strawberry.field(default=None, description=PAYMENTS)
    unfilled_policy: UnfilledPolicy = strawberry.field(
        default=UnfilledPolicy.REFUSE, description="What to do without stock."
    )
    currency: str | None = strawberry.field(
        default=None, description="ISO 4217 code; the channel's currency if absent."
    )
    language: str | None = strawberry.field(
        default=None, description="Of messages to the customer; the customer's if absent."
    )
    shipping: MoneyInput | None = strawberry.field(
        default=None, description="Shipping fee; CHANNEL, OPERATIONS and ADMIN only."
    )
    source_code: str | None = strawberry.field(default=None, description="Campaign.")
    external_reference: str | None = strawberry.field(
        default=None, description="The channel's own number; unique within the channel."
    )
    coupon_codes: list[str] | None = strawberry.field(
        default=None,
        description="Coupons, at most 5. A code that takes nothing off is refused, and not used.",
    )
    deliver_by: datetime | None = strawberry.field(
        default=None,
        description="When the goods are wanted, with an offset from UTC: locations from where they "
        "would come later cost more in the choice. As soon as may be if absent.",
    )

    def to_domain(self) -> commands.PlaceOrder:
        """The command.

        Raises:
            ValidationFailed: an id or an amount is malformed, or there is no payment.
        """
        payments = given_payments(self.payment, self.payments)
        if not payments:
            raise ValidationFailed("payment", "is required")
        return commands.PlaceOrder(
            idempotency_key=self.idempotency_key,
            channel=ChannelCode(self.channel),
            customer=self.customer.to_domain(self.channel),
            lines=tuple(line.to_domain() for line in self.lines),
            delivery=self.delivery.to_domain(),
            payment=payments[0],
            more_payments=payments[1:],
            unfilled_policy=self.unfilled_policy,
            currency=self.currency,
            language=self.language,
            shipping=self.shipping.to_domain() if self.shipping else None,
            source_code=self.source_code,
            external_reference=self.external_reference,
            coupon_codes=tuple(self.coupon_codes or ()),
            deliver_by=self.deliver_by,
        )


@strawberry.input(description="Another payment for a waiting order, or the same question again.")
class PayOrderInput:
    """Twin of PayOrder."""

    idempotency_key: str = strawberry.field(description=KEY)
    order_id: relay.GlobalID = strawberry.field(description="The order.")
    payment: PaymentInput | None = strawberry.field(
        default=None,
        description="A new payment after a refusal; absent to ask the payment service again for "
        "one that it has not answered.",
    )
    payments: list[PaymentInput] | None = strawberry.field(default=None, description=PAYMENTS)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.PayOrder:
        """The command."""
        payments = given_payments(self.payment, self.payments)
        return commands.PayOrder(
            idempotency_key=self.idempotency_key,
            order_id=OrderId(id_of(self.order_id, "Order", "orderId")),
            payment=payments[0] if payments else None,
            more_payments=payments[1:],
            expected_version=self.expected_version,
        )


@strawberry.input(description="Which hold to put on or to lift.")
class OrderHoldInput:
    """Twin of ChangeHold."""

    idempotency_key: str = strawberry.field(description=KEY)
    order_id: relay.GlobalID = strawberry.field(description="The order.")
    hold: Hold = strawberry.field(description="The reason of the hold.")
    reason: str | None = strawberry.field(
        default=None, description="Explanation for the history, at most 200 characters."
    )
    until: datetime | None = strawberry.field(
        default=None,
        description="When the hold ends by itself, with offset from UTC; for SCHEDULED only.",
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.ChangeHold:
        """The command."""
        return commands.ChangeHold(
            idempotency_key=self.idempotency_key,
            order_id=OrderId(id_of(self.order_id, "Order", "orderId")),
            hold=self.hold,
            until=self.until,
            expected_version=self.expected_version,
            reason=self.reason,
        )


@strawberry.input(description="Which order to change.")
class ChangeOrderInput:
    """Twin of ChangeOrder."""

    idempotency_key: str = strawberry.field(description=KEY)
    order_id: relay.GlobalID = strawberry.field(description="The order.")
    reason: str | None = strawberry.field(
        default=None, description="Explanation for the history, at most 200 characters."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.ChangeOrder:
        """The command."""
        return commands.ChangeOrder(
            idempotency_key=self.idempotency_key,
            order_id=OrderId(id_of(self.order_id, "Order", "orderId")),
            expected_version=self.expected_version,
            reason=self.reason,
        )


@strawberry.input(description="Ship an order to another address.")
class EditOrderAddressInput:
    """Twin of EditAddress."""

    idempotency_key: str = strawberry.field(description=KEY)
    order_id: relay.GlobalID = strawberry.field(description="The order.")
    address: OrderAddressInput = strawberry.field(description="Where to, in the same country.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.EditAddress:
        """The command."""
        return commands.EditAddress(
            idempotency_key=self.idempotency_key,
            order_id=OrderId(id_of(self.order_id, "Order", "orderId")),
            address=self.address.to_domain(),
            expected_version=self.expected_version,
        )


@strawberry.input(description="Which fulfillment order to work on.")
class FulfillmentOrderInput:
    """Twin of ChangeWork."""

    idempotency_key: str = strawberry.field(description=KEY)
    fulfillment_order_id: relay.GlobalID = strawberry.field(description="The fulfillment order.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.ChangeWork:
        """The command."""
        found = id_of(self.fulfillment_order_id, "FulfillmentOrder", "fulfillmentOrderId")
        return commands.ChangeWork(
            idempotency_key=self.idempotency_key,
            fulfillment_order_id=FulfillmentOrderId(found),
            expected_version=self.expected_version,
        )


@strawberry.input(description="Units of an order line.")
class LineUnitsInput:
    """Twin of LineUnits."""

    order_line_id: strawberry.ID = strawberry.field(description="Id of the line.")
    quantity: int = strawberry.field(description="Units.")

    def to_domain(self) -> LineUnits:
        """The units."""
        line_id = uuid_of(self.order_line_id, "lines.orderLineId")
        return LineUnits(OrderLineId(line_id), self.quantity)
