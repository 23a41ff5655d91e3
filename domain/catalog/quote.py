"""What a channel offers: names, price, tax and whether it may be sold, for many SKUs at once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.catalog.model import TaxCategory, name_texts
from domain.catalog.tables import (
    channel,
    exchange_rate,
    kit_component,
    price,
    pricing_stamp,
    product,
    tax_rate,
    variant,
    variant_channel,
)
from domain.common.errors import NotFound
from domain.common.fixed import Fixed
from domain.common.ids import ChannelCode, ProductId, Sku
from domain.common.money import exponent, rounded
from domain.common.reading import any_of
from domain.common.texts import Texts


@dataclass(frozen=True, slots=True)
class Conversion:
    """The rate of the day between the channel's currency and that of a price: one `base` is `rate`
    of `quote`.
    """

    base: str
    quote: str
    rate: Decimal
    day: date


@dataclass(frozen=True, slots=True)
class Asked:
    """What one unit costs a customer, and how that was converted, if it was."""

    amount_minor: int
    conversion: Conversion | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A variant as a channel sells it at a moment. `price_minor` is what everybody pays, None
    without a price in the currency; `tax_rate` (a fraction) is that of the country, None without
    one. `components` are the units of each SKU that one piece takes from stock: itself, unless it
    is a kit. `stamp` names the promotions of the moment; None if there never were any.
    """

    sku: Sku
    product_id: ProductId
    names: Texts
    weight_g: int
    tags: tuple[str, ...]
    tax_category: TaxCategory
    tax_rate: Decimal | None
    price_minor: int | None
    currency: str
    tax_included: bool
    sellable: bool
    components: Mapping[Sku, int]
    category: str = ""
    stamp: UUID | None = None
    prices: Mapping[str, Asked] | None = None
    """By segment, that of everybody under the empty text; None if there is only that one."""
    regional_rates: Mapping[str, Decimal] | None = None

    def price_for(self, segments: Collection[str]) -> Asked | None:
        """What a customer of those segments pays: a price in the currency before a converted one,
        then one for a segment (of several the lowest) before that of everybody.
        """
        if self.prices is None:
            return None if self.price_minor is None else Asked(self.price_minor)
        mine = [
            (asked.conversion is not None, not segment, asked.amount_minor, segment)
            for segment, asked in self.prices.items()
            if not segment or segment in segments
        ]
        return self.prices[min(mine)[3]] if mine else None

    def rate_in(self, region: str) -> Decimal | None:
        """The tax rate of a region (in capitals) of the country, else of the country."""
        if self.regional_rates is None:
            return self.tax_rate
        return self.regional_rates.get(region, self.tax_rate)


async def quote(
    connection: AsyncConnection,
    skus: Iterable[Sku],
    channel: ChannelCode,
    currency: str | None,
    country: str,
    at: datetime,
    regions: Collection[str] = (),
) -> dict[Sku, Offer]:
    """The offers of `channel` for `skus` at the moment `at`, by SKU; unknown SKUs are absent.

    Prices are in `currency`, or the channel's own when None; a channel that converts prices asks
    for its own at the rate of the day where it has none. Taxes are those of `country`, and of those
    of its `regions` (in capitals) that have their own. May be sold: what is active, with its
    product and channel, and flagged sellable there. One statement.

    Raises:
        NotFound: there is no such channel.
    """
    given = {
        "skus": sorted(set(skus)), "code": channel, "currency": currency, "country": country,
        "moment": at, "regions": ["", *regions],
    }  # fmt: skip
    rows = (await _OFFERS.run(connection, given)).all()
    if not rows:
        raise NotFound("channel", channel)
    by_sku: dict[Sku, list[sa.Row[Any]]] = {}
    for row in rows:
        if row.sku is not None:
            by_sku.setdefault(Sku(row.sku), []).append(row)
    return {sku: _offer(mine) for sku, mine in by_sku.items()}


