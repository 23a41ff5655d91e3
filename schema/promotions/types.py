"""Promotions, coupons and campaigns as staff see them."""

from datetime import datetime
from decimal import Decimal

import strawberry
from strawberry import relay

from domain.identity.model import HEAD_OFFICE, STAFF
from domain.orders import campaigns
from domain.promotions import model
from schema.access import access
from schema.catalog.types import Text
from schema.ids import global_id
from schema.money import Money
from schema.promotions.enums import PromotionKind, PromotionStatus


@access(*STAFF)
@strawberry.type(description="Units of a variant in one bundle.")
class BundlePart:
    """Twin of domain BundlePart."""

    sku: str = strawberry.field(description="SKU of the variant.")
    quantity: int = strawberry.field(description="Units in one bundle.")


@access(*STAFF)
@strawberry.type(description="What a promotion takes off.")
class PromotionReward:
    """Twin of domain Reward."""

    kind: PromotionKind = strawberry.field(description="What it does.")
    rate: Decimal | None = strawberry.field(
        description="For PERCENTAGE: the part as a fraction, 0.1 is 10 %."
    )
    amount: Money | None = strawberry.field(
        description="For AMOUNT what is taken off, for BUNDLE_PRICE what a bundle costs."
    )
    per_unit: bool = strawberry.field(description="For AMOUNT: whether it is taken off each unit.")
    buy: int | None = strawberry.field(description="For N_FOR_M: units of a set.")
    pay: int | None = strawberry.field(description="For N_FOR_M: units of a set that are paid.")
    bundle: list[BundlePart] = strawberry.field(description="For BUNDLE_PRICE: what is in it.")

    @staticmethod
    def of(reward: model.Reward, currency: str | None) -> "PromotionReward":
        """The twin."""
        kind = reward.kind
        has_amount = kind in (PromotionKind.AMOUNT, PromotionKind.BUNDLE_PRICE)
        sets = kind is PromotionKind.N_FOR_M
        return PromotionReward(
            kind=kind,
            rate=reward.rate if kind is PromotionKind.PERCENTAGE else None,
            amount=Money.of(reward.amount_minor, currency) if has_amount and currency else None,
            per_unit=reward.per_unit,
            buy=reward.buy if sets else None,
            pay=reward.pay if sets else None,
            bundle=[BundlePart(sku=part.sku, quantity=part.quantity) for part in reward.bundle],
        )


@access(*STAFF)
@strawberry.type(description="What a promotion takes off, of which products, and for which orders.")
class PromotionRules:
    """Twin of domain Rules."""

    reward: PromotionReward = strawberry.field(description="What is taken off.")
    skus: list[str] = strawberry.field(
        description="Products that it is about: these SKUs, or those with a tag or of a category "
        "below; all products if nothing is named."
    )
    tags: list[str] = strawberry.field(description="Tags of variants.")
    categories: list[str] = strawberry.field(description="Categories of products.")
    channels: list[str] = strawberry.field(
        description="It counts for orders of these channels, or with one of `sourceCodes`; for all "
        "if both are empty."
    )
    source_codes: list[str] = strawberry.field(description="Source codes of its campaign.")
    segments: list[str] = strawberry.field(description="Segments of customers; empty for all.")
    countries: list[str] = strawberry.field(description="Countries of taxation; empty for all.")
    currency: str | None = strawberry.field(description="Only in this currency; null in any.")
    minimum: Money | None = strawberry.field(
        description="What the products that it is about must cost at least, at list prices."
    )
    priority: int = strawberry.field(description="The higher one takes off first.")
    exclusive: bool = strawberry.field(description="Whether it counts only alone.")
    needs_coupon: bool = strawberry.field(description="Whether it counts only with a coupon.")

    @staticmethod
    def of(rules: model.Rules) -> "PromotionRules":
        """The twin."""
        products, audience = rules.products, rules.audience
        minimum = None
        if rules.minimum_minor and audience.currency is not None:
            minimum = Money.of(rules.minimum_minor, audience.currency)
        return PromotionRules(
            reward=PromotionReward.of(rules.reward, audience.currency),
            skus=[str(sku) for sku in products.skus],
            tags=list(products.tags),
            categories=list(products.categories),
            channels=list(audience.channels),
            source_codes=list(audience.source_codes),
            segments=list(audience.segments),
            countries=list(audience.countries),
            currency=audience.currency,
            minimum=minimum,
            priority=rules.priority,
            exclusive=rules.exclusive,
            needs_coupon=rules.needs_coupon,
        )


