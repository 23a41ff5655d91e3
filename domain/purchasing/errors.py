"""Refusals of the purchasing area."""

from domain.common.errors import DomainError


class IllegalPurchaseStep(DomainError):
    """The step does not fit the purchase order's present state; nothing was changed."""

    code = "ILLEGAL_PURCHASE_STEP"

    def __init__(self, action: str, state: str) -> None:
        super().__init__(f"cannot {action} a purchase order that is {state}")
        self.action = action
        self.state = state


class InvoiceAlreadyRecorded(DomainError):
    """The supplier's invoice of that number was recorded before; nothing was changed."""

    code = "INVOICE_ALREADY_RECORDED"

    def __init__(self, number: str) -> None:
        super().__init__(f"invoice {number} of this supplier was recorded before")
        self.number = number
