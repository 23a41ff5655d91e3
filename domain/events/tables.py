"""Outbox (one row a commit), event log (dense `seq`) and the sequencer's single row."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from domain.common.tables import metadata

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("pos", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("events", JSONB, nullable=False),
    sa.Column(
        "created_at",
        sa.DateTime(timezone=True),
        nullable=False,
        server_default=sa.func.clock_timestamp(),
    ),
    # Rows live for milliseconds: vacuum by number of dead ones, not by share of a tiny table.
    postgresql_with={"autovacuum_vacuum_scale_factor": 0, "autovacuum_vacuum_threshold": 1000},
)

event_log = sa.Table(
    "event_log",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("commit", sa.BigInteger, nullable=False, comment="outbox position of the commit"),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("aggregate", sa.Text, nullable=False),
    sa.Column("aggregate_id", UUID(as_uuid=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("topics", ARRAY(sa.Text), nullable=False),
    sa.Column("payload", JSONB, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("correlation_id", sa.Text, nullable=False),
    sa.Column(
        "logged_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()
    ),
    sa.UniqueConstraint("aggregate", "aggregate_id", "version"),
)

sequencer_state = sa.Table(
    "sequencer_state",
    metadata,
    sa.Column("only", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("last_seq", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("oldest_seq", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("incarnation", sa.Text, nullable=False),
    sa.CheckConstraint('"only"', name="single_row"),
)
