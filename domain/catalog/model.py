"""Channels, products and their variants, and the rules of their codes and texts. Pure values."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from domain.common.errors import ValidationFailed
from domain.common.ids import ChannelCode, ProductId, Sku
from domain.common.texts import Texts, checked_language, needed_line, one_line, paragraphs

ProductCode = NewType("ProductCode", str)
Barcode = NewType("Barcode", str)
TaxCategory = NewType("TaxCategory", str)

STANDARD_TAX = TaxCategory("standard")

MAX_WEIGHT_G = 10_000_000
MAX_LANGUAGES = 40
MAX_REGION = 100
MAX_COMPONENTS = 50
MAX_COMPONENT_QUANTITY = 10_000
_SKU = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,62}[A-Za-z0-9])?")
_BARCODE = re.compile(r"[!-~]{1,48}")
_GTIN_LENGTHS = frozenset({8, 12, 13, 14})


class ChannelKind(StrEnum):
    """How customers meet the retailer on a channel."""

    WEB = "WEB"
    POS = "POS"
    CALL_CENTER = "CALL_CENTER"
    MARKETPLACE = "MARKETPLACE"
    SOCIAL = "SOCIAL"


@dataclass(frozen=True, slots=True)
class Channel:
    """A place of sale. `currency` is used when a request names none; `prices_include_tax` says
    what the prices of the channel mean. Customers may edit their orders until
    `edit_window_minutes` after placing: 0 never, None as long as the goods allow. With
    `converts_prices` it sells in currencies that it has no prices in, at the rate of the day.
    """

    code: ChannelCode
    kind: ChannelKind
    name: str
    currency: str
    prices_include_tax: bool
    active: bool
    version: int
    edit_window_minutes: int | None = None
    converts_prices: bool = False


@dataclass(frozen=True, slots=True)
class Component:
    """Units of a SKU in one kit."""

    sku: Sku
    quantity: int


@dataclass(frozen=True, slots=True)
class Variant:
    """What is stocked and sold. Without `names` of its own it is called like its product. With
    `components` it is a kit: it has no stock of its own.
    """

    sku: Sku
    product_id: ProductId
    barcode: Barcode | None
    names: Texts
    weight_g: int
    tags: tuple[str, ...]
    active: bool
    product_names: Texts
    sellable_on: tuple[ChannelCode, ...] = ()
    """Codes of the channels that may sell it, sorted."""
    components: tuple[Component, ...] = ()
    """Sorted by SKU."""


@dataclass(frozen=True, slots=True)
class Product:
    """An article with its variants, sorted by SKU. Its `version` counts the changes of all parts:
    texts, variants, kits, prices and sellable flags.
    """

    id: ProductId
    code: ProductCode
    names: Texts
    descriptions: Texts
    category: str
    tax_category: TaxCategory
    active: bool
    created_at: datetime
    version: int
    variants: tuple[Variant, ...]

    def variant(self, sku: Sku) -> Variant:
        """The variant of that SKU, which the product must have."""
        return next(each for each in self.variants if each.sku == sku)


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit costs on a channel from `valid_from` until just before `valid_to`: customers of
    `segment`, or all whose segments have no price (None).
    """

    sku: Sku
    channel: ChannelCode
    currency: str
    amount_minor: int
    tax_included: bool
    valid_from: datetime | None
    valid_to: datetime | None
    segment: str | None = None


@dataclass(frozen=True, slots=True)
class TaxRate:
    """The tax on goods of a category in a country, as a fraction: 0.22 is 22 %. With a `region` it
    is that of the region; without one, of all regions that have none of their own.
    """

    country: str
    tax_category: TaxCategory
    rate: Decimal
    valid_from: datetime | None
    valid_to: datetime | None
    version: int
    region: str = ""


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """From the beginning of `day` on one `base` is worth `rate` of `quote`. `version` counts the
    changes of the pair's rates.
    """

    base: str
    quote: str
    day: date
    rate: Decimal
    version: int


def checked_sku(field: str, sku: str) -> Sku:
    """`sku` as a Sku: 1 to 64 ASCII letters, digits, `.`, `_`, `/`, `-`; a letter or digit first
    and last. Capitals count: `A1` and `a1` are two SKUs.

    Raises:
        ValidationFailed: otherwise.
    """
    if not _SKU.fullmatch(sku):
        raise ValidationFailed(
            field, "must be 1 to 64 letters, digits, '.', '_', '/' or '-', no sign first or last"
        )
    return Sku(sku)


