"""Shipments, parcels, their lines, tracking events and labels."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID

from domain.common.tables import metadata

shipment = sa.Table(
    "shipment",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column(
        "order_id", UUID(as_uuid=True), sa.ForeignKey("sales_order.id"), nullable=False, index=True
    ),
    sa.Column(
        "fulfillment_order_id",
        UUID(as_uuid=True),
        sa.ForeignKey("fulfillment_order.id"),
        nullable=False,
        index=True,
    ),
    sa.Column("location_id", UUID(as_uuid=True), nullable=False),
    sa.Column("carrier", sa.Text, nullable=False),
    sa.Column("service", sa.Text, nullable=False, server_default=""),
    sa.Column("status", sa.Text, nullable=False, comment="derived from its parcels"),
    sa.Column("captured_minor", sa.BigInteger, nullable=False, comment="value captured for it"),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("shipped_at", sa.DateTime(timezone=True)),
    sa.Column("delivered_at", sa.DateTime(timezone=True)),
    sa.Column("version", sa.BigInteger, nullable=False),
)

parcel = sa.Table(
    "parcel",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column(
        "shipment_id", UUID(as_uuid=True), sa.ForeignKey("shipment.id"), nullable=False, index=True
    ),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("tracking_number", sa.Text, nullable=False),
    sa.Column("carrier", sa.Text, nullable=False),
    sa.Column("weight_g", sa.Integer),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("expected_at", sa.DateTime(timezone=True), comment="as the carrier said last"),
    sa.Column("returned_at", sa.DateTime(timezone=True), comment="received back by the sender"),
    sa.Column("asked_at", sa.DateTime(timezone=True), comment="when the carrier was asked last"),
    sa.UniqueConstraint("carrier", "tracking_number"),
    sa.UniqueConstraint("shipment_id", "position"),
)

parcel_line = sa.Table(
    "parcel_line",
    metadata,
    sa.Column("parcel_id", UUID(as_uuid=True), sa.ForeignKey("parcel.id"), primary_key=True),
    sa.Column("line_id", UUID(as_uuid=True), sa.ForeignKey("order_line.id"), primary_key=True),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.CheckConstraint("quantity > 0", name="quantity"),
)

tracking_event = sa.Table(
    "tracking_event",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column(
        "parcel_id", UUID(as_uuid=True), sa.ForeignKey("parcel.id"), nullable=False, index=True
    ),
    sa.Column("external_id", sa.Text, nullable=False, comment="the carrier's id of the event"),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False, server_default=""),
    sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("applied", sa.Boolean, nullable=False, comment="false: late, changed no status"),
    sa.Column("expected_at", sa.DateTime(timezone=True)),
    sa.UniqueConstraint("parcel_id", "external_id"),
)

label = sa.Table(
    "label",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("serial", sa.BigInteger, sa.Identity(always=True), nullable=False),
    sa.Column(
        "order_id", UUID(as_uuid=True), sa.ForeignKey("sales_order.id"), nullable=False, index=True
    ),
    sa.Column(
        "fulfillment_order_id",
        UUID(as_uuid=True),
        sa.ForeignKey("fulfillment_order.id"),
        nullable=False,
        index=True,
    ),
    sa.Column("location_id", UUID(as_uuid=True), nullable=False),
    sa.Column("parcel_id", UUID(as_uuid=True), sa.ForeignKey("parcel.id"), index=True),
    sa.Column("replaces_id", UUID(as_uuid=True), sa.ForeignKey("label.id"), index=True),
    sa.Column("direction", sa.Text, nullable=False),
    sa.Column("format", sa.Text, nullable=False),
    sa.Column("carrier", sa.Text, nullable=False),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("weight_g", sa.Integer, nullable=False),
    sa.Column("sender", JSONB, nullable=False, comment="personal data of a return"),
    sa.Column("recipient", JSONB, nullable=False, comment="personal data"),
    sa.Column("token", sa.Text, nullable=False, comment="opens the document"),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("tracking_number", sa.Text),
    sa.Column("reference", sa.Text, comment="the carrier's name of it"),
    sa.Column("price_minor", sa.BigInteger),
    sa.Column("currency", sa.CHAR(3)),
    sa.Column("reason", sa.Text, comment="why it failed, or was not voided"),
    sa.Column("void_refused_at", sa.DateTime(timezone=True)),
    sa.Column("next_try_at", sa.DateTime(timezone=True), comment="of an intent"),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.UniqueConstraint("carrier", "tracking_number"),
    sa.CheckConstraint(
        "state in ('BUYING','BOUGHT','VOIDING','VOIDED','FAILED')"
        " and (state in ('BUYING','FAILED')) = (tracking_number is null)",
        name="state",
    ),
    sa.CheckConstraint("(state in ('BUYING','VOIDING')) = (next_try_at is not null)", name="try"),
    sa.CheckConstraint("direction in ('OUTBOUND','RETURN')", name="direction"),
    sa.Index(
        "ix_label_unused",
        "fulfillment_order_id",
        postgresql_where=sa.text("state = 'BOUGHT' and parcel_id is null"),
    ),
    sa.Index(
        "ix_label_next_try_at", "next_try_at", postgresql_where=sa.text("next_try_at is not null")
    ),
)

label_document = sa.Table(
    "label_document",
    metadata,
    sa.Column("label_id", UUID(as_uuid=True), sa.ForeignKey("label.id"), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False, comment="as the carrier made it"),
)

carrier_message = sa.Table(
    "carrier_message",
    metadata,
    sa.Column("carrier", sa.Text, primary_key=True),
    sa.Column("message_id", sa.Text, primary_key=True, comment="the carrier's own"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reports", JSONB, nullable=False, comment="those that wait for their parcels"),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("state in ('APPLIED','PARKED','DROPPED')", name="state"),
    sa.Index(
        "ix_carrier_message_parked", "received_at", postgresql_where=sa.text("state = 'PARKED'")
    ),
)
