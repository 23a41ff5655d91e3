"""What a cart costs, explained."""

from decimal import Decimal

import strawberry
from strawberry import relay

from domain.common.ids import ChannelCode, LocationId
from domain.customers.model import GivenCustomer
from domain.orders import carts, pricing
from domain.orders.model import Line
from domain.promotions import choosing
from schema.access import access
from schema.catalog.types import Text
from schema.ids import global_id, id_of
from schema.money import Money, MoneyInput
from schema.orders.inputs import OrderCustomerInput, OrderLineInput
from schema.promotions.enums import CouponRefusal, PromotionReason
from schema.promotions.parts import ConversionRate, DiscountLine, TaxLine

CART = strawberry.argument(name="input", description="The cart.")


@strawberry.input(description="A cart: as an order, without how it is paid.")
class PriceCartInput:
    """Twin of AskPrice."""

    channel: str = strawberry.field(description="Code of the channel.")
    lines: list[OrderLineInput] = strawberry.field(description="1 to 200 lines.")
    customer: OrderCustomerInput | None = strawberry.field(
        default=None, description="Who buys, if known; a customer asks for himself."
    )
    country: str | None = strawberry.field(
        default=None,
        description="Country where it is delivered (ISO 3166-1 alpha-2), whose taxes count; this "
        "or `storeId`.",
    )
    region: str | None = strawberry.field(
        default=None, description="Region or province there, where taxes depend on it."
    )
    store_id: relay.GlobalID | None = strawberry.field(
        default=None, description="The store where the goods change hands."
    )
    currency: str | None = strawberry.field(
        default=None, description="ISO 4217 code; the channel's currency if absent."
    )
    shipping: MoneyInput | None = strawberry.field(
        default=None, description="Shipping fee; CHANNEL, OPERATIONS and ADMIN only."
    )
    source_code: str | None = strawberry.field(default=None, description="Campaign.")
    coupon_codes: list[str] | None = strawberry.field(
        default=None, description="Coupons, at most 5; nothing is used by asking."
    )

    def to_domain(self) -> carts.AskPrice:
        """The cart.

        Raises:
            ValidationFailed: an id or an amount is malformed.
        """
        store = id_of(self.store_id, "Location", "storeId") if self.store_id else None
        who = self.customer.to_domain(self.channel) if self.customer else GivenCustomer()
        return carts.AskPrice(
            channel=ChannelCode(self.channel),
            lines=tuple(line.to_domain() for line in self.lines),
            customer=who,
            country=self.country,
            region=self.region or "",
            store_id=LocationId(store) if store else None,
            currency=self.currency,
            shipping=self.shipping.to_domain() if self.shipping else None,
            source_code=self.source_code,
            coupon_codes=tuple(self.coupon_codes or ()),
        )


@access()
@strawberry.type(description="A line of a cart as it would be charged.")
class CartPriceLine:
    """A priced line."""

    position: int = strawberry.field(description="1 for the first line.")
    sku: str = strawberry.field(description="SKU of the variant.")
    quantity: int = strawberry.field(description="Units.")
    unit_price: Money = strawberry.field(description="List price of one unit.")
    total: Money = strawberry.field(description="Unit price times quantity.")
    discount: Money = strawberry.field(description="What promotions take off.")
    tax_rate: Decimal = strawberry.field(description="Rate as a fraction: 0.22 is 22 %.")
    tax: Money = strawberry.field(description="Tax in or on what is left of the total.")

    @staticmethod
    def of(line: Line, discount_minor: int, currency: str) -> "CartPriceLine":
        """The line."""
        return CartPriceLine(
            position=line.position,
            sku=line.sku,
            quantity=line.ordered_quantity,
            unit_price=Money.of(line.unit_price_minor, currency),
            total=Money.of(line.total_minor, currency),
            discount=Money.of(discount_minor, currency),
            tax_rate=line.tax_rate.normalize(),
            tax=Money.of(line.tax_minor, currency),
        )


@access()
@strawberry.type(description="Whether a promotion counts for a cart, and why.")
class PromotionVerdict:
    """Twin of domain Verdict."""

    promotion_id: relay.GlobalID = strawberry.field(description="The promotion.")
    labels: list[Text] = strawberry.field(description="What customers read.")
    reason: PromotionReason = strawberry.field(description="Why.")
    amount: Money = strawberry.field(description="What it takes off in all.")

    @staticmethod
    def of(verdict: choosing.Verdict, currency: str) -> "PromotionVerdict":
        """The twin."""
        return PromotionVerdict(
            promotion_id=global_id("Promotion", verdict.promotion.id),
            labels=Text.all(verdict.promotion.labels),
            reason=verdict.reason,
            amount=Money.of(verdict.amount_minor, currency),
        )


@access()
@strawberry.type(description="A code that takes nothing off.")
class RefusedCoupon:
    """A code and why."""

    code: str = strawberry.field(description="The code.")
    reason: CouponRefusal = strawberry.field(description="Why.")


@access()
@strawberry.type(description="What `placeOrder` would charge for a cart now, and why.")
class CartPrice:
    """Twin of domain CartPrice."""

    lines: list[CartPriceLine] = strawberry.field(description="The lines, in the order given.")
    items_total: Money = strawberry.field(description="Sum of the lines at list prices.")
    discount: Money = strawberry.field(description="What promotions take off in all.")
    shipping: Money = strawberry.field(description="Shipping fee, before promotions.")
    tax: Money = strawberry.field(description="Tax in or on all.")
    tax_included: bool = strawberry.field(description="Whether prices hold the tax already.")
    total: Money = strawberry.field(description="What is to pay.")
    discounts: list[DiscountLine] = strawberry.field(
        description="What each promotion takes off which line."
    )
    tax_lines: list[TaxLine] = strawberry.field(description="The tax by rate, the highest first.")
    promotions: list[PromotionVerdict] = strawberry.field(
        description="Each promotion that was considered, by priority; those that need a coupon "
        "only with one. Customers do not see those for others."
    )
    refused_coupons: list[RefusedCoupon] = strawberry.field(
        description="Codes with which `placeOrder` would refuse the order."
    )
    exchange_rate: ConversionRate | None = strawberry.field(
        description="The rate by which prices were converted; null if none was."
    )

    @staticmethod
    def of(found: carts.CartPrice) -> "CartPrice":
        """The twin."""
        priced, currency = found.priced, found.currency
        off = pricing.taken_off(priced.chosen.discounts)
        sums = priced.sums
        used = priced.pricing.exchange_rate if priced.pricing else None
        return CartPrice(
            lines=[CartPriceLine.of(ln, off.get(ln.id, 0), currency) for ln in priced.lines],
            items_total=Money.of(sums.items_minor, currency),
            discount=Money.of(sums.discount_minor, currency),
            shipping=Money.of(sums.shipping_minor, currency),
            tax=Money.of(sums.tax_minor, currency),
            tax_included=found.tax_included,
            total=Money.of(sums.total_minor, currency),
            discounts=DiscountLine.of_lines(
                priced.chosen.applied, priced.chosen.discounts, priced.lines, currency
            ),
            tax_lines=[TaxLine.of(each, currency) for each in found.tax_lines],
            promotions=[PromotionVerdict.of(each, currency) for each in priced.chosen.verdicts],
            refused_coupons=[
                RefusedCoupon(code=code, reason=reason) for code, reason in found.refused.items()
            ],
            exchange_rate=ConversionRate.of(used) if used else None,
        )
