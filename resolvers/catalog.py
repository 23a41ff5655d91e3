"""The catalogue: reading it, and what operations may change."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import strawberry
from strawberry import relay

from domain.catalog import channels, exchange, prices, products, selling, taxes
from domain.catalog.model import normal_barcode
from domain.catalog.products import ProductDone
from domain.catalog.repository import (
    ProductFilter,
    all_products_by_id,
    channels_visible_to,
    count_of_products,
    page_of_products,
    products_by_id,
    require_channel,
    variant_by_barcode,
    variants_by_sku,
)
from domain.common.ids import ProductId, Sku
from domain.common.paging import PageRequest
from domain.common.transaction import Tx
from domain.identity.model import STAFF, Role
from resolvers.answering import answer
from schema.access import Allow
from schema.catalog.inputs import (
    CreateChannelInput,
    CreateProductInput,
    SetKitComponentsInput,
    SetVariantSellableInput,
    UpdateChannelInput,
    UpdateProductInput,
)
from schema.catalog.payloads import (
    CreateChannelPayload,
    CreateChannelResult,
    CreateProductPayload,
    CreateProductResult,
    SetExchangeRatePayload,
    SetExchangeRateResult,
    SetKitComponentsPayload,
    SetKitComponentsResult,
    SetPricePayload,
    SetPriceResult,
    SetTaxRatePayload,
    SetTaxRateResult,
    SetVariantSellablePayload,
    SetVariantSellableResult,
    UpdateChannelPayload,
    UpdateChannelResult,
    UpdateProductPayload,
    UpdateProductResult,
)
from schema.catalog.pricing_inputs import SetExchangeRateInput, SetPriceInput, SetTaxRateInput
from schema.catalog.types import Channel, ExchangeRate, Product, TaxRate, Variant
from schema.connections import Connection, connection_of
from schema.context import Info
from schema.ids import id_of
from schema.inputs import INPUT, After, First
from schema.refusals import asked, checked, only_one

P = TypeVar("P")
PLANNERS = (Role.OPERATIONS, Role.ADMIN)


@strawberry.type
class CatalogQuery:
    """Root fields that read the catalogue."""

    @strawberry.field(
        description="The channels, by code: all for staff, its own for an integration.",
        extensions=[Allow(*STAFF, Role.CHANNEL)],
    )
    async def channels(self, info: Info) -> list[Channel]:
        """The caller's channels."""
        actor = info.context.caller
        found = await info.context.read(lambda c: channels_visible_to(c, actor))
        return [Channel.of(each) for each in found]

    @strawberry.field(
        description="A product by its global id. Everybody sees active ones, staff see all. Null "
        "when unknown or not visible.",
        extensions=[Allow(anonymous=True)],
    )
    async def product(
        self,
        info: Info,
        product_id: Annotated[
            relay.GlobalID, strawberry.argument(name="id", description="Its global id.")
        ],
    ) -> Product | None:
        """The product or null."""
        key, actor = checked(lambda: id_of(product_id, "Product")), info.context.actor
        found = await info.context.read(lambda c: products_by_id(c, [key], seen_by=actor))
        product = found.get(ProductId(key))
        return Product.of(product) if product else None

    @strawberry.field(
        description="A variant by SKU or by barcode. Everybody sees active ones, staff see all. "
        "Null when unknown or not visible.",
        extensions=[Allow(anonymous=True)],
    )
    async def variant(
        self,
        info: Info,
        sku: Annotated[str | None, strawberry.argument(description="Its SKU.")] = None,
        barcode: Annotated[
            str | None,
            strawberry.argument(description="Its barcode, UPC-A or EAN-13 alike."),
        ] = None,
    ) -> Variant | None:
        """The variant or null."""
        only_one(sku=sku, barcode=barcode)
        context, actor = info.context, info.context.actor
        if barcode is not None:
            code = checked(lambda: normal_barcode("barcode", barcode))
            found = await context.read(lambda c: variant_by_barcode(c, code, seen_by=actor))
        else:
            key = Sku(sku or "")
            by_sku = await context.read(lambda c: variants_by_sku(c, [key], seen_by=actor))
            found = by_sku.get(key)
        return Variant.of(found) if found else None

    @strawberry.field(
        description="Products, newest first. Everybody sees active ones, staff see all.",
        extensions=[Allow(anonymous=True)],
    )
    async def products(
        self,
        info: Info,
        search: Annotated[
            str | None,
            strawberry.argument(
                description="A part of a name in any language or of the code, or a whole SKU or "
                "barcode; capitals do not count."
            ),
        ] = None,
        category: Annotated[
            str | None, strawberry.argument(description="Only of this category.")
        ] = None,
        first: First = 20,
        after: After = None,
    ) -> Connection[Product]:
        """A page of products."""
        context, actor = info.context, info.context.actor
        wanted = ProductFilter(search, category)
        request = checked(lambda: PageRequest.of(first, after))
        page = await context.read(lambda c: page_of_products(c, wanted, request, seen_by=actor))

        async def count() -> int:
            return await context.read(lambda c: count_of_products(c, wanted, seen_by=actor))

        return connection_of(page, Product.of, count)

    @strawberry.field(
        description="All tax rates of a country, past and planned, by category and time.",
        extensions=[Allow(*STAFF)],
    )
    async def tax_rates(
        self,
        info: Info,
        country: Annotated[
            str, strawberry.argument(description="ISO 3166-1 alpha-2 code, such as IT.")
        ],
    ) -> list[TaxRate]:
        """The country's rates."""
        found = await asked(info.context.read(lambda c: taxes.tax_rates_of(c, country)))
        return [TaxRate.of(each) for each in found]

    @strawberry.field(
        description="The latest rates of a pair of currencies, the newest day first.",
        extensions=[Allow(*STAFF)],
    )
    async def exchange_rates(
        self,
        info: Info,
        base: Annotated[str, strawberry.argument(description="ISO 4217 code of the price list.")],
        quote: Annotated[str, strawberry.argument(description="ISO 4217 code of the orders.")],
        first: First = 20,
    ) -> list[ExchangeRate]:
        """The rates."""
        limit = checked(lambda: PageRequest.of(first, None)).first
        found = await asked(
            info.context.read(lambda c: exchange.exchange_rates(c, base, quote, limit))
        )
        return [ExchangeRate.of(each) for each in found]


