"""Editing an order's lines, as clients see it."""

from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.errors import ValidationFailed
from domain.common.ids import OrderId, OrderLineId
from domain.editing import commands, errors, preview
from schema.access import access
from schema.errors import (
    Error,
    ForbiddenError,
    IdempotencyConflictError,
    NotFoundError,
    ValidationError,
    twin_of,
)
from schema.ids import global_id, id_of, uuid_of
from schema.inputs import KEY
from schema.money import Money
from schema.orders.errors import ProductNotFoundError, ProductNotSellableError
from schema.orders.inputs import LineUnitsInput, OrderLineInput, PaymentInput
from schema.orders.types import Order
from schema.stock import InsufficientStockError


@strawberry.input(description="One change of an order's lines: exactly one of the fields.")
class OrderLineChangeInput:
    """Twin of Change."""

    add: OrderLineInput | None = strawberry.field(
        default=None, description="More units of a SKU, at the channel's price now."
    )
    set_quantity: LineUnitsInput | None = strawberry.field(
        default=None,
        description="How many units the line shall have, those that are called off not counted. "
        "More are added at the channel's price now; fewer only of units that are not released.",
    )
    remove: strawberry.ID | None = strawberry.field(
        default=None, description="Id of a line to remove; none of its units may be released."
    )

    def to_domain(self) -> commands.Change:
        """The change.

        Raises:
            ValidationFailed: none or several are given, or an id or amount is malformed.
        """
        if sum(each is not None for each in (self.add, self.set_quantity, self.remove)) != 1:
            raise ValidationFailed("changes", "give one of add, setQuantity, remove")
        if self.add is not None:
            line = self.add.to_domain()
            return commands.AddUnits(line.sku, line.quantity, line.unit_price)
        if self.set_quantity is not None:
            units = self.set_quantity.to_domain()
            return commands.SetUnits(units.line_id, units.quantity)
        return commands.SetUnits(OrderLineId(uuid_of(self.remove or "", "changes.remove")), 0)


@strawberry.input(description="Other lines for an order.")
class EditOrderLinesInput:
    """Twin of EditLines."""

    idempotency_key: str = strawberry.field(description=KEY)
    order_id: relay.GlobalID = strawberry.field(description="The order.")
    expected_version: int = strawberry.field(
        description="The version that the caller saw; refused unless it is the present one."
    )
    changes: list[OrderLineChangeInput] = strawberry.field(
        description="1 to 200; each line at most once."
    )
    payment: PaymentInput | None = strawberry.field(
        default=None,
        description="How to pay what the order costs more; the newest payment's way if absent.",
    )
    reason: str | None = strawberry.field(
        default=None, description="Explanation for the history, at most 200 characters."
    )

    def to_domain(self) -> commands.EditLines:
        """The command."""
        return commands.EditLines(
            idempotency_key=self.idempotency_key,
            order_id=OrderId(id_of(self.order_id, "Order", "orderId")),
            expected_version=self.expected_version,
            changes=tuple(change.to_domain() for change in self.changes),
            payment=self.payment.to_domain() if self.payment else None,
            reason=self.reason,
        )


@access()
@strawberry.type(description="The edited order.")
class EditOrderLinesPayload:
    """Answer of editOrderLines."""

    order: Order = strawberry.field(description="The order.")


@access()
@strawberry.type(description="A line that an edit touches, and what becomes of it.")
class OrderEditPreviewLine:
    """Twin of PreviewedLine."""

    order_line_id: strawberry.ID | None = strawberry.field(
        description="Id of the line; null for a line that does not exist yet."
    )
    sku: str = strawberry.field(description="SKU of the variant.")
    unit_price: Money = strawberry.field(description="Price of one unit.")
    quantity: int = strawberry.field(
        description="Units that the line would have, those that are called off not counted."
    )
    given_up: int = strawberry.field(description="Units that would be cancelled.")
    available: int = strawberry.field(description="Added units that have stock now.")
    waiting: int = strawberry.field(description="Added units that would wait for stock.")
    dropped: int = strawberry.field(
        description="Units asked for that the order's policy CANCEL_REST would not order."
    )

    @staticmethod
    def of(line: preview.PreviewedLine, currency: str) -> "OrderEditPreviewLine":
        """The twin."""
        return OrderEditPreviewLine(
            order_line_id=strawberry.ID(str(line.line_id)) if line.line_id else None,
            sku=line.sku,
            unit_price=Money.of(line.unit_price_minor, currency),
            quantity=line.quantity,
            given_up=line.given_up,
            available=line.available,
            waiting=line.waiting,
            dropped=line.dropped,
        )


