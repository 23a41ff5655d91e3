"""Inputs of the mutations of returns."""

import strawberry
from strawberry import relay

from domain.common.ids import ChannelCode, LocationId, OrderId, OrderLineId, ReturnId, Sku
from domain.returns import commands, model
from domain.returns.exchanging import ExchangeReturn
from domain.returns.no_receipt import GivenItem, ReturnWithoutReceipt
from schema.ids import id_of, uuid_of
from schema.inputs import KEY, VERSION
from schema.orders.inputs import (
    DeliveryInput,
    LineUnitsInput,
    OrderCustomerInput,
    OrderLineInput,
    PaymentInput,
)
from schema.returns.enums import ItemCondition, ReturnDisposition, ReturnMethod, ReturnReason

FOR_GUESTS = "Tracking token of the order, for a guest."


@strawberry.input(description="Units of an order line that shall come back.")
class ReturnLineInput:
    """Twin of ReturnLine."""

    order_line_id: strawberry.ID = strawberry.field(description="Id of the order line.")
    quantity: int = strawberry.field(description="Units, 1 or more.")
    reason: ReturnReason = strawberry.field(description="Why.")

    def to_domain(self) -> model.ReturnLine:
        """The line."""
        line_id = uuid_of(self.order_line_id, "lines.orderLineId")
        return model.ReturnLine(OrderLineId(line_id), self.quantity, self.reason)


@strawberry.input(description="What a customer wants to give back. Name the order by id or number.")
class RequestReturnInput:
    """Twin of RequestReturn."""

    idempotency_key: str = strawberry.field(description=KEY)
    order_id: relay.GlobalID | None = strawberry.field(default=None, description="The order.")
    order_number: str | None = strawberry.field(
        default=None,
        description="The order's number instead: with its token for everybody, alone for staff of "
        "a location who read it on a receipt.",
    )
    token: str | None = strawberry.field(default=None, description=FOR_GUESTS)
    method: ReturnMethod = strawberry.field(description="How it comes; not UNDELIVERED.")
    lines: list[ReturnLineInput] = strawberry.field(description="What, each order line once.")
    expected_version: int | None = strawberry.field(
        default=None, description="Refuse unless this is the present version of the order."
    )

    def to_domain(self) -> commands.RequestReturn:
        """The command."""
        return commands.RequestReturn(
            idempotency_key=self.idempotency_key,
            lines=tuple(line.to_domain() for line in self.lines),
            method=self.method,
            order_id=_order_id(self.order_id),
            number=self.order_number,
            token=self.token,
            expected_version=self.expected_version,
        )


@strawberry.input(description="A decision on a return.")
class ChangeReturnInput:
    """Twin of ChangeReturn."""

    idempotency_key: str = strawberry.field(description=KEY)
    return_id: relay.GlobalID = strawberry.field(description="The return.")
    reason: str | None = strawberry.field(
        default=None, description="Why, for cancelling and rejecting; at most 500 characters."
    )
    token: str | None = strawberry.field(default=None, description=FOR_GUESTS)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.ChangeReturn:
        """The command."""
        return commands.ChangeReturn(
            idempotency_key=self.idempotency_key,
            return_id=_return_id(self.return_id),
            reason=self.reason,
            token=self.token,
            expected_version=self.expected_version,
        )


@strawberry.input(description="Returned goods that are on their way.")
class SendReturnInput:
    """Twin of SendReturn."""

    idempotency_key: str = strawberry.field(description=KEY)
    return_id: relay.GlobalID = strawberry.field(description="The return.")
    carrier: str | None = strawberry.field(
        default=None, description="Code of the carrier; with a tracking number."
    )
    tracking_number: str | None = strawberry.field(
        default=None, description="The carrier's number."
    )
    token: str | None = strawberry.field(default=None, description=FOR_GUESTS)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.SendReturn:
        """The command."""
        return commands.SendReturn(
            idempotency_key=self.idempotency_key,
            return_id=_return_id(self.return_id),
            carrier=self.carrier,
            tracking_number=self.tracking_number,
            token=self.token,
            expected_version=self.expected_version,
        )


