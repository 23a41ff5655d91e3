"""What the outside may ask of the catalogue."""

from collections.abc import Iterable
from datetime import datetime

import strawberry
from strawberry import relay

from domain.catalog import drafts, model
from domain.catalog.channels import CreateChannel, UpdateChannel
from domain.catalog.model import Barcode, ProductCode, TaxCategory
from domain.catalog.products import CreateProduct, UpdateProduct, VariantChange
from domain.catalog.selling import SetKitComponents, SetVariantSellable
from domain.common.ids import ChannelCode, ProductId, Sku
from domain.common.patch import KEEP, Keep
from domain.common.texts import Texts
from schema.catalog.enums import ChannelKind
from schema.ids import id_of
from schema.inputs import KEY, VERSION, given, utc_moment
from schema.money import MoneyInput

_NAMES = "One text per language, at most 200 characters each."
FROM = "First moment, with its offset from UTC; now unless given."
TO = "The moment when it ends, with its offset; null until further notice."


@strawberry.input(description="A text in one language.")
class TextInput:
    language: str = strawberry.field(description="Language tag, such as it or de-CH.")
    text: str = strawberry.field(description="The text.")


def texts_of(field: str, inputs: Iterable[TextInput]) -> Texts:
    """The texts by language.

    Raises:
        ValidationFailed: a language comes twice.
    """
    return model.texts_of(((each.language, each.text) for each in inputs), field)


_CONVERTS = (
    "Whether it sells in currencies that it has no prices in, at its own prices and the rate of "
    "the day."
)
_WINDOW = "Minutes after placing in which customers may edit their orders: 0 never, null any time."


@strawberry.input(description="A new channel.")
class CreateChannelInput:
    idempotency_key: str = strawberry.field(description=KEY)
    code: str = strawberry.field(
        description="Short unique name: 1 to 64 letters, digits, `.`, `_`, `-`. Never changes."
    )
    kind: ChannelKind = strawberry.field(description="How customers meet the retailer there.")
    name: str = strawberry.field(description="Name for people, 1 to 200 characters.")
    currency: str = strawberry.field(description="ISO 4217 code, used when a request names none.")
    prices_include_tax: bool = strawberry.field(
        default=True, description="Whether its prices include tax."
    )
    active: bool = strawberry.field(default=True, description="Whether it sells.")
    edit_window_minutes: int | None = strawberry.field(default=None, description=_WINDOW)

    converts_prices: bool = strawberry.field(default=False, description=_CONVERTS)

    def to_domain(self) -> CreateChannel:
        """The command."""
        return CreateChannel(
            idempotency_key=self.idempotency_key,
            code=ChannelCode(self.code),
            kind=self.kind,
            name=self.name,
            currency=self.currency,
            prices_include_tax=self.prices_include_tax,
            active=self.active,
            edit_window_minutes=self.edit_window_minutes,
            converts_prices=self.converts_prices,
        )


