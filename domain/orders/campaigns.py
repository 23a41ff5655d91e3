"""What campaigns brought: orders, units, revenue and discount by source code and by promotion."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.days import end_of_day, start_of_day
from domain.common.errors import ValidationFailed
from domain.orders.states import NOT_DUE, OrderStatus
from domain.orders.tables import line_group, sales_order
from domain.promotions.model import PromotionId
from domain.promotions.tables import promotion

MAX_DAYS = 400


@dataclass(frozen=True, slots=True)
class Asked:
    """Which orders to count: placed on the days `first` to `last` of the merchant's time zone, and
    of one source code or campaign, if given.
    """

    first: date
    last: date
    source_code: str | None = None
    campaign: str | None = None


@dataclass(frozen=True, slots=True)
class SourceCodeResult:
    """What orders with a source code came to, in one currency. `units` are those neither called off
    nor returned; `revenue_minor` is what the orders cost, `discount_minor` what was taken off.
    """

    source_code: str
    campaigns: tuple[str, ...]
    currency: str
    orders: int
    units: int
    revenue_minor: int
    discount_minor: int


@dataclass(frozen=True, slots=True)
class PromotionResult:
    """What a promotion took off, in one currency, and what the orders that it helped cost."""

    promotion_id: PromotionId
    name: str
    campaign: str
    currency: str
    orders: int
    revenue_minor: int
    discount_minor: int


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """Both views of the same orders: those that are or were CONFIRMED."""

    by_source_code: tuple[SourceCodeResult, ...]
    by_promotion: tuple[PromotionResult, ...]


async def campaign_report(
    connection: AsyncConnection, asked: Asked, time_zone: str
) -> CampaignReport:
    """What the orders of those days came to. Two statements.

    Raises:
        ValidationFailed: the days are in the wrong order, or more than 400.
    """
    if not 0 <= (asked.last - asked.first).days < MAX_DAYS:
        raise ValidationFailed("last", f"must be 0 to {MAX_DAYS - 1} days after first")
    counted = _counted(asked, time_zone)
    codes = await connection.execute(_by_source_code(asked, counted))
    promotions = await connection.execute(_by_promotion(asked, counted))
    return CampaignReport(
        tuple(
            SourceCodeResult(**dict[str, Any]({**row, "campaigns": tuple(row["campaigns"])}))
            for row in codes.mappings()
        ),
        tuple(PromotionResult(**dict[str, Any](row)) for row in promotions.mappings()),
    )


def _counted(asked: Asked, time_zone: str) -> sa.ColumnElement[bool]:
    c = sales_order.c
    conditions = [
        c.status.in_([OrderStatus.CONFIRMED.value, OrderStatus.CLOSED.value]),
        c.placed_at >= start_of_day(asked.first, time_zone),
        c.placed_at < end_of_day(asked.last, time_zone),
    ]
    if asked.source_code is not None:
        conditions.append(c.source_code == asked.source_code)
    return sa.and_(*conditions)


def _by_source_code(asked: Asked, counted: sa.ColumnElement[bool]) -> sa.Select[*tuple[Any, ...]]:
    """Campaigns are those of the promotions that name the code."""
    c = sales_order.c
    units = (
        sa.select(sa.func.coalesce(sa.func.sum(line_group.c.quantity), 0))
        .where(
            line_group.c.order_id == c.id,
            line_group.c.state.not_in([state.value for state in NOT_DUE]),
        )
        .scalar_subquery()
    )
    codes = promotion.c.rules["audience"]["source_codes"]
    named = (
        sa.select(promotion.c.campaign)
        .where(codes.op("@>")(sa.func.to_jsonb(c.source_code)), promotion.c.campaign != "")
        .distinct()
        .order_by(promotion.c.campaign)
    )
    campaigns = sa.func.array(named.scalar_subquery())
    query = (
        sa.select(
            c.source_code,
            campaigns.label("campaigns"),
            c.currency,
            sa.func.count().label("orders"),
            sa.cast(sa.func.sum(units), sa.BigInteger).label("units"),
            sa.cast(sa.func.sum(c.total_minor), sa.BigInteger).label("revenue_minor"),
            sa.cast(sa.func.sum(c.discount_minor), sa.BigInteger).label("discount_minor"),
        )
        .where(counted, c.source_code.is_not(None))
        .group_by(c.source_code, c.currency)
        .order_by(c.source_code, c.currency)
    )
    if asked.campaign is not None:
        query = query.having(sa.literal(asked.campaign) == sa.any_(campaigns))
    return query


def _by_promotion(asked: Asked, counted: sa.ColumnElement[bool]) -> sa.Select[*tuple[Any, ...]]:
    c = sales_order.c
    off = (
        sa.func.jsonb_to_recordset(c.pricing["discounts"])
        .table_valued(
            sa.column("promotion_id", UUID(as_uuid=True)),
            sa.column("amount_minor", sa.BigInteger),
            name="off",
        )
        .render_derived(with_types=True)
    )
    per_order = (
        sa.select(
            c.id,
            c.currency,
            c.total_minor,
            off.c.promotion_id,
            sa.func.sum(off.c.amount_minor).label("amount_minor"),
        )
        .select_from(sales_order.join(off, sa.true()))
        .where(counted, c.pricing.is_not(None))
        .group_by(c.id, off.c.promotion_id)
        .subquery("per_order")
    )
    p = promotion.c
    query = (
        sa.select(
            p.id.label("promotion_id"),
            p.name,
            p.campaign,
            per_order.c.currency,
            sa.func.count().label("orders"),
            sa.cast(sa.func.sum(per_order.c.total_minor), sa.BigInteger).label("revenue_minor"),
            sa.cast(sa.func.sum(per_order.c.amount_minor), sa.BigInteger).label("discount_minor"),
        )
        .join_from(per_order, promotion, p.id == per_order.c.promotion_id)
        .group_by(p.id, p.name, p.campaign, per_order.c.currency)
        .order_by(p.name, per_order.c.currency)
    )
    return query if asked.campaign is None else query.where(p.campaign == asked.campaign)
