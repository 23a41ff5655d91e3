"""The rules of a promotion as given, checked and in one form. Pure."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from domain.catalog.drafts import MAX_AMOUNT_MINOR, MAX_CATEGORY
from domain.catalog.model import checked_sku
from domain.common.card_numbers import check_no_card_number
from domain.common.errors import ValidationFailed
from domain.common.money import check_currency
from domain.common.texts import checked_code, checked_country, checked_tags, needed_line
from domain.promotions.model import (
    Audience,
    CouponCode,
    Products,
    PromotionKind,
    Reward,
    Rules,
)

T = TypeVar("T", bound=str)
MAX_NAME = 100
MAX_ENTRIES = 500
MAX_PARTS = 20
MAX_PIECES = 100
MAX_PRIORITY = 1_000
MAX_SOURCE_CODE = 200
MAX_COUPON = 32


def checked_rules(rules: Rules) -> Rules:
    """The rules in one form: lists sorted, each entry once. Whether channels and SKUs exist is not
    looked at.

    Raises:
        ValidationFailed: for the path of the part that is malformed, out of range, or missing.
    """
    _check_reward(rules.reward, rules)
    if not 0 <= rules.minimum_minor <= MAX_AMOUNT_MINOR:
        raise ValidationFailed("rules.minimum", "must not be negative, nor absurdly high")
    if rules.minimum_minor and rules.audience.currency is None:
        raise ValidationFailed("rules.audience.currency", "is required with a minimum")
    if not -MAX_PRIORITY <= rules.priority <= MAX_PRIORITY:
        raise ValidationFailed("rules.priority", f"must be -{MAX_PRIORITY} to {MAX_PRIORITY}")
    bundle = tuple(sorted(rules.reward.bundle, key=lambda part: part.sku))
    return replace(
        rules,
        reward=replace(rules.reward, bundle=bundle),
        products=_products(rules.products),
        audience=_audience(rules.audience),
    )


def checked_coupon(field: str, code: str) -> CouponCode:
    """The code as it is kept, in capitals: 1 to 32 letters, digits, `.`, `_` and `-`.

    Raises:
        ValidationFailed: otherwise, or it looks like a card number.
    """
    if len(code) > MAX_COUPON:
        raise ValidationFailed(field, f"must have at most {MAX_COUPON} characters")
    check_no_card_number(field, code)
    return CouponCode(checked_code(field, code.strip()).upper())


def _check_reward(reward: Reward, rules: Rules) -> None:
    match reward.kind:
        case PromotionKind.PERCENTAGE:
            _check_rate(reward.rate)
        case PromotionKind.AMOUNT:
            if not 1 <= reward.amount_minor <= MAX_AMOUNT_MINOR:
                raise ValidationFailed("rules.reward.amount", "must be more than nothing")
            _check_currency(rules)
        case PromotionKind.N_FOR_M:
            if not 2 <= reward.buy <= MAX_PIECES:
                raise ValidationFailed("rules.reward.buy", f"must be 2 to {MAX_PIECES}")
            if not 1 <= reward.pay < reward.buy:
                raise ValidationFailed("rules.reward.pay", "must be at least 1, and less than buy")
        case PromotionKind.BUNDLE_PRICE:
            _check_bundle(reward, rules)
            _check_currency(rules)
        case PromotionKind.FREE_SHIPPING:
            pass


def _check_rate(rate: Decimal) -> None:
    if not (rate.is_finite() and 0 < rate <= 1 and rate == rate.quantize(Decimal("0.0001"))):
        raise ValidationFailed("rules.reward.rate", "must be above 0 to 1, with at most 4 decimals")


def _check_currency(rules: Rules) -> None:
    if rules.audience.currency is None:
        raise ValidationFailed("rules.audience.currency", "is required with an amount")


def _check_bundle(reward: Reward, rules: Rules) -> None:
    field = "rules.reward.bundle"
    if not 1 <= len(reward.bundle) <= MAX_PARTS:
        raise ValidationFailed(field, f"must have 1 to {MAX_PARTS} parts")
    if len({checked_sku(f"{field}.sku", part.sku) for part in reward.bundle}) < len(reward.bundle):
        raise ValidationFailed(field, "must name each SKU once")
    if any(not 1 <= part.quantity <= MAX_PIECES for part in reward.bundle):
        raise ValidationFailed(f"{field}.quantity", f"must be 1 to {MAX_PIECES}")
    if not 0 <= reward.amount_minor <= MAX_AMOUNT_MINOR:
        raise ValidationFailed("rules.reward.amount", "must not be negative, nor absurdly high")
    if rules.products != Products():
        raise ValidationFailed("rules.products", "must be empty: the bundle names its products")


def _products(given: Products) -> Products:
    return Products(
        skus=_entries(
            "rules.products.skus", (checked_sku("rules.products.skus", s) for s in given.skus)
        ),
        tags=checked_tags("rules.products.tags", given.tags),
        categories=_entries(
            "rules.products.categories",
            (needed_line("rules.products.categories", c, MAX_CATEGORY) for c in given.categories),
        ),
    )


def _audience(given: Audience) -> Audience:
    codes = _entries(
        "rules.audience.sourceCodes",
        (
            needed_line("rules.audience.sourceCodes", code, MAX_SOURCE_CODE)
            for code in given.source_codes
        ),
    )
    return Audience(
        channels=_entries("rules.audience.channels", given.channels),
        source_codes=codes,
        segments=checked_tags("rules.audience.segments", given.segments),
        countries=_entries(
            "rules.audience.countries",
            (checked_country("rules.audience.countries", c) for c in given.countries),
        ),
        currency=check_currency(given.currency) if given.currency is not None else None,
    )


def _entries(field: str, given: Iterable[T]) -> tuple[T, ...]:
    found = tuple(sorted(set(given)))
    if len(found) > MAX_ENTRIES:
        raise ValidationFailed(field, f"must have at most {MAX_ENTRIES} entries")
    return found
