"""What may be asked of promotions."""

from datetime import date
from decimal import Decimal

import strawberry
from strawberry import relay

from domain.common.errors import ValidationFailed
from domain.common.ids import Sku
from domain.common.money import Money
from domain.common.patch import KEEP
from domain.promotions import model
from domain.promotions.coupons import AddCoupons
from domain.promotions.model import PromotionId
from domain.promotions.writing import ChangePromotion, CreatePromotion, UpdatePromotion
from schema.catalog.inputs import TextInput, texts_of
from schema.ids import id_of
from schema.inputs import KEY, VERSION, given
from schema.money import MoneyInput
from schema.promotions.enums import PromotionKind

_LABELS = "What customers read, in at least one language, at most 100 characters each."
_STARTS = "First day, in the merchant's time zone; null for no limit."
_ENDS = "Last day, in the merchant's time zone; null for no limit."


@strawberry.input(description="Units of a variant in one bundle.")
class BundlePartInput:
    sku: str = strawberry.field(description="SKU of the variant.")
    quantity: int = strawberry.field(description="Units in one bundle, 1 to 100.")


@strawberry.input(description="What a promotion takes off; only the fields of its kind count.")
class PromotionRewardInput:
    """Twin of Reward."""

    kind: PromotionKind = strawberry.field(description="What it does.")
    rate: Decimal | None = strawberry.field(
        default=None,
        description="For PERCENTAGE: a fraction above 0 to 1, with at most 4 decimals; 0.1 is "
        "10 %.",
    )
    amount: MoneyInput | None = strawberry.field(
        default=None,
        description="For AMOUNT what is taken off, for BUNDLE_PRICE what a bundle costs, in the "
        "promotion's currency.",
    )
    per_unit: bool = strawberry.field(
        default=False, description="For AMOUNT: take it off each unit, and not once."
    )
    buy: int | None = strawberry.field(
        default=None, description="For N_FOR_M: units of a set, 2 to 100."
    )
    pay: int | None = strawberry.field(
        default=None, description="For N_FOR_M: units of a set that are paid, fewer than `buy`."
    )
    bundle: list[BundlePartInput] | None = strawberry.field(
        default=None, description="For BUNDLE_PRICE: what is in it, 1 to 20 variants."
    )

    def to_domain(self, currency: str | None) -> model.Reward:
        """The reward.

        Raises:
            ValidationFailed: the amount is malformed or in another currency.
        """
        amount = self.amount.to_domain() if self.amount else None
        return model.Reward(
            kind=self.kind,
            rate=self.rate if self.rate is not None else Decimal(0),
            amount_minor=_minor("rules.reward.amount", amount, currency),
            per_unit=self.per_unit,
            buy=self.buy or 0,
            pay=self.pay or 0,
            bundle=tuple(
                model.BundlePart(Sku(part.sku), part.quantity) for part in self.bundle or ()
            ),
        )


@strawberry.input(
    description="What a promotion takes off, of which products, and for which orders. Lists have "
    "at most 500 entries; one that is empty does not limit."
)
class PromotionRulesInput:
    """Twin of Rules."""

    reward: PromotionRewardInput = strawberry.field(description="What is taken off.")
    skus: list[str] = strawberry.field(
        default_factory=list[str],
        description="Products that it is about: these SKUs, or those with a tag or of a category "
        "below; all products if nothing is named. Empty for BUNDLE_PRICE.",
    )
    tags: list[str] = strawberry.field(
        default_factory=list[str], description="Tags of variants, at most 50."
    )
    categories: list[str] = strawberry.field(
        default_factory=list[str], description="Categories of products."
    )
    channels: list[str] = strawberry.field(
        default_factory=list[str],
        description="It counts for orders of these channels, or with one of `sourceCodes`; for all "
        "if both are empty.",
    )
    source_codes: list[str] = strawberry.field(
        default_factory=list[str], description="Source codes of its campaign."
    )
    segments: list[str] = strawberry.field(
        default_factory=list[str], description="Segments of customers, at most 50."
    )
    countries: list[str] = strawberry.field(
        default_factory=list[str], description="Countries of taxation (ISO 3166-1 alpha-2)."
    )
    currency: str | None = strawberry.field(
        default=None,
        description="Only in this currency (ISO 4217); required with an amount or a minimum.",
    )
    minimum: MoneyInput | None = strawberry.field(
        default=None,
        description="What the products that it is about must cost at least, at list prices.",
    )
    priority: int = strawberry.field(
        default=0, description="The higher one takes off first, -1,000 to 1,000."
    )
    exclusive: bool = strawberry.field(
        default=False,
        description="It counts only alone: if it takes off more than all others together.",
    )
    needs_coupon: bool = strawberry.field(
        default=False, description="It counts only with a coupon (`addCoupons`)."
    )

    def to_domain(self) -> model.Rules:
        """The rules.

        Raises:
            ValidationFailed: an amount is malformed or in another currency.
        """
        minimum = self.minimum.to_domain() if self.minimum else None
        return model.Rules(
            reward=self.reward.to_domain(self.currency),
            products=model.Products(
                skus=tuple(Sku(sku) for sku in self.skus),
                tags=tuple(self.tags),
                categories=tuple(self.categories),
            ),
            audience=model.Audience(
                channels=tuple(self.channels),
                source_codes=tuple(self.source_codes),
                segments=tuple(self.segments),
                countries=tuple(self.countries),
                currency=self.currency,
            ),
            minimum_minor=_minor("rules.minimum", minimum, self.currency),
            priority=self.priority,
            exclusive=self.exclusive,
            needs_coupon=self.needs_coupon,
        )


