"""GraphQL twins of the refusals of orders and stock."""

import strawberry
from strawberry import relay

from domain.orders import errors as domain
from schema.access import access
from schema.errors import Error, twin_of
from schema.ids import global_id


@twin_of(domain.ProductNotFound)
@access()
@strawberry.type(description="A SKU is unknown. No order was made and nothing reserved.")
class ProductNotFoundError(Error):
    """Twin of ProductNotFound."""

    skus: list[str] = strawberry.field(description="The unknown SKUs.")

    @staticmethod
    def of(error: domain.ProductNotFound) -> "ProductNotFoundError":
        """The twin."""
        return ProductNotFoundError(
            code=error.code, message=error.message, skus=[str(sku) for sku in error.skus]
        )


@twin_of(domain.ProductNotSellable)
@access()
@strawberry.type(description="A SKU is not sold on this channel now.")
class ProductNotSellableError(Error):
    """Twin of ProductNotSellable."""

    skus: list[str] = strawberry.field(description="The SKUs.")
    reason: str = strawberry.field(description="`withdrawn` or `no price`.")

    @staticmethod
    def of(error: domain.ProductNotSellable) -> "ProductNotSellableError":
        """The twin."""
        return ProductNotSellableError(
            code=error.code,
            message=error.message,
            skus=[str(sku) for sku in error.skus],
            reason=error.reason,
        )


@twin_of(domain.PaymentDeclined)
@access()
@strawberry.type(
    description="The payment was refused. The order waits, its stock reserved, for another payment "
    "(payOrder) until its window ends."
)
class PaymentDeclinedError(Error):
    """Twin of PaymentDeclined."""

    order_id: relay.GlobalID = strawberry.field(description="The waiting order.")
    reason: str = strawberry.field(description="What the payment service said.")

    @staticmethod
    def of(error: domain.PaymentDeclined) -> "PaymentDeclinedError":
        """The twin."""
        return PaymentDeclinedError(
            code=error.code,
            message=error.message,
            order_id=global_id("Order", error.order_id),
            reason=error.reason,
        )


@twin_of(domain.PaymentOutcomeUnknown)
@access()
@strawberry.type(
    description="The payment service did not answer in time. Send the same request again with the "
    "same key: it will not charge twice."
)
class PaymentOutcomeUnknownError(Error):
    """Twin of PaymentOutcomeUnknown."""

    order_id: relay.GlobalID = strawberry.field(description="The waiting order.")

    @staticmethod
    def of(error: domain.PaymentOutcomeUnknown) -> "PaymentOutcomeUnknownError":
        """The twin."""
        return PaymentOutcomeUnknownError(
            code=error.code, message=error.message, order_id=global_id("Order", error.order_id)
        )


@twin_of(domain.OrderExpired)
@access()
@strawberry.type(description="The order ended before it was paid; nothing is charged.")
class OrderExpiredError(Error):
    """Twin of OrderExpired."""

    order_id: relay.GlobalID = strawberry.field(description="The ended order.")
    reason: str = strawberry.field(description="Why it ended, such as `stock`.")

    @staticmethod
    def of(error: domain.OrderExpired) -> "OrderExpiredError":
        """The twin."""
        return OrderExpiredError(
            code=error.code,
            message=error.message,
            order_id=global_id("Order", error.order_id),
            reason=error.reason,
        )


@twin_of(domain.CaptureFailed)
@access()
@strawberry.type(description="The money could not be taken; the goods must stay. Try again.")
class CaptureFailedError(Error):
    """Twin of CaptureFailed."""

    order_id: relay.GlobalID = strawberry.field(description="The order.")
    reason: str = strawberry.field(description="What the payment service said.")

    @staticmethod
    def of(error: domain.CaptureFailed) -> "CaptureFailedError":
        """The twin."""
        return CaptureFailedError(
            code=error.code,
            message=error.message,
            order_id=global_id("Order", error.order_id),
            reason=error.reason,
        )


@twin_of(domain.IllegalTransition)
@access()
@strawberry.type(description="The action does not fit the present state.")
class IllegalTransitionError(Error):
    """Twin of IllegalTransition."""

    action: str = strawberry.field(description="What was asked for.")
    current_state: str = strawberry.field(description="The state that forbids it.")

    @staticmethod
    def of(error: domain.IllegalTransition) -> "IllegalTransitionError":
        """The twin."""
        return IllegalTransitionError(
            code=error.code, message=error.message, action=error.action, current_state=error.state
        )


@twin_of(domain.OrderOnHold)
@access()
@strawberry.type(description="The order has holds; nobody may work on it until they are lifted.")
class OrderOnHoldError(Error):
    """Twin of OrderOnHold."""

    holds: list[str] = strawberry.field(description="The holds, as in the enum Hold.")

    @staticmethod
    def of(error: domain.OrderOnHold) -> "OrderOnHoldError":
        """The twin."""
        return OrderOnHoldError(code=error.code, message=error.message, holds=list(error.holds))


@twin_of(domain.DuplicateExternalReference)
@access()
@strawberry.type(description="The channel sent an order with this reference before.")
class DuplicateExternalReferenceError(Error):
    """Twin of DuplicateExternalReference."""

    reference: str = strawberry.field(description="The channel's own number.")

    @staticmethod
    def of(error: domain.DuplicateExternalReference) -> "DuplicateExternalReferenceError":
        """The twin."""
        return DuplicateExternalReferenceError(
            code=error.code, message=error.message, reference=error.reference
        )


@twin_of(domain.QuantityExceeded)
@access()
@strawberry.type(
    description="More units of a line were named than there are in the needed state. Nothing was "
    "changed; a location's report is kept among its fulfillment exceptions."
)
class QuantityExceededError(Error):
    """Twin of QuantityExceeded."""

    order_line_id: strawberry.ID = strawberry.field(description="Id of the line.")
    reported: int = strawberry.field(description="Units that were reported.")
    expected: int = strawberry.field(description="Units that there are.")

    @staticmethod
    def of(error: domain.QuantityExceeded) -> "QuantityExceededError":
        """The twin."""
        return QuantityExceededError(
            code=error.code,
            message=error.message,
            order_line_id=strawberry.ID(str(error.line_id)),
            reported=error.reported,
            expected=error.expected,
        )
