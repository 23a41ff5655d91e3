"""Locations and the channels that may draw on them."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from domain.common.tables import metadata

location = sa.Table(
    "location",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("code", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("street", sa.Text, nullable=False, server_default=""),
    sa.Column("city", sa.Text, nullable=False),
    sa.Column("region", sa.Text, nullable=False, server_default=""),
    sa.Column("postal_code", sa.Text, nullable=False, server_default=""),
    sa.Column("country", sa.CHAR(2), nullable=False),
    sa.Column("latitude", sa.Float, nullable=False),
    sa.Column("longitude", sa.Float, nullable=False),
    sa.Column("time_zone", sa.Text, nullable=False),
    sa.Column("opening_hours", JSONB, nullable=False, comment="[{weekday 1-7, opens, closes}]"),
    sa.Column("cut_off", sa.Time, comment="local time of the day's last hand-over to the carrier"),
    sa.Column("daily_capacity", sa.Integer, comment="fulfillment orders a day; null: no limit"),
    sa.Column("priority", sa.Integer, nullable=False, server_default="100"),
    sa.Column("trust", sa.Numeric(3, 2), nullable=False, server_default="1"),
    sa.Column("can_ship", sa.Boolean, nullable=False),
    sa.Column("can_pickup", sa.Boolean, nullable=False),
    sa.Column("can_receive_returns", sa.Boolean, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("tags", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.CheckConstraint(
        "kind in ('STORE','DC','DARK_STORE','SUPPLIER','MARKETPLACE','RESELLER')", name="kind"
    ),
    sa.CheckConstraint("latitude between -90 and 90", name="latitude"),
    sa.CheckConstraint("longitude between -180 and 180", name="longitude"),
    sa.CheckConstraint("trust between 0 and 1", name="trust"),
    sa.CheckConstraint("daily_capacity >= 0", name="daily_capacity"),
)

channel_location = sa.Table(
    "channel_location",
    metadata,
    sa.Column("channel", sa.Text, sa.ForeignKey("channel.code"), primary_key=True),
    sa.Column("location_id", UUID(as_uuid=True), sa.ForeignKey("location.id"), primary_key=True),
)

postal_point = sa.Table(
    "postal_point",
    metadata,
    sa.Column("country", sa.CHAR(2), primary_key=True),
    sa.Column(
        "postal_code",
        sa.Text,
        primary_key=True,
        comment="in capitals, without blanks and hyphens; or how some codes begin: their middle",
    ),
    sa.Column("latitude", sa.Float, nullable=False),
    sa.Column("longitude", sa.Float, nullable=False),
    sa.CheckConstraint("latitude between -90 and 90", name="latitude"),
    sa.CheckConstraint("longitude between -180 and 180", name="longitude"),
)
