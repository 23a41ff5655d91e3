"""Refusals of the vouchers area."""

from domain.common.errors import DomainError
from domain.common.money import Money
from domain.vouchers.model import Refusal


class TenderRefused(DomainError):
    """A gift card, store credit or account cannot pay this. Nothing was taken."""

    code = "TENDER_REFUSED"

    def __init__(self, tender: str, refusal: Refusal, available: Money | None = None) -> None:
        super().__init__(f"{tender} cannot be used: {refusal.value.lower().replace('_', ' ')}")
        self.tender = tender
        self.refusal = refusal
        self.available = available


class TooManyLookups(DomainError):
    """This caller has looked up too many codes; try again later."""

    code = "TOO_MANY_LOOKUPS"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"too many codes were looked up: try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s
