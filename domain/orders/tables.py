"""Orders, lines, line groups, fulfillment orders and history.

The truth about quantities is `line_group`: the groups of a line sum to its ordered quantity, and
every status on `sales_order` is derived from them in the same transaction (see `audit.py`).
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from domain.common.tables import metadata

sales_order = sa.Table(
    "sales_order",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("number", sa.Text, nullable=False, unique=True),
    sa.Column("tracking_token", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, sa.ForeignKey("channel.code"), nullable=False),
    sa.Column("external_reference", sa.Text, comment="the channel's own number"),
    sa.Column("source_code", sa.Text, comment="campaign"),
    sa.Column("customer_id", UUID(as_uuid=True), sa.ForeignKey("customer.id"), nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("holds", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("fulfillment_status", sa.Text, nullable=False, comment="derived"),
    sa.Column("payment_status", sa.Text, nullable=False, comment="derived"),
    sa.Column("delivery_mode", sa.Text, nullable=False),
    sa.Column("delivery_location_id", UUID(as_uuid=True), comment="pickup or take-away store"),
    sa.Column("unfilled_policy", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("country", sa.CHAR(2), nullable=False, comment="of taxation"),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("items_minor", sa.BigInteger, nullable=False),
    sa.Column("shipping_minor", sa.BigInteger, nullable=False),
    sa.Column("discount_minor", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("tax_minor", sa.BigInteger, nullable=False, comment="tax owed on items + shipping"),
    sa.Column("tax_included", sa.Boolean, nullable=False),
    sa.Column("total_minor", sa.BigInteger, nullable=False),
    sa.Column(
        "excess_minor",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="derived: captured beyond what is due, and not given back yet",
    ),
    sa.Column(
        "return_fees_minor",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="kept of the value of units that came back",
    ),
    sa.Column(
        "exchanged_minor",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="paid of other orders by units that came back",
    ),
    sa.Column(
        "goodwill_minor",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="given back though the units are due",
    ),
    sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("placed_by", sa.Text, nullable=False),
    sa.Column("pay_until", sa.DateTime(timezone=True), comment="end of the payment window"),
    sa.Column("hold_until", sa.DateTime(timezone=True), comment="end of the hold SCHEDULED"),
    sa.Column("confirmed_at", sa.DateTime(timezone=True)),
    sa.Column("closed_at", sa.DateTime(timezone=True)),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("pricing", JSONB(none_as_null=True), comment="promotions, discounts, conversion"),
    sa.Column(
        "waived_minor",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="by which the units that are left would cost more than before",
    ),
    sa.Column("deliver_by", sa.DateTime(timezone=True), comment="the customer's wish"),
    sa.UniqueConstraint("channel", "external_reference"),
    sa.Index(
        "ix_sales_order_source_code",
        "source_code",
        "placed_at",
        postgresql_where=sa.text("source_code is not null"),
    ),
    sa.CheckConstraint("waived_minor >= 0", name="waived"),
    sa.CheckConstraint(
        "discount_minor >= 0 and discount_minor <= items_minor + shipping_minor", name="discount"
    ),
    sa.Index("ix_sales_order_customer_id_placed_at_id", "customer_id", "placed_at", "id"),
    sa.Index("ix_sales_order_placed_at_id", "placed_at", "id"),
    sa.Index(
        "ix_sales_order_pay_until",
        "pay_until",
        postgresql_where=sa.text("status = 'PENDING_PAYMENT'"),
    ),
    sa.Index(
        "ix_sales_order_hold_until",
        "hold_until",
        postgresql_where=sa.text("hold_until is not null"),
    ),
    sa.Index("ix_sales_order_excess_minor", "id", postgresql_where=sa.text("excess_minor > 0")),
    sa.CheckConstraint(
        "total_minor = items_minor - discount_minor + shipping_minor"
        " + case when tax_included then 0 else tax_minor end",
        name="total",
    ),
    sa.CheckConstraint(
        "status in ('PENDING_PAYMENT','CONFIRMED','CLOSED','CANCELLED','EXPIRED')", name="status"
    ),
)

order_line = sa.Table(
    "order_line",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column(
        "order_id",
        UUID(as_uuid=True),
        sa.ForeignKey("sales_order.id"),
        nullable=False,
    ),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("sku", sa.Text, sa.ForeignKey("variant.sku"), nullable=False),
    sa.Column("names", JSONB, nullable=False, comment="as they read when the order was placed"),
    sa.Column("ordered_quantity", sa.Integer, nullable=False),
    sa.Column("unit_price_minor", sa.BigInteger, nullable=False),
    sa.Column("tax_rate", sa.Numeric(6, 4), nullable=False),
    sa.Column("tax_minor", sa.BigInteger, nullable=False),
    sa.Column("total_minor", sa.BigInteger, nullable=False, comment="unit price x quantity"),
    sa.Column("components", JSONB, nullable=False, comment="{sku: units a piece}; own if no kit"),
    sa.UniqueConstraint("order_id", "position"),
    sa.CheckConstraint("ordered_quantity > 0", name="quantity"),
)

fulfillment_order = sa.Table(
    "fulfillment_order",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column(
        "order_id", UUID(as_uuid=True), sa.ForeignKey("sales_order.id"), nullable=False, index=True
    ),
    sa.Column("location_id", UUID(as_uuid=True), sa.ForeignKey("location.id"), nullable=False),
    sa.Column("delivery_mode", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False, comment="derived from its line groups"),
    sa.Column("due_at", sa.DateTime(timezone=True), comment="next cut-off of the location"),
    sa.Column("accept_by", sa.DateTime(timezone=True), comment="end of the accept timer"),
    sa.Column("accepted_at", sa.DateTime(timezone=True)),
    sa.Column("rejected_at", sa.DateTime(timezone=True)),
    sa.Column("rejection_reason", sa.Text),
    sa.Column("cancel_requested_at", sa.DateTime(timezone=True)),
    sa.Column("cancel_answer_by", sa.DateTime(timezone=True), comment="no answer is a no"),
    sa.Column("cancel_refused_at", sa.DateTime(timezone=True)),
    sa.Column("wave_id", UUID(as_uuid=True), comment="the wave it is picked in"),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Index("ix_fulfillment_order_location_day", "location_id", "created_at"),
    sa.Index(
        "ix_fulfillment_order_open",
        "location_id",
        "due_at",
        postgresql_where=sa.text("status not in ('COMPLETED','CANCELLED','REJECTED')"),
    ),
    sa.Index(
        "ix_fulfillment_order_wave_id",
        "wave_id",
        postgresql_where=sa.text("wave_id is not null"),
    ),
    sa.Index(
        "ix_fulfillment_order_accept_by",
        "accept_by",
        postgresql_where=sa.text("status = 'RELEASED' and accepted_at is null"),
    ),
    sa.Index(
        "ix_fulfillment_order_cancel_answer_by",
        "cancel_answer_by",
        postgresql_where=sa.text("cancel_requested_at is not null and cancel_refused_at is null"),
    ),
)

line_group = sa.Table(
    "line_group",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column(
        "order_id", UUID(as_uuid=True), sa.ForeignKey("sales_order.id"), nullable=False, index=True
    ),
    sa.Column("line_id", UUID(as_uuid=True), sa.ForeignKey("order_line.id"), nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("location_id", UUID(as_uuid=True)),
    sa.Column(
        "fulfillment_order_id",
        UUID(as_uuid=True),
        sa.ForeignKey("fulfillment_order.id"),
        index=True,
    ),
    sa.Column("shipment_id", UUID(as_uuid=True)),
    sa.Column("reason", sa.Text),
    sa.Column(
        "excluded_location_ids",
        ARRAY(UUID(as_uuid=True)),
        nullable=False,
        server_default="{}",
        comment="could not serve these units",
    ),
    sa.Column("return_id", UUID(as_uuid=True), comment="the return in which they come back"),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("quantity > 0", name="quantity"),
    sa.Index(
        "ix_line_group_ready_for_pickup",
        "order_id",
        postgresql_where=sa.text("state = 'READY_FOR_PICKUP'"),
    ),
    sa.Index(
        "ix_line_group_unsourced",
        "line_id",
        postgresql_where=sa.text("state in ('PENDING_SOURCE','BACKORDERED')"),
    ),
    sa.Index(
        "ix_line_group_return_id",
        "return_id",
        postgresql_where=sa.text("return_id is not null"),
    ),
)

order_address = sa.Table(
    "order_address",
    metadata,
    sa.Column("order_id", UUID(as_uuid=True), sa.ForeignKey("sales_order.id"), primary_key=True),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("street", sa.Text, nullable=False),
    sa.Column("city", sa.Text, nullable=False),
    sa.Column("region", sa.Text, nullable=False, server_default=""),
    sa.Column("postal_code", sa.Text, nullable=False),
    sa.Column("country", sa.CHAR(2), nullable=False),
    sa.Column("phone", sa.Text),
    sa.Column("latitude", sa.Float),
    sa.Column("longitude", sa.Float),
    sa.Column("pickup_point_id", sa.Text, comment="the carrier's own"),
    sa.Column("pickup_point_name", sa.Text),
)

order_pickup = sa.Table(
    "order_pickup",
    metadata,
    sa.Column("order_id", UUID(as_uuid=True), sa.ForeignKey("sales_order.id"), primary_key=True),
    sa.Column("code", sa.Text, nullable=False, comment="the customer's secret"),
    sa.Column("proxy_name", sa.Text, comment="personal data"),
    sa.Column("ready_at", sa.DateTime(timezone=True)),
    sa.Column("collect_until", sa.DateTime(timezone=True)),
    sa.Column("wrong_codes", sa.Integer, nullable=False, server_default="0"),
)

order_history = sa.Table(
    "order_history",
    metadata,
    sa.Column("seq", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("order_id", UUID(as_uuid=True), sa.ForeignKey("sales_order.id"), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("detail", JSONB, nullable=False, comment="free of personal data"),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.UniqueConstraint("order_id", "version"),
)

order_notice = sa.Table(
    "order_notice",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("order_id", UUID(as_uuid=True), sa.ForeignKey("sales_order.id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("occasion", sa.Text, nullable=False, comment="once per order, kind and occasion"),
    sa.Column("detail", JSONB, nullable=False, comment="free of personal data"),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.UniqueConstraint("order_id", "kind", "occasion"),
)