@strawberry.input(description="Goods of a return that arrived.")
class ReceiveReturnInput:
    """Twin of ReceiveReturn."""

    idempotency_key: str = strawberry.field(description=KEY)
    return_id: relay.GlobalID = strawberry.field(description="The return.")
    location_id: relay.GlobalID = strawberry.field(description="Where they arrived.")
    lines: list[LineUnitsInput] | None = strawberry.field(
        default=None, description="What arrived; all that was to come when left out."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.ReceiveReturn:
        """The command."""
        lines = self.lines
        return commands.ReceiveReturn(
            idempotency_key=self.idempotency_key,
            return_id=_return_id(self.return_id),
            location_id=_location_id(self.location_id),
            lines=None if lines is None else tuple(line.to_domain() for line in lines),
            expected_version=self.expected_version,
        )


@strawberry.input(description="What of one order is in the bag. Name the order by id or number.")
class ReturnBagOrderInput:
    """Twin of BagOrder."""

    order_id: relay.GlobalID | None = strawberry.field(
        default=None, description="An order that the caller sees."
    )
    order_number: str | None = strawberry.field(
        default=None, description="The number on the receipt instead."
    )
    lines: list[ReturnLineInput] = strawberry.field(description="What, each order line once.")

    def to_domain(self) -> commands.BagOrder:
        """The part of the command."""
        return commands.BagOrder(
            lines=tuple(line.to_domain() for line in self.lines),
            order_id=_order_id(self.order_id),
            number=self.order_number,
        )


@strawberry.input(description="Goods of one or more orders that somebody brought.")
class ReceiveReturnBagInput:
    """Twin of ReceiveBag."""

    idempotency_key: str = strawberry.field(description=KEY)
    location_id: relay.GlobalID = strawberry.field(description="Where they were brought.")
    orders: list[ReturnBagOrderInput] = strawberry.field(
        description="What they are of: 1 to 20 orders, each once."
    )

    def to_domain(self) -> commands.ReceiveBag:
        """The command."""
        return commands.ReceiveBag(
            idempotency_key=self.idempotency_key,
            location_id=_location_id(self.location_id),
            orders=tuple(order.to_domain() for order in self.orders),
        )


@strawberry.input(description="A parcel that could not be delivered, back at a location.")
class ReceiveUndeliveredParcelInput:
    """Twin of ReceiveUndelivered."""

    idempotency_key: str = strawberry.field(description=KEY)
    carrier: str = strawberry.field(description="Code of the carrier, such as DHL.")
    tracking_number: str = strawberry.field(description="The parcel's number.")
    location_id: relay.GlobalID = strawberry.field(description="Where it arrived.")

    def to_domain(self) -> commands.ReceiveUndelivered:
        """The command."""
        return commands.ReceiveUndelivered(
            idempotency_key=self.idempotency_key,
            carrier=self.carrier,
            tracking_number=self.tracking_number,
            location_id=_location_id(self.location_id),
        )


@strawberry.input(description="What some units of a line are like.")
class ReturnFindingInput:
    """Twin of Finding."""

    order_line_id: strawberry.ID = strawberry.field(description="Id of the order line.")
    quantity: int = strawberry.field(description="Units, 1 or more.")
    condition: ItemCondition = strawberry.field(description="What they are like.")
    disposition: ReturnDisposition | None = strawberry.field(
        default=None,
        description="Where they go; by the rules of the location when left out. Not for a POS.",
    )

    def to_domain(self) -> commands.Finding:
        """The part of the command."""
        line_id = uuid_of(self.order_line_id, "findings.orderLineId")
        return commands.Finding(
            OrderLineId(line_id), self.quantity, self.condition, self.disposition
        )


@strawberry.input(description="What received goods are like.")
class InspectReturnInput:
    """Twin of InspectReturn."""

    idempotency_key: str = strawberry.field(description=KEY)
    return_id: relay.GlobalID = strawberry.field(description="The return.")
    findings: list[ReturnFindingInput] = strawberry.field(description="What was found.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.InspectReturn:
        """The command."""
        return commands.InspectReturn(
            idempotency_key=self.idempotency_key,
            return_id=_return_id(self.return_id),
            findings=tuple(finding.to_domain() for finding in self.findings),
            expected_version=self.expected_version,
        )


@strawberry.input(description="Other goods instead of received ones.")
class ExchangeReturnInput:
    """Twin of ExchangeReturn."""

    idempotency_key: str = strawberry.field(description=KEY)
    return_id: relay.GlobalID = strawberry.field(
        description="The return; its received units must not be inspected yet."
    )
    lines: list[OrderLineInput] = strawberry.field(description="What the customer gets.")
    delivery: DeliveryInput = strawberry.field(description="How the goods get there.")
    payment: PaymentInput | None = strawberry.field(
        default=None, description="How what they cost more is paid; required if they do."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> ExchangeReturn:
        """The command."""
        return ExchangeReturn(
            idempotency_key=self.idempotency_key,
            return_id=_return_id(self.return_id),
            lines=tuple(line.to_domain() for line in self.lines),
            delivery=self.delivery.to_domain(),
            payment=self.payment.to_domain() if self.payment else None,
            expected_version=self.expected_version,
        )


@strawberry.input(description="Units of a SKU that somebody brought without a receipt.")
class NoReceiptItemInput:
    """Twin of GivenItem."""

    sku: str = strawberry.field(description="SKU of the variant; not a kit.")
    quantity: int = strawberry.field(description="Units, 1 or more.")
    condition: ItemCondition = strawberry.field(description="What they are like.")


@strawberry.input(description="Goods without a receipt.")
class ReturnWithoutReceiptInput:
    """Twin of ReturnWithoutReceipt."""

    idempotency_key: str = strawberry.field(description=KEY)
    location_id: relay.GlobalID = strawberry.field(description="Where they were brought.")
    channel: str = strawberry.field(description="Code of the channel whose prices count.")
    customer: OrderCustomerInput = strawberry.field(
        description="Who gets the credit: known by id, reference (such as a loyalty number), "
        "e-mail or phone."
    )
    items: list[NoReceiptItemInput] = strawberry.field(
        description="What, each SKU and condition once."
    )
    card_token: str | None = strawberry.field(
        default=None,
        description="The payment service's token of the card that they may have been paid with.",
    )

    def to_domain(self) -> ReturnWithoutReceipt:
        """The command."""
        return ReturnWithoutReceipt(
            idempotency_key=self.idempotency_key,
            location_id=_location_id(self.location_id),
            channel=ChannelCode(self.channel),
            customer=self.customer.to_domain(self.channel),
            items=tuple(
                GivenItem(Sku(item.sku), item.quantity, item.condition) for item in self.items
            ),
            card_token=self.card_token,
        )


def _order_id(given: relay.GlobalID | None) -> OrderId | None:
    return OrderId(id_of(given, "Order", "orderId")) if given else None


def _return_id(given: relay.GlobalID) -> ReturnId:
    return ReturnId(id_of(given, "Return", "returnId"))


def _location_id(given: relay.GlobalID) -> LocationId:
    return LocationId(id_of(given, "Location", "locationId"))
