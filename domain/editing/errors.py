"""Refusals of the editing area."""

from domain.common.errors import DomainError, VersionConflict
from domain.common.ids import OrderId, OrderLineId
from domain.orders.model import Order


class StaleOrder(VersionConflict):
    """The order moved on since the caller read it, or while the payment was asked for. `order` is
    how it is now.
    """

    code = "STALE_VERSION"

    def __init__(self, expected: int, order: Order) -> None:
        super().__init__(expected, order.version)
        self.order = order


class OrderNotEditable(DomainError):
    """The order as a whole cannot be edited, at all or by this caller any more."""

    code = "ORDER_NOT_EDITABLE"

    def __init__(self, order_id: OrderId, reason: str) -> None:
        super().__init__(f"the order cannot be edited: {reason}")
        self.order_id = order_id
        self.reason = reason


class QuantityNotEditable(DomainError):
    """A line cannot be lowered so far: a location works on its units, or they have left."""

    code = "QUANTITY_NOT_EDITABLE"

    def __init__(self, line_id: OrderLineId, requested: int, lowest: int) -> None:
        super().__init__(f"line {line_id}: {requested} wanted, at least {lowest} must stay")
        self.line_id = line_id
        self.requested = requested
        self.lowest = lowest


class EditPaymentDeclined(DomainError):
    """The PSP refused what the edit costs more. The order is as it was."""

    code = "PAYMENT_DECLINED"

    def __init__(self, order_id: OrderId, reason: str) -> None:
        super().__init__(f"payment declined: {reason}")
        self.order_id = order_id
        self.reason = reason


class EditOutcomeUnknown(DomainError):
    """The PSP did not answer in time. The order is as it was; the same request again goes on."""

    code = "PAYMENT_OUTCOME_UNKNOWN"

    def __init__(self, order_id: OrderId) -> None:
        super().__init__("the payment service did not answer; repeat with the same key")
        self.order_id = order_id


class EditExpired(DomainError):
    """The edit was not finished in time; nothing is charged and the order is as it was."""

    code = "EDIT_EXPIRED"

    def __init__(self, order_id: OrderId) -> None:
        super().__init__("the edit was not finished in time; ask for it anew")
        self.order_id = order_id
