"""Promotions: read and changed, their coupons, what campaigns brought, and prices of carts."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import relay

from domain.common.database import DbConnection
from domain.common.transaction import Tx
from domain.identity.model import HEAD_OFFICE, Role
from domain.orders.campaigns import Asked, campaign_report
from domain.orders.carts import price_cart
from domain.promotions.coupons import add_coupons
from domain.promotions.forms import checked_coupon
from domain.promotions.model import PromotionStatus
from domain.promotions.repository import (
    all_promotions,
    coupon_counts,
    coupons_by_code,
    promotion_by_id,
)
from domain.promotions.writing import (
    WRITERS,
    PromotionDone,
    activate_promotion,
    create_promotion,
    end_promotion,
    update_promotion,
)
from domain.vouchers.lookup import count_lookup
from resolvers.answering import answer
from resolvers.orders import SELLERS
from schema.access import Allow
from schema.context import Context, Info
from schema.ids import id_of
from schema.inputs import INPUT
from schema.promotions.carts import CART, CartPrice, PriceCartInput
from schema.promotions.inputs import (
    AddCouponsInput,
    ChangePromotionInput,
    CreatePromotionInput,
    UpdatePromotionInput,
)
from schema.promotions.payloads import PromotionMutationResult, PromotionPayload
from schema.promotions.types import CampaignReport, Coupon, Promotion
from schema.refusals import asked, checked

WRITING = sorted(WRITERS)


@strawberry.type
class PromotionsQuery:
    """Root fields that read promotions and price carts."""

    @strawberry.field(description="Promotions, by name.", extensions=[Allow(*HEAD_OFFICE)])
    async def promotions(
        self,
        info: Info,
        status: Annotated[
            PromotionStatus | None, strawberry.argument(description="Only those that stand so.")
        ] = None,
    ) -> list[Promotion]:
        """The promotions."""

        async def read(connection: DbConnection) -> list[Promotion]:
            found = await all_promotions(connection, status)
            coupons = await coupon_counts(connection, [each.id for each in found])
            return [Promotion.of(each, coupons.get(each.id, 0)) for each in found]

        return await info.context.read(read)

    @strawberry.field(
        description="A promotion; null when unknown.", extensions=[Allow(*HEAD_OFFICE)]
    )
    async def promotion(
        self, info: Info, id: Annotated[relay.GlobalID, strawberry.argument(description="Its id.")]
    ) -> Promotion | None:
        """The promotion or null."""
        key = checked(lambda: id_of(id, "Promotion"))
        return await info.context.read(lambda c: _promotion(c, key))

    @strawberry.field(
        description="A coupon by its code; null when unknown.", extensions=[Allow(*HEAD_OFFICE)]
    )
    async def coupon(
        self, info: Info, code: Annotated[str, strawberry.argument(description="The code.")]
    ) -> Coupon | None:
        """The coupon or null."""
        key = checked(lambda: checked_coupon("code", code))
        found = await info.context.read(lambda c: coupons_by_code(c, [key]))
        return Coupon.of(found[key]) if key in found else None

    @strawberry.field(
        description="What orders placed on some days came to, by source code and by promotion.",
        extensions=[Allow(*HEAD_OFFICE)],
    )
    async def campaign_report(
        self,
        info: Info,
        first: Annotated[
            date, strawberry.argument(description="First day, in the merchant's time zone.")
        ],
        last: Annotated[
            date,
            strawberry.argument(description="Last day, at most 399 days after the first."),
        ],
        source_code: Annotated[
            str | None, strawberry.argument(description="Only orders with this source code.")
        ] = None,
        campaign: Annotated[
            str | None, strawberry.argument(description="Only this campaign.")
        ] = None,
    ) -> CampaignReport:
        """The report."""
        wanted = Asked(first, last, source_code, campaign)
        zone = info.context.services.merchant_time_zone
        found = await asked(info.context.read(lambda c: campaign_report(c, wanted, zone)))
        return CampaignReport.of(found)

    @strawberry.field(
        description="What `placeOrder` would charge for a cart now, and why. Nothing is kept for "
        "it and no coupon used. For whoever may place an order on the channel. Refusals are "
        "top-level errors with the codes of `placeOrder`. A customer may look up 20 carts with "
        "coupon codes at once and 10 a minute after that; then it is TOO_MANY_LOOKUPS.",
        extensions=[Allow(*SELLERS)],
    )
    async def price_cart(self, info: Info, input: Annotated[PriceCartInput, CART]) -> CartPrice:
        """The price."""
        actor, ask = info.context.caller, checked(input.to_domain)
        if ask.coupon_codes and actor.role is Role.CUSTOMER:
            await asked(count_lookup(info.context.services.database, actor))
        return CartPrice.of(await asked(info.context.read(lambda c: price_cart(c, actor, ask))))


@strawberry.type
class PromotionsMutation:
    """Root fields that change promotions."""

    @strawberry.mutation(
        description="Create a promotion, as a draft.", extensions=[Allow(*WRITING)]
    )
    async def create_promotion(
        self, info: Info, input: Annotated[CreatePromotionInput, INPUT]
    ) -> PromotionMutationResult:
        """The promotion, or why not."""
        actor, zone = info.context.caller, info.context.services.merchant_time_zone
        return await _change(
            info.context, lambda tx: create_promotion(tx, actor, input.to_domain(), zone)
        )

    @strawberry.mutation(
        description="Change a promotion. Orders that were placed keep the rules of their time.",
        extensions=[Allow(*WRITING)],
    )
    async def update_promotion(
        self, info: Info, input: Annotated[UpdatePromotionInput, INPUT]
    ) -> PromotionMutationResult:
        """The promotion, or why not."""
        actor, zone = info.context.caller, info.context.services.merchant_time_zone
        return await _change(
            info.context, lambda tx: update_promotion(tx, actor, input.to_domain(), zone)
        )

    @strawberry.mutation(
        description="Put a draft into force: it counts while its period lasts.",
        extensions=[Allow(*WRITING)],
    )
    async def activate_promotion(
        self, info: Info, input: Annotated[ChangePromotionInput, INPUT]
    ) -> PromotionMutationResult:
        """The promotion, or why not."""
        actor = info.context.caller
        return await _change(
            info.context, lambda tx: activate_promotion(tx, actor, input.to_domain())
        )

    @strawberry.mutation(
        description="End a promotion: it counts for no order from now on.",
        extensions=[Allow(*WRITING)],
    )
    async def end_promotion(
        self, info: Info, input: Annotated[ChangePromotionInput, INPUT]
    ) -> PromotionMutationResult:
        """The promotion, or why not."""
        actor = info.context.caller
        return await _change(info.context, lambda tx: end_promotion(tx, actor, input.to_domain()))

    @strawberry.mutation(
        description="Add coupons to a promotion that needs one.", extensions=[Allow(*WRITING)]
    )
    async def add_coupons(
        self, info: Info, input: Annotated[AddCouponsInput, INPUT]
    ) -> PromotionMutationResult:
        """The promotion, or why not."""
        actor = info.context.caller
        return await _change(info.context, lambda tx: add_coupons(tx, actor, input.to_domain()))


async def _promotion(connection: DbConnection, key: UUID) -> Promotion | None:
    found = await promotion_by_id(connection, key)
    if found is None:
        return None
    coupons = await coupon_counts(connection, [found.id])
    return Promotion.of(found, coupons.get(found.id, 0))


async def _change(
    context: Context, work: Callable[[Tx], Awaitable[PromotionDone]]
) -> PromotionMutationResult:
    async def run() -> PromotionPayload:
        done = await context.run(work)
        found = await context.read_primary(lambda c: _promotion(c, done.id))
        assert found is not None  # promotions are never deleted
        return PromotionPayload(promotion=found)

    return await answer(run())