@strawberry.input(description="Other values for a channel. What is left out stays as it is.")
class UpdateChannelInput:
    idempotency_key: str = strawberry.field(description=KEY)
    code: str = strawberry.field(description="Code of the channel.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    name: strawberry.Maybe[str] = strawberry.field(description="Name for people.")
    currency: strawberry.Maybe[str] = strawberry.field(description="ISO 4217 code.")
    prices_include_tax: strawberry.Maybe[bool] = strawberry.field(
        description="Whether its prices include tax."
    )
    active: strawberry.Maybe[bool] = strawberry.field(description="Whether it sells.")
    edit_window_minutes: strawberry.Maybe[int | None] = strawberry.field(description=_WINDOW)
    converts_prices: strawberry.Maybe[bool] = strawberry.field(description=_CONVERTS)

    def to_domain(self) -> UpdateChannel:
        """The command."""
        return UpdateChannel(
            idempotency_key=self.idempotency_key,
            code=ChannelCode(self.code),
            expected_version=self.expected_version,
            name=given(self.name),
            currency=given(self.currency),
            prices_include_tax=given(self.prices_include_tax),
            active=given(self.active),
            edit_window_minutes=given(self.edit_window_minutes),
            converts_prices=given(self.converts_prices),
        )


@strawberry.input(description="What one unit of a new variant costs on a channel.")
class NewPriceInput:
    channel: str = strawberry.field(description="Code of the channel.")
    amount: MoneyInput = strawberry.field(description="Price of one unit.")
    valid_from: datetime | None = strawberry.field(default=None, description=FROM)
    valid_to: datetime | None = strawberry.field(default=None, description=TO)

    def to_domain(self) -> drafts.NewPrice:
        """The price.

        Raises:
            ValidationFailed: the amount or a moment is malformed.
        """
        return drafts.NewPrice(
            channel=ChannelCode(self.channel),
            amount=self.amount.to_domain(),
            valid_from=utc_moment("validFrom", self.valid_from),
            valid_to=utc_moment("validTo", self.valid_to),
        )


@strawberry.input(description="A new variant of a product.")
class NewVariantInput:
    sku: str = strawberry.field(
        description="1 to 64 letters, digits, `.`, `_`, `/`, `-`, a letter or digit first and "
        "last. Never changes; capitals count."
    )
    weight_g: int = strawberry.field(description="Weight of one unit in grams, 0 to 10,000,000.")
    barcode: str | None = strawberry.field(
        default=None,
        description="At most 48 printable characters; with 8, 12, 13 or 14 digits the last must be "
        "the GS1 check digit. UPC-A is kept as EAN-13.",
    )
    names: list[TextInput] = strawberry.field(
        default_factory=list[TextInput],
        description="Names of its own; without any it is called like its product. " + _NAMES,
    )
    tags: list[str] = strawberry.field(
        default_factory=list[str],
        description="At most 50 words of small letters, digits, `_` and `-`.",
    )
    active: bool = strawberry.field(default=True, description="Whether it is in use.")
    sellable_on: list[str] = strawberry.field(
        default_factory=list[str], description="Codes of the channels that may sell it."
    )
    prices: list[NewPriceInput] = strawberry.field(
        default_factory=list[NewPriceInput], description="Its first prices."
    )

    def to_domain(self) -> drafts.NewVariant:
        """The variant, not yet checked.

        Raises:
            ValidationFailed: a price or the texts are malformed.
        """
        return drafts.NewVariant(
            sku=Sku(self.sku),
            weight_g=self.weight_g,
            barcode=Barcode(self.barcode) if self.barcode is not None else None,
            names=texts_of("variants.names", self.names),
            tags=tuple(self.tags),
            active=self.active,
            sellable_on=tuple(ChannelCode(code) for code in self.sellable_on),
            prices=tuple(each.to_domain() for each in self.prices),
        )


@strawberry.input(description="A new product with at least one variant.")
class CreateProductInput:
    idempotency_key: str = strawberry.field(description=KEY)
    code: str = strawberry.field(
        description="Short unique name: 1 to 64 letters, digits, `.`, `_`, `-`. Never changes."
    )
    names: list[TextInput] = strawberry.field(description="At least one. " + _NAMES)
    variants: list[NewVariantInput] = strawberry.field(description="1 to 500 variants.")
    descriptions: list[TextInput] = strawberry.field(
        default_factory=list[TextInput],
        description="One text per language, at most 10,000 characters each.",
    )
    category: str = strawberry.field(default="", description="At most 100 characters.")
    tax_category: str = strawberry.field(
        default="standard", description="Category for taxes, named like a code."
    )
    active: bool = strawberry.field(default=True, description="Whether it is in use.")

    def to_domain(self) -> CreateProduct:
        """The command.

        Raises:
            ValidationFailed: a variant or the texts are malformed.
        """
        return CreateProduct(
            idempotency_key=self.idempotency_key,
            code=ProductCode(self.code),
            names=texts_of("names", self.names),
            variants=tuple(each.to_domain() for each in self.variants),
            descriptions=texts_of("descriptions", self.descriptions),
            category=self.category,
            tax_category=TaxCategory(self.tax_category),
            active=self.active,
        )


@strawberry.input(description="Other values for a variant. What is left out stays as it is.")
class VariantChangeInput:
    sku: str = strawberry.field(description="SKU of the variant.")
    barcode: strawberry.Maybe[str | None] = strawberry.field(
        description="What a scanner reads; null for none."
    )
    names: strawberry.Maybe[list[TextInput]] = strawberry.field(
        description="All its own names; none to be called like the product."
    )
    weight_g: strawberry.Maybe[int] = strawberry.field(description="Weight of one unit in grams.")
    tags: strawberry.Maybe[list[str]] = strawberry.field(description="All its tags.")
    active: strawberry.Maybe[bool] = strawberry.field(description="Whether it is in use.")

    def to_domain(self) -> VariantChange:
        """The change, not yet checked.

        Raises:
            ValidationFailed: the texts are malformed.
        """
        return VariantChange(
            sku=Sku(self.sku),
            barcode=self._barcode(),
            names=texts_of("changeVariants.names", self.names.value) if self.names else KEEP,
            weight_g=given(self.weight_g),
            tags=tuple(self.tags.value) if self.tags else KEEP,
            active=given(self.active),
        )

    def _barcode(self) -> Barcode | Keep | None:
        if self.barcode is None:
            return KEEP
        return Barcode(self.barcode.value) if self.barcode.value is not None else None


@strawberry.input(description="Other values for a product. What is left out stays as it is.")
class UpdateProductInput:
    idempotency_key: str = strawberry.field(description=KEY)
    id: relay.GlobalID = strawberry.field(description="The product.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    names: strawberry.Maybe[list[TextInput]] = strawberry.field(
        description="All its names, at least one. " + _NAMES
    )
    descriptions: strawberry.Maybe[list[TextInput]] = strawberry.field(
        description="All its descriptions."
    )
    category: strawberry.Maybe[str] = strawberry.field(description="At most 100 characters.")
    tax_category: strawberry.Maybe[str] = strawberry.field(description="Category for taxes.")
    active: strawberry.Maybe[bool] = strawberry.field(description="Whether it is in use.")
    add_variants: list[NewVariantInput] = strawberry.field(
        default_factory=list[NewVariantInput], description="New variants."
    )
    change_variants: list[VariantChangeInput] = strawberry.field(
        default_factory=list[VariantChangeInput], description="Changes of its variants."
    )

    def to_domain(self) -> UpdateProduct:
        """The command.

        Raises:
            ValidationFailed: the id, a variant or the texts are malformed.
        """
        return UpdateProduct(
            idempotency_key=self.idempotency_key,
            product_id=ProductId(id_of(self.id, "Product")),
            expected_version=self.expected_version,
            names=texts_of("names", self.names.value) if self.names else KEEP,
            descriptions=(
                texts_of("descriptions", self.descriptions.value) if self.descriptions else KEEP
            ),
            category=given(self.category),
            tax_category=TaxCategory(self.tax_category.value) if self.tax_category else KEEP,
            active=given(self.active),
            add_variants=tuple(each.to_domain() for each in self.add_variants),
            change_variants=tuple(each.to_domain() for each in self.change_variants),
        )


@strawberry.input(description="Whether a channel may sell a variant.")
class SetVariantSellableInput:
    idempotency_key: str = strawberry.field(description=KEY)
    sku: str = strawberry.field(description="SKU of the variant.")
    channel: str = strawberry.field(description="Code of the channel.")
    sellable: bool = strawberry.field(description="Whether the channel may sell it.")
    expected_version: int | None = strawberry.field(
        default=None, description="Refuse unless this is the present version of the product."
    )

    def to_domain(self) -> SetVariantSellable:
        """The command."""
        return SetVariantSellable(
            idempotency_key=self.idempotency_key,
            sku=Sku(self.sku),
            channel=ChannelCode(self.channel),
            sellable=self.sellable,
            expected_version=self.expected_version,
        )


@strawberry.input(description="Units of a variant in one kit.")
class KitComponentInput:
    sku: str = strawberry.field(description="SKU of the component, which is no kit itself.")
    quantity: int = strawberry.field(description="Units in one kit, 1 to 10,000.")


@strawberry.input(description="What a kit is made of.")
class SetKitComponentsInput:
    idempotency_key: str = strawberry.field(description=KEY)
    sku: str = strawberry.field(description="SKU of the kit.")
    components: list[KitComponentInput] = strawberry.field(
        description="All its components, at most 50; none makes it an ordinary variant."
    )
    expected_version: int | None = strawberry.field(
        default=None, description="Refuse unless this is the present version of the product."
    )

    def to_domain(self) -> SetKitComponents:
        """The command."""
        return SetKitComponents(
            idempotency_key=self.idempotency_key,
            sku=Sku(self.sku),
            components=tuple(
                model.Component(Sku(each.sku), each.quantity) for each in self.components
            ),
            expected_version=self.expected_version,
        )
