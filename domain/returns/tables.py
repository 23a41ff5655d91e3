"""Returns with their lines and inspections, the rules for them, and goods without a receipt.

Which units come back is in `line_group.return_id`; a line here says how many were asked for.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from domain.common.tables import metadata

sales_return = sa.Table(
    "sales_return",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("number", sa.Text, nullable=False, unique=True),
    sa.Column("order_id", UUID(as_uuid=True), sa.ForeignKey("sales_order.id"), nullable=False),
    sa.Column("visit_id", UUID(as_uuid=True), comment="returns that came in one bag"),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("code", sa.Text, comment="what the customer shows in the store"),
    sa.Column("carrier", sa.Text),
    sa.Column("tracking_number", sa.Text),
    sa.Column("location_id", UUID(as_uuid=True), comment="where it was received"),
    sa.Column("reason", sa.Text, comment="why it ended without goods"),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("fee_minor", sa.BigInteger, nullable=False, comment="kept of the value"),
    sa.Column("credited_minor", sa.BigInteger, nullable=False, comment="value less the fee"),
    sa.Column("exchange_order_id", UUID(as_uuid=True), comment="what the customer gets instead"),
    sa.Column(
        "exchange_minor",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="of the value, put aside for or paid of another order",
    ),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("expires_at", sa.DateTime(timezone=True), comment="end of the time to send it"),
    sa.Column("received_at", sa.DateTime(timezone=True)),
    sa.Column("ended_at", sa.DateTime(timezone=True)),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.CheckConstraint(
        "state in ('REQUESTED','AUTHORISED','IN_TRANSIT','RECEIVED','COMPLETED','CANCELLED',"
        "'EXPIRED','REJECTED')",
        name="state",
    ),
    sa.CheckConstraint("method in ('LABEL','STORE_DROP_OFF','UNDELIVERED')", name="method"),
    sa.CheckConstraint(
        "fee_minor >= 0 and credited_minor >= 0 and exchange_minor >= 0", name="amounts"
    ),
    sa.Index("ix_sales_return_order_id", "order_id"),
    sa.Index("ix_sales_return_requested_at_id", "requested_at", "id"),
    sa.Index("ix_sales_return_location_id", "location_id", "requested_at", "id"),
    sa.Index("ix_sales_return_exchange", "id", postgresql_where=sa.text("exchange_minor > 0")),
    sa.Index(
        "ix_sales_return_expires_at",
        "expires_at",
        postgresql_where=sa.text("expires_at is not null"),
    ),
)

return_line = sa.Table(
    "return_line",
    metadata,
    sa.Column("return_id", UUID(as_uuid=True), sa.ForeignKey("sales_return.id"), primary_key=True),
    sa.Column("line_id", UUID(as_uuid=True), sa.ForeignKey("order_line.id"), primary_key=True),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.CheckConstraint("quantity > 0", name="quantity"),
)

return_inspection = sa.Table(
    "return_inspection",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("return_id", UUID(as_uuid=True), sa.ForeignKey("sales_return.id"), nullable=False),
    sa.Column("line_id", UUID(as_uuid=True), sa.ForeignKey("order_line.id"), nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("condition", sa.Text, nullable=False),
    sa.Column("disposition", sa.Text, nullable=False),
    sa.Column("transfer_id", UUID(as_uuid=True), comment="the proposed way to another location"),
    sa.Column("value_minor", sa.BigInteger, nullable=False, comment="of the order's total"),
    sa.Column("fee_minor", sa.BigInteger, nullable=False, comment="kept of the value"),
    sa.Column("inspected_by", sa.Text, nullable=False),
    sa.Column("inspected_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("quantity > 0", name="quantity"),
    sa.Index("ix_return_inspection_return_id", "return_id"),
)

return_policy = sa.Table(
    "return_policy",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("channel", sa.Text, nullable=False, unique=True, comment="empty: all others"),
    sa.Column("window_days", sa.Integer, nullable=False),
    sa.Column("days_to_send", sa.Integer, nullable=False),
    sa.Column("authorises", sa.Boolean, nullable=False, comment="without staff"),
    sa.Column("final_sale_tags", ARRAY(sa.Text), nullable=False, comment="not returnable"),
    sa.Column("restocking_fee", sa.Numeric(5, 4), nullable=False),
    sa.Column("damage_deduction", sa.Numeric(5, 4), nullable=False),
    sa.Column("refunds_shipping", sa.Boolean, nullable=False),
    sa.Column("no_receipt_limit", JSONB, nullable=False, comment="{currency: minor units}"),
    sa.Column("no_receipt_days", sa.Integer, nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
)

disposition_rules = sa.Table(
    "disposition_rules",
    metadata,
    sa.Column("location_id", UUID(as_uuid=True), sa.ForeignKey("location.id"), primary_key=True),
    sa.Column("rules", JSONB, nullable=False, comment="{condition: disposition}"),
    sa.Column("transfer_to_short", sa.Boolean, nullable=False, comment="to a store that ran out"),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
)

no_receipt_return = sa.Table(
    "no_receipt_return",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("number", sa.Text, nullable=False, unique=True),
    sa.Column("location_id", UUID(as_uuid=True), sa.ForeignKey("location.id"), nullable=False),
    sa.Column("customer_id", UUID(as_uuid=True), sa.ForeignKey("customer.id"), nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("lines", JSONB, nullable=False, comment="[{sku, quantity, condition, ...}]"),
    sa.Column("credited_minor", sa.BigInteger, nullable=False),
    sa.Column("store_credit_id", UUID(as_uuid=True)),
    sa.Column("approved_by", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("credited_minor > 0", name="credited"),
    sa.Index("ix_no_receipt_return_customer_id_at", "customer_id", "at"),
)