@strawberry.type
class CatalogMutation:
    """Root fields that change the catalogue."""

    @strawberry.mutation(description="Create a channel.", extensions=[Allow(*PLANNERS)])
    async def create_channel(
        self, info: Info, given: Annotated[CreateChannelInput, INPUT]
    ) -> CreateChannelResult:
        """The new channel, or why not."""

        async def work(tx: Tx) -> CreateChannelPayload:
            done = await channels.create_channel(tx, given.to_domain())
            found = await require_channel(tx.connection, done.code)
            return CreateChannelPayload(channel=Channel.of(found))

        return await answer(info.context.run(work))

    @strawberry.mutation(description="Change a channel.", extensions=[Allow(*PLANNERS)])
    async def update_channel(
        self, info: Info, given: Annotated[UpdateChannelInput, INPUT]
    ) -> UpdateChannelResult:
        """The changed channel, or why not."""

        async def work(tx: Tx) -> UpdateChannelPayload:
            done = await channels.update_channel(tx, given.to_domain())
            found = await require_channel(tx.connection, done.code)
            return UpdateChannelPayload(channel=Channel.of(found))

        return await answer(info.context.run(work))

    @strawberry.mutation(
        description="Create a product with its variants, their flags and first prices.",
        extensions=[Allow(*PLANNERS)],
    )
    async def create_product(
        self, info: Info, given: Annotated[CreateProductInput, INPUT]
    ) -> CreateProductResult:
        """The new product, or why not."""
        return await _change(
            info,
            lambda tx: products.create_product(tx, given.to_domain()),
            lambda product: CreateProductPayload(product=product),
        )

    @strawberry.mutation(
        description="Change a product and its variants, and add variants.",
        extensions=[Allow(*PLANNERS)],
    )
    async def update_product(
        self, info: Info, given: Annotated[UpdateProductInput, INPUT]
    ) -> UpdateProductResult:
        """The changed product, or why not."""
        return await _change(
            info,
            lambda tx: products.update_product(tx, given.to_domain()),
            lambda product: UpdateProductPayload(product=product),
        )

    @strawberry.mutation(
        description="Say whether a channel may sell a variant.", extensions=[Allow(*PLANNERS)]
    )
    async def set_variant_sellable(
        self, info: Info, given: Annotated[SetVariantSellableInput, INPUT]
    ) -> SetVariantSellableResult:
        """The changed product, or why not."""
        return await _change(
            info,
            lambda tx: selling.set_variant_sellable(tx, given.to_domain()),
            lambda product: SetVariantSellablePayload(product=product),
        )

    @strawberry.mutation(
        description="Say what a kit is made of. Kits do not contain kits.",
        extensions=[Allow(*PLANNERS)],
    )
    async def set_kit_components(
        self, info: Info, given: Annotated[SetKitComponentsInput, INPUT]
    ) -> SetKitComponentsResult:
        """The changed product, or why not."""
        return await _change(
            info,
            lambda tx: selling.set_kit_components(tx, given.to_domain()),
            lambda product: SetKitComponentsPayload(product=product),
        )

    @strawberry.mutation(
        description="Set what a variant costs on a channel, from now or a later moment on. A price "
        "that is not in force yet can be set again with the same limits.",
        extensions=[Allow(*PLANNERS)],
    )
    async def set_price(self, info: Info, given: Annotated[SetPriceInput, INPUT]) -> SetPriceResult:
        """The changed product, or why not."""
        return await _change(
            info,
            lambda tx: prices.set_price(tx, given.to_domain()),
            lambda product: SetPricePayload(product=product),
        )

    @strawberry.mutation(
        description="Set the tax on goods of a category in a country, from now or a later moment "
        "on.",
        extensions=[Allow(*PLANNERS)],
    )
    async def set_tax_rate(
        self, info: Info, given: Annotated[SetTaxRateInput, INPUT]
    ) -> SetTaxRateResult:
        """The country's rates, or why not."""

        async def work(tx: Tx) -> SetTaxRatePayload:
            done = await taxes.set_tax_rate(tx, given.to_domain())
            found = await taxes.tax_rates_of(tx.connection, done.country)
            return SetTaxRatePayload(
                version=done.version, tax_rates=[TaxRate.of(each) for each in found]
            )

        return await answer(info.context.run(work))

    @strawberry.mutation(
        description="Set what a currency is worth in another one from a day on, until the day of "
        "the next rate.",
        extensions=[Allow(*PLANNERS)],
    )
    async def set_exchange_rate(
        self, info: Info, given: Annotated[SetExchangeRateInput, INPUT]
    ) -> SetExchangeRateResult:
        """The pair's rates, or why not."""
        zone = info.context.services.merchant_time_zone

        async def work(tx: Tx) -> SetExchangeRatePayload:
            done = await exchange.set_exchange_rate(tx, given.to_domain(), zone)
            found = await exchange.exchange_rates(tx.connection, done.base, done.quote, 100)
            return SetExchangeRatePayload(
                version=done.version, exchange_rates=[ExchangeRate.of(each) for each in found]
            )

        return await answer(info.context.run(work))


async def _change(
    info: Info,
    change: Callable[[Tx], Awaitable[ProductDone]],
    payload: Callable[[Product], P],
) -> P:
    """The payload of a use case that changes a product, read in its own transaction."""

    async def work(tx: Tx) -> P:
        done = await change(tx)
        found = await all_products_by_id(tx.connection, [done.id])
        return payload(Product.of(found[done.id]))

    return await answer(info.context.run(work))
