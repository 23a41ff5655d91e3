"""Transfers and their lines."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID

from domain.common.tables import metadata

transfer = sa.Table(
    "transfer",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("number", sa.Text, nullable=False, unique=True),
    sa.Column("source_id", UUID(as_uuid=True), sa.ForeignKey("location.id"), nullable=False),
    sa.Column("destination_id", UUID(as_uuid=True), sa.ForeignKey("location.id"), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False, server_default=""),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("shipped_at", sa.DateTime(timezone=True)),
    sa.Column("received_at", sa.DateTime(timezone=True)),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("expected_at", sa.DateTime(timezone=True)),
    sa.CheckConstraint("source_id <> destination_id", name="places"),
    sa.CheckConstraint("state in ('CREATED','SHIPPED','RECEIVED','CANCELLED')", name="state"),
    sa.Index("ix_transfer_source_id_created_at", "source_id", "created_at"),
    sa.Index("ix_transfer_destination_id_created_at", "destination_id", "created_at"),
)

transfer_line = sa.Table(
    "transfer_line",
    metadata,
    sa.Column("transfer_id", UUID(as_uuid=True), sa.ForeignKey("transfer.id"), primary_key=True),
    sa.Column("sku", sa.Text, sa.ForeignKey("variant.sku"), primary_key=True),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("received", sa.Integer),
    sa.CheckConstraint("quantity > 0", name="quantity"),
    sa.CheckConstraint("received >= 0", name="received"),
)
