"""Gift cards and store credit: balances, and the entries that they are the sums of."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID

from domain.common.tables import metadata

voucher = sa.Table(
    "voucher",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("balance_minor", sa.BigInteger, nullable=False),
    sa.Column("customer_id", UUID(as_uuid=True), sa.ForeignKey("customer.id")),
    sa.Column("code_hash", sa.Text, unique=True, comment="SHA-256 of a gift card's code"),
    sa.Column("last_four", sa.Text, comment="of the code"),
    sa.Column("expires_at", sa.DateTime(timezone=True)),
    sa.Column("cancelled_at", sa.DateTime(timezone=True)),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Index(
        "uq_voucher_store_credit",
        "customer_id",
        "currency",
        unique=True,
        postgresql_where=sa.text("kind = 'STORE_CREDIT'"),
    ),
    sa.Index(
        "ix_voucher_expires_at", "expires_at", postgresql_where=sa.text("expires_at is not null")
    ),
    sa.CheckConstraint("balance_minor >= 0", name="balance"),
    sa.CheckConstraint(
        "case kind when 'GIFT_CARD' then code_hash is not null and last_four is not null"
        " when 'STORE_CREDIT' then code_hash is null and customer_id is not null"
        " else false end",
        name="kind",
    ),
)

voucher_entry = sa.Table(
    "voucher_entry",
    metadata,
    sa.Column("seq", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column(
        "voucher_id", UUID(as_uuid=True), sa.ForeignKey("voucher.id"), nullable=False, index=True
    ),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False, comment="> 0: more is left"),
    sa.Column("balance_minor", sa.BigInteger, nullable=False, comment="after the entry"),
    sa.Column("payment_id", UUID(as_uuid=True), index=True, comment="that it is about, if any"),
    sa.Column("note", sa.Text),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("amount_minor <> 0", name="amount"),
    sa.CheckConstraint("balance_minor >= 0", name="balance"),
    sa.CheckConstraint(
        "kind in ('ISSUE','GRANT','REDEEM','RESTORE','REFUND','ADJUST','EXPIRE','CANCEL','RETURN')",
        name="kind",
    ),
)
"""Append-only."""

lookup_allowance = sa.Table(
    "lookup_allowance",
    metadata,
    sa.Column("principal", sa.Text, primary_key=True, comment="who looks codes up"),
    sa.Column("tokens", sa.Float, nullable=False, comment="look-ups that are left"),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
)
"""Token buckets: look-ups of codes are limited, so that none is found by trying."""
