"""Edits of orders: the intent to authorise what they cost more, and how they ended."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID

from domain.common.tables import metadata

order_edit = sa.Table(
    "order_edit",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("order_id", UUID(as_uuid=True), sa.ForeignKey("sales_order.id"), nullable=False),
    sa.Column("order_version", sa.BigInteger, nullable=False, comment="that it changes"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("edit", JSONB, nullable=False, comment="free of personal data"),
    sa.Column("reason", sa.Text),
    sa.Column("token", sa.Text, comment="PSP token; never a card number"),
    sa.Column("psp_key", sa.Text, nullable=False, unique=True, comment="same on every retry"),
    sa.Column("psp_reference", sa.Text),
    sa.Column("decline_reason", sa.Text),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("ended_by", sa.Text),
    sa.Column("shortage", JSONB),
    sa.Column("applied_version", sa.BigInteger, comment="of the order"),
    sa.Column("apply_until", sa.DateTime(timezone=True), nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Index("ix_order_edit_order_id_created_at", "order_id", "created_at"),
    sa.Index(
        "ix_order_edit_apply_until",
        "apply_until",
        postgresql_where=sa.text("state in ('PENDING','LETTING_GO')"),
    ),
    sa.CheckConstraint("amount_minor >= 0", name="amount"),
    sa.CheckConstraint("(state = 'APPLIED') = (applied_version is not null)", name="applied"),
    sa.CheckConstraint(
        "state in ('PENDING','APPLIED','DECLINED','LETTING_GO','ENDED')", name="state"
    ),
)
