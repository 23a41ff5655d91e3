"""The books must agree: ledger, reservations and events against the levels."""

from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.ids import LocationId, Sku


class ViolationKind(StrEnum):
    """Which two books disagree."""

    LEDGER = "LEDGER"
    RESERVATIONS = "RESERVATIONS"
    EVENTS = "EVENTS"


@dataclass(frozen=True, slots=True)
class Violation:
    """A level on which two books disagree, and what they say."""

    kind: ViolationKind
    sku: Sku
    location_id: LocationId
    detail: str


VIOLATIONS = """
WITH moved AS (
    SELECT location_id, sku, bucket, sum(quantity)::bigint AS quantity
    FROM (
        SELECT location_id, sku, to_bucket AS bucket, quantity FROM stock_movement
        UNION ALL
        SELECT location_id, sku, from_bucket, -quantity FROM stock_movement
    ) AS entries
    GROUP BY location_id, sku, bucket
),
booked AS (
    SELECT location_id, sku, bucket, quantity
    FROM stock_level AS l
    CROSS JOIN LATERAL (VALUES
        ('EXTERNAL', -on_hand),
        ('FREE', on_hand - allocated - reserved - damaged - inspection - quality_hold - display),
        ('ALLOCATED', allocated),
        ('RESERVED', reserved),
        ('DAMAGED', damaged),
        ('INSPECTION', inspection),
        ('QUALITY_HOLD', quality_hold),
        ('DISPLAY', display)
    ) AS buckets (bucket, quantity)
),
held AS (
    SELECT location_id, sku, sum(quantity)::bigint AS quantity
    FROM reservation WHERE state = 'ACTIVE' GROUP BY location_id, sku
),
versions AS (
    SELECT (event ->> 'aggregate_id')::uuid AS level_id, (event ->> 'version')::bigint AS version
    FROM outbox CROSS JOIN LATERAL jsonb_array_elements(events) AS event
    WHERE event ->> 'aggregate' = 'stock_level'
    UNION ALL
    SELECT aggregate_id, version FROM event_log WHERE aggregate = 'stock_level'
),
logged AS (
    SELECT level_id, min(version) AS first, max(version) AS last, count(*) AS events,
           count(DISTINCT version) AS versions
    FROM versions GROUP BY level_id
)
SELECT 'LEDGER' AS kind, sku, location_id,
       format('%s: ledger %s, level %s', bucket, coalesce(moved.quantity, 0),
              coalesce(booked.quantity, 0)) AS detail
FROM moved FULL JOIN booked USING (location_id, sku, bucket)
WHERE coalesce(moved.quantity, 0) <> coalesce(booked.quantity, 0)
UNION ALL
SELECT 'RESERVATIONS', sku, location_id,
       format('active %s, reserved %s', coalesce(held.quantity, 0), coalesce(l.reserved, 0))
FROM held FULL JOIN stock_level AS l USING (location_id, sku)
WHERE coalesce(held.quantity, 0) <> coalesce(l.reserved, 0)
UNION ALL
SELECT 'EVENTS', l.sku, l.location_id,
       format('version %s, events %s of versions %s to %s', l.version, coalesce(events, 0),
              coalesce(first, 0), coalesce(last, 0))
FROM stock_level AS l
LEFT JOIN logged ON logged.level_id = l.id
CROSS JOIN (SELECT coalesce(max(oldest_seq), 1) > 1 AS trimmed FROM sequencer_state) AS log
WHERE CASE
    WHEN logged.level_id IS NULL THEN NOT log.trimmed
    ELSE last <> l.version OR events <> last - first + 1 OR versions <> events
         OR (first <> 1 AND NOT log.trimmed)
END
"""
"""A query: kind, SKU, location and detail of each disagreement."""

_AUDIT = sa.text(f"{VIOLATIONS} ORDER BY 3, 2, 1, 4")


async def violations(connection: AsyncConnection) -> list[Violation]:
    """All disagreements, sorted by location and SKU; none in a sound database. One statement.

    The ledger replayed per bucket is the level. Active reservations are what the level has
    reserved. Events of a level carry its versions without a gap, from 1 unless the log was trimmed.
    """
    rows = await connection.execute(_AUDIT)
    return [
        Violation(ViolationKind(row.kind), row.sku, row.location_id, row.detail) for row in rows
    ]
