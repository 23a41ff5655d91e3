"""Devices that hold a long-lived key, and sessions ended before their time."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID

from domain.common.tables import metadata

device = sa.Table(
    "device",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column(
        "location_id", UUID(as_uuid=True), sa.ForeignKey("location.id"), nullable=False, index=True
    ),
    sa.Column("key_hash", sa.Text, nullable=False, comment="SHA-256, hex, of the whole key"),
    sa.Column("key_prefix", sa.Text, nullable=False, comment="start of the key, for people"),
    sa.Column("enrolled_by", sa.Text, nullable=False),
    sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("expires_at", sa.DateTime(timezone=True)),
    sa.Column("last_seen_at", sa.DateTime(timezone=True)),
    sa.Column("revoked_at", sa.DateTime(timezone=True)),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.CheckConstraint("role in ('POS', 'WAREHOUSE')", name="role"),
)

revoked_session = sa.Table(
    "revoked_session",
    metadata,
    sa.Column("session_id", UUID(as_uuid=True), primary_key=True, comment="token or device id"),
    sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("keep_until", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
)
