"""What a basket costs: offers become priced lines, promotions take off, tax is added. Pure.

Placing and `priceCart` share it, so that a customer pays what was shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from domain.catalog.model import region_key
from domain.catalog.quote import Conversion, Offer
from domain.common.errors import ValidationFailed
from domain.common.ids import ChannelCode, OrderLineId, Sku, new_id
from domain.common.money import Money
from domain.customers.resolve import ResolvedCustomer
from domain.orders import pricing
from domain.orders.commands import OrderedLine
from domain.orders.errors import ProductNotFound, ProductNotSellable
from domain.orders.model import Address, Line
from domain.promotions.choosing import NOTHING, Cart, CartLine, Chosen, choose
from domain.promotions.model import (
    Coupon,
    CouponCode,
    CouponRefusal,
    Pricing,
    Promotion,
    UsedRate,
)
from domain.sourcing.model import Place


class Basket(Protocol):
    """What is to be priced: of an order or of a cart."""

    @property
    def channel(self) -> ChannelCode:
        """Where it is bought."""
        ...

    @property
    def lines(self) -> tuple[OrderedLine, ...]:
        """What is bought."""
        ...

    @property
    def shipping(self) -> Money | None:
        """The shipping fee."""
        ...

    @property
    def source_code(self) -> str | None:
        """The campaign's."""
        ...


@dataclass(frozen=True, slots=True)
class Draft:
    """All that was looked up for an order: offers by SKU, the customer, place and time, promotions
    and the coupons that were given.

    `near` is about where the goods go, for an address without coordinates. `region` is the part of
    the country whose taxes count, in capitals.
    """

    offers: Mapping[Sku, Offer]
    customer: ResolvedCustomer
    country: str
    placed_by: str
    placed_at: datetime
    updated_at: datetime
    pay_until: datetime
    near: Place | None = None
    region: str = ""
    promotions: Sequence[Promotion] = ()
    coupons: Mapping[CouponCode, Coupon | CouponRefusal] = field(
        default_factory=dict[CouponCode, Coupon | CouponRefusal]
    )


@dataclass(frozen=True, slots=True)
class Priced:
    """A basket with its lines as they are charged, its sums, and how they came about.

    `refused`: codes that take nothing off, and why.
    """

    lines: tuple[Line, ...]
    sums: pricing.Totals
    pricing: Pricing | None
    chosen: Chosen
    refused: Mapping[CouponCode, CouponRefusal]


def region_of(address: Address | None) -> str:
    """The region of an address as tax rates name it; empty without one."""
    return region_key(address.region) if address else ""


def priced_lines(basket: Basket, draft: Draft) -> list[Line]:
    """The basket's lines with names, list prices and taxes as of now; in the order given.

    Raises:
        ProductNotFound, ProductNotSellable: see there. ValidationFailed: a price in another
            currency, or no tax rate for the country.
    """
    _check_offers(basket, draft)
    currency, included = currency_of(draft), tax_included(draft)
    return [
        _line(position, given, draft, currency, included=included)
        for position, given in enumerate(basket.lines, start=1)
    ]


def currency_of(draft: Draft) -> str:
    """The order's currency: the one that all offers were quoted in."""
    return next(iter(draft.offers.values())).currency


def tax_included(draft: Draft) -> bool:
    """Whether the channel's prices hold the tax."""
    return next(iter(draft.offers.values())).tax_included


def priced(basket: Basket, draft: Draft, lines: Sequence[Line]) -> Priced:
    """What these lines of the basket cost after promotions.

    Raises:
        ValidationFailed: the shipping fee is in another currency.
    """
    currency, included = currency_of(draft), tax_included(draft)
    if basket.shipping is not None and basket.shipping.currency != currency:
        raise ValidationFailed("shipping", f"must be in {currency}")
    shipping = basket.shipping.amount_minor if basket.shipping else 0
    chosen = NOTHING
    if draft.promotions:
        cart = _cart(basket, draft, lines, shipping)
        chosen = choose(cart, draft.promotions, draft.placed_at)
    off = pricing.taken_off(chosen.discounts)
    sums = pricing.totals(
        [
            pricing.PricedLine(
                ln.ordered_quantity, ln.unit_price_minor, ln.tax_rate, off.get(ln.id, 0)
            )
            for ln in lines
        ],
        shipping,
        tax_included=included,
        shipping_discount_minor=off.get(None, 0),
    )
    charged = tuple(lines)
    if off:
        charged = tuple(
            replace(line, tax_minor=tax) for line, tax in zip(lines, sums.line_taxes, strict=True)
        )
    return Priced(charged, sums, _pricing(basket, draft, chosen), chosen, _refused(draft, chosen))


