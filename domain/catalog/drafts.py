"""New variants with their first prices: what the caller sends, checked. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations

from domain.catalog.errors import PriceOverlap
from domain.catalog.model import (
    Barcode,
    checked_sku,
    checked_texts,
    checked_weight,
    normal_barcode,
)
from domain.catalog.periods import Period, check_order
from domain.common.errors import ValidationFailed
from domain.common.ids import ChannelCode, Sku, new_id
from domain.common.money import Money
from domain.common.texts import Texts, checked_tags

MAX_VARIANTS = 500
MAX_PRICES = 200
MAX_NAME = 200
MAX_CATEGORY = 100
MAX_AMOUNT_MINOR = 10**13


@dataclass(frozen=True, slots=True)
class NewPrice:
    """What one unit costs on a channel, from `valid_from` (None: from now) until `valid_to`."""

    channel: ChannelCode
    amount: Money
    valid_from: datetime | None = None
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewVariant:
    """A variant to add to a product. It is sellable at once on the channels of `sellable_on`."""

    sku: Sku
    weight_g: int
    barcode: Barcode | None = None
    names: Texts | None = None
    tags: tuple[str, ...] = ()
    active: bool = True
    sellable_on: tuple[ChannelCode, ...] = ()
    prices: tuple[NewPrice, ...] = ()


def checked_variants(given: Sequence[NewVariant], now: datetime) -> list[NewVariant]:
    """The variants in normal form, each price with its beginning.

    Raises:
        ValidationFailed: a value is malformed, or a SKU or barcode comes twice.
        PriceOverlap: two prices of a variant are valid at the same time.
    """
    if len(given) > MAX_VARIANTS:
        raise ValidationFailed("variants", f"more than {MAX_VARIANTS}")
    variants = [_checked(each, f"variants.{i}", now) for i, each in enumerate(given)]
    barcodes = [each.barcode for each in variants if each.barcode is not None]
    if len({each.sku for each in variants}) < len(variants):
        raise ValidationFailed("variants.sku", "comes twice")
    if len(set(barcodes)) < len(barcodes):
        raise ValidationFailed("variants.barcode", "comes twice")
    return variants


def _checked(given: NewVariant, field: str, now: datetime) -> NewVariant:
    barcode = given.barcode
    return replace(
        given,
        sku=checked_sku(f"{field}.sku", given.sku),
        weight_g=checked_weight(f"{field}.weightG", given.weight_g),
        barcode=normal_barcode(f"{field}.barcode", barcode) if barcode is not None else None,
        names=checked_texts(f"{field}.names", given.names or {}, MAX_NAME),
        tags=checked_tags(f"{field}.tags", given.tags),
        sellable_on=tuple(sorted(set(given.sellable_on))),
        prices=_checked_prices(given.prices, f"{field}.prices", now),
    )


def _checked_prices(given: Sequence[NewPrice], field: str, now: datetime) -> tuple[NewPrice, ...]:
    if len(given) > MAX_PRICES:
        raise ValidationFailed(field, f"more than {MAX_PRICES}")
    prices = tuple(replace(each, valid_from=each.valid_from or now) for each in given)
    for price in prices:
        check_price(field, price.amount)
        check_order(price.valid_from or now, price.valid_to)
    for one, other in combinations(prices, 2):
        same = (one.channel, one.amount.currency) == (other.channel, other.amount.currency)
        period = Period(new_id(), one.valid_from, one.valid_to)
        if same and period.overlaps(other.valid_from or now, other.valid_to):
            raise PriceOverlap(one.valid_from, one.valid_to)
    return prices


def check_price(field: str, amount: Money) -> None:
    """Nothing, when a unit may cost that much: 0 to 10^13 minor units.

    Raises:
        ValidationFailed: otherwise.
    """
    if not 0 <= amount.amount_minor <= MAX_AMOUNT_MINOR:
        raise ValidationFailed(f"{field}.amount", "must not be negative, nor absurdly high")
