"""Reading and locking promotions and coupons: each read is one statement."""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import UpdateBase

from domain.catalog.tables import pricing_stamp
from domain.common.errors import NotFound
from domain.common.ids import CustomerId, new_id
from domain.common.sql import among
from domain.promotions.model import (
    Coupon,
    CouponCode,
    Promotion,
    PromotionId,
    PromotionStatus,
)
from domain.promotions.tables import coupon, coupon_use, promotion

KEPT_STAMPS = 4
_PROMOTIONS = TypeAdapter(list[Promotion])
_DOCUMENT = sa.func.to_jsonb(promotion.table_valued())


class _Kept:
    """Promotions in force by the stamp of the moment at which they were read; the latest stay."""

    def __init__(self) -> None:
        self._by_stamp: OrderedDict[UUID, tuple[Promotion, ...]] = OrderedDict()

    def get(self, stamp: UUID) -> tuple[Promotion, ...] | None:
        """The promotions of that stamp, if they are kept."""
        return self._by_stamp.get(stamp)

    def keep(self, stamp: UUID, found: tuple[Promotion, ...]) -> None:
        """They are kept; the ones kept for longest may go."""
        self._by_stamp[stamp] = found
        if len(self._by_stamp) > KEPT_STAMPS:
            self._by_stamp.popitem(last=False)


_KEPT = _Kept()


async def promotions_of(connection: AsyncConnection, stamp: UUID | None) -> Sequence[Promotion]:
    """All ACTIVE promotions, whatever their period, as of that stamp of `Offer` or later. No
    statement when this process knows them, or there never were any; one otherwise.
    """
    if stamp is None:
        return ()
    if (kept := _KEPT.get(stamp)) is not None:
        return kept
    active = promotion.c.status == PromotionStatus.ACTIVE.value
    query = sa.select(pricing_stamp.c.stamp, _DOCUMENT).outerjoin_from(
        pricing_stamp, promotion, active
    )
    rows = (await connection.execute(query)).all()
    documents = [row[1] for row in rows if row[1] is not None]
    found = tuple(_PROMOTIONS.validate_python(documents))
    if rows:
        _KEPT.keep(rows[0][0], found)
    return found


def new_stamp() -> UpdateBase:
    """The write that makes every process read promotions anew; part of each change of one."""
    fresh = insert(pricing_stamp).values(id=1, stamp=new_id())
    return fresh.on_conflict_do_update(index_elements=["id"], set_={"stamp": fresh.excluded.stamp})


async def all_promotions(
    connection: AsyncConnection, status: PromotionStatus | None
) -> list[Promotion]:
    """The promotions, by name; with a status only those."""
    query = sa.select(_DOCUMENT).order_by(promotion.c.name)
    if status is not None:
        query = query.where(promotion.c.status == status.value)
    return _PROMOTIONS.validate_python((await connection.scalars(query)).all())


async def promotion_by_id(connection: AsyncConnection, key: UUID) -> Promotion | None:
    """The promotion of that id."""
    found = (await connection.scalars(sa.select(_DOCUMENT).where(promotion.c.id == key))).all()
    return _PROMOTIONS.validate_python(found)[0] if found else None


async def locked_promotion(connection: AsyncConnection, key: UUID) -> Promotion:
    """The promotion, its row locked FOR NO KEY UPDATE.

    Raises:
        NotFound: there is no such promotion.
    """
    query = sa.select(_DOCUMENT).where(promotion.c.id == key)
    found = (await connection.scalars(query.with_for_update(key_share=True))).all()
    if not found:
        raise NotFound("promotion", str(key))
    return _PROMOTIONS.validate_python(found)[0]


async def coupons_by_code(
    connection: AsyncConnection, codes: Collection[CouponCode]
) -> dict[CouponCode, Coupon]:
    """The coupons of those codes; unknown ones are absent."""
    return await _coupons(connection, among(coupon.c.code, codes))


async def coupon_counts(
    connection: AsyncConnection, promotion_ids: Collection[PromotionId]
) -> Mapping[PromotionId, int]:
    """How many coupons those promotions have; those without any are absent."""
    c = coupon.c.promotion_id
    query = sa.select(c, sa.func.count()).where(among(c, promotion_ids)).group_by(c)
    return {PromotionId(row[0]): row[1] for row in await connection.execute(query)}


async def locked_coupons(
    connection: AsyncConnection, codes: Collection[CouponCode]
) -> dict[CouponCode, Coupon]:
    """The coupons of those codes, their rows locked in order of codes; unknown ones are absent."""
    return await _coupons(connection, among(coupon.c.code, codes), lock=True)


async def _coupons(
    connection: AsyncConnection, condition: sa.ColumnElement[bool], *, lock: bool = False
) -> dict[CouponCode, Coupon]:
    query = sa.select(coupon).where(condition).order_by(coupon.c.code)
    rows = await connection.execute(query.with_for_update(key_share=True) if lock else query)
    return {CouponCode(row.code): Coupon(**row) for row in rows.mappings()}


async def uses_of(
    connection: AsyncConnection, customer_id: CustomerId, codes: Collection[CouponCode]
) -> dict[CouponCode, int]:
    """How often the customer used each code, without what was given back."""
    c = coupon_use.c
    query = (
        sa.select(c.code, sa.func.count().label("uses"))
        .where(among(c.code, codes), c.customer_id == customer_id, c.given_back_at.is_(None))
        .group_by(c.code)
    )
    return {CouponCode(row.code): row.uses for row in await connection.execute(query)}


def promotion_row(given: Promotion, rules: dict[str, Any]) -> dict[str, Any]:
    """The row of `promotion`; `rules` are its own, as JSON values."""
    return {
        **{column.name: getattr(given, column.name) for column in promotion.columns},
        "labels": dict(given.labels),
        "rules": rules,
        "status": given.status.value,
    }
