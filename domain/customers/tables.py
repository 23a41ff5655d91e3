"""Customers and what is known of them. All personal data of the house but order addresses."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from domain.common.tables import metadata

customer = sa.Table(
    "customer",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("email", sa.Text, unique=True, comment="normalised; null when unknown"),
    sa.Column("phone", sa.Text, unique=True, comment="E.164; null when unknown"),
    sa.Column("first_name", sa.Text, nullable=False, server_default=""),
    sa.Column("last_name", sa.Text, nullable=False, server_default=""),
    sa.Column("language", sa.Text, nullable=False, server_default="en"),
    sa.Column("preferred_location_id", UUID(as_uuid=True)),
    sa.Column("first_channel", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("segments", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Index("ix_customer_created_at_id", "created_at", "id"),
)

customer_reference = sa.Table(
    "customer_reference",
    metadata,
    sa.Column("source", sa.Text, primary_key=True, comment="channel or system that names them so"),
    sa.Column("reference", sa.Text, primary_key=True),
    sa.Column(
        "customer_id", UUID(as_uuid=True), sa.ForeignKey("customer.id"), nullable=False, index=True
    ),
)

customer_channel = sa.Table(
    "customer_channel",
    metadata,
    sa.Column("customer_id", UUID(as_uuid=True), sa.ForeignKey("customer.id"), primary_key=True),
    sa.Column("channel", sa.Text, primary_key=True),
)
"""The channels that met a customer: callers of role CHANNEL see the customers of theirs."""

customer_address = sa.Table(
    "customer_address",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column(
        "customer_id", UUID(as_uuid=True), sa.ForeignKey("customer.id"), nullable=False, index=True
    ),
    sa.Column("label", sa.Text, nullable=False, server_default=""),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("street", sa.Text, nullable=False),
    sa.Column("city", sa.Text, nullable=False),
    sa.Column("region", sa.Text, nullable=False, server_default=""),
    sa.Column("postal_code", sa.Text, nullable=False),
    sa.Column("country", sa.CHAR(2), nullable=False),
    sa.Column("is_default", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
)

customer_consent = sa.Table(
    "customer_consent",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column(
        "customer_id", UUID(as_uuid=True), sa.ForeignKey("customer.id"), nullable=False, index=True
    ),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("granted", sa.Boolean, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("recorded_by", sa.Text, nullable=False),
)

customer_note = sa.Table(
    "customer_note",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column(
        "customer_id", UUID(as_uuid=True), sa.ForeignKey("customer.id"), nullable=False, index=True
    ),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
)
