"""Distortion: signals that a location's stock is not what the books say, and what follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.database import Database
from domain.common.ids import LocationId, Sku
from domain.common.transaction import Tx
from domain.counting.model import (
    ALARMING_REJECTIONS,
    SIGNALS_OF_DAYS,
    accuracy,
    assessed_trust,
    raised_safety,
)
from domain.counting.tables import distortion_alert, stock_count, stock_count_line
from domain.identity.model import Actor, Role
from domain.locations.repository import locked_location
from domain.locations.service import UpdateLocation, update_location
from domain.stock.model import Bucket, MovementReason
from domain.stock.safety import SetSafetyStock, set_safety_stock
from domain.stock.tables import stock_level, stock_movement

ASSESSOR = Actor("trust", Role.OPERATIONS)


@dataclass(frozen=True, slots=True)
class Alert:
    """A day on which a location's stock was found to be distorted."""

    location_id: LocationId
    day: date
    rejections: int
    accuracy: Decimal
    trust_before: Decimal
    trust_after: Decimal
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How well the books of a location agreed with its counts in a period: units counted, missing
    and found too many, and what those are worth at the present prices, minor units by currency.
    """

    counted: int
    shortage: int
    excess: int
    shortage_minor: dict[str, int]
    excess_minor: dict[str, int]

    @property
    def share(self) -> Decimal:
        """1 less Σ|variance| / Σcounted."""
        return accuracy(self.shortage + self.excess, self.counted)


async def assess_trust(database: Database, *, limit: int = 100) -> int:
    """How many locations were judged today because units were not found there 10 times or more in
    30 days: each is trusted less, holds more safety stock of what was not found, and has an alert.
    Once a day per location by the database's date, whoever does it first.
    """
    suspects = await database.read(lambda connection: _suspects(connection, limit))
    judged = 0
    for location_id in suspects:
        judged += await database.run(
            lambda tx, one=location_id: _judge(tx, one), actor_key=ASSESSOR.key
        )
    return judged


async def _judge(tx: Tx, location_id: LocationId) -> int:
    place = await locked_location(tx.connection, location_id)
    by_sku = await _rejections(tx.connection, location_id)
    counts = await accuracy_of(tx.connection, location_id, await _since(tx), await tx.now())
    total = sum(by_sku.values())
    trust = min(place.trust, assessed_trust(total, counts.share))
    row = {
        "location_id": location_id,
        "day": sa.func.current_date(),
        "rejections": total,
        "accuracy": counts.share,
        "trust_before": place.trust,
        "trust_after": trust,
        "raised_at": sa.func.now(),
    }
    raised = insert(distortion_alert).values(row).on_conflict_do_nothing()
    day = await tx.connection.scalar(raised.returning(distortion_alert.c.day))
    if day is None:
        return 0
    key = f"trust:{location_id}:{day}"
    await update_location(tx, UpdateLocation(f"{key}", location_id, trust=trust))
    for sku, safety in (await _safeties(tx.connection, location_id, by_sku)).items():
        command = SetSafetyStock(f"{key}:{sku}"[:128], sku, location_id, safety)
        await set_safety_stock(tx, ASSESSOR, command)
    return 1


async def _since(tx: Tx) -> datetime:
    return await tx.now() - timedelta(days=SIGNALS_OF_DAYS)


def _not_found() -> sa.ColumnElement[bool]:
    c = stock_movement.c
    reasons = [MovementReason.REJECTED.value, MovementReason.SHORT_PICKED.value]
    return sa.and_(
        c.reason.in_(reasons),
        c.from_bucket == Bucket.ALLOCATED.value,
        c.to_bucket.in_([Bucket.QUALITY_HOLD.value, Bucket.EXTERNAL.value]),
        c.at > sa.func.now() - timedelta(days=SIGNALS_OF_DAYS),
    )


async def _suspects(connection: AsyncConnection, limit: int) -> Sequence[LocationId]:
    c = stock_movement.c
    judged = sa.select(distortion_alert.c.location_id).where(
        distortion_alert.c.day == sa.func.current_date()
    )
    query = (
        sa.select(c.location_id)
        .where(_not_found(), c.location_id.not_in(judged))
        .group_by(c.location_id)
        .having(sa.func.count() >= ALARMING_REJECTIONS)
        .order_by(c.location_id)
        .limit(limit)
    )
    return (await connection.scalars(query)).all()


async def _rejections(connection: AsyncConnection, location_id: LocationId) -> dict[Sku, int]:
    c = stock_movement.c
    query = (
        sa.select(c.sku, sa.func.count())
        .where(_not_found(), c.location_id == location_id)
        .group_by(c.sku)
    )
    return {Sku(sku): number for sku, number in await connection.execute(query)}


async def _safeties(
    connection: AsyncConnection, location_id: LocationId, rejections: dict[Sku, int]
) -> dict[Sku, int]:
    """The SKUs whose safety stock must rise, with what it rises to, in SKU order."""
    c = stock_level.c
    query = (
        sa.select(c.sku, c.safety)
        .where(c.location_id == location_id, c.sku.in_(sorted(rejections)))
        .order_by(c.sku)
    )
    rows = (await connection.execute(query)).all()
    wanted = {Sku(row.sku): raised_safety(row.safety, rejections[Sku(row.sku)]) for row in rows}
    return {Sku(r.sku): wanted[Sku(r.sku)] for r in rows if wanted[Sku(r.sku)] > r.safety}


async def alerts(connection: AsyncConnection, limit: int) -> Sequence[Alert]:
    """The newest alerts of all locations."""
    c = distortion_alert.c
    query = sa.select(distortion_alert).order_by(c.day.desc(), c.location_id).limit(limit)
    return [Alert(*row) for row in await connection.execute(query)]


_VALUE = sa.text("""
SELECT p.currency,
       sum(CASE WHEN v.variance < 0 THEN -v.variance * p.amount_minor ELSE 0 END)::bigint,
       sum(CASE WHEN v.variance > 0 THEN v.variance * p.amount_minor ELSE 0 END)::bigint
