"""Amounts of money."""

from decimal import Decimal
from functools import lru_cache

import strawberry

from domain.common import money as domain
from schema.access import access


@lru_cache(10_000)
def _amount(amount_minor: int, currency: str) -> Decimal:
    """The amount in major units. The same amounts come again and again."""
    return domain.Money(amount_minor, currency).amount


@access()
@strawberry.type(description="An amount of money.")
class Money:
    """Twin of domain Money; the amount is decimal outside, minor units inside."""

    amount: Decimal = strawberry.field(description="Amount in major units, such as 12.50.")
    currency: str = strawberry.field(description="ISO 4217 code, such as EUR.")

    @staticmethod
    def of(amount_minor: int, currency: str) -> "Money":
        """Money of an amount in minor units."""
        return Money(amount=_amount(amount_minor, currency), currency=currency)


@strawberry.input(description="An amount of money.")
class MoneyInput:
    """Input twin of Money."""

    amount: Decimal = strawberry.field(
        description="Amount in major units, with no more decimals than the currency has."
    )
    currency: str = strawberry.field(description="ISO 4217 code, such as EUR.")

    def to_domain(self) -> domain.Money:
        """The checked amount.

        Raises:
            ValidationFailed: too many decimals, not finite, or not a currency code.
        """
        return domain.Money.from_decimal(self.amount, self.currency)
