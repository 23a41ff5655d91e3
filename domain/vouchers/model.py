"""Gift cards and store credit as values, and the codes of gift cards. Pure."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.common.card_numbers import check_no_card_number
from domain.common.errors import ValidationFailed
from domain.common.ids import CustomerId
from domain.common.money import Money

VoucherId = NewType("VoucherId", UUID)

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O and U."""
CODE_LENGTH = 16
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


class VoucherKind(StrEnum):
    """Whose money it is: that of whoever has the code, or a customer's."""

    GIFT_CARD = "GIFT_CARD"
    STORE_CREDIT = "STORE_CREDIT"


class EntryKind(StrEnum):
    """Why a balance changed."""

    ISSUE = "ISSUE"
    GRANT = "GRANT"
    REDEEM = "REDEEM"
    """An order is paid with it."""
    RESTORE = "RESTORE"
    """What an order had redeemed and did not take."""
    REFUND = "REFUND"
    ADJUST = "ADJUST"
    EXPIRE = "EXPIRE"
    CANCEL = "CANCEL"
    RETURN = "RETURN"
    """Given for goods that came back without a receipt."""


class Refusal(StrEnum):
    """Why a voucher cannot be used."""

    UNKNOWN_CODE = "UNKNOWN_CODE"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    OTHER_CURRENCY = "OTHER_CURRENCY"
    INSUFFICIENT_BALANCE = "INSUFFICIENT_BALANCE"
    NO_ACCOUNT = "NO_ACCOUNT"


@dataclass(frozen=True, slots=True)
class Voucher:
    """A balance in minor units of `currency`. A gift card is known by the hash of its code."""

    id: VoucherId
    kind: VoucherKind
    currency: str
    balance_minor: int
    customer_id: CustomerId | None
    last_four: str | None
    expires_at: datetime | None
    cancelled_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int

    @property
    def balance(self) -> Money:
        """What is left on it."""
        return Money(self.balance_minor, self.currency)

    def refusal(self, now: datetime) -> Refusal | None:
        """Why nothing can be paid with it, whatever its balance; None if it can."""
        if self.cancelled_at is not None:
            return Refusal.CANCELLED
        if self.expires_at is not None and self.expires_at <= now:
            return Refusal.EXPIRED
        return None


def check_symbol(body: str) -> str:
    """The last symbol of a code that begins with `body`: Luhn's algorithm modulo 32, which tells
    any wrong symbol and almost any two that changed places.
    """
    total, factor = 0, 2
    for symbol in reversed(body):
        addend = factor * ALPHABET.index(symbol)
        total += addend // 32 + addend % 32
        factor = 3 - factor
    return ALPHABET[-total % 32]


def code_of(random_bytes: bytes) -> str | None:
    """A code of 16 symbols out of 10 random bytes; None when it could be taken for a card number,
    which the house refuses to read.
    """
    value = int.from_bytes(random_bytes)
    body = "".join(ALPHABET[value >> 5 * place & 31] for place in range(CODE_LENGTH - 1))
    code = body + check_symbol(body)
    try:
        check_no_card_number("code", code)
    except ValidationFailed:
        return None
    return code


def shown(code: str) -> str:
    """The code in groups of four, as it is printed."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def normal_code(field: str, text: str) -> str:
    """The code as it was made, however it is typed.

    Raises:
        ValidationFailed: it cannot be a code, or could be a card number; the message does not
            repeat it.
    """
    check_no_card_number(field, text)
    code = text.upper().translate(_READ_AS)
    if len(code) != CODE_LENGTH or any(symbol not in ALPHABET for symbol in code):
        raise ValidationFailed(field, f"must have {CODE_LENGTH} letters and digits")
    if not hmac.compare_digest(check_symbol(code[:-1]), code[-1]):
        raise ValidationFailed(field, "has a wrong symbol")
    return code


def code_hash(code: str) -> str:
    """SHA-256 of a normal code, in hexadecimal. A code has 75 random bits, so that it needs no
    salt.
    """
    return hashlib.sha256(code.encode()).hexdigest()
