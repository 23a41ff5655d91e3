"""Simulations of sourcing rules, each with its place in the list of decisions and its sums."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID

from domain.common.tables import metadata

sourcing_simulation = sa.Table(
    "sourcing_simulation",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column(
        "rule_set_id", UUID(as_uuid=True), sa.ForeignKey("sourcing_rule_set.id"), nullable=False
    ),
    sa.Column(
        "version_id",
        UUID(as_uuid=True),
        sa.ForeignKey("sourcing_rule_set_version.id"),
        nullable=False,
    ),
    sa.Column("name", sa.Text, nullable=False, comment="of the rule set"),
    sa.Column("number", sa.Integer, nullable=False, comment="of the version"),
    sa.Column("scope", JSONB, nullable=False),
    sa.Column("body", JSONB, nullable=False, comment="the rules when it was asked for"),
    sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    sa.Column("until", sa.DateTime(timezone=True), nullable=False, comment="not included"),
    sa.Column("limit", sa.Integer, nullable=False, comment="orders"),
    sa.Column("total", sa.BigInteger, nullable=False, comment="decisions of the period"),
    sa.Column("done", sa.BigInteger, nullable=False),
    sa.Column("done_at", sa.DateTime(timezone=True), comment="of the last decision looked at"),
    sa.Column("done_id", UUID(as_uuid=True)),
    sa.Column("sums", JSONB(none_as_null=True), comment="what they came to so far"),
    sa.Column("worker", UUID(as_uuid=True), comment="who is at it"),
    sa.Column("heartbeat_at", sa.DateTime(timezone=True)),
    sa.Column("failure", sa.Text),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("started_at", sa.DateTime(timezone=True)),
    sa.Column("finished_at", sa.DateTime(timezone=True)),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.CheckConstraint("status in ('QUEUED','RUNNING','DONE','FAILED','CANCELLED')", name="status"),
    sa.CheckConstraint("(status = 'RUNNING') = (worker is not null)", name="worker"),
    sa.CheckConstraint("(done_at is null) = (done_id is null)", name="position"),
    sa.Index("ix_sourcing_simulation_created_at_id", "created_at", "id"),
    sa.Index(
        "ix_sourcing_simulation_unfinished",
        "created_at",
        "id",
        postgresql_where=sa.text("status in ('QUEUED','RUNNING')"),
    ),
)
