"""Statements on outbox, event log and the sequencer's row."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from domain.events.tables import event_log, outbox, sequencer_state

LOCK_KEY = 7_264_801_520
"""The advisory lock of the sequencer; advisory locks belong to one database."""

TRY_LOCK = sa.text("SELECT pg_try_advisory_lock(:key)").bindparams(key=LOCK_KEY)

RAISE_EPOCH = (
    sa.update(sequencer_state)
    .values(epoch=sequencer_state.c.epoch + 1)
    .returning(sequencer_state.c.epoch, sequencer_state.c.last_seq, sequencer_state.c.incarnation)
)

# One statement, hence one transaction and one snapshot. `mine` has no row when another leader
# raised the epoch; `fence` holds the lock against that until the batch is committed, and is not
# taken when there is nothing to do. Written as SQL because that is how it can be reviewed.
# `= ANY (ARRAY(...))` instead of a join: statistics of a table that is mostly empty must not lead
# the planner to read all of a backlog once for each row of the batch.
MOVE = sa.text(
    """
    WITH mine AS MATERIALIZED (
        SELECT epoch FROM sequencer_state WHERE epoch = :epoch
    ), fence AS MATERIALIZED (
        SELECT last_seq FROM sequencer_state
        WHERE epoch = :epoch AND EXISTS (SELECT FROM outbox)
        FOR NO KEY UPDATE
    ), head AS (
        SELECT pos, sum(length) OVER (ORDER BY pos) - length AS events_before
        FROM (
            SELECT pos, jsonb_array_length(events) AS length
            FROM outbox ORDER BY pos LIMIT :most_commits
        ) AS waiting
    ), taken AS (
        DELETE FROM outbox
        WHERE pos = ANY (ARRAY(SELECT pos FROM head WHERE events_before < :enough_events))
          AND EXISTS (SELECT FROM fence)
        RETURNING pos, events
    ), numbered AS MATERIALIZED (
        SELECT fence.last_seq + row_number() OVER (ORDER BY taken.pos, each.place) AS seq,
               taken.pos AS "commit", each.event
        FROM fence, taken,
             jsonb_array_elements(taken.events) WITH ORDINALITY AS each (event, place)
    ), logged AS (
        INSERT INTO event_log (seq, "commit", type, aggregate, aggregate_id, version, topics,
                               payload, actor, at, correlation_id)
        SELECT seq, "commit", event->>'type', event->>'aggregate',
               (event->>'aggregate_id')::uuid, (event->>'version')::bigint,
               ARRAY(SELECT jsonb_array_elements_text(event->'topics')),
               event->'payload', event->>'actor', (event->>'at')::timestamptz,
               event->>'correlation_id'
        FROM numbered
        RETURNING seq
    ), advanced AS (
        UPDATE sequencer_state SET last_seq = (SELECT max(seq) FROM logged)
        WHERE epoch = :epoch AND EXISTS (SELECT FROM logged)
    )
    SELECT numbered.seq, numbered."commit",
           (event - 'actor' - 'correlation_id'
            || jsonb_build_object('seq', numbered.seq, 'commit', numbered."commit"))::text AS record
    FROM mine LEFT JOIN numbered ON true
    ORDER BY numbered.seq
    """
)

# Deletes a prefix of the log, never a hole in it: rows are taken in order of `seq`, up to the
# first one that is young enough, whatever the clock did meanwhile.
RETIRE = sa.text(
    """
    WITH fence AS MATERIALIZED (
        SELECT epoch FROM sequencer_state WHERE epoch = :epoch FOR NO KEY UPDATE
    ), first AS (
        SELECT seq, logged_at FROM event_log ORDER BY seq LIMIT :most_rows
    ), bound AS (
        SELECT coalesce(min(seq) FILTER (WHERE logged_at >= now() - :keep) - 1, max(seq)) AS seq
        FROM first
    ), gone AS (
        DELETE FROM event_log
        WHERE seq = ANY (ARRAY(SELECT first.seq FROM first, bound WHERE first.seq <= bound.seq))
          AND EXISTS (SELECT FROM fence)
        RETURNING seq
    ), raised AS (
        UPDATE sequencer_state SET oldest_seq = bound.seq + 1
        FROM bound WHERE epoch = :epoch AND bound.seq >= oldest_seq
    )
    SELECT count(*) FROM gone
    """
).bindparams(sa.bindparam("keep", type_=sa.Interval))

LOGGED_COLUMNS = (
    event_log.c.seq,
    event_log.c.commit,
    event_log.c.type,
    event_log.c.aggregate,
    event_log.c.aggregate_id,
    event_log.c.version,
    event_log.c.topics,
    event_log.c.payload,
    event_log.c.at,
)
_POSITION_COLUMNS = (
    sequencer_state.c.incarnation,
    sequencer_state.c.last_seq,
    sequencer_state.c.oldest_seq,
)


def position() -> sa.Select[*tuple[Any, ...]]:
    """Where the log begins and ends."""
    return sa.select(*_POSITION_COLUMNS)


def position_with_pending(topics: Sequence[str]) -> sa.Select[*tuple[Any, ...]]:
    """Where the log ends, and `pending`: the versions that wait in the outbox under any of
    `topics`, as a JSON object of the newest version by aggregate id; null when there are none.
    """
    each = (
        sa.func.jsonb_array_elements(outbox.c.events)
        .table_valued(sa.column("event", outbox.c.events.type))
        .render_derived()
    )
    event = each.c.event
    wanted = sa.bindparam("topics", list(topics), type_=ARRAY(sa.Text), unique=True)
    newest = (
        sa.select(
            event["aggregate_id"].astext.label("id"),
            sa.func.max(event["version"].astext.cast(sa.BigInteger)).label("version"),
        )
        .select_from(outbox.join(each, sa.true()))
        .where(event["topics"].op("?|")(wanted))
        .group_by(sa.text("1"))
        .subquery()
    )
    pending = sa.select(sa.func.jsonb_object_agg(newest.c.id, newest.c.version)).scalar_subquery()
    return sa.select(*_POSITION_COLUMNS, pending.label("pending"))


def log_page(
    after: int, *, window: int, limit: int, topics: Sequence[str]
) -> sa.Select[*tuple[Any, ...]]:
    """Events of `seq` in (`after`, `after + window`], the first `limit` of them, with the log's
    position in every row; a single row without an event when there is none.

    `topics` restricts it to events under any of them; empty means all events.
    """
    page = (
        sa.select(*LOGGED_COLUMNS)
        .where(event_log.c.seq > after, event_log.c.seq <= after + window)
        .order_by(event_log.c.seq)
        .limit(limit)
    )
    if topics:
        page = page.where(event_log.c.topics.overlap(list(topics)))
    events = page.subquery()
    return (
        sa.select(*_POSITION_COLUMNS, *events.c)
        .select_from(sequencer_state.outerjoin(events, sa.true()))
        .order_by(events.c.seq)
    )
