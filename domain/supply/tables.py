"""Inbound stock, and promises to customers against it (ADR 0022).

The promises against inbound stock never exceed what of it may be promised: whoever makes one holds
the lock of its row.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID

from domain.common.tables import metadata

inbound = sa.Table(
    "inbound",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("source_id", UUID(as_uuid=True), nullable=False, comment="order, transfer, supplier"),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("sku", sa.Text, sa.ForeignKey("variant.sku"), nullable=False),
    sa.Column("location_id", UUID(as_uuid=True), sa.ForeignKey("location.id"), nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("received", sa.Integer, nullable=False),
    sa.Column("eta", sa.DateTime(timezone=True), nullable=False),
    sa.Column("confidence", sa.Numeric(3, 2), nullable=False),
    sa.Column("closed_at", sa.DateTime(timezone=True), comment="nothing more of it will come"),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("source", "source_id", "reference", "sku"),
    sa.CheckConstraint(
        "source in ('PURCHASE_ORDER','TRANSFER','SUPPLIER_FEED','RETURN')", name="source"
    ),
    sa.CheckConstraint("quantity >= 0", name="quantity"),
    sa.CheckConstraint("received >= 0", name="received"),
    sa.CheckConstraint("confidence between 0 and 1", name="confidence"),
    sa.Index(
        "ix_inbound_open",
        "sku",
        "location_id",
        "eta",
        postgresql_where=sa.text("closed_at is null and received < quantity"),
    ),
)

promise = sa.Table(
    "promise",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column(
        "order_id", UUID(as_uuid=True), sa.ForeignKey("sales_order.id"), nullable=False, index=True
    ),
    sa.Column("line_id", UUID(as_uuid=True), sa.ForeignKey("order_line.id"), nullable=False),
    sa.Column("sku", sa.Text, nullable=False, comment="component of the line"),
    sa.Column("location_id", UUID(as_uuid=True), nullable=False),
    sa.Column("inbound_id", UUID(as_uuid=True), sa.ForeignKey("inbound.id"), index=True),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("promised_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("confidence", sa.Numeric(3, 2), nullable=False),
    sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False, comment="of the order"),
    sa.CheckConstraint("quantity > 0", name="quantity"),
    sa.Index("ix_promise_sku_location_id", "sku", "location_id"),
)
