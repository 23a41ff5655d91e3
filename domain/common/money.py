"""Money: integer minor units and an ISO 4217 currency. Never a float (ADR 0011)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Self

from domain.common.errors import ValidationFailed

_EXPONENTS = {"JPY": 0, "KRW": 0, "ISK": 0, "CLP": 0, "BHD": 3, "KWD": 3, "TND": 3, "OMR": 3}


def exponent(currency: str) -> int:
    """Digits after the decimal point of `currency` (ISO 4217); 2 unless listed otherwise."""
    return _EXPONENTS.get(currency, 2)


def check_currency(currency: str) -> str:
    """`currency` itself when it has the form of an ISO 4217 code.

    Raises:
        ValidationFailed: when it is not three capital ASCII letters.
    """
    if len(currency) != 3 or not currency.isascii() or not currency.isupper():
        raise ValidationFailed("currency", "must be an ISO 4217 code such as EUR")
    return currency


def rounded(value: Decimal) -> int:
    """The whole number nearest to `value`, ties to even: the one rounding rule of the house."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in minor units (cents for EUR) of one currency."""

    amount_minor: int
    currency: str

    @classmethod
    def from_decimal(cls, amount: Decimal, currency: str) -> Self:
        """Money of a decimal amount in major units.

        Raises:
            ValidationFailed: when `amount` has more digits than the currency, or is not finite.
        """
        check_currency(currency)
        if not amount.is_finite():
            raise ValidationFailed("amount", "must be a finite number")
        scaled = amount.scaleb(exponent(currency))
        if scaled != scaled.to_integral_value():
            raise ValidationFailed("amount", f"has more decimals than {currency} allows")
        return cls(int(scaled), currency)

    @property
    def amount(self) -> Decimal:
        """The amount in major units, with the currency's own number of decimals."""
        return Decimal(self.amount_minor).scaleb(-exponent(self.currency))


def split_by_weight(total_minor: int, weights: Sequence[int]) -> list[int]:
    """`total_minor` shared out in proportion to `weights`; one share per weight, same order.

    The shares always sum to the total: the remainder goes to the largest fractions first
    (largest-remainder method), earlier shares winning ties. Equal shares when all weights are 0.
    """
    if not weights:
        return []
    parts = list(weights) if any(weights) else [1] * len(weights)
    whole = sum(parts)
    shares = [total_minor * part // whole for part in parts]
    fractions = [total_minor * part % whole for part in parts]
    order = sorted(range(len(parts)), key=lambda i: (-fractions[i], i))
    for i in order[: total_minor - sum(shares)]:
        shares[i] += 1
    return shares
