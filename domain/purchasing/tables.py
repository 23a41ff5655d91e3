"""Purchase orders, their lines and changes, and the invoices of suppliers."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID

from domain.common.tables import metadata

purchase_order = sa.Table(
    "purchase_order",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("number", sa.Text, nullable=False, unique=True),
    sa.Column("supplier_id", UUID(as_uuid=True), sa.ForeignKey("location.id"), nullable=False),
    sa.Column("location_id", UUID(as_uuid=True), sa.ForeignKey("location.id"), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("confidence", sa.Numeric(3, 2), nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.CheckConstraint("supplier_id <> location_id", name="places"),
    sa.CheckConstraint(
        "state in ('OPEN','PARTIALLY_RECEIVED','RECEIVED','CANCELLED')", name="state"
    ),
    sa.Index("ix_purchase_order_location_id_created_at", "location_id", "created_at"),
    sa.Index("ix_purchase_order_supplier_id_created_at", "supplier_id", "created_at"),
)

purchase_order_line = sa.Table(
    "purchase_order_line",
    metadata,
    sa.Column(
        "purchase_order_id",
        UUID(as_uuid=True),
        sa.ForeignKey("purchase_order.id"),
        primary_key=True,
    ),
    sa.Column("sku", sa.Text, sa.ForeignKey("variant.sku"), primary_key=True),
    sa.Column("ordered", sa.Integer, nullable=False),
    sa.Column("eta", sa.DateTime(timezone=True), nullable=False),
    sa.Column("unit_cost_minor", sa.BigInteger, comment="as agreed"),
    sa.Column("received", sa.Integer, nullable=False),
    sa.Column("invoiced", sa.Integer, nullable=False),
    sa.Column("invoiced_minor", sa.BigInteger, nullable=False),
    sa.CheckConstraint("ordered > 0", name="ordered"),
    sa.CheckConstraint("received >= 0", name="received"),
    sa.CheckConstraint("invoiced >= 0", name="invoiced"),
)

purchase_order_change = sa.Table(
    "purchase_order_change",
    metadata,
    sa.Column(
        "purchase_order_id",
        UUID(as_uuid=True),
        sa.ForeignKey("purchase_order.id"),
        primary_key=True,
    ),
    sa.Column("version", sa.BigInteger, primary_key=True),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("detail", JSONB, nullable=False, comment="lines as they are then"),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
)

supplier_invoice = sa.Table(
    "supplier_invoice",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column(
        "purchase_order_id",
        UUID(as_uuid=True),
        sa.ForeignKey("purchase_order.id"),
        nullable=False,
        index=True,
    ),
    sa.Column("supplier_id", UUID(as_uuid=True), nullable=False),
    sa.Column("number", sa.Text, nullable=False, comment="the supplier's"),
    sa.Column("invoiced_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("recorded_by", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("lines", JSONB, nullable=False, comment="[{sku, quantity, amount_minor}]"),
    sa.UniqueConstraint("supplier_id", "number"),
)
