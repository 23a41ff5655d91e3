"""Refusals of the orders area."""

from collections.abc import Collection

from domain.common.errors import DomainError
from domain.common.ids import OrderId, OrderLineId, Sku
from domain.common.money import Money
from domain.stock.errors import InsufficientStock


class ProductNotFound(DomainError):
    """A SKU is unknown. No order, no reservation, no event."""

    code = "PRODUCT_NOT_FOUND"

    def __init__(self, skus: Collection[Sku]) -> None:
        super().__init__("no such product: " + ", ".join(sorted(skus)))
        self.skus = sorted(skus)


class ProductNotSellable(DomainError):
    """A SKU is not sold on this channel (withdrawn, inactive, or without a price)."""

    code = "PRODUCT_NOT_SELLABLE"

    def __init__(self, skus: Collection[Sku], reason: str) -> None:
        super().__init__(f"not sellable on this channel ({reason}): " + ", ".join(sorted(skus)))
        self.skus = sorted(skus)
        self.reason = reason


class PlanOutdated(DomainError):
    """Stock moved between planning and locking: plan again. Never leaves the domain."""

    code = "PLAN_OUTDATED"

    def __init__(self, shortage: InsufficientStock) -> None:
        super().__init__(shortage.message)
        self.shortage = shortage


class PaymentDeclined(DomainError):
    """The PSP said no. The order waits for another payment until its window ends."""

    code = "PAYMENT_DECLINED"

    def __init__(self, order_id: OrderId, reason: str) -> None:
        super().__init__(f"payment declined: {reason}")
        self.order_id = order_id
        self.reason = reason


class PaymentOutcomeUnknown(DomainError):
    """The PSP did not answer in time. Send the same request again: it will not charge twice."""

    code = "PAYMENT_OUTCOME_UNKNOWN"

    def __init__(self, order_id: OrderId) -> None:
        super().__init__("the payment service did not answer; repeat with the same key")
        self.order_id = order_id


class OrderExpired(DomainError):
    """The order ended before it was paid; what was authorised is given back."""

    code = "ORDER_EXPIRED"

    def __init__(self, order_id: OrderId, reason: str) -> None:
        super().__init__(f"the order ended before it was paid: {reason}")
        self.order_id = order_id
        self.reason = reason


class CaptureFailed(DomainError):
    """The PSP refused to capture; the goods must not leave. Try again or take another payment."""

    code = "CAPTURE_FAILED"

    def __init__(self, order_id: OrderId, reason: str) -> None:
        super().__init__(f"capture failed: {reason}")
        self.order_id = order_id
        self.reason = reason


class IllegalTransition(DomainError):
    """The action does not fit the present state; nothing was changed."""

    code = "ILLEGAL_TRANSITION"

    def __init__(self, action: str, state: str) -> None:
        super().__init__(f"cannot {action} from {state}")
        self.action = action
        self.state = state


class OrderOnHold(DomainError):
    """The order has holds that forbid the action."""

    code = "ORDER_ON_HOLD"

    def __init__(self, holds: Collection[str]) -> None:
        super().__init__("the order is on hold: " + ", ".join(sorted(holds)))
        self.holds = sorted(holds)


class DuplicateExternalReference(DomainError):
    """The channel already sent an order with this reference."""

    code = "DUPLICATE_EXTERNAL_REFERENCE"

    def __init__(self, reference: str) -> None:
        super().__init__(f"external reference {reference} was used before on this channel")
        self.reference = reference


class QuantityExceeded(DomainError):
    """More units were named of a line than there are in the state that the action needs."""

    code = "QUANTITY_EXCEEDED"

    def __init__(self, line_id: OrderLineId, reported: int, expected: int) -> None:
        super().__init__(f"line {line_id}: {reported} units reported, {expected} expected")
        self.line_id = line_id
        self.reported = reported
        self.expected = expected


class RefundExceeded(DomainError):
    """More would be given back than the customer has paid, or than is owed. Nothing was changed."""

    code = "REFUND_EXCEEDED"

    def __init__(self, asked: Money, most: Money) -> None:
        super().__init__(f"{asked.amount} {asked.currency} asked for, {most.amount} at most")
        self.asked = asked
        self.most = most
