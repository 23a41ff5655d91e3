"""Shipments, parcels, their lines and tracking events."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID

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
