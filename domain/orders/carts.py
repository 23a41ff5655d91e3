"""What a cart costs before it is an order: by the rules and the code by which placing charges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.catalog.model import region_key
from domain.catalog.quote import quote
from domain.common.errors import Forbidden, NotFound, ValidationFailed
from domain.common.ids import ChannelCode, LocationId
from domain.common.money import Money
from domain.common.texts import checked_country
from domain.common.transaction import database_time
from domain.customers.directory import ReferenceIsNew, look_up
from domain.customers.model import GivenCustomer
from domain.customers.resolve import ResolvedCustomer
from domain.identity.model import Actor, Role
from domain.locations.repository import locations_by_id
from domain.orders.baskets import Draft, Priced, currency_of, priced, priced_lines, tax_included
from domain.orders.commands import OrderedLine
from domain.orders.placing_rules import check_basket, check_price_scope
from domain.orders.pricing import PricedLine, TaxLine, taken_off, tax_lines
from domain.promotions.choosing import NOT_FOR_THEM
from domain.promotions.coupons import checked_codes, usable
from domain.promotions.model import CouponCode, CouponRefusal
from domain.promotions.repository import promotions_of


@dataclass(frozen=True, slots=True)
class AskPrice:
    """A cart: as an order, without how it is paid. Taxes are those of `country` and `region`, or of
    the store where the goods change hands.
    """

    channel: ChannelCode
    lines: tuple[OrderedLine, ...]
    customer: GivenCustomer = field(default_factory=GivenCustomer)
    country: str | None = None
    region: str = ""
    store_id: LocationId | None = None
    currency: str | None = None
    shipping: Money | None = None
    source_code: str | None = None
    coupon_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CartPrice:
    """What a cart costs now, the codes of it that take nothing off, and its tax by rate."""

    priced: Priced
    currency: str
    tax_included: bool
    refused: Mapping[CouponCode, CouponRefusal]
    tax_lines: Sequence[TaxLine]


async def price_cart(connection: AsyncConnection, actor: Actor, ask: AskPrice) -> CartPrice:
    """What an order of this cart would be charged now. Nothing is kept for it, no coupon is used.
    Seven statements at most, no locks.

    Raises:
        ValidationFailed: a part is malformed, a price is in another currency, or the country has no
            tax rate. Forbidden: a price, a customer or a channel out of the actor's scope.
        NotFound: there is no such channel, customer or store.
        ProductNotFound, ProductNotSellable: a SKU is unknown, withdrawn or without a price.
    """
    ask = _in_scope(actor, ask)
    check_price_scope(actor, ask.lines, ask.shipping)
    check_basket(ask.lines, ask.shipping, ask.source_code)
    country = await _country(connection, actor, ask)
    codes, region = checked_codes(ask.coupon_codes), region_key(ask.region)
    now = await database_time(connection)
    skus = {line.sku for line in ask.lines}
    offers = await quote(connection, skus, ask.channel, ask.currency, country, now, [region])
    customer = await _customer(connection, actor, ask)
    stamp = next((offer.stamp for offer in offers.values()), None)
    draft = Draft(
        offers=offers,
        customer=customer,
        country=country,
        placed_by=actor.key,
        placed_at=now,
        updated_at=now,
        pay_until=now,
        region=region,
        promotions=await promotions_of(connection, stamp),
        coupons=await usable(connection, codes, None if customer.created else customer.id),
    )
    found = priced(ask, draft, priced_lines(ask, draft))
    if actor.role is Role.CUSTOMER:
        found = _for_customers(found)
    included = tax_included(draft)
    return CartPrice(
        found, currency_of(draft), included, found.refused, _tax_lines(found, included=included)
    )


def _for_customers(found: Priced) -> Priced:
    """Customers are not told of promotions for others."""
    verdicts = tuple(each for each in found.chosen.verdicts if each.reason not in NOT_FOR_THEM)
    return replace(found, chosen=replace(found.chosen, verdicts=verdicts))


def _tax_lines(found: Priced, *, included: bool) -> list[TaxLine]:
    off = taken_off(found.chosen.discounts)
    return tax_lines(
        [
            PricedLine(
                line.ordered_quantity, line.unit_price_minor, line.tax_rate, off.get(line.id, 0)
            )
            for line in found.lines
        ],
        found.sums.shipping_minor,
        tax_included=included,
        shipping_discount_minor=off.get(None, 0),
    )


def _in_scope(actor: Actor, ask: AskPrice) -> AskPrice:
    if not actor.sells_on(ask.channel):
        raise Forbidden(f"not allowed to sell on channel {ask.channel}")
    if actor.role is not Role.CUSTOMER:
        return ask
    if ask.customer.id not in (None, actor.customer_id) or actor.customer_id is None:
        raise Forbidden("a customer asks for himself only")
    return replace(ask, customer=GivenCustomer(id=actor.customer_id))


async def _country(connection: AsyncConnection, actor: Actor, ask: AskPrice) -> str:
    if (ask.country is None) == (ask.store_id is None):
        raise ValidationFailed("country", "give it or storeId")
    if ask.store_id is None:
        return checked_country("country", ask.country or "")
    found = (await locations_by_id(connection, [ask.store_id], seen_by=actor)).get(ask.store_id)
    if found is None or not found.active:
        raise NotFound("location", str(ask.store_id))
    return found.country


async def _customer(connection: AsyncConnection, actor: Actor, ask: AskPrice) -> ResolvedCustomer:
    directory = await look_up(connection, [ask.customer])
    try:
        return directory.recognise(ask.customer, seen_by=actor).customer
    except ReferenceIsNew:
        known = replace(ask.customer, source=None, reference=None)
        return directory.recognise(known, seen_by=actor).customer
