"""Stock levels out of a file: each row says how many units are on hand of a SKU at a location.

The rows of a chunk are applied by two statements. The first locks the levels that differ, in
(location, sku) order. The second sees what the locks waited for, judges every row, and writes
levels, movements, events and refusals. When a level appeared or changed between the two, which a
constraint or the counts tell, the chunk begins anew.

A row is true as of the moment of its job: units that came in or left since are added, as
`applyStockSnapshot` does (`domain.counting.snapshot`).
"""

from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, UUID
from sqlalchemy.exc import IntegrityError

from domain.common.faults import constraint_of
from domain.common.ids import new_id
from domain.common.transaction import Tx
from domain.counting.repository import CORRECTIONS
from domain.imports.chunks import Chunk, Disturbed, rows_in, said_by
from domain.imports.model import ImportJob, Tally
from domain.imports.staging import stage_of
from domain.stock.model import MAX_QUANTITY, MovementReason
from domain.stock.posting import LEVEL_COLUMNS, free_text
from domain.stock.telling import stock_events_text

_UNITS = f"must be a whole number of 0 to {MAX_QUANTITY:,}"
_LEVEL = ", ".join(LEVEL_COLUMNS)
_IDS = ARRAY(UUID(as_uuid=True))
_ONE_LEVEL = "uq_stock_level_location_id_sku"


async def apply_stock(tx: Tx, job: ImportJob, chunk: Chunk) -> Tally:
    """What became of the rows of the chunk. One outbox row, with a StockChanged for each level.

    Locks: levels that change, in (location, sku) order.

    Raises:
        Disturbed: a level appeared or changed meanwhile: run the chunk again.
    """
    now = await tx.now()
    given: dict[str, Any] = {"start": chunk.start, "stop": chunk.stop, "as_of": job.as_of}
    locked = await tx.connection.scalars(sa.text(_locking(job)), given)
    shared = {"actor": tx.actor_key, "at": now.isoformat(), "correlation_id": tx.correlation_id}
    given |= {
        "locked": list(locked),
        "job": job.id,
        "is_snapshot": job.is_snapshot,
        "base": str(new_id())[:24],
        "reference": f"import {job.id}",
        "actor": tx.actor_key,
        "moment": now.isoformat(),
        "tail": orjson.dumps(shared).decode()[1:],
    }
    statement = sa.text(_applying(job)).bindparams(sa.bindparam("locked", type_=_IDS))
    try:
        row = (await tx.connection.execute(statement, given)).one()
    except IntegrityError as error:
        if constraint_of(error) == _ONE_LEVEL:
            raise Disturbed from error
        raise
    if row.applied != row.wanted:
        raise Disturbed
    tx.published = tx.published or row.applied > 0
    return Tally(row.applied, row.unchanged, row.refused)


def _number(column: str) -> str:
    """The units in a column of the file; NULL when they are no number."""
    return f"CASE WHEN {column} ~ '^ *[0-9]{{1,9}} *$' THEN CAST({column} AS integer) END"


def _locking(job: ImportJob) -> str:
    """The ids of levels of the chunk that a row differs from, or that changed since it was told."""
    return f"""
    SELECT x.id FROM {stage_of(job.id)} AS s
    JOIN location AS l ON l.code = btrim(s.location)
    JOIN stock_level AS x ON x.location_id = l.id AND x.sku = btrim(s.sku)
    WHERE {rows_in(job, "s")} AND s.refusal IS NULL
      AND (x.on_hand <> {_number("s.on_hand")} OR x.safety <> {_number("s.safety_stock")}
           OR x.updated_at > :as_of)
    ORDER BY x.location_id, x.sku
    FOR NO KEY UPDATE OF x
    """  # noqa: S608 -- names of ours


