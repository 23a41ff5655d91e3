"""Cycle counts, the newest snapshots per level, and alerts about locations."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID

from domain.common.tables import metadata

stock_count = sa.Table(
    "stock_count",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("location_id", UUID(as_uuid=True), sa.ForeignKey("location.id"), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("opened_by", sa.Text, nullable=False),
    sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("posted_at", sa.DateTime(timezone=True)),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.CheckConstraint("state in ('OPEN','POSTED','CANCELLED')", name="state"),
    sa.Index("ix_stock_count_location_id_opened_at", "location_id", "opened_at"),
)

stock_count_line = sa.Table(
    "stock_count_line",
    metadata,
    sa.Column("count_id", UUID(as_uuid=True), sa.ForeignKey("stock_count.id"), primary_key=True),
    sa.Column("sku", sa.Text, sa.ForeignKey("variant.sku"), primary_key=True),
    sa.Column("counted", sa.Integer, nullable=False),
    sa.Column("system_quantity", sa.Integer, nullable=False, comment="on hand when it was scanned"),
    sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("counted_by", sa.Text, nullable=False),
    sa.Column("approved_by", sa.Text),
    sa.Column("outcome", sa.Text),
    sa.CheckConstraint("counted >= 0", name="counted"),
)

stock_snapshot = sa.Table(
    "stock_snapshot",
    metadata,
    sa.Column("location_id", UUID(as_uuid=True), sa.ForeignKey("location.id"), primary_key=True),
    sa.Column("sku", sa.Text, sa.ForeignKey("variant.sku"), primary_key=True),
    sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("on_hand", sa.Integer, nullable=False),
)

distortion_alert = sa.Table(
    "distortion_alert",
    metadata,
    sa.Column("location_id", UUID(as_uuid=True), sa.ForeignKey("location.id"), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("rejections", sa.Integer, nullable=False),
    sa.Column("accuracy", sa.Numeric(5, 4), nullable=False),
    sa.Column("trust_before", sa.Numeric(3, 2), nullable=False),
    sa.Column("trust_after", sa.Numeric(3, 2), nullable=False),
    sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
)