@access()
@strawberry.type(description="What an edit of an order would come to. Nothing was changed.")
class OrderEditPreview:
    """Twin of Preview."""

    order_id: relay.GlobalID = strawberry.field(description="The order.")
    version: int = strawberry.field(description="The version that was looked at.")
    present_total: Money = strawberry.field(
        description="What all units that are not called off cost now."
    )
    new_total: Money = strawberry.field(description="What they would cost.")
    difference: Money = strawberry.field(
        description="New total less present total; below 0 when money would be let go."
    )
    to_authorise: Money = strawberry.field(
        description="What the payment would be asked for: less than the difference where money "
        "that was put aside before covers a part."
    )
    possible: bool = strawberry.field(
        description="Whether there is stock enough, as the order's policy for missing stock wants."
    )
    lines: list[OrderEditPreviewLine] = strawberry.field(description="The touched lines.")

    @staticmethod
    def of(found: preview.Preview) -> "OrderEditPreview":
        """The twin."""
        code = found.currency
        return OrderEditPreview(
            order_id=global_id("Order", found.order_id),
            version=found.version,
            present_total=Money.of(found.present_minor, code),
            new_total=Money.of(found.edited_minor, code),
            difference=Money.of(found.edited_minor - found.present_minor, code),
            to_authorise=Money.of(found.to_authorise_minor, code),
            possible=found.possible,
            lines=[OrderEditPreviewLine.of(line, code) for line in found.lines],
        )


@twin_of(errors.StaleOrder)
@access()
@strawberry.type(
    description="The order changed since the caller read it, or while the payment was asked for. "
    "Nothing was edited; decide again on the order as it is."
)
class StaleOrderError(Error):
    """Twin of StaleOrder."""

    expected: int = strawberry.field(description="The version that the caller sent.")
    actual: int = strawberry.field(description="The version that the order has now.")
    order: Order = strawberry.field(description="The order as it is now.")

    @staticmethod
    def of(error: errors.StaleOrder) -> "StaleOrderError":
        """The twin."""
        return StaleOrderError(
            code=error.code,
            message=error.message,
            expected=error.expected,
            actual=error.actual,
            order=Order.of(error.order),
        )


@twin_of(errors.OrderNotEditable)
@access()
@strawberry.type(description="The order cannot be edited.")
class OrderNotEditableError(Error):
    """Twin of OrderNotEditable."""

    order_id: relay.GlobalID = strawberry.field(description="The order.")
    reason: str = strawberry.field(description="Why, such as the status of the order.")

    @staticmethod
    def of(error: errors.OrderNotEditable) -> "OrderNotEditableError":
        """The twin."""
        return OrderNotEditableError(
            code=error.code,
            message=error.message,
            order_id=global_id("Order", error.order_id),
            reason=error.reason,
        )


@twin_of(errors.QuantityNotEditable)
@access()
@strawberry.type(
    description="The line cannot be lowered so far: a location works on its units, or they left. "
    "`requestCancel` asks the location."
)
class QuantityNotEditableError(Error):
    """Twin of QuantityNotEditable."""

    order_line_id: strawberry.ID = strawberry.field(description="Id of the line.")
    requested: int = strawberry.field(description="Units that the line should have had.")
    lowest: int = strawberry.field(description="Units that it must keep.")

    @staticmethod
    def of(error: errors.QuantityNotEditable) -> "QuantityNotEditableError":
        """The twin."""
        return QuantityNotEditableError(
            code=error.code,
            message=error.message,
            order_line_id=strawberry.ID(str(error.line_id)),
            requested=error.requested,
            lowest=error.lowest,
        )


@twin_of(errors.EditPaymentDeclined)
@access()
@strawberry.type(
    description="What the order would cost more was refused. The order is as it was; edit with "
    "another payment and another key."
)
class EditPaymentDeclinedError(Error):
    """Twin of EditPaymentDeclined."""

    order_id: relay.GlobalID = strawberry.field(description="The order.")
    reason: str = strawberry.field(description="What the payment service said.")

    @staticmethod
    def of(error: errors.EditPaymentDeclined) -> "EditPaymentDeclinedError":
        """The twin."""
        return EditPaymentDeclinedError(
            code=error.code,
            message=error.message,
            order_id=global_id("Order", error.order_id),
            reason=error.reason,
        )


@twin_of(errors.EditOutcomeUnknown)
@access()
@strawberry.type(
    description="The payment service did not answer in time. The order is as it was. Send the same "
    "request again with the same key: it will not charge twice."
)
class EditOutcomeUnknownError(Error):
    """Twin of EditOutcomeUnknown."""

    order_id: relay.GlobalID = strawberry.field(description="The order.")

    @staticmethod
    def of(error: errors.EditOutcomeUnknown) -> "EditOutcomeUnknownError":
        """The twin."""
        return EditOutcomeUnknownError(
            code=error.code, message=error.message, order_id=global_id("Order", error.order_id)
        )


@twin_of(errors.EditExpired)
@access()
@strawberry.type(
    description="The edit was not finished in time. Nothing is charged and the order is as it was."
)
class EditExpiredError(Error):
    """Twin of EditExpired."""

    order_id: relay.GlobalID = strawberry.field(description="The order.")

    @staticmethod
    def of(error: errors.EditExpired) -> "EditExpiredError":
        """The twin."""
        return EditExpiredError(
            code=error.code, message=error.message, order_id=global_id("Order", error.order_id)
        )


EditOrderLinesResult = Annotated[
    EditOrderLinesPayload
    | StaleOrderError
    | OrderNotEditableError
    | QuantityNotEditableError
    | ProductNotFoundError
    | ProductNotSellableError
    | InsufficientStockError
    | EditPaymentDeclinedError
    | EditOutcomeUnknownError
    | EditExpiredError
    | ValidationError
    | NotFoundError
    | ForbiddenError
    | IdempotencyConflictError,
    strawberry.union("EditOrderLinesResult", description="What editOrderLines answers."),
]
