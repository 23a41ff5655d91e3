"""Decisions of sourcing, each as it was made; rule sets and their versions."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, UUID, ExcludeConstraint

from domain.common.tables import metadata

sourcing_decision = sa.Table(
    "sourcing_decision",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("order_id", UUID(as_uuid=True), sa.ForeignKey("sales_order.id"), nullable=False),
    sa.Column("trigger", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column(
        "rule_set_version_id",
        UUID(as_uuid=True),
        sa.ForeignKey("sourcing_rule_set_version.id"),
        comment="null: by costs alone",
    ),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("cost_minor", sa.BigInteger, nullable=False),
    sa.Column("question", JSONB, nullable=False, comment="personal data: where the goods go"),
    sa.Column("trace", JSONB, nullable=False),
    sa.Column("plan_hash", sa.Text, nullable=False),
    sa.Column("override_by", sa.Text),
    sa.Column("override_reason", sa.Text),
    sa.Column("override_delta_minor", sa.BigInteger, comment="dearer than the best plan by"),
    sa.CheckConstraint("trigger in ('NEW','RETRY','OVERRIDE')", name="trigger"),
    sa.CheckConstraint("(override_by is null) = (override_reason is null)", name="override"),
    sa.Index("ix_sourcing_decision_order_id_at", "order_id", "at"),
    sa.Index("ix_sourcing_decision_new", "at", "id", postgresql_where=sa.text("trigger = 'NEW'")),
)

sourcing_rule_set = sa.Table(
    "sourcing_rule_set",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("channel", sa.Text, nullable=False, comment="empty: any"),
    sa.Column("country", sa.Text, nullable=False, comment="empty: any"),
    sa.Column("order_type", sa.Text, nullable=False, comment="kind of the channel; empty: any"),
    sa.Column("delivery_mode", sa.Text, nullable=False, comment="empty: any"),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
)

sourcing_rule_set_version = sa.Table(
    "sourcing_rule_set_version",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column(
        "rule_set_id", UUID(as_uuid=True), sa.ForeignKey("sourcing_rule_set.id"), nullable=False
    ),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("channel", sa.Text, nullable=False, comment="scope of the set, as the next three"),
    sa.Column("country", sa.Text, nullable=False),
    sa.Column("order_type", sa.Text, nullable=False),
    sa.Column("delivery_mode", sa.Text, nullable=False),
    sa.Column("body", JSONB, nullable=False, comment="rules, costs, time zone of dates"),
    sa.Column("valid", TSTZRANGE, comment="null: draft; empty: withdrawn before it began"),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("retired_at", sa.DateTime(timezone=True), comment="when its end was brought forward"),
    sa.CheckConstraint("number > 0", name="number"),
    sa.CheckConstraint("not lower_inf(valid)", name="valid"),
    sa.UniqueConstraint("rule_set_id", "number"),
    ExcludeConstraint(
        (sa.column("channel"), "="),
        (sa.column("country"), "="),
        (sa.column("order_type"), "="),
        (sa.column("delivery_mode"), "="),
        (sa.column("valid"), "&&"),
        name="ex_sourcing_rule_set_version_valid",
        using="gist",
    ),
    sa.Index(
        "ix_sourcing_rule_set_version_draft",
        "rule_set_id",
        unique=True,
        postgresql_where=sa.text("valid is null"),
    ),
)
