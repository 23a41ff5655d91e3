"""notifications: what customers and partners are told, once, and how far that has come"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0031"
down_revision: str | None = "0030"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _moment(name: str, *, nullable: bool = False, comment: str | None = None) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, comment=comment)


def upgrade() -> None:
    """Bring the schema up. What was logged before is not told."""
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", postgresql.UUID(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), nullable=False, comment="empty: all"),
        sa.Column(
            "channels",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="sales channels; empty: all",
        ),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.Text()),
        sa.Column("secret", sa.Text(), nullable=False, comment="signs what is sent"),
        sa.Column("former_secret", sa.Text(), comment="signs too, until former_until"),
        _moment("former_until", nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoint")),
    )
    op.create_table(
        "notification",
        sa.Column("id", postgresql.UUID(), nullable=False),
        sa.Column("order_id", postgresql.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("endpoint_id", postgresql.UUID()),
        sa.Column("facts", postgresql.JSONB(), nullable=False, comment="free of personal data"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        _moment("created_at"),
        _moment("next_try_at", nullable=True, comment="of one that is WAITING"),
        _moment("sent_at", nullable=True),
        sa.Column("masked", sa.Text(), comment="where it went, unrecognisable"),
        sa.Column("reason", sa.Text()),
        sa.Column("reference", sa.Text(), comment="the provider's name of it"),
        sa.Column("resends", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state in ('WAITING','SENT','SKIPPED','FAILED')", name=op.f("ck_notification_state")
        ),
        sa.CheckConstraint(
            "(state = 'WAITING') = (next_try_at is not null)", name=op.f("ck_notification_try")
        ),
        sa.CheckConstraint(
            "(state = 'SENT') <= (sent_at is not null)", name=op.f("ck_notification_sent")
        ),
        sa.CheckConstraint(
            "(channel = 'WEBHOOK') = (endpoint_id is not null)",
            name=op.f("ck_notification_endpoint"),
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["sales_order.id"], name=op.f("fk_notification_order_id")
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoint.id"], name=op.f("fk_notification_endpoint_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
        sa.UniqueConstraint(
            "order_id",
            "kind",
            "occasion",
            "channel",
            "endpoint_id",
            name="uq_notification_once",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("ix_notification_endpoint_id"), "notification", ["endpoint_id"])
    op.create_index(
        "ix_notification_next_try_at",
        "notification",
        ["next_try_at"],
        postgresql_where=sa.text("next_try_at is not null"),
    )
    op.create_index(
        "ix_notification_failed",
        "notification",
        ["created_at", "id"],
        postgresql_where=sa.text("state = 'FAILED'"),
    )
    op.create_table(
        "notification_attempt",
        sa.Column("notification_id", postgresql.UUID(), nullable=False),
        sa.Column(
            "number", sa.Integer(), nullable=False, comment="0, -1, ...: asked to send again"
        ),
        _moment("at"),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("actor", sa.Text(), comment="who asked to send it again"),
        sa.ForeignKeyConstraint(
            ["notification_id"],
            ["notification.id"],
            name=op.f("fk_notification_attempt_notification_id"),
        ),
        sa.PrimaryKeyConstraint("notification_id", "number", name=op.f("pk_notification_attempt")),
    )
    op.create_table(
        "notification_preference",
        sa.Column("customer_id", postgresql.UUID(), nullable=False),
        sa.Column("channels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("muted", postgresql.ARRAY(sa.Text()), nullable=False),
        _moment("updated_at"),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_notification_preference_customer_id")
        ),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_notification_preference")),
    )
    op.create_table(
        "notification_cursor",
        sa.Column("only", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="events up to here are told"),
        sa.CheckConstraint('"only"', name=op.f("ck_notification_cursor_single_row")),
        sa.PrimaryKeyConstraint("only", name=op.f("pk_notification_cursor")),
    )
    op.execute("INSERT INTO notification_cursor (seq) SELECT last_seq FROM sequencer_state")


def downgrade() -> None:
    """Take the schema back."""
    for table in (
        "notification_cursor",
        "notification_preference",
        "notification_attempt",
        "notification",
        "webhook_endpoint",
    ):
        op.drop_table(table)
