"""What the outside may ask of gift cards and store credit."""

from dataclasses import dataclass
from datetime import datetime

from domain.common.ids import CustomerId
from domain.common.money import Money
from domain.vouchers.model import VoucherId


@dataclass(frozen=True, slots=True)
class IssueGiftCard:
    """A new gift card. Without `expires_at` it lasts; `customer_id` is who bought it, if known."""

    idempotency_key: str
    amount: Money
    expires_at: datetime | None = None
    customer_id: CustomerId | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class AdjustVoucher:
    """Correct a balance by `amount`, up or down."""

    idempotency_key: str
    voucher_id: VoucherId
    amount: Money
    reason: str
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class CancelGiftCard:
    """Nothing can be paid with the card any more; its balance is lost."""

    idempotency_key: str
    voucher_id: VoucherId
    reason: str
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class GrantStoreCredit:
    """Give a customer money to spend with us."""

    idempotency_key: str
    customer_id: CustomerId
    amount: Money
    reason: str
