"""What PSPs tell by themselves: their messages, disputes and payouts."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID

from domain.common.tables import metadata

psp_message = sa.Table(
    "psp_message",
    metadata,
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("message_id", sa.Text, primary_key=True, comment="the PSP's own"),
    sa.Column("kind", sa.Text, nullable=False, comment="as the PSP calls it"),
    sa.Column("subject", sa.Text, nullable=False, comment="reference of what it is about"),
    sa.Column("news", JSONB, comment="what it says, as far as it is used; null for nothing"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint(
        "state in ('RECEIVED','APPLIED','IGNORED','PARKED','DROPPED')", name="state"
    ),
    sa.Index(
        "ix_psp_message_waiting",
        "tried_at",
        postgresql_where=sa.text("state in ('RECEIVED','PARKED')"),
    ),
)

payment_dispute = sa.Table(
    "payment_dispute",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False, comment="the PSP's own id of it"),
    sa.Column(
        "payment_id", UUID(as_uuid=True), sa.ForeignKey("payment.id"), nullable=False, index=True
    ),
    sa.Column("order_id", UUID(as_uuid=True), nullable=False, index=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("evidence_due_at", sa.DateTime(timezone=True)),
    sa.Column("holds_order", sa.Boolean, nullable=False, comment="its hold is not lifted yet"),
    sa.Column("told_at", sa.DateTime(timezone=True), nullable=False, comment="by the PSP's time"),
    sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("closed_at", sa.DateTime(timezone=True)),
    sa.UniqueConstraint("provider", "reference"),
    sa.CheckConstraint("amount_minor >= 0", name="amount"),
    sa.CheckConstraint("state in ('NEEDS_RESPONSE','UNDER_REVIEW','WON','LOST')", name="state"),
    sa.CheckConstraint("(closed_at is not null) = (state in ('WON','LOST'))", name="closed"),
    sa.Index("ix_payment_dispute_opened_at_id", "opened_at", "id"),
)

psp_payout = sa.Table(
    "psp_payout",
    metadata,
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("reference", sa.Text, primary_key=True, comment="the PSP's own id of it"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False, comment="what reaches the bank"),
    sa.Column("fee_minor", sa.BigInteger, comment="sum of its lines; null before they are known"),
    sa.Column("arrives_on", sa.Date, nullable=False),
    sa.Column("told_at", sa.DateTime(timezone=True), nullable=False, comment="by the PSP's time"),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("lines_at", sa.DateTime(timezone=True), comment="when its lines were stored"),
    sa.Column("asked_at", sa.DateTime(timezone=True), comment="when they were asked for last"),
    sa.CheckConstraint("state in ('PENDING','PAID','FAILED','CANCELLED')", name="state"),
    sa.Index(
        "ix_psp_payout_without_lines",
        "received_at",
        postgresql_where=sa.text("lines_at is null and state = 'PAID'"),
    ),
)

psp_payout_line = sa.Table(
    "psp_payout_line",
    metadata,
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("payout_reference", sa.Text, primary_key=True),
    sa.Column("reference", sa.Text, primary_key=True, comment="the PSP's own id of it"),
    sa.Column("kind", sa.Text, nullable=False, comment="as the PSP calls it: charge, refund ..."),
    sa.Column("payment_reference", sa.Text, index=True, comment="as payment.psp_reference"),
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
