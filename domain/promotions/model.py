"""Promotions as values: what they take off, from what, for whom, and when. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.common.ids import OrderLineId, Sku
from domain.common.texts import Texts

PromotionId = NewType("PromotionId", UUID)
CouponCode = NewType("CouponCode", str)


class PromotionKind(StrEnum):
    """What a promotion does."""

    PERCENTAGE = "PERCENTAGE"
    AMOUNT = "AMOUNT"
    N_FOR_M = "N_FOR_M"
    BUNDLE_PRICE = "BUNDLE_PRICE"
    FREE_SHIPPING = "FREE_SHIPPING"


class PromotionStatus(StrEnum):
    """Where a promotion stands. An ACTIVE one counts while its period lasts."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True)
class BundlePart:
    """Units of a SKU in one bundle."""

    sku: Sku
    quantity: int


@dataclass(frozen=True, slots=True)
class Reward:
    """What is taken off; only the fields of its kind count.

    PERCENTAGE: `rate` (0.1 is 10 %). AMOUNT: `amount_minor` once, or off each unit. N_FOR_M: of
    every `buy` units `pay` are paid, the cheapest are free. BUNDLE_PRICE: each whole `bundle` costs
    `amount_minor`. FREE_SHIPPING: the shipping fee.
    """

    kind: PromotionKind
    rate: Decimal = Decimal(0)
    amount_minor: int = 0
    per_unit: bool = False
    buy: int = 0
    pay: int = 0
    bundle: tuple[BundlePart, ...] = ()


@dataclass(frozen=True, slots=True)
class Products:
    """Products that a promotion is about: those named in any of the three; all, if none is."""

    skus: tuple[Sku, ...] = ()
    tags: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    def include(self, sku: Sku, tags: Collection[str], category: str) -> bool:
        """Whether a variant is one of them."""
        if not (self.skus or self.tags or self.categories):
            return True
        named = sku in self.skus or category in self.categories
        return named or any(tag in self.tags for tag in tags)


@dataclass(frozen=True, slots=True)
class Audience:
    """For which orders a promotion counts; what is empty does not limit.

    An order fits by its channel or by its source code: a campaign counts on its channels, and for
    every order that bears one of its codes.
    """

    channels: tuple[str, ...] = ()
    source_codes: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """All of a promotion that decides about money. `minimum_minor` is what the products that it is
    about must cost at least, before anything is taken off.
    """

    reward: Reward
    products: Products = field(default_factory=Products)
    audience: Audience = field(default_factory=Audience)
    minimum_minor: int = 0
    priority: int = 0
    exclusive: bool = False
    needs_coupon: bool = False

    def is_about(self, sku: Sku, tags: Collection[str], category: str) -> bool:
        """Whether a variant is one of the products that it is about."""
        if self.reward.kind is PromotionKind.BUNDLE_PRICE:
            return any(part.sku == sku for part in self.reward.bundle)
        return self.products.include(sku, tags, category)


@dataclass(frozen=True, slots=True)
class Promotion:
    """A promotion with its period: from `valid_from` until just before `valid_until`; None is
    without a limit on that side. `labels` are what customers read.
    """

    id: PromotionId
    name: str
    campaign: str
    labels: Texts
    rules: Rules
    status: PromotionStatus
    valid_from: datetime | None
    valid_until: datetime | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    version: int

    def counts_at(self, moment: datetime) -> bool:
        """Whether it counts at that moment."""
        begun = self.valid_from is None or self.valid_from <= moment
        over = self.valid_until is not None and self.valid_until <= moment
        return self.status is PromotionStatus.ACTIVE and begun and not over


@dataclass(frozen=True, slots=True)
class Coupon:
    """A code that lets a promotion count. Limits: None is without one; `uses` are those that count
    against `max_uses`.
    """

    code: CouponCode
    promotion_id: PromotionId
    max_uses: int | None
    max_uses_per_customer: int | None
    uses: int


class CouponRefusal(StrEnum):
    """Why a code takes nothing off."""

    UNKNOWN = "UNKNOWN"
    NOT_IN_FORCE = "NOT_IN_FORCE"
    USED_UP = "USED_UP"
    USED_BY_CUSTOMER = "USED_BY_CUSTOMER"
    DOES_NOT_APPLY = "DOES_NOT_APPLY"


@dataclass(frozen=True, slots=True)
class AppliedPromotion:
    """A promotion as it was when an order was placed, and the order's lines that it is about: all
    that is needed to price some of the units again.
    """

    promotion_id: PromotionId
    version: int
    name: str
    campaign: str
    labels: Texts
    rules: Rules
    line_ids: tuple[OrderLineId, ...]
    coupon: CouponCode | None = None


@dataclass(frozen=True, slots=True)
class Discount:
    """What a promotion took off a line, or off the shipping fee (no line). Minor units."""

    promotion_id: PromotionId
    line_id: OrderLineId | None
    amount_minor: int


@dataclass(frozen=True, slots=True)
class UsedRate:
    """The rate by which prices of an order were converted: one `base` is `rate` of `quote`."""

    base: str
    quote: str
    rate: Decimal
    day: date


@dataclass(frozen=True, slots=True)
class Pricing:
    """How an order came to its prices, where that is more than list prices: promotions in the order
    in which they count, what each took off, the customer's segments, the rate of conversion.
    """

    promotions: tuple[AppliedPromotion, ...] = ()
    discounts: tuple[Discount, ...] = ()
    segments: tuple[str, ...] = ()
    exchange_rate: UsedRate | None = None

    @property
    def coupons(self) -> tuple[CouponCode, ...]:
        """The codes that were used, sorted."""
        return tuple(sorted(each.coupon for each in self.promotions if each.coupon is not None))

    def discount_of(self, line_id: OrderLineId | None) -> int:
        """What was taken off a line, or off shipping (None)."""
        return sum(each.amount_minor for each in self.discounts if each.line_id == line_id)
