"""How a price came about: parts of orders and carts."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Self

import strawberry
from strawberry import relay

from domain.orders import pricing
from domain.orders.model import Line, Order
from domain.promotions import model
from domain.promotions.model import UsedRate
from schema.access import access
from schema.catalog.types import Text
from schema.ids import global_id
from schema.money import Money


@access()
@strawberry.type(description="The part of a price that bears one tax rate.")
class TaxLine:
    """Twin of domain TaxLine."""

    rate: Decimal = strawberry.field(description="The rate as a fraction: 0.22 is 22 %.")
    net: Money = strawberry.field(description="What is taxed, without the tax.")
    tax: Money = strawberry.field(description="The tax: rounded per line, then summed.")

    @staticmethod
    def of(line: pricing.TaxLine, currency: str) -> "TaxLine":
        """The twin."""
        return TaxLine(
            rate=line.rate.normalize(),
            net=Money.of(line.net_minor, currency),
            tax=Money.of(line.tax_minor, currency),
        )


@access()
@strawberry.type(description="The rate by which prices were converted.")
class ConversionRate:
    """Twin of domain UsedRate."""

    base: str = strawberry.field(description="Currency of the price list.")
    quote: str = strawberry.field(description="Currency of the order.")
    rate: Decimal = strawberry.field(description="Units of `quote` for one `base`.")
    day: str = strawberry.field(description="The day since which the rate counts, as YYYY-MM-DD.")

    @staticmethod
    def of(used: UsedRate) -> "ConversionRate":
        """The twin."""
        return ConversionRate(
            base=used.base, quote=used.quote, rate=used.rate, day=used.day.isoformat()
        )


@access()
@strawberry.type(description="What a promotion took off a line, or off the shipping fee.")
class DiscountLine:
    """Twin of domain Discount."""

    promotion_id: relay.GlobalID = strawberry.field(description="The promotion.")
    labels: list[Text] = strawberry.field(description="What customers read.")
    coupon_code: str | None = strawberry.field(description="The code that was used, if any.")
    order_line_id: strawberry.ID | None = strawberry.field(
        description="Id of the line within its order; null for the shipping fee, and in a cart."
    )
    position: int | None = strawberry.field(
        description="Position of the line; null for the shipping fee."
    )
    amount: Money = strawberry.field(description="The amount.")

    @classmethod
    def of_lines(
        cls,
        applied: Iterable[model.AppliedPromotion],
        discounts: Iterable[model.Discount],
        lines: Iterable[Line],
        currency: str,
        *,
        placed: bool = False,
    ) -> list[Self]:
        """The discounts of these lines; ids of lines are for those of an order that was placed."""
        by_id = {each.promotion_id: each for each in applied}
        positions = {line.id: line.position for line in lines}
        return [
            cls(
                promotion_id=global_id("Promotion", each.promotion_id),
                labels=Text.all(by_id[each.promotion_id].labels),
                coupon_code=by_id[each.promotion_id].coupon,
                order_line_id=strawberry.ID(str(each.line_id)) if placed and each.line_id else None,
                position=positions[each.line_id] if each.line_id is not None else None,
                amount=Money.of(each.amount_minor, currency),
            )
            for each in discounts
        ]

    @classmethod
    def all(cls, order: Order) -> list[Self]:
        """Those of an order."""
        known = order.pricing
        if known is None:
            return []
        return cls.of_lines(
            known.promotions, known.discounts, order.lines, order.currency, placed=True
        )
