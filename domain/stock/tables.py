"""Levels (one row per SKU and location), reservations, the append-only movement ledger, bins.

`stock_level` is the hot table: fillfactor 40 and no index on a column that changes keep its
updates on the same page (HOT).
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID

from domain.common.tables import metadata

stock_level = sa.Table(
    "stock_level",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("sku", sa.Text, sa.ForeignKey("variant.sku"), nullable=False),
    sa.Column("location_id", UUID(as_uuid=True), sa.ForeignKey("location.id"), nullable=False),
    sa.Column("on_hand", sa.Integer, nullable=False, server_default="0"),
    sa.Column("allocated", sa.Integer, nullable=False, server_default="0"),
    sa.Column("reserved", sa.Integer, nullable=False, server_default="0"),
    sa.Column("damaged", sa.Integer, nullable=False, server_default="0"),
    sa.Column("inspection", sa.Integer, nullable=False, server_default="0"),
    sa.Column("quality_hold", sa.Integer, nullable=False, server_default="0"),
    sa.Column("display", sa.Integer, nullable=False, server_default="0"),
    sa.Column("safety", sa.Integer, nullable=False, server_default="0"),
    sa.Column("counted_at", sa.DateTime(timezone=True)),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("location_id", "sku"),
    sa.Index("ix_stock_level_sku", "sku"),
    sa.CheckConstraint(
        "allocated >= 0 and reserved >= 0 and damaged >= 0 and inspection >= 0"
        " and quality_hold >= 0 and display >= 0 and safety >= 0",
        name="not_negative",
    ),
    sa.CheckConstraint(
        "allocated + reserved + damaged + inspection + quality_hold + display <= on_hand",
        name="no_oversell",
    ),
    postgresql_with={"fillfactor": 40},
)

reservation = sa.Table(
    "reservation",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("sku", sa.Text, nullable=False),
    sa.Column("location_id", UUID(as_uuid=True), nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False, comment="order:<id> or cart:<actor>"),
    sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("ended_at", sa.DateTime(timezone=True)),
    sa.CheckConstraint("quantity > 0", name="quantity"),
    sa.CheckConstraint("state in ('ACTIVE','CONSUMED','RELEASED','EXPIRED')", name="state"),
    sa.ForeignKeyConstraint(
        ["location_id", "sku"], ["stock_level.location_id", "stock_level.sku"], name="level"
    ),
    sa.Index(
        "ix_reservation_active",
        "location_id",
        "sku",
        "expires_at",
        postgresql_where=sa.text("state = 'ACTIVE'"),
    ),
    sa.Index("ix_reservation_owner", "owner"),
)

stock_movement = sa.Table(
    "stock_movement",
    metadata,
    sa.Column("seq", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("sku", sa.Text, nullable=False),
    sa.Column("location_id", UUID(as_uuid=True), nullable=False),
    sa.Column("from_bucket", sa.Text, nullable=False),
    sa.Column("to_bucket", sa.Text, nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("quantity > 0", name="quantity"),
    sa.CheckConstraint("from_bucket <> to_bucket", name="buckets"),
    sa.Index("ix_stock_movement_location_id_sku_seq", "location_id", "sku", "seq"),
)

count_task = sa.Table(
    "count_task",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("sku", sa.Text, nullable=False),
    sa.Column("location_id", UUID(as_uuid=True), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("held", sa.Integer, nullable=False, comment="units on quality hold until counted"),
    sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("closed_at", sa.DateTime(timezone=True)),
    sa.CheckConstraint("held >= 0", name="held"),
    sa.ForeignKeyConstraint(
        ["location_id", "sku"], ["stock_level.location_id", "stock_level.sku"], name="level"
    ),
    sa.Index(
        "uq_count_task_open",
        "location_id",
        "sku",
        unique=True,
        postgresql_where=sa.text("closed_at is null"),
    ),
)

stock_bin = sa.Table(
    "stock_bin",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("location_id", UUID(as_uuid=True), sa.ForeignKey("location.id"), nullable=False),
    sa.Column("sku", sa.Text, sa.ForeignKey("variant.sku"), nullable=False),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("bin", sa.Text, nullable=False),
    sa.Column("updated_by", sa.Text, nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("location_id", "sku"),
)
