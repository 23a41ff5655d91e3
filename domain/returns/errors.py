"""Refusals of the returns area."""

from collections.abc import Collection

from domain.common.errors import DomainError
from domain.common.ids import OrderLineId


class NotReturnable(DomainError):
    """The units cannot be given back: too late, or sold for good."""

    code = "NOT_RETURNABLE"

    def __init__(self, why: str, line_id: OrderLineId | None = None) -> None:
        super().__init__(f"not returnable: {why}")
        self.line_id = line_id
        self.why = why


class ReceivedElsewhere(DomainError):
    """Units of the return are at another location: the others must go there too."""

    code = "RECEIVED_ELSEWHERE"

    def __init__(self) -> None:
        super().__init__("units of this return were received at another location")


class ReceiptFound(DomainError):
    """The goods can be of orders that are known: they are returned with these."""

    code = "RECEIPT_FOUND"

    def __init__(self, order_numbers: Collection[str]) -> None:
        super().__init__("such goods were bought with: " + ", ".join(sorted(order_numbers)))
        self.order_numbers = sorted(order_numbers)


class NoReceiptLimitReached(DomainError):
    """More store credit for goods without a receipt than the policy allows."""

    code = "NO_RECEIPT_LIMIT_REACHED"

    def __init__(self, asked_minor: int, left_minor: int, currency: str) -> None:
        super().__init__("more than may be given without a receipt")
        self.asked_minor = asked_minor
        self.left_minor = left_minor
        self.currency = currency
