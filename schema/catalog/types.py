"""Channels, products, variants, prices and tax rates as clients see them."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

import strawberry
from strawberry import relay

from domain.catalog import model
from domain.catalog.prices import PriceKey, prices_at, prices_by_sku
from domain.catalog.repository import (
    all_products_by_id,
    all_variants_by_sku,
    products_by_id,
    sees_inactive,
    variants_by_sku,
)
from domain.common.ids import ChannelCode, ProductId, Sku
from domain.common.texts import DEFAULT_LANGUAGE, Texts, text_in
from domain.identity.model import STAFF, Role
from schema.access import Allow, access
from schema.catalog.enums import ChannelKind
from schema.context import Context, Info
from schema.ids import uuids_of
from schema.inputs import at_or_now
from schema.money import Money

Language = Annotated[
    str,
    strawberry.argument(
        description="Language tag, such as it. Without a text in it: its base language, else "
        "English, else the first in the alphabet."
    ),
]
ChannelArgument = Annotated[str, strawberry.argument(description="Code of the channel.")]


@access()
@strawberry.type(description="A text in one language.")
class Text:
    language: str = strawberry.field(description="Language tag, such as it or de-CH.")
    text: str = strawberry.field(description="The text.")

    @classmethod
    def all(cls, texts: Texts) -> list[Self]:
        """The texts in order of their languages."""
        return [cls(language=tag, text=texts[tag]) for tag in sorted(texts)]


@access(*STAFF, Role.CHANNEL)
@strawberry.type(description="A place of sale, such as the web shop of a country.")
class Channel:
    """Twin of domain Channel."""

    code: str = strawberry.field(description="Short unique name, such as WEB-IT.")
    kind: ChannelKind = strawberry.field(description="How customers meet the retailer there.")
    name: str = strawberry.field(description="Name for people.")
    currency: str = strawberry.field(description="ISO 4217 code, used when a request names none.")
    prices_include_tax: bool = strawberry.field(description="Whether its prices include tax.")
    edit_window_minutes: int | None = strawberry.field(
        description="Minutes after placing in which customers may edit the lines of their orders; "
        "null for as long as the goods allow."
    )
    converts_prices: bool = strawberry.field(
        description="Whether it sells in currencies that it has no prices in, at its own prices "
        "and the rate of the day."
    )
    active: bool = strawberry.field(description="Whether it sells.")
    version: int = strawberry.field(description="Number of its changes so far.")

    @classmethod
    def of(cls, channel: model.Channel) -> Self:
        """The twin."""
        return cls(
            code=channel.code,
            kind=channel.kind,
            name=channel.name,
            currency=channel.currency,
            prices_include_tax=channel.prices_include_tax,
            edit_window_minutes=channel.edit_window_minutes,
            converts_prices=channel.converts_prices,
            active=channel.active,
            version=channel.version,
        )


@access()
@strawberry.type(description="What one unit of a variant costs on a channel in a period.")
class Price:
    """Twin of domain Price."""

    amount: Money = strawberry.field(description="Price of one unit.")
    channel: str = strawberry.field(description="Code of the channel.")
    segment: str | None = strawberry.field(
        description="Only for customers of this segment; null for all others."
    )
    tax_included: bool = strawberry.field(description="Whether tax is in the amount.")
    valid_from: datetime | None = strawberry.field(
        description="First moment (UTC); null when it was always so."
    )
    valid_to: datetime | None = strawberry.field(
        description="The moment when it ends (UTC); null until further notice."
    )

    @classmethod
    def of(cls, price: model.Price) -> Self:
        """The twin."""
        return cls(
            amount=Money.of(price.amount_minor, price.currency),
            channel=price.channel,
            segment=price.segment,
            tax_included=price.tax_included,
            valid_from=price.valid_from,
            valid_to=price.valid_to,
        )


@access(*STAFF)
@strawberry.type(description="The tax on goods of a category in a country in a period.")
class TaxRate:
    """Twin of domain TaxRate."""

    country: str = strawberry.field(description="ISO 3166-1 alpha-2 code, such as IT.")
    region: str | None = strawberry.field(
        description="Only in this region, in capitals; null in all that have no rate of their own."
    )
    tax_category: str = strawberry.field(description="Category of goods, such as standard.")
    rate: Decimal = strawberry.field(description="The rate as a fraction: 0.22 is 22 %.")
    valid_from: datetime | None = strawberry.field(
        description="First moment (UTC); null when it was always so."
    )
    valid_to: datetime | None = strawberry.field(
        description="The moment when it ends (UTC); null until further notice."
    )

    @classmethod
    def of(cls, rate: model.TaxRate) -> Self:
        """The twin."""
        return cls(
            country=rate.country,
            region=rate.region or None,
            tax_category=rate.tax_category,
            rate=rate.rate,
            valid_from=rate.valid_from,
            valid_to=rate.valid_to,
        )


@access(*STAFF)
@strawberry.type(description="What a currency is worth in another one from a day on.")
class ExchangeRate:
    """Twin of domain ExchangeRate."""

    base: str = strawberry.field(description="ISO 4217 code of the price list.")
    quote: str = strawberry.field(description="ISO 4217 code of the orders.")
    day: date = strawberry.field(description="First day, in the merchant's time zone.")
    rate: Decimal = strawberry.field(description="Units of `quote` for one `base`.")

    @classmethod
    def of(cls, found: model.ExchangeRate) -> Self:
        """The twin."""
        return cls(base=found.base, quote=found.quote, day=found.day, rate=found.rate)


@access()
@strawberry.type(description="Units of a variant in one kit.")
class KitComponent:
    sku: str = strawberry.field(description="SKU of the component.")
    quantity: int = strawberry.field(description="Units in one kit.")

    @strawberry.field(description="The component; null when it is not visible to the caller.")
    async def variant(self, info: Info) -> "Variant | None":
        return await load_visible_variant(info.context, Sku(self.sku))


@access()
@strawberry.type(
    description="What is stocked and sold: a product in one size and colour, or a kit."
)
class Variant(relay.Node):
    """Twin of domain Variant."""

    id: relay.NodeID[str]
    sku: str = strawberry.field(description="Stock keeping unit: its name everywhere.")
    barcode: str | None = strawberry.field(description="What a scanner reads; UPC-A as EAN-13.")
    weight_g: int = strawberry.field(description="Weight of one unit in grams.")
    tags: list[str] = strawberry.field(description="Words that rules can refer to, sorted.")
    active: bool = strawberry.field(description="Whether it is in use.")
    components: list[KitComponent] = strawberry.field(
        description="What one kit is made of, by SKU; empty when it is no kit."
    )
    sellable_on: list[str] | None = strawberry.field(
        description="Codes of the channels that may sell it. Staff and integrations only.",
        extensions=[Allow(*STAFF, Role.CHANNEL)],
    )
    source: strawberry.Private[model.Variant]

    @strawberry.field(description="Its own name, or its product's.")
    def name(self, language: Language = DEFAULT_LANGUAGE) -> str:
        return text_in(model.name_texts(self.source.product_names, self.source.names), language)

    @strawberry.field(description="Its own names in all languages; empty without own names.")
    def names(self) -> list[Text]:
        return Text.all(self.source.names)

    @strawberry.field(
        description="Whether the channel may sell it, if channel and product are active."
    )
    def is_sellable(self, channel: ChannelArgument) -> bool:
        return self.active and channel in self.source.sellable_on

    @strawberry.field(description="The product it belongs to; null when not visible.")
    async def product(self, info: Info) -> "Product | None":
        return await load_visible_product(info.context, self.source.product_id)

    @strawberry.field(description="What one unit costs on a channel; null without a price.")
    async def price(
        self,
        info: Info,
        channel: ChannelArgument,
        currency: Annotated[
            str | None,
            strawberry.argument(description="ISO 4217 code; the channel's own unless given."),
        ] = None,
        at: Annotated[
            datetime | None,
            strawberry.argument(description="The moment, with its offset; now unless given."),
        ] = None,
    ) -> Price | None:
        moment = at_or_now(at) if at is not None else None
        key = PriceKey(Sku(self.sku), ChannelCode(channel), currency, moment)
        found = await _load_price(info.context, key)
        return Price.of(found) if found is not None else None

    @strawberry.field(
        description="All prices, past and planned, by channel, currency, segment and time. Staff "
        "and integrations only.",
        extensions=[Allow(*STAFF, Role.CHANNEL)],
    )
    async def prices(self, info: Info) -> list[Price] | None:
        return [Price.of(each) for each in await _load_prices(info.context, Sku(self.sku))]

    @classmethod
    async def resolve_nodes(
        cls, *, info: Info, node_ids: Iterable[str], required: bool = False
    ) -> list[Any]:
        """The variants that the caller may see; null for all others."""
        keys, actor = list(node_ids), info.context.actor
        found = await info.context.read(lambda c: variants_by_sku(c, keys, seen_by=actor))
        return [cls.of(found[Sku(key)]) if Sku(key) in found else None for key in keys]

    @classmethod
    def of(cls, variant: model.Variant) -> Self:
        """The twin."""
        return cls(
            id=variant.sku,
            sku=variant.sku,
            barcode=variant.barcode,
            weight_g=variant.weight_g,
            tags=list(variant.tags),
            active=variant.active,
            components=[
                KitComponent(sku=each.sku, quantity=each.quantity) for each in variant.components
            ],
            sellable_on=list(variant.sellable_on),
            source=variant,
        )


@access()
@strawberry.type(description="An article with its variants.")
class Product(relay.Node):
    """Twin of domain Product."""

    id: relay.NodeID[str]
    code: str = strawberry.field(description="Short unique name.")
    category: str = strawberry.field(description="Category of the shop; may be empty.")
    tax_category: str = strawberry.field(description="Category for taxes, such as standard.")
    active: bool = strawberry.field(description="Whether it is in use.")
    created_at: datetime = strawberry.field(description="When it was created (UTC).")
    version: int = strawberry.field(
        description="Number of changes so far of the product and its variants, kits and prices."
    )
    variants: list[Variant] = strawberry.field(
        description="Its variants that the caller may see, by SKU."
    )
    source: strawberry.Private[model.Product]

    @strawberry.field(description="Its name.")
    def name(self, language: Language = DEFAULT_LANGUAGE) -> str:
        return text_in(self.source.names, language)

    @strawberry.field(description="Its description; may be empty.")
    def description(self, language: Language = DEFAULT_LANGUAGE) -> str:
        return text_in(self.source.descriptions, language)

    @strawberry.field(description="Its names in all languages.")
    def names(self) -> list[Text]:
        return Text.all(self.source.names)

    @strawberry.field(description="Its descriptions in all languages.")
    def descriptions(self) -> list[Text]:
        return Text.all(self.source.descriptions)

    @classmethod
    async def resolve_nodes(
        cls, *, info: Info, node_ids: Iterable[str], required: bool = False
    ) -> list[Any]:
        """The products that the caller may see; null for all others."""
        keys, actor = list(node_ids), info.context.actor
        found = await info.context.read(lambda c: products_by_id(c, uuids_of(keys), seen_by=actor))
        nodes = {str(key): cls.of(each) for key, each in found.items()}
        return [nodes.get(key.lower()) for key in keys]

    @classmethod
    def of(cls, product: model.Product) -> Self:
        """The twin."""
        return cls(
            id=str(product.id),
            code=product.code,
            category=product.category,
            tax_category=product.tax_category,
            active=product.active,
            created_at=product.created_at,
            version=product.version,
            variants=[Variant.of(each) for each in product.variants],
            source=product,
        )


async def load_product(context: Context, product_id: UUID) -> Product | None:
    """The product, whoever asks: only for parts of objects that were scoped already. Loads of one
    operation are batched into one statement.
    """

    async def load(ids: list[Any]) -> list[Any]:
        found = await context.read(lambda c: all_products_by_id(c, ids))
        return [found.get(ProductId(key)) for key in ids]

    found = await context.loader("product_by_id", load).load(product_id)
    return Product.of(found) if found is not None else None


async def load_variant(context: Context, sku: Sku) -> Variant | None:
    """The variant, whoever asks: only for parts of objects that were scoped already. Loads of one
    operation are batched into one statement.
    """

    async def load(skus: list[Any]) -> list[Any]:
        found = await context.read(lambda c: all_variants_by_sku(c, skus))
        return [found.get(Sku(key)) for key in skus]

    found = await context.loader("variant_by_sku", load).load(sku)
    return Variant.of(found) if found is not None else None


async def load_visible_product(context: Context, product_id: UUID) -> Product | None:
    """As `load_product`, in the caller's scope."""

    async def load(ids: list[Any]) -> list[Any]:
        found = await context.read(lambda c: products_by_id(c, ids, seen_by=context.actor))
        return [found.get(ProductId(key)) for key in ids]

    if sees_inactive(context.actor):
        return await load_product(context, product_id)
    found = await context.loader("visible_product_by_id", load).load(product_id)
    return Product.of(found) if found is not None else None


async def load_visible_variant(context: Context, sku: Sku) -> Variant | None:
    """As `load_variant`, in the caller's scope."""

    async def load(skus: list[Any]) -> list[Any]:
        found = await context.read(lambda c: variants_by_sku(c, skus, seen_by=context.actor))
        return [found.get(Sku(key)) for key in skus]

    if sees_inactive(context.actor):
        return await load_variant(context, sku)
    found = await context.loader("visible_variant_by_sku", load).load(sku)
    return Variant.of(found) if found is not None else None


async def _load_price(context: Context, key: PriceKey) -> model.Price | None:
    async def load(keys: list[Any]) -> list[Any]:
        return await context.read(lambda c: prices_at(c, keys))

    return await context.loader("price_by_key", load).load(key)


async def _load_prices(context: Context, sku: Sku) -> list[model.Price]:
    async def load(skus: list[Any]) -> list[Any]:
        found = await context.read(lambda c: prices_by_sku(c, skus))
        return [found[Sku(key)] for key in skus]

    return await context.loader("prices_by_sku", load).load(sku)
