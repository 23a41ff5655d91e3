"""What mutations of the catalogue answer."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.catalog import errors
from domain.identity.model import STAFF
from schema.access import access
from schema.catalog.types import Channel, ExchangeRate, Product, TaxRate
from schema.errors import CommonError, Error, twin_of


@access()
@strawberry.type(description="The new channel.")
class CreateChannelPayload:
    channel: Channel = strawberry.field(description="The channel as it is now.")


@access()
@strawberry.type(description="The changed channel.")
class UpdateChannelPayload:
    channel: Channel = strawberry.field(description="The channel as it is now.")


@access()
@strawberry.type(description="The new product.")
class CreateProductPayload:
    product: Product = strawberry.field(description="The product as it is now.")


@access()
@strawberry.type(description="The changed product.")
class UpdateProductPayload:
    product: Product = strawberry.field(description="The product as it is now.")


@access()
@strawberry.type(description="The product whose variant may, or may no longer, be sold.")
class SetVariantSellablePayload:
    product: Product = strawberry.field(description="The product as it is now.")


@access()
@strawberry.type(description="The product whose variant is the kit.")
class SetKitComponentsPayload:
    product: Product = strawberry.field(description="The product as it is now.")


@access()
@strawberry.type(description="The product whose variant has the price.")
class SetPricePayload:
    product: Product = strawberry.field(description="The product as it is now.")


@access()
@strawberry.type(description="The rates of the country.")
class SetTaxRatePayload:
    version: int = strawberry.field(
        description="Number of changes so far of the country's rates for the category."
    )
    tax_rates: list[TaxRate] = strawberry.field(
        description="All rates of the country, by category and time."
    )


@twin_of(errors.ChannelCodeTaken)
@access()
@strawberry.type(description="Another channel has this code.")
class ChannelCodeTakenError(Error):
    """Twin of ChannelCodeTaken."""

    channel_code: str = strawberry.field(description="The code that is in use.")

    @staticmethod
    def of(error: errors.ChannelCodeTaken) -> "ChannelCodeTakenError":
        """The twin."""
        return ChannelCodeTakenError(
            code=error.code, message=error.message, channel_code=error.channel_code
        )


@twin_of(errors.ProductCodeTaken)
@access()
@strawberry.type(description="Another product has this code.")
class ProductCodeTakenError(Error):
    """Twin of ProductCodeTaken."""

    product_code: str = strawberry.field(description="The code that is in use.")

    @staticmethod
    def of(error: errors.ProductCodeTaken) -> "ProductCodeTakenError":
        """The twin."""
        return ProductCodeTakenError(
            code=error.code, message=error.message, product_code=error.product_code
        )


@twin_of(errors.SkuTaken)
@access()
@strawberry.type(description="Another variant has this SKU.")
class SkuTakenError(Error):
    """Twin of SkuTaken."""

    sku: str = strawberry.field(description="The SKU that is in use.")

    @staticmethod
    def of(error: errors.SkuTaken) -> "SkuTakenError":
        """The twin."""
        return SkuTakenError(code=error.code, message=error.message, sku=error.sku)


@twin_of(errors.BarcodeTaken)
@access()
@strawberry.type(description="Another variant has this barcode.")
class BarcodeTakenError(Error):
    """Twin of BarcodeTaken."""

    barcode: str = strawberry.field(description="The barcode that is in use, in normal form.")

    @staticmethod
    def of(error: errors.BarcodeTaken) -> "BarcodeTakenError":
        """The twin."""
        return BarcodeTakenError(code=error.code, message=error.message, barcode=error.barcode)


@twin_of(errors.KitNesting)
@access()
@strawberry.type(description="A kit would contain a kit.")
class KitNestingError(Error):
    """Twin of KitNesting."""

    sku: str = strawberry.field(description="The variant that would be a kit and a component.")

    @staticmethod
    def of(error: errors.KitNesting) -> "KitNestingError":
        """The twin."""
        return KitNestingError(code=error.code, message=error.message, sku=error.sku)


@twin_of(errors.PriceOverlap)
@access()
@strawberry.type(description="Another price is valid in a part of the period.")
class PriceOverlapError(Error):
    """Twin of PriceOverlap."""

    valid_from: datetime | None = strawberry.field(
        description="First moment of the other price, if it is known and has one."
    )
    valid_to: datetime | None = strawberry.field(
        description="The moment when the other price ends, if it is known and has one."
    )

    @staticmethod
    def of(error: errors.PriceOverlap) -> "PriceOverlapError":
        """The twin."""
        return PriceOverlapError(
            code=error.code,
            message=error.message,
            valid_from=error.valid_from,
            valid_to=error.valid_to,
        )


@twin_of(errors.TaxRateOverlap)
@access()
@strawberry.type(description="Another rate is valid in a part of the period.")
class TaxRateOverlapError(Error):
    """Twin of TaxRateOverlap."""

    valid_from: datetime | None = strawberry.field(
        description="First moment of the other rate, if it is known and has one."
    )
    valid_to: datetime | None = strawberry.field(
        description="The moment when the other rate ends, if it is known and has one."
    )

    @staticmethod
    def of(error: errors.TaxRateOverlap) -> "TaxRateOverlapError":
        """The twin."""
        return TaxRateOverlapError(
            code=error.code,
            message=error.message,
            valid_from=error.valid_from,
            valid_to=error.valid_to,
        )


CreateChannelResult = Annotated[
    CreateChannelPayload | ChannelCodeTakenError | CommonError,
    strawberry.union("CreateChannelResult", description="The new channel, or why not."),
]
UpdateChannelResult = Annotated[
    UpdateChannelPayload | CommonError,
    strawberry.union("UpdateChannelResult", description="The changed channel, or why not."),
]
CreateProductResult = Annotated[
    CreateProductPayload
    | ProductCodeTakenError
    | SkuTakenError
    | BarcodeTakenError
    | PriceOverlapError
    | CommonError,
    strawberry.union("CreateProductResult", description="The new product, or why not."),
]
UpdateProductResult = Annotated[
    UpdateProductPayload | SkuTakenError | BarcodeTakenError | PriceOverlapError | CommonError,
    strawberry.union("UpdateProductResult", description="The changed product, or why not."),
]
SetVariantSellableResult = Annotated[
    SetVariantSellablePayload | CommonError,
    strawberry.union("SetVariantSellableResult", description="The changed product, or why not."),
]
SetKitComponentsResult = Annotated[
    SetKitComponentsPayload | KitNestingError | CommonError,
    strawberry.union("SetKitComponentsResult", description="The changed product, or why not."),
]
SetPriceResult = Annotated[
    SetPricePayload | PriceOverlapError | CommonError,
    strawberry.union("SetPriceResult", description="The changed product, or why not."),
]
SetTaxRateResult = Annotated[
    SetTaxRatePayload | TaxRateOverlapError | CommonError,
    strawberry.union("SetTaxRateResult", description="The country's rates, or why not."),
]


@access(*STAFF)
@strawberry.type(description="The rates of a pair of currencies.")
class SetExchangeRatePayload:
    version: int = strawberry.field(description="Version of the pair's rates.")
    exchange_rates: list[ExchangeRate] = strawberry.field(
        description="The latest 100 rates of the pair, the newest day first."
    )


SetExchangeRateResult = Annotated[
    SetExchangeRatePayload | CommonError,
    strawberry.union("SetExchangeRateResult", description="What setExchangeRate answers."),
]
