"""Which promotions count for a cart, and why the others do not. Pure.

All that can be combined count together, the one of higher priority first; an exclusive one counts
alone. What takes off more wins, and of equals what has the higher priority.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from domain.common.ids import OrderLineId, Sku
from domain.promotions.engine import Item, discounts_of
from domain.promotions.model import (
    AppliedPromotion,
    Audience,
    CouponCode,
    Discount,
    Promotion,
    PromotionId,
)


@dataclass(frozen=True, slots=True)
class CartLine:
    """A line with what promotions ask of its product. With `own_price` a channel brought its price,
    of which no promotion takes anything.
    """

    line_id: OrderLineId
    sku: Sku
    quantity: int
    unit_price_minor: int
    tax_rate: Decimal
    tags: tuple[str, ...]
    category: str
    own_price: bool = False

    @property
    def item(self) -> Item:
        """Its units, as the engine wants them."""
        return Item(self.line_id, self.sku, self.unit_price_minor, self.quantity, self.tax_rate)


@dataclass(frozen=True, slots=True)
class Cart:
    """All of an order that promotions ask for. `coupons`: the code that was given for each."""

    channel: str
    source_code: str | None
    country: str
    currency: str
    segments: tuple[str, ...]
    lines: tuple[CartLine, ...]
    shipping_minor: int
    coupons: Mapping[PromotionId, CouponCode]


class Reason(StrEnum):
    """Why a promotion counts, or does not."""

    APPLIED = "APPLIED"
    OTHER_CHANNEL = "OTHER_CHANNEL"
    OTHER_SEGMENT = "OTHER_SEGMENT"
    OTHER_COUNTRY = "OTHER_COUNTRY"
    OTHER_CURRENCY = "OTHER_CURRENCY"
    NO_PRODUCTS = "NO_PRODUCTS"
    BELOW_MINIMUM = "BELOW_MINIMUM"
    NOT_COMBINED = "NOT_COMBINED"
    NOTHING_OFF = "NOTHING_OFF"


NOT_FOR_THEM = frozenset(
    {Reason.OTHER_CHANNEL, Reason.OTHER_SEGMENT, Reason.OTHER_COUNTRY, Reason.OTHER_CURRENCY}
)
"""Reasons by which a customer would learn of promotions for others."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one promotion; `amount_minor` is what it takes off in all."""

    promotion: Promotion
    reason: Reason
    amount_minor: int = 0


@dataclass(frozen=True, slots=True)
class Chosen:
    """The promotions that count, what they take off, and the verdict on each that was considered,
    by priority.
    """

    applied: tuple[AppliedPromotion, ...] = ()
    discounts: tuple[Discount, ...] = ()
    verdicts: tuple[Verdict, ...] = ()


NOTHING = Chosen()


def choose(cart: Cart, promotions: Sequence[Promotion], at: datetime) -> Chosen:
    """What counts for the cart at that moment. Promotions that need a coupon are considered only
    with one.
    """
    considered = [
        each
        for each in sorted(promotions, key=lambda each: (-each.rules.priority, each.id))
        if each.counts_at(at) and (each.id in cart.coupons or not each.rules.needs_coupon)
    ]
    if not considered:
        return NOTHING
    reasons: dict[PromotionId, Reason] = {}
    fitting: list[Promotion] = []
    for each in considered:
        if (refusal := _refusal(cart, each)) is None:
            fitting.append(each)
        else:
            reasons[each.id] = refusal
    together = [each for each in fitting if not each.rules.exclusive]
    alone = [[each] for each in fitting if each.rules.exclusive]
    best: tuple[AppliedPromotion, ...] = ()
    taken: list[Discount] = []
    for chain in [together, *alone] if together else alone:
        snapshots = [_applied(cart, each) for each in chain]
        found = _discounts(cart, snapshots)
        if (_total(found), _priority(snapshots)) > (_total(taken), _priority(best)):
            best, taken = tuple(snapshots), found
    effective = {each.promotion_id for each in taken}
    applied = tuple(each for each in best if each.promotion_id in effective)
    taken = _discounts(cart, applied)
    in_best = {each.promotion_id for each in best}
    for each in fitting:
        lost = Reason.NOTHING_OFF if each.id in in_best or not applied else Reason.NOT_COMBINED
        reasons[each.id] = Reason.APPLIED if each.id in effective else lost
    amounts = {each.promotion_id: 0 for each in applied}
    for discount in taken:
        amounts[discount.promotion_id] += discount.amount_minor
    verdicts = tuple(
        Verdict(each, reasons[each.id], amounts.get(each.id, 0)) for each in considered
    )
    return Chosen(applied, tuple(taken), verdicts)


def fits(audience: Audience, channel: str, source_code: str | None) -> bool:
    """Whether an order of that channel with that source code is among the audience."""
    if not (audience.channels or audience.source_codes):
        return True
    return channel in audience.channels or source_code in audience.source_codes


def _refusal(cart: Cart, promotion: Promotion) -> Reason | None:
    rules, audience = promotion.rules, promotion.rules.audience
    if not fits(audience, cart.channel, cart.source_code):
        return Reason.OTHER_CHANNEL
    if audience.segments and not set(audience.segments) & set(cart.segments):
        return Reason.OTHER_SEGMENT
    if audience.countries and cart.country not in audience.countries:
        return Reason.OTHER_COUNTRY
    if audience.currency is not None and cart.currency != audience.currency:
        return Reason.OTHER_CURRENCY
    mine = [line for line in cart.lines if _is_about(promotion, line)]
    if not mine:
        return Reason.NO_PRODUCTS
    value = sum(line.quantity * line.unit_price_minor for line in mine)
    return Reason.BELOW_MINIMUM if value < rules.minimum_minor else None


def _is_about(promotion: Promotion, line: CartLine) -> bool:
    about = promotion.rules.is_about(line.sku, line.tags, line.category)
    return about and not line.own_price


def _applied(cart: Cart, promotion: Promotion) -> AppliedPromotion:
    return AppliedPromotion(
        promotion_id=promotion.id,
        version=promotion.version,
        name=promotion.name,
        campaign=promotion.campaign,
        labels=promotion.labels,
        rules=promotion.rules,
        line_ids=tuple(line.line_id for line in cart.lines if _is_about(promotion, line)),
        coupon=cart.coupons.get(promotion.id),
    )


def _discounts(cart: Cart, promotions: Sequence[AppliedPromotion]) -> list[Discount]:
    return discounts_of([line.item for line in cart.lines], cart.shipping_minor, promotions)


def _total(discounts: Sequence[Discount]) -> int:
    return sum(each.amount_minor for each in discounts)


def _priority(promotions: Sequence[AppliedPromotion]) -> int:
    return max((each.rules.priority for each in promotions), default=-(10**9))
