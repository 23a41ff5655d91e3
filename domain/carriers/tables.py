"""Tables of rates: what carriers without an API of their own ask, as agreed with them."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID

from domain.common.tables import metadata

carrier_tariff = sa.Table(
    "carrier_tariff",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("carrier", sa.Text, nullable=False, unique=True),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
)

carrier_rate = sa.Table(
    "carrier_rate",
    metadata,
    sa.Column(
        "tariff_id", UUID(as_uuid=True), sa.ForeignKey("carrier_tariff.id"), primary_key=True
    ),
    sa.Column("service", sa.Text, primary_key=True),
    sa.Column("country", sa.Text, primary_key=True, comment="empty: any without a zone of its own"),
    sa.Column("postal_prefix", sa.Text, primary_key=True),
    sa.Column("max_weight_g", sa.Integer, primary_key=True),
    sa.Column("price_minor", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("transit_days", sa.Integer),
    sa.CheckConstraint("max_weight_g > 0", name="weight"),
    sa.CheckConstraint("price_minor >= 0", name="price"),
)
