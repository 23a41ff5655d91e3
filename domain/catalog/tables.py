"""Products, variants, kits, channels, prices, taxes, exchange rates. Texts: {language: text}."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, UUID, ExcludeConstraint

from domain.common.tables import metadata

channel = sa.Table(
    "channel",
    metadata,
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False, comment="used when a request names none"),
    sa.Column("prices_include_tax", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("edit_window_minutes", sa.Integer, comment="for customers, after placing"),
    sa.Column(
        "converts_prices",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="sells at converted prices in other currencies",
    ),
    sa.CheckConstraint("edit_window_minutes >= 0", name="edit_window"),
    sa.CheckConstraint("kind in ('WEB','POS','CALL_CENTER','MARKETPLACE','SOCIAL')", name="kind"),
)

product = sa.Table(
    "product",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("code", sa.Text, nullable=False, unique=True),
    sa.Column("names", JSONB, nullable=False),
    sa.Column("descriptions", JSONB, nullable=False),
    sa.Column("category", sa.Text, nullable=False, server_default=""),
    sa.Column("tax_category", sa.Text, nullable=False, server_default="standard"),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Index("ix_product_created_at_id", "created_at", "id"),
)

variant = sa.Table(
    "variant",
    metadata,
    sa.Column("sku", sa.Text, primary_key=True),
    sa.Column(
        "product_id", UUID(as_uuid=True), sa.ForeignKey("product.id"), nullable=False, index=True
    ),
    sa.Column("barcode", sa.Text, unique=True),
    sa.Column("names", JSONB, nullable=False),
    sa.Column("weight_g", sa.Integer, nullable=False),
    sa.Column("tags", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.CheckConstraint("weight_g >= 0", name="weight"),
)

kit_component = sa.Table(
    "kit_component",
    metadata,
    sa.Column("kit_sku", sa.Text, sa.ForeignKey("variant.sku"), primary_key=True),
    sa.Column("component_sku", sa.Text, sa.ForeignKey("variant.sku"), primary_key=True),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.CheckConstraint("quantity > 0", name="quantity"),
    sa.CheckConstraint("kit_sku <> component_sku", name="not_itself"),
)

variant_channel = sa.Table(
    "variant_channel",
    metadata,
    sa.Column("sku", sa.Text, sa.ForeignKey("variant.sku"), primary_key=True),
    sa.Column("channel", sa.Text, sa.ForeignKey("channel.code"), primary_key=True),
    sa.Column("sellable", sa.Boolean, nullable=False),
)

price = sa.Table(
    "price",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("sku", sa.Text, sa.ForeignKey("variant.sku"), nullable=False),
    sa.Column("channel", sa.Text, sa.ForeignKey("channel.code"), nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("valid", TSTZRANGE, nullable=False),
    sa.Column("segment", sa.Text, nullable=False, server_default="", comment="empty: everybody"),
    sa.CheckConstraint("amount_minor >= 0", name="amount"),
    ExcludeConstraint(
        (sa.column("sku"), "="),
        (sa.column("channel"), "="),
        (sa.column("currency"), "="),
        (sa.column("segment"), "="),
        (sa.column("valid"), "&&"),
        name="ex_price_valid",
        using="gist",
    ),
)

tax_rate = sa.Table(
    "tax_rate",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("country", sa.CHAR(2), nullable=False),
    sa.Column("tax_category", sa.Text, nullable=False),
    sa.Column("rate", sa.Numeric(6, 4), nullable=False, comment="0.2200 is 22 %"),
    sa.Column("valid", TSTZRANGE, nullable=False),
    sa.Column(
        "version",
        sa.BigInteger,
        nullable=False,
        server_default="1",
        comment="counts the rates of the country, region and category",
    ),
    sa.Column("region", sa.Text, nullable=False, server_default="", comment="empty: all others"),
    sa.CheckConstraint("rate >= 0 and rate < 1", name="rate"),
    ExcludeConstraint(
        (sa.column("country"), "="),
        (sa.column("tax_category"), "="),
        (sa.column("region"), "="),
        (sa.column("valid"), "&&"),
        name="ex_tax_rate_valid",
        using="gist",
    ),
)

exchange_rate = sa.Table(
    "exchange_rate",
    metadata,
    sa.Column("base", sa.CHAR(3), primary_key=True),
    sa.Column("quote", sa.CHAR(3), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True, comment="first day, in the merchant's time zone"),
    sa.Column("starts", sa.DateTime(timezone=True), nullable=False, comment="when that day begins"),
    sa.Column("rate", sa.Numeric(20, 10), nullable=False, comment="units of quote for one base"),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.CheckConstraint("rate > 0", name="rate"),
    sa.CheckConstraint("base <> quote", name="currencies"),
)

pricing_stamp = sa.Table(
    "pricing_stamp",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("stamp", UUID(as_uuid=True), nullable=False),
    sa.CheckConstraint("id = 1", name="id"),
)
"""One row at most: another stamp with every change of promotions. It is read along with offers, so
that a worker knows without asking whether the promotions that it keeps are those of now.
"""