FROM (
    SELECT l.sku, l.counted - l.system_quantity AS variance
    FROM stock_count_line AS l JOIN stock_count AS c ON c.id = l.count_id
    WHERE c.location_id = :place AND c.state = 'POSTED' AND c.posted_at >= :start
      AND c.posted_at <= :stop
) AS v
JOIN LATERAL (
    SELECT currency, amount_minor FROM price
    WHERE sku = v.sku AND valid @> now() ORDER BY channel, currency LIMIT 1
) AS p ON true
GROUP BY p.currency
""")


async def accuracy_of(
    connection: AsyncConnection, location_id: LocationId, start: datetime, stop: datetime
) -> Accuracy:
    """How well the books of a location agreed with the counts that were posted in that time."""
    line, count = stock_count_line.c, stock_count.c
    variance = line.counted - line.system_quantity
    sums = (
        sa.select(
            sa.func.coalesce(sa.func.sum(line.counted), 0),
            sa.func.coalesce(sa.func.sum(sa.func.greatest(0, -variance)), 0),
            sa.func.coalesce(sa.func.sum(sa.func.greatest(0, variance)), 0),
        )
        .join(stock_count, count.id == line.count_id)
        .where(
            count.location_id == location_id,
            count.state == "POSTED",
            count.posted_at.between(start, stop),
        )
    )
    counted, shortage, excess = (await connection.execute(sums)).one()
    given = {"place": location_id, "start": start, "stop": stop}
    worth = (await connection.execute(_VALUE, given)).all()
    return Accuracy(
        counted,
        shortage,
        excess,
        {row[0]: row[1] for row in worth if row[1]},
        {row[0]: row[2] for row in worth if row[2]},
    )
