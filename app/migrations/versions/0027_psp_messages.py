"""messages of payment services, disputes"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0027"
down_revision: str | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "psp_message",
        sa.Column("provider", sa.Text, primary_key=True),
        sa.Column("message_id", sa.Text, primary_key=True, comment="the PSP's own"),
        sa.Column("kind", sa.Text, nullable=False, comment="as the PSP calls it"),
        sa.Column("subject", sa.Text, nullable=False, comment="reference of what it is about"),
        sa.Column(
            "news", postgresql.JSONB, comment="what it says, as far as it is used; null for nothing"
        ),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state in ('RECEIVED','APPLIED','IGNORED','PARKED','DROPPED')", name="state"
        ),
    )
    op.create_index(
        "ix_psp_message_waiting",
        "psp_message",
        ["tried_at"],
        postgresql_where=sa.text("state in ('RECEIVED','PARKED')"),
    )
    op.create_table(
        "payment_dispute",
        sa.Column("id", postgresql.UUID(as_uuid=True), primary_key=True),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False, comment="the PSP's own id of it"),
        sa.Column(
            "payment_id", postgresql.UUID(as_uuid=True), sa.ForeignKey("payment.id"), nullable=False
        ),
        sa.Column("order_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("evidence_due_at", sa.DateTime(timezone=True)),
        sa.Column("holds_order", sa.Boolean, nullable=False, comment="its hold is not lifted yet"),
        sa.Column(
            "told_at", sa.DateTime(timezone=True), nullable=False, comment="by the PSP's time"
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("provider", "reference"),
        sa.CheckConstraint("amount_minor >= 0", name="amount"),
        sa.CheckConstraint("state in ('NEEDS_RESPONSE','UNDER_REVIEW','WON','LOST')", name="state"),
        sa.CheckConstraint("(closed_at is not null) = (state in ('WON','LOST'))", name="closed"),
    )
    op.create_index("ix_payment_dispute_payment_id", "payment_dispute", ["payment_id"])
    op.create_index("ix_payment_dispute_order_id", "payment_dispute", ["order_id"])
    op.create_index("ix_payment_dispute_opened_at_id", "payment_dispute", ["opened_at", "id"])
    op.create_table(
        "psp_payout",
        sa.Column("provider", sa.Text, primary_key=True),
        sa.Column("reference", sa.Text, primary_key=True, comment="the PSP's own id of it"),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False, comment="what reaches the bank"),
        sa.Column(
            "fee_minor", sa.BigInteger, comment="sum of its lines; null before they are known"
        ),
        sa.Column("arrives_on", sa.Date, nullable=False),
        sa.Column(
            "told_at", sa.DateTime(timezone=True), nullable=False, comment="by the PSP's time"
        ),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lines_at", sa.DateTime(timezone=True), comment="when its lines were stored"),
        sa.Column("asked_at", sa.DateTime(timezone=True), comment="when they were asked for last"),
        sa.CheckConstraint("state in ('PENDING','PAID','FAILED','CANCELLED')", name="state"),
    )
    op.create_index(
        "ix_psp_payout_without_lines",
        "psp_payout",
        ["received_at"],
        postgresql_where=sa.text("lines_at is null and state = 'PAID'"),
    )
    op.create_table(
        "psp_payout_line",
        sa.Column("provider", sa.Text, primary_key=True),
        sa.Column("payout_reference", sa.Text, primary_key=True),
        sa.Column("reference", sa.Text, primary_key=True, comment="the PSP's own id of it"),
        sa.Column(
            "kind", sa.Text, nullable=False, comment="as the PSP calls it: charge, refund ..."
        ),
        sa.Column("payment_reference", sa.Text, comment="as payment.psp_reference"),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False, comment="before the fee"),
        sa.Column("fee_minor", sa.BigInteger, nullable=False),
        sa.Column("net_minor", sa.BigInteger, nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider", "payout_reference"], ["psp_payout.provider", "psp_payout.reference"]
        ),
        sa.CheckConstraint("net_minor = amount_minor - fee_minor", name="net"),
    )
    op.create_index(
        "ix_psp_payout_line_payment_reference", "psp_payout_line", ["payment_reference"]
    )
    op.create_index("ix_payment_psp_reference", "payment", ["psp_reference"])


def downgrade() -> None:
    """Take the schema back."""
    op.drop_index("ix_payment_psp_reference", "payment")
    op.drop_table("psp_payout_line")
    op.drop_table("psp_payout")
    op.drop_table("payment_dispute")
    op.drop_table("psp_message")
