"""promotions, coupons, price lists, currencies"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    _prices()
    _rates()
    _promotions()
    op.add_column(
        "customer",
        sa.Column("segments", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    )
    op.add_column(
        "sales_order",
        sa.Column("pricing", postgresql.JSONB(), comment="promotions, discounts, conversion"),
    )
    op.add_column(
        "sales_order",
        sa.Column(
            "waived_minor",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="by which the units that are left would cost more than before",
        ),
    )
    op.create_check_constraint(op.f("ck_sales_order_waived"), "sales_order", "waived_minor >= 0")
    op.create_check_constraint(
        op.f("ck_sales_order_discount"),
        "sales_order",
        "discount_minor >= 0 and discount_minor <= items_minor + shipping_minor",
    )
    op.create_index(
        "ix_sales_order_source_code",
        "sales_order",
        ["source_code", "placed_at"],
        postgresql_where=sa.text("source_code is not null"),
    )


def _prices() -> None:
    op.add_column(
        "channel",
        sa.Column(
            "converts_prices",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="sells at converted prices in other currencies",
        ),
    )
    op.add_column(
        "price",
        sa.Column(
            "segment", sa.Text(), server_default="", nullable=False, comment="empty: everybody"
        ),
    )
    _exclude("price", "sku", "channel", "currency", "segment")


def _rates() -> None:
    op.add_column(
        "tax_rate",
        sa.Column(
            "region", sa.Text(), server_default="", nullable=False, comment="empty: all others"
        ),
    )
    op.alter_column(
        "tax_rate",
        "version",
        comment="counts the rates of the country, region and category",
        existing_comment="counts the rates of the country and category",
        existing_type=sa.BigInteger(),
        existing_nullable=False,
    )
    _exclude("tax_rate", "country", "tax_category", "region")
    op.create_table(
        "exchange_rate",
        sa.Column("base", sa.CHAR(3), nullable=False),
        sa.Column("quote", sa.CHAR(3), nullable=False),
        sa.Column(
            "day", sa.Date(), nullable=False, comment="first day, in the merchant's time zone"
        ),
        sa.Column(
            "starts",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when that day begins",
        ),
        sa.Column(
            "rate", sa.Numeric(20, 10), nullable=False, comment="units of quote for one base"
        ),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("rate > 0", name=op.f("ck_exchange_rate_rate")),
        sa.CheckConstraint("base <> quote", name=op.f("ck_exchange_rate_currencies")),
        sa.PrimaryKeyConstraint("base", "quote", "day", name=op.f("pk_exchange_rate")),
    )


def _promotions() -> None:
    op.create_table(
        "pricing_stamp",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("stamp", sa.UUID(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_pricing_stamp_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pricing_stamp")),
    )
    op.create_table(
        "promotion",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False, comment="empty: none"),
        sa.Column(
            "labels",
            postgresql.JSONB(),
            nullable=False,
            comment="what customers read, by language",
        ),
        sa.Column("rules", postgresql.JSONB(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True)),
        sa.Column("valid_until", sa.DateTime(timezone=True)),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "status in ('DRAFT','ACTIVE','ENDED')", name=op.f("ck_promotion_status")
        ),
        sa.CheckConstraint("valid_from < valid_until", name=op.f("ck_promotion_period")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion")),
        sa.UniqueConstraint("name", name=op.f("uq_promotion_name")),
    )
    op.create_table(
        "coupon",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("promotion_id", sa.UUID(), nullable=False),
        sa.Column("max_uses", sa.Integer(), comment="null: no limit"),
        sa.Column("max_uses_per_customer", sa.Integer(), comment="null: no limit"),
        sa.Column(
            "uses", sa.Integer(), server_default="0", nullable=False, comment="not given back"
        ),
        sa.CheckConstraint("uses >= 0 and uses <= max_uses", name=op.f("ck_coupon_uses")),
        sa.CheckConstraint(
            "max_uses > 0 and max_uses_per_customer > 0", name=op.f("ck_coupon_limits")
        ),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotion.id"], name=op.f("fk_coupon_promotion_id_promotion")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_coupon")),
    )
    op.create_index(op.f("ix_coupon_promotion_id"), "coupon", ["promotion_id"])
    op.create_table(
        "coupon_use",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_back_at", sa.DateTime(timezone=True), comment="the order came to nothing"),
        sa.ForeignKeyConstraint(["code"], ["coupon.code"], name=op.f("fk_coupon_use_code_coupon")),
        sa.PrimaryKeyConstraint("code", "order_id", name=op.f("pk_coupon_use")),
    )
    op.create_index("ix_coupon_use_code_customer_id", "coupon_use", ["code", "customer_id"])
    op.create_index("ix_coupon_use_order_id", "coupon_use", ["order_id"])


def _exclude(table: str, *names: str) -> None:
    """Rows with these values equal must not be valid at the same time."""
    op.drop_constraint(f"ex_{table}_valid", table)
    columns = [(sa.column(name), "=") for name in names]
    op.create_exclude_constraint(
        f"ex_{table}_valid", table, *columns, (sa.column("valid"), "&&"), using="gist"
    )


def downgrade() -> None:
    """Take it down again. Prices of segments, rates of regions and discounts are lost."""
    op.drop_index("ix_sales_order_source_code", "sales_order")
    op.drop_constraint(op.f("ck_sales_order_discount"), "sales_order")
    op.drop_constraint(op.f("ck_sales_order_waived"), "sales_order")
    op.drop_column("sales_order", "waived_minor")
    op.drop_column("sales_order", "pricing")
    op.drop_column("customer", "segments")
    for table in ("coupon_use", "coupon", "promotion", "pricing_stamp", "exchange_rate"):
        op.drop_table(table)
    op.execute("DELETE FROM tax_rate WHERE region <> ''")
    op.alter_column(
        "tax_rate",
        "version",
        comment="counts the rates of the country and category",
        existing_comment="counts the rates of the country, region and category",
        existing_type=sa.BigInteger(),
        existing_nullable=False,
    )
    _exclude("tax_rate", "country", "tax_category")
    op.drop_column("tax_rate", "region")
    op.execute("DELETE FROM price WHERE segment <> ''")
    _exclude("price", "sku", "channel", "currency")
    op.drop_column("price", "segment")
    op.drop_column("channel", "converts_prices")