@access(*HEAD_OFFICE)
@strawberry.type(description="A code that lets a promotion count.")
class Coupon:
    """Twin of domain Coupon."""

    code: str = strawberry.field(description="The code; capitals do not count.")
    promotion_id: relay.GlobalID = strawberry.field(description="The promotion that it is for.")
    max_uses: int | None = strawberry.field(description="Orders that may use it; null for any.")
    max_uses_per_customer: int | None = strawberry.field(
        description="Orders of one customer that may use it; null for any."
    )
    uses: int = strawberry.field(
        description="Orders that use it; those cancelled or not paid in time do not count."
    )

    @staticmethod
    def of(coupon: model.Coupon) -> "Coupon":
        """The twin."""
        return Coupon(
            code=coupon.code,
            promotion_id=global_id("Promotion", coupon.promotion_id),
            max_uses=coupon.max_uses,
            max_uses_per_customer=coupon.max_uses_per_customer,
            uses=coupon.uses,
        )


@access(*HEAD_OFFICE)
@strawberry.type(description="A promotion: what is taken off, for whom, and when.")
class Promotion:
    """Twin of domain Promotion."""

    id: relay.GlobalID = strawberry.field(description="Its id.")
    name: str = strawberry.field(description="Unique name for staff.")
    campaign: str = strawberry.field(description="The campaign that it is a part of; may be empty.")
    labels: list[Text] = strawberry.field(description="What customers read.")
    rules: PromotionRules = strawberry.field(description="What it does.")
    status: PromotionStatus = strawberry.field(description="Where it stands.")
    valid_from: datetime | None = strawberry.field(
        description="When it begins to count (UTC); null from its activation on."
    )
    valid_until: datetime | None = strawberry.field(
        description="When it stops (UTC); null until it is ended."
    )
    created_by: str = strawberry.field(description="Who created it.")
    created_at: datetime = strawberry.field(description="When it was created (UTC).")
    updated_at: datetime = strawberry.field(description="Last change (UTC).")
    version: int = strawberry.field(description="Raised by one with every change.")
    coupon_count: int = strawberry.field(description="How many coupons it has.")

    @staticmethod
    def of(promotion: model.Promotion, coupons: int) -> "Promotion":
        """The twin."""
        return Promotion(
            id=global_id("Promotion", promotion.id),
            name=promotion.name,
            campaign=promotion.campaign,
            labels=Text.all(promotion.labels),
            rules=PromotionRules.of(promotion.rules),
            status=promotion.status,
            valid_from=promotion.valid_from,
            valid_until=promotion.valid_until,
            created_by=promotion.created_by,
            created_at=promotion.created_at,
            updated_at=promotion.updated_at,
            version=promotion.version,
            coupon_count=coupons,
        )


@access(*HEAD_OFFICE)
@strawberry.type(description="What orders with a source code came to, in one currency.")
class SourceCodeResult:
    """Twin of domain SourceCodeResult."""

    source_code: str = strawberry.field(description="The code.")
    campaign_names: list[str] = strawberry.field(
        description="Campaigns of the promotions that name the code."
    )
    orders: int = strawberry.field(description="Orders that were confirmed.")
    units: int = strawberry.field(description="Their units, but for those called off or returned.")
    revenue: Money = strawberry.field(description="What these orders cost, with tax and shipping.")
    discount: Money = strawberry.field(description="What promotions took off.")

    @staticmethod
    def of(found: campaigns.SourceCodeResult) -> "SourceCodeResult":
        """The twin."""
        return SourceCodeResult(
            source_code=found.source_code,
            campaign_names=list(found.campaigns),
            orders=found.orders,
            units=found.units,
            revenue=Money.of(found.revenue_minor, found.currency),
            discount=Money.of(found.discount_minor, found.currency),
        )


@access(*HEAD_OFFICE)
@strawberry.type(description="What a promotion took off, in one currency.")
class PromotionResult:
    """Twin of domain PromotionResult."""

    promotion_id: relay.GlobalID = strawberry.field(description="The promotion.")
    name: str = strawberry.field(description="Its name.")
    campaign: str = strawberry.field(description="Its campaign; may be empty.")
    orders: int = strawberry.field(description="Confirmed orders for which it counted.")
    revenue: Money = strawberry.field(description="What these orders cost, with tax and shipping.")
    discount: Money = strawberry.field(description="What it took off them.")

    @staticmethod
    def of(found: campaigns.PromotionResult) -> "PromotionResult":
        """The twin."""
        return PromotionResult(
            promotion_id=global_id("Promotion", found.promotion_id),
            name=found.name,
            campaign=found.campaign,
            orders=found.orders,
            revenue=Money.of(found.revenue_minor, found.currency),
            discount=Money.of(found.discount_minor, found.currency),
        )


@access(*HEAD_OFFICE)
@strawberry.type(description="What the campaigns of some days brought.")
class CampaignReport:
    """Twin of domain CampaignReport."""

    by_source_code: list[SourceCodeResult] = strawberry.field(
        description="By source code of the orders, and currency."
    )
    by_promotion: list[PromotionResult] = strawberry.field(
        description="By promotion that counted, and currency."
    )

    @staticmethod
    def of(report: campaigns.CampaignReport) -> "CampaignReport":
        """The twin."""
        return CampaignReport(
            by_source_code=[SourceCodeResult.of(each) for each in report.by_source_code],
            by_promotion=[PromotionResult.of(each) for each in report.by_promotion],
        )
