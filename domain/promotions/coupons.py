"""Coupons: made by the retailer, used by orders, given back by orders that come to nothing.

A use is taken under the lock of the coupon's row, after which its limits are looked at anew: no
number of orders at the same moment uses a code more often than it may be (I14).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import UpdateBase

from domain.common.errors import ValidationFailed, check_version
from domain.common.faults import constraint_of
from domain.common.idempotency import once
from domain.common.ids import CustomerId, OrderId
from domain.common.sql import among, insert_many, together
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.promotions.errors import CouponCodeTaken, CouponNotUsable, IllegalPromotionStep
from domain.promotions.forms import checked_coupon
from domain.promotions.model import (
    Coupon,
    CouponCode,
    CouponRefusal,
    PromotionId,
    PromotionStatus,
)
from domain.promotions.repository import coupons_by_code, locked_coupons, locked_promotion, uses_of
from domain.promotions.tables import coupon, coupon_use
from domain.promotions.writing import PromotionDone, check_writer, save

MAX_COUPONS = 1_000
MAX_USES = 10**9
MAX_GIVEN = 5
"""Codes that an order may bring."""


@dataclass(frozen=True, slots=True)
class AddCoupons:
    """More codes for a promotion, each with these limits; None is without one."""

    idempotency_key: str
    promotion_id: PromotionId
    codes: tuple[str, ...]
    max_uses: int | None = None
    max_uses_per_customer: int | None = None
    expected_version: int | None = None


async def add_coupons(tx: Tx, actor: Actor, command: AddCoupons) -> PromotionDone:
    """The promotion with these coupons; publishes PromotionChanged.

    Raises:
        Forbidden: the actor's role does not change promotions. NotFound: no such promotion.
        IllegalPromotionStep: it has ended. CouponCodeTaken: one of the codes exists.
        ValidationFailed: a code or limit is malformed, or the promotion needs no coupon.
        VersionConflict, IdempotencyConflict: see there.

    Locks: the promotion.
    """
    check_writer(actor)
    codes = _checked(command)

    async def work() -> PromotionDone:
        before = await locked_promotion(tx.connection, command.promotion_id)
        check_version(command.expected_version, before.version)
        if before.status is PromotionStatus.ENDED:
            raise IllegalPromotionStep("add coupons to", before.status)
        if not before.rules.needs_coupon:
            raise ValidationFailed("promotionId", "must be a promotion that needs a coupon")
        rows = [
            {
                "code": code,
                "promotion_id": before.id,
                "max_uses": command.max_uses,
                "max_uses_per_customer": command.max_uses_per_customer,
                "uses": 0,
            }
            for code in codes
        ]
        if known := await coupons_by_code(tx.connection, codes):
            raise CouponCodeTaken(min(known))
        added = insert_many(coupon, [column.name for column in coupon.columns], rows)
        try:
            return await save(tx, before, before, "ADD_COUPONS", added, coupons=len(codes))
        except IntegrityError as error:
            if constraint_of(error) == "pk_coupon":
                raise CouponCodeTaken(codes[0]) from error
            raise

    return await once(tx, "addCoupons", command, PromotionDone, work)


def checked_codes(given: Collection[str]) -> tuple[CouponCode, ...]:
    """The codes that an order brings, in the form in which they are kept, sorted.

    Raises:
        ValidationFailed: too many, one twice, or a malformed one.
    """
    codes = tuple(sorted({checked_coupon("couponCodes", code) for code in given}))
    if len(codes) < len(given):
        raise ValidationFailed("couponCodes", "must name each code once")
    if len(codes) > MAX_GIVEN:
        raise ValidationFailed("couponCodes", f"must be at most {MAX_GIVEN}")
    return codes


def refusal_of(found: Coupon | None, uses: int) -> CouponRefusal | None:
    """Why a customer who used the coupon so often cannot use it again; None if he can. Pure."""
    if found is None:
        return CouponRefusal.UNKNOWN
    if found.max_uses is not None and found.uses >= found.max_uses:
        return CouponRefusal.USED_UP
    if found.max_uses_per_customer is not None and uses >= found.max_uses_per_customer:
        return CouponRefusal.USED_BY_CUSTOMER
    return None


async def usable(
    connection: AsyncConnection, codes: Collection[CouponCode], customer_id: CustomerId | None
) -> Mapping[CouponCode, Coupon | CouponRefusal]:
    """The coupons that the customer (None: a new one) can use now, or why not. Two statements, none
    without codes.
    """
    if not codes:
        return {}
    known = await coupons_by_code(connection, codes)
    used = await uses_of(connection, customer_id, codes) if customer_id is not None else {}
    return {code: refusal_of(known.get(code), used.get(code, 0)) or known[code] for code in codes}


async def use_coupons(
    tx: Tx, codes: Collection[CouponCode], order_id: OrderId, customer_id: CustomerId
) -> None:
    """The order uses the codes. Three statements, none without codes.

    Raises:
        CouponNotUsable: one is unknown or used up.

    Locks: the coupons in order of codes.
    """
    if not codes:
        return
    locked = await locked_coupons(tx.connection, codes)
    used = await uses_of(tx.connection, customer_id, codes)
    for code in sorted(codes):
        if (refusal := refusal_of(locked.get(code), used.get(code, 0))) is not None:
            raise CouponNotUsable(code, refusal)
    now = await tx.now()
    rows = [
        {"code": code, "order_id": order_id, "customer_id": customer_id, "used_at": now}
        for code in codes
    ]
    taken = sa.update(coupon).where(among(coupon.c.code, codes)).values(uses=coupon.c.uses + 1)
    names = ["code", "order_id", "customer_id", "used_at"]
    await tx.connection.execute(together(taken, insert_many(coupon_use, names, rows)))


def give_back(order_id: UUID, codes: Collection[CouponCode], now: datetime) -> list[UpdateBase]:
    """The writes by which an order that came to nothing gives its codes back; once, however often
    they are run. None without codes.
    """
    if not codes:
        return []
    c = coupon_use.c
    mine = sa.and_(c.order_id == order_id, c.given_back_at.is_(None))
    held = sa.select(c.code).where(mine)
    return [
        sa.update(coupon).where(coupon.c.code.in_(held)).values(uses=coupon.c.uses - 1),
        sa.update(coupon_use).where(mine).values(given_back_at=now),
    ]


def _checked(command: AddCoupons) -> tuple[CouponCode, ...]:
    codes = tuple(sorted({checked_coupon("codes", code) for code in command.codes}))
    if not 1 <= len(codes) <= MAX_COUPONS:
        raise ValidationFailed("codes", f"must be 1 to {MAX_COUPONS}")
    if len(codes) < len(command.codes):
        raise ValidationFailed("codes", "must name each code once")
    for field, limit in (
        ("maxUses", command.max_uses),
        ("maxUsesPerCustomer", command.max_uses_per_customer),
    ):
        if limit is not None and not 1 <= limit <= MAX_USES:
            raise ValidationFailed(field, f"must be 1 to {MAX_USES}")
    return codes