def normal_barcode(field: str, barcode: str) -> Barcode:
    """`barcode` in the one form in which it is kept: a UPC-A (12 digits) and a GTIN-14 of a single
    unit (leading 0) become the EAN-13 that means the same (GS1 General Specifications 7.9.1).

    Raises:
        ValidationFailed: it is not 1 to 48 printable ASCII characters without blanks, or it has 8,
            12, 13 or 14 digits and the last is not the check digit of the others.
    """
    if not _BARCODE.fullmatch(barcode):
        raise ValidationFailed(field, "must be 1 to 48 printable characters without blanks")
    if not barcode.isdecimal() or len(barcode) not in _GTIN_LENGTHS:
        return Barcode(barcode)
    if not _has_check_digit(barcode):
        raise ValidationFailed(field, "has a wrong check digit")
    if len(barcode) == 12:
        return Barcode(f"0{barcode}")
    if len(barcode) == 14 and barcode.startswith("0"):
        return Barcode(barcode[1:])
    return Barcode(barcode)


def _has_check_digit(gtin: str) -> bool:
    """GS1 General Specifications 7.9.1: weights 1, 3, 1, 3 ... from the right; sum ends in 0."""
    weighted = (int(digit) * (1 + 2 * (i % 2)) for i, digit in enumerate(reversed(gtin)))
    return sum(weighted) % 10 == 0


def checked_texts(field: str, texts: Texts, longest: int) -> dict[str, str]:
    """`texts` with clean lines, at most `longest` characters each; may be empty.

    Raises:
        ValidationFailed: a key is not a language tag, or a text is empty or too long.
    """
    _check_languages(field, texts)
    return {tag: needed_line(f"{field}.{tag}", texts[tag], longest) for tag in sorted(texts)}


def checked_paragraphs(field: str, texts: Texts, longest: int) -> dict[str, str]:
    """As `checked_texts`, for texts of several lines.

    Raises:
        ValidationFailed: see `checked_texts`.
    """
    _check_languages(field, texts)
    return {tag: paragraphs(f"{field}.{tag}", texts[tag], longest) for tag in sorted(texts)}


def _check_languages(field: str, texts: Texts) -> None:
    if len(texts) > MAX_LANGUAGES:
        raise ValidationFailed(field, f"has more than {MAX_LANGUAGES} languages")
    for tag in texts:
        checked_language(f"{field}.language", tag)


def checked_region(field: str, region: str) -> str:
    """The name of a region as it is compared: one line of at most 100 characters, in capitals; may
    be empty.

    Raises:
        ValidationFailed: otherwise.
    """
    return region_key(one_line(field, region, MAX_REGION))


def region_key(region: str) -> str:
    """The name of a region as it is compared."""
    return " ".join(region.split()).upper()


def checked_weight(field: str, weight_g: int) -> int:
    """`weight_g` itself, 0 to 10,000,000 grams.

    Raises:
        ValidationFailed: otherwise.
    """
    if not 0 <= weight_g <= MAX_WEIGHT_G:
        raise ValidationFailed(field, f"must be 0 to {MAX_WEIGHT_G} grams")
    return weight_g


def checked_components(kit: Sku, components: Sequence[Component]) -> tuple[Component, ...]:
    """`components` sorted by SKU; none makes the variant an ordinary one.

    Raises:
        ValidationFailed: more than 50, a SKU twice or the kit itself, or a quantity out of range.
    """
    skus = {component.sku for component in components}
    if len(components) > MAX_COMPONENTS:
        raise ValidationFailed("components", f"more than {MAX_COMPONENTS}")
    if len(skus) < len(components):
        raise ValidationFailed("components", "name each SKU once")
    if kit in skus:
        raise ValidationFailed("components", "a kit cannot contain itself")
    if any(not 1 <= component.quantity <= MAX_COMPONENT_QUANTITY for component in components):
        raise ValidationFailed("components.quantity", f"must be 1 to {MAX_COMPONENT_QUANTITY}")
    return tuple(sorted(components, key=lambda component: component.sku))


def name_texts(product_names: Texts, variant_names: Texts) -> Texts:
    """What a variant is called: by its own names if it has any, else like its product."""
    return variant_names or product_names


def texts_of(pairs: Iterable[tuple[str, str]], field: str) -> Mapping[str, str]:
    """Texts out of (language, text) pairs.

    Raises:
        ValidationFailed: a language comes twice.
    """
    texts: dict[str, str] = {}
    for language, text in pairs:
        if language in texts:
            raise ValidationFailed(field, f"has two texts in {language}")
        texts[language] = text
    return texts