def _applying(job: ImportJob) -> str:
    """The statement that judges and writes; it returns counts."""
    corrections = ", ".join(f"'{reason.value}'" for reason in sorted(CORRECTIONS))
    return f"""
    WITH told AS MATERIALIZED (
        SELECT s.line, s.refusal, s.said, s.location, s.sku, s.on_hand, s.safety_stock,
               {_number("s.on_hand")} AS counted, {_number("s.safety_stock")} AS safe,
               l.id AS location_id, v.sku AS known,
               v.sku IN (SELECT kit_sku FROM kit_component) AS kit,
               x.id AS level_id, x.version, x.updated_at, x.on_hand AS had, x.safety AS had_safe,
               x.on_hand - ({free_text("x")}) AS claimed, n.taken_at, n.on_hand AS noted
        FROM {stage_of(job.id)} AS s
        LEFT JOIN location AS l ON l.code = btrim(s.location)
        LEFT JOIN variant AS v ON v.sku = btrim(s.sku)
        LEFT JOIN stock_level AS x ON x.location_id = l.id AND x.sku = v.sku
        LEFT JOIN stock_snapshot AS n ON :is_snapshot AND n.location_id = l.id AND n.sku = v.sku
        WHERE {rows_in(job, "s")}
    ), since AS MATERIALIZED (
        SELECT m.location_id, m.sku,
               sum(CASE WHEN from_bucket = 'EXTERNAL' THEN m.quantity ELSE -m.quantity END) AS net
        FROM told AS t
        JOIN stock_movement AS m ON m.location_id = t.location_id AND m.sku = t.known
        WHERE t.updated_at > :as_of AND m.at > :as_of
          AND 'EXTERNAL' IN (m.from_bucket, m.to_bucket) AND m.reason NOT IN ({corrections})
        GROUP BY m.location_id, m.sku
    ), aimed AS (
        SELECT t.*, t.counted + coalesce(since.net, 0) AS target,
               coalesce(t.taken_at = :as_of AND t.noted = t.counted, false) AS again
        FROM told AS t
        LEFT JOIN since ON since.location_id = t.location_id AND since.sku = t.known
    ), judged AS MATERIALIZED (
        SELECT a.*, CASE
            WHEN a.refusal IS NOT NULL THEN a.refusal
            WHEN a.location_id IS NULL THEN 'location: is not known'
            WHEN a.known IS NULL THEN 'sku: is not known'
            WHEN a.kit THEN 'sku: is a kit, of which only the components have stock'
            WHEN a.counted IS NULL OR a.counted > {MAX_QUANTITY} THEN 'on_hand: {_UNITS}'
            WHEN btrim(a.safety_stock) <> '' AND (a.safe IS NULL OR a.safe > {MAX_QUANTITY})
                THEN 'safety_stock: {_UNITS}'
            WHEN a.taken_at >= :as_of AND NOT a.again
                THEN 'a count of ' || CAST(a.taken_at AS text) || ' was applied before'
            WHEN a.target < coalesce(a.claimed, 0) AND NOT a.again THEN
                'on_hand: would be ' || a.target || ', but ' || coalesce(a.claimed, 0)
                || ' units are allocated, reserved or set aside'
        END AS reason
        FROM aimed AS a
    ), wanted AS MATERIALIZED (
        SELECT j.* FROM judged AS j
        WHERE j.reason IS NULL AND NOT j.again
          AND (j.level_id IS NULL OR j.target <> j.had OR j.safe <> j.had_safe)
    ), opened AS (
        INSERT INTO stock_level (id, location_id, sku, on_hand, safety, allocated, reserved,
            damaged, inspection, quality_hold, display, version, updated_at)
        SELECT CAST(:base || lpad(to_hex(row_number() OVER ()), 12, '0') AS uuid),
               w.location_id, w.known, w.target, coalesce(w.safe, 0), 0, 0, 0, 0, 0, 0, 1, now()
        FROM (SELECT * FROM wanted WHERE level_id IS NULL ORDER BY location_id, known) AS w
        RETURNING {_LEVEL}
    ), mine AS MATERIALIZED (
        SELECT id FROM unnest(:locked) AS given (id)
    ), corrected AS (
        UPDATE stock_level AS x
        SET on_hand = w.target, safety = coalesce(w.safe, w.had_safe), version = w.version + 1,
            updated_at = now()
        FROM wanted AS w JOIN mine ON mine.id = w.level_id
        WHERE x.id = w.level_id AND x.version = w.version
        RETURNING {", ".join(f"x.{name}" for name in LEVEL_COLUMNS)}, w.target - w.had AS units
    ), changed AS MATERIALIZED (
        SELECT {_LEVEL}, on_hand AS units FROM opened
        UNION ALL
        SELECT {_LEVEL}, units FROM corrected
    ), moved AS (
        INSERT INTO stock_movement
            (location_id, sku, from_bucket, to_bucket, quantity, reason, reference, actor, at)
        SELECT location_id, sku, CASE WHEN units > 0 THEN 'EXTERNAL' ELSE 'FREE' END,
               CASE WHEN units > 0 THEN 'FREE' ELSE 'EXTERNAL' END,
               abs(units), '{MovementReason.COUNT.value}', :reference, :actor, now()
        FROM changed WHERE units <> 0
    ), noted AS (
        INSERT INTO stock_snapshot AS n (location_id, sku, taken_at, on_hand)
        SELECT j.location_id, j.known, :as_of, j.counted FROM judged AS j
        WHERE :is_snapshot AND j.reason IS NULL AND NOT j.again ORDER BY 1, 2
        ON CONFLICT (location_id, sku) DO UPDATE
        SET taken_at = excluded.taken_at, on_hand = excluded.on_hand
        WHERE n.taken_at < excluded.taken_at
    ), published AS (
        INSERT INTO outbox (events) {stock_events_text("changed")}
    ), refused AS (
        INSERT INTO import_refusal (job_id, line, reason, row)
        SELECT :job, j.line, j.reason, {said_by(job, "j")} FROM judged AS j
        WHERE j.reason IS NOT NULL
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM wanted) AS wanted, (SELECT count(*) FROM changed) AS applied,
           (SELECT count(*) FROM refused) AS refused,
           (SELECT count(*) FROM judged) - (SELECT count(*) FROM wanted)
               - (SELECT count(*) FROM refused) AS unchanged
    """  # noqa: S608 -- names of ours