def _offers() -> sa.Select[*tuple[Any, ...]]:
    """A row per known SKU, and one for each more price and rate of it; one row without a SKU when
    none is known; no row without a channel.
    """
    code = sa.bindparam("code", type_=sa.Text)
    wanted = sa.bindparam("currency", type_=sa.CHAR(3))
    wanted_currency = sa.func.coalesce(wanted, channel.c.currency)
    moment = sa.bindparam("moment", type_=sa.DateTime(timezone=True))
    known = variant.join(product, product.c.id == variant.c.product_id)
    own = channel.c.converts_prices & (price.c.currency == channel.c.currency)
    offered = (
        channel.outerjoin(known, any_of(variant.c.sku, "skus"))
        .outerjoin(
            variant_channel,
            (variant_channel.c.sku == variant.c.sku) & (variant_channel.c.channel == code),
        )
        .outerjoin(
            price,
            (price.c.sku == variant.c.sku)
            & (price.c.channel == code)
            & ((price.c.currency == wanted_currency) | own)
            & price.c.valid.contains(moment),
        )
        .outerjoin(
            tax_rate,
            (tax_rate.c.country == sa.bindparam("country", type_=sa.CHAR(2)))
            & (tax_rate.c.tax_category == product.c.tax_category)
            & any_of(tax_rate.c.region, "regions")
            & tax_rate.c.valid.contains(moment),
        )
    )
    components = (
        sa.select(sa.func.jsonb_object_agg(kit_component.c.component_sku, kit_component.c.quantity))
        .where(kit_component.c.kit_sku == variant.c.sku)
        .scalar_subquery()
    )
    sellable = (
        channel.c.active
        & product.c.active
        & variant.c.active
        & sa.func.coalesce(variant_channel.c.sellable, sa.false())
    )
    return (
        sa.select(
            variant.c.sku,
            variant.c.product_id,
            variant.c.names.label("variant_names"),
            product.c.names.label("product_names"),
            product.c.category,
            variant.c.weight_g,
            variant.c.tags,
            product.c.tax_category,
            tax_rate.c.rate,
            tax_rate.c.region,
            price.c.amount_minor,
            price.c.currency.label("price_currency"),
            price.c.segment,
            wanted_currency.label("currency"),
            channel.c.prices_include_tax,
            sellable.label("sellable"),
            components.label("components"),
            _conversion(wanted_currency, moment).label("conversion"),
            sa.select(pricing_stamp.c.stamp).scalar_subquery().label("stamp"),
        )
        .select_from(offered)
        .where(channel.c.code == code)
    )


def _conversion(
    wanted: sa.ColumnElement[str], moment: sa.ColumnElement[datetime]
) -> sa.ColumnElement[Any]:
    """The rate of the day and its first day, when the channel converts to another currency."""
    rate = exchange_rate.c
    latest = (
        sa.select(sa.func.jsonb_build_object("rate", rate.rate.cast(sa.Text), "day", rate.day))
        .where(
            rate.base == channel.c.currency,
            rate.quote == wanted,
            rate.starts <= moment,
        )
        .order_by(rate.starts.desc())
        .limit(1)
        .scalar_subquery()
    )
    return sa.case((channel.c.converts_prices & (channel.c.currency != wanted), latest))


def _offer(rows: Sequence[sa.Row[Any]]) -> Offer:
    first = rows[0]
    plain = len(rows) == 1 and not first.segment and not first.region
    usual = plain and first.price_currency in (first.currency, None)
    prices = None if usual else _prices(rows)
    rates = {row.region: row.rate for row in rows if row.region is not None}
    everybody = prices.get("") if prices is not None else None
    return Offer(
        sku=Sku(first.sku),
        product_id=ProductId(first.product_id),
        names=name_texts(first.product_names, first.variant_names),
        weight_g=first.weight_g,
        tags=tuple(first.tags),
        tax_category=TaxCategory(first.tax_category),
        tax_rate=rates.get(""),
        price_minor=first.amount_minor if usual else everybody and everybody.amount_minor,
        currency=first.currency,
        tax_included=first.prices_include_tax,
        sellable=first.sellable,
        components=first.components or {Sku(first.sku): 1},
        category=first.category,
        stamp=first.stamp,
        prices=prices,
        regional_rates=rates if len(rates) > 1 or first.region else None,
    )


def _prices(rows: Sequence[sa.Row[Any]]) -> dict[str, Asked]:
    """By segment; one in the currency comes before a converted one."""
    listed = {
        row.segment: Asked(row.amount_minor)
        for row in rows
        if row.segment is not None and row.price_currency == row.currency
    }
    converted = {
        row.segment: _converted(row)
        for row in rows
        if row.segment is not None and row.price_currency != row.currency and row.conversion
    }
    return {**converted, **listed}


def _converted(row: sa.Row[Any]) -> Asked:
    rate = Decimal(f"{Decimal(row.conversion['rate']).normalize():f}")
    used = Conversion(
        row.price_currency, row.currency, rate, date.fromisoformat(row.conversion["day"])
    )
    return Asked(converted(row.amount_minor, used), used)


def converted(amount_minor: int, by: Conversion) -> int:
    """An amount in minor units of `base` as minor units of `quote`, rounded once."""
    shift = exponent(by.quote) - exponent(by.base)
    return rounded((Decimal(amount_minor) * by.rate).scaleb(shift))


_OFFERS = Fixed(_offers)