def _check_offers(basket: Basket, draft: Draft) -> None:
    offers, segments = draft.offers, draft.customer.segments
    unknown = {line.sku for line in basket.lines} - offers.keys()
    if unknown:
        raise ProductNotFound(unknown)
    withdrawn = {line.sku for line in basket.lines if not offers[line.sku].sellable}
    if withdrawn:
        raise ProductNotSellable(withdrawn, "withdrawn")
    unpriced = {
        line.sku
        for line in basket.lines
        if line.unit_price is None and offers[line.sku].price_for(segments) is None
    }
    if unpriced:
        raise ProductNotSellable(unpriced, "no price")


def _line(
    position: int, given: OrderedLine, draft: Draft, currency: str, *, included: bool
) -> Line:
    offer = draft.offers[given.sku]
    rate = offer.rate_in(draft.region)
    if rate is None:
        reason = f"no tax rate for {offer.tax_category} in {draft.country}"
        raise ValidationFailed("delivery", reason)
    if given.unit_price is not None and given.unit_price.currency != currency:
        raise ValidationFailed(f"lines.{position - 1}.unitPrice", f"must be in {currency}")
    asked = offer.price_for(draft.customer.segments)
    own_price = given.unit_price or asked
    assert own_price is not None  # _check_offers refused the line otherwise
    total = own_price.amount_minor * given.quantity
    return Line(
        id=OrderLineId(new_id()),
        position=position,
        sku=given.sku,
        names=offer.names,
        ordered_quantity=given.quantity,
        unit_price_minor=own_price.amount_minor,
        tax_rate=rate,
        tax_minor=pricing.tax_of(total, rate, included=included),
        total_minor=total,
        components=offer.components,
    )


def _cart(basket: Basket, draft: Draft, lines: Sequence[Line], shipping_minor: int) -> Cart:
    brought = _brought(basket)
    return Cart(
        channel=basket.channel,
        source_code=basket.source_code,
        country=draft.country,
        currency=currency_of(draft),
        segments=draft.customer.segments,
        lines=tuple(
            CartLine(
                line_id=line.id,
                sku=line.sku,
                quantity=line.ordered_quantity,
                unit_price_minor=line.unit_price_minor,
                tax_rate=line.tax_rate,
                tags=draft.offers[line.sku].tags,
                category=draft.offers[line.sku].category,
                own_price=(line.sku, line.unit_price_minor) in brought,
            )
            for line in lines
        ),
        shipping_minor=shipping_minor,
        coupons={
            each.promotion_id: code
            for code, each in sorted(draft.coupons.items(), reverse=True)
            if isinstance(each, Coupon)
        },
    )


def _brought(basket: Basket) -> set[tuple[Sku, int]]:
    """SKUs and prices that the channel brought itself."""
    return {
        (line.sku, line.unit_price.amount_minor)
        for line in basket.lines
        if line.unit_price is not None
    }


def _pricing(basket: Basket, draft: Draft, chosen: Chosen) -> Pricing | None:
    """None when there is nothing to remember."""
    segments, conversion = draft.customer.segments, _conversion(basket, draft)
    if not (chosen.applied or segments or conversion):
        return None
    rate = conversion and UsedRate(
        conversion.base, conversion.quote, conversion.rate, conversion.day
    )
    return Pricing(chosen.applied, chosen.discounts, segments, rate)


def _conversion(basket: Basket, draft: Draft) -> Conversion | None:
    """The rate of the day, if a price was converted."""
    for line in basket.lines:
        offer = draft.offers[line.sku]
        if line.unit_price is None and offer.prices is not None:
            asked = offer.price_for(draft.customer.segments)
            if asked is not None and asked.conversion is not None:
                return asked.conversion
    return None


def _refused(draft: Draft, chosen: Chosen) -> Mapping[CouponCode, CouponRefusal]:
    """Codes that take nothing off."""
    if not draft.coupons:
        return {}
    used = {each.coupon for each in chosen.applied}
    in_force = {each.id for each in draft.promotions if each.counts_at(draft.placed_at)}
    refused: dict[CouponCode, CouponRefusal] = {}
    for code, each in draft.coupons.items():
        if isinstance(each, CouponRefusal):
            refused[code] = each
        elif each.promotion_id not in in_force:
            refused[code] = CouponRefusal.NOT_IN_FORCE
        elif code not in used:
            refused[code] = CouponRefusal.DOES_NOT_APPLY
    return refused
