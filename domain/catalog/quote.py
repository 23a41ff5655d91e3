"""What a channel offers: names, price, tax and whether it may be sold, for many SKUs at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.catalog.model import TaxCategory, name_texts
from domain.catalog.tables import (
    channel,
    kit_component,
    price,
    product,
    tax_rate,
    variant,
    variant_channel,
)
from domain.common.errors import NotFound
from domain.common.fixed import Fixed
from domain.common.ids import ChannelCode, ProductId, Sku
from domain.common.reading import any_of
from domain.common.texts import Texts


@dataclass(frozen=True, slots=True)
class Offer:
    """A variant as a channel sells it at a moment. `price_minor` is None without a price in the
    currency, `tax_rate` (a fraction) is None without a rate for the country. `components` are the
    units of each SKU that one piece takes from stock: itself, unless it is a kit.
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


async def quote(
    connection: AsyncConnection,
    skus: Iterable[Sku],
    channel: ChannelCode,
    currency: str | None,
    country: str,
    at: datetime,
) -> dict[Sku, Offer]:
    """The offers of `channel` for `skus` at the moment `at`, by SKU; unknown SKUs are absent.

    Prices are in `currency`, or the channel's own when None; taxes are those of `country`. May be
    sold: what is active, with its product and channel, and flagged sellable there. One statement.

    Raises:
        NotFound: there is no such channel.
    """
    given = {
        "skus": sorted(set(skus)), "code": channel, "currency": currency, "country": country,
        "moment": at,
    }  # fmt: skip
    rows = (await _OFFERS.run(connection, given)).all()
    if not rows:
        raise NotFound("channel", channel)
    return {Sku(row.sku): _offer(row) for row in rows if row.sku is not None}


def _offers() -> sa.Select[*tuple[Any, ...]]:
    """One row per known SKU; one row without a SKU when none is known; no row without a channel."""
    code = sa.bindparam("code", type_=sa.Text)
    wanted = sa.bindparam("currency", type_=sa.CHAR(3))
    wanted_currency = sa.func.coalesce(wanted, channel.c.currency)
    moment = sa.bindparam("moment", type_=sa.DateTime(timezone=True))
    known = variant.join(product, product.c.id == variant.c.product_id)
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
            & (price.c.currency == wanted_currency)
            & price.c.valid.contains(moment),
        )
        .outerjoin(
            tax_rate,
            (tax_rate.c.country == sa.bindparam("country", type_=sa.CHAR(2)))
            & (tax_rate.c.tax_category == product.c.tax_category)
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
            variant.c.weight_g,
            variant.c.tags,
            product.c.tax_category,
            tax_rate.c.rate,
            price.c.amount_minor,
            wanted_currency.label("currency"),
            channel.c.prices_include_tax,
            sellable.label("sellable"),
            components.label("components"),
        )
        .select_from(offered)
        .where(channel.c.code == code)
    )


def _offer(row: sa.Row[Any]) -> Offer:
    return Offer(
        sku=Sku(row.sku),
        product_id=ProductId(row.product_id),
        names=name_texts(row.product_names, row.variant_names),
        weight_g=row.weight_g,
        tags=tuple(row.tags),
        tax_category=TaxCategory(row.tax_category),
        tax_rate=row.rate,
        price_minor=row.amount_minor,
        currency=row.currency,
        tax_included=row.prices_include_tax,
        sellable=row.sellable,
        components=row.components or {Sku(row.sku): 1},
    )


_OFFERS = Fixed(_offers)