def _minor(field: str, amount: Money | None, currency: str | None) -> int:
    if amount is None:
        return 0
    if amount.currency != currency:
        raise ValidationFailed(field, "must be in the currency of the promotion")
    return amount.amount_minor


@strawberry.input(description="A new promotion, a draft.")
class CreatePromotionInput:
    """Twin of CreatePromotion."""

    idempotency_key: str = strawberry.field(description=KEY)
    name: str = strawberry.field(description="Unique name for staff, 1 to 100 characters.")
    rules: PromotionRulesInput = strawberry.field(description="What it does.")
    labels: list[TextInput] = strawberry.field(description=_LABELS)
    campaign: str = strawberry.field(
        default="", description="The campaign that it is a part of, at most 100 characters."
    )
    starts_on: date | None = strawberry.field(default=None, description=_STARTS)
    ends_on: date | None = strawberry.field(default=None, description=_ENDS)

    def to_domain(self) -> CreatePromotion:
        """The command.

        Raises:
            ValidationFailed: an amount or a text is malformed.
        """
        return CreatePromotion(
            idempotency_key=self.idempotency_key,
            name=self.name,
            rules=self.rules.to_domain(),
            labels=texts_of("labels", self.labels),
            campaign=self.campaign,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
        )


@strawberry.input(description="Other values for a promotion. What is left out stays as it is.")
class UpdatePromotionInput:
    """Twin of UpdatePromotion."""

    idempotency_key: str = strawberry.field(description=KEY)
    promotion_id: relay.GlobalID = strawberry.field(description="The promotion.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    name: strawberry.Maybe[str] = strawberry.field(description="Unique name for staff.")
    rules: strawberry.Maybe[PromotionRulesInput] = strawberry.field(description="All of its rules.")
    labels: strawberry.Maybe[list[TextInput]] = strawberry.field(description=_LABELS)
    campaign: strawberry.Maybe[str] = strawberry.field(description="The campaign.")
    starts_on: strawberry.Maybe[date | None] = strawberry.field(description=_STARTS)
    ends_on: strawberry.Maybe[date | None] = strawberry.field(description=_ENDS)

    def to_domain(self) -> UpdatePromotion:
        """The command.

        Raises:
            ValidationFailed: the id, an amount or a text is malformed.
        """
        return UpdatePromotion(
            idempotency_key=self.idempotency_key,
            promotion_id=PromotionId(id_of(self.promotion_id, "Promotion", "promotionId")),
            expected_version=self.expected_version,
            name=given(self.name),
            rules=self.rules.value.to_domain() if self.rules else KEEP,
            labels=texts_of("labels", self.labels.value) if self.labels else KEEP,
            campaign=given(self.campaign),
            starts_on=given(self.starts_on),
            ends_on=given(self.ends_on),
        )


@strawberry.input(description="Which promotion to put into force, or to end.")
class ChangePromotionInput:
    """Twin of ChangePromotion."""

    idempotency_key: str = strawberry.field(description=KEY)
    promotion_id: relay.GlobalID = strawberry.field(description="The promotion.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> ChangePromotion:
        """The command."""
        return ChangePromotion(
            idempotency_key=self.idempotency_key,
            promotion_id=PromotionId(id_of(self.promotion_id, "Promotion", "promotionId")),
            expected_version=self.expected_version,
        )


@strawberry.input(description="More coupons for a promotion that needs one.")
class AddCouponsInput:
    """Twin of AddCoupons."""

    idempotency_key: str = strawberry.field(description=KEY)
    promotion_id: relay.GlobalID = strawberry.field(description="The promotion.")
    codes: list[str] = strawberry.field(
        description="1 to 1,000 codes of 1 to 32 letters, digits, `.`, `_` and `-`; capitals do "
        "not count."
    )
    max_uses: int | None = strawberry.field(
        default=None, description="Orders that may use each code; null for any number."
    )
    max_uses_per_customer: int | None = strawberry.field(
        default=None, description="Orders of one customer that may use it; null for any number."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> AddCoupons:
        """The command."""
        return AddCoupons(
            idempotency_key=self.idempotency_key,
            promotion_id=PromotionId(id_of(self.promotion_id, "Promotion", "promotionId")),
            codes=tuple(self.codes),
            max_uses=self.max_uses,
            max_uses_per_customer=self.max_uses_per_customer,
            expected_version=self.expected_version,
        )
