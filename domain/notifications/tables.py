"""Notifications with their attempts, preferences, endpoints of partners, and the place in the log.

Where a message goes and what it says is looked up when it is sent, and not kept.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from domain.common.tables import metadata

webhook_endpoint = sa.Table(
    "webhook_endpoint",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("kinds", ARRAY(sa.Text), nullable=False, comment="empty: all"),
    sa.Column("channels", ARRAY(sa.Text), nullable=False, comment="sales channels; empty: all"),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("disabled_reason", sa.Text),
    sa.Column("secret", sa.Text, nullable=False, comment="signs what is sent"),
    sa.Column("former_secret", sa.Text, comment="signs too, until former_until"),
    sa.Column("former_until", sa.DateTime(timezone=True)),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
)

notification = sa.Table(
    "notification",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("order_id", UUID(as_uuid=True), sa.ForeignKey("sales_order.id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("occasion", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("endpoint_id", UUID(as_uuid=True), sa.ForeignKey("webhook_endpoint.id"), index=True),
    sa.Column("facts", JSONB, nullable=False, comment="free of personal data"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("tries_left", sa.Integer, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("next_try_at", sa.DateTime(timezone=True), comment="of one that is WAITING"),
    sa.Column("sent_at", sa.DateTime(timezone=True)),
    sa.Column("masked", sa.Text, comment="where it went, unrecognisable"),
    sa.Column("reason", sa.Text),
    sa.Column("reference", sa.Text, comment="the provider's name of it"),
    sa.Column("resends", sa.Integer, nullable=False),
    sa.UniqueConstraint(
        "order_id",
        "kind",
        "occasion",
        "channel",
        "endpoint_id",
        name="uq_notification_once",
        postgresql_nulls_not_distinct=True,
    ),
    sa.CheckConstraint("state in ('WAITING','SENT','SKIPPED','FAILED')", name="state"),
    sa.CheckConstraint("(state = 'WAITING') = (next_try_at is not null)", name="try"),
    sa.CheckConstraint("(state = 'SENT') <= (sent_at is not null)", name="sent"),
    sa.CheckConstraint("(channel = 'WEBHOOK') = (endpoint_id is not null)", name="endpoint"),
    sa.Index(
        "ix_notification_next_try_at",
        "next_try_at",
        postgresql_where=sa.text("next_try_at is not null"),
    ),
    sa.Index(
        "ix_notification_failed",
        "created_at",
        "id",
        postgresql_where=sa.text("state = 'FAILED'"),
    ),
)

notification_attempt = sa.Table(
    "notification_attempt",
    metadata,
    sa.Column(
        "notification_id",
        UUID(as_uuid=True),
        sa.ForeignKey("notification.id"),
        primary_key=True,
    ),
    sa.Column("number", sa.Integer, primary_key=True, comment="0, -1, ...: asked to send again"),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("actor", sa.Text, comment="who asked to send it again"),
)

notification_preference = sa.Table(
    "notification_preference",
    metadata,
    sa.Column("customer_id", UUID(as_uuid=True), sa.ForeignKey("customer.id"), primary_key=True),
    sa.Column("channels", ARRAY(sa.Text), nullable=False),
    sa.Column("muted", ARRAY(sa.Text), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
)

notification_cursor = sa.Table(
    "notification_cursor",
    metadata,
    sa.Column("only", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("seq", sa.BigInteger, nullable=False, comment="events up to here are told"),
    sa.CheckConstraint('"only"', name="single_row"),
)
