"""Reports of locations and warehouse systems that could not be believed."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID

from domain.common.tables import metadata

fulfillment_exception = sa.Table(
    "fulfillment_exception",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column(
        "fulfillment_order_id",
        UUID(as_uuid=True),
        sa.ForeignKey("fulfillment_order.id"),
        nullable=False,
    ),
    sa.Column("location_id", UUID(as_uuid=True), nullable=False),
    sa.Column("operation", sa.Text, nullable=False),
    sa.Column("idempotency_key", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("reported_by", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.UniqueConstraint("reported_by", "idempotency_key", "operation"),
    sa.Index("ix_fulfillment_exception_location_id_at", "location_id", "at"),
)
