"""Reports that could not be believed, pick lists as they were printed, waves."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID

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
    sa.Column("resolved_at", sa.DateTime(timezone=True)),
    sa.Column("resolved_by", sa.Text),
    sa.Column("resolution", sa.Text, comment="what people found out"),
    sa.Column("version", sa.BigInteger, nullable=False, server_default="0"),
    sa.UniqueConstraint("reported_by", "idempotency_key", "operation"),
    sa.Index("ix_fulfillment_exception_location_id_at", "location_id", "at"),
)

pick_list = sa.Table(
    "pick_list",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("number", sa.Text, nullable=False, unique=True),
    sa.Column("location_id", UUID(as_uuid=True), sa.ForeignKey("location.id"), nullable=False),
    sa.Column("wave_number", sa.Text, comment="the wave it was printed for"),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("lines", JSONB, nullable=False, comment="free of personal data"),
    sa.Index("ix_pick_list_location_id_created_at_id", "location_id", "created_at", "id"),
)

wave = sa.Table(
    "wave",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("number", sa.Text, nullable=False, unique=True),
    sa.Column("location_id", UUID(as_uuid=True), sa.ForeignKey("location.id"), nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("pick_list_id", UUID(as_uuid=True), sa.ForeignKey("pick_list.id")),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("started_at", sa.DateTime(timezone=True)),
    sa.Column("ended_at", sa.DateTime(timezone=True)),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.CheckConstraint("status in ('OPEN','PICKING','DONE','CANCELLED')", name="status"),
    sa.Index("ix_wave_location_id_created_at_id", "location_id", "created_at", "id"),
    sa.Index("ix_wave_open", "id", postgresql_where=sa.text("ended_at is null")),
)
