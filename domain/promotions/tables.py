"""Promotions, coupons and who used them."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID

from domain.common.tables import metadata

promotion = sa.Table(
    "promotion",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("campaign", sa.Text, nullable=False, comment="empty: none"),
    sa.Column("labels", JSONB, nullable=False, comment="what customers read, by language"),
    sa.Column("rules", JSONB, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("valid_from", sa.DateTime(timezone=True)),
    sa.Column("valid_until", sa.DateTime(timezone=True)),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.CheckConstraint("status in ('DRAFT','ACTIVE','ENDED')", name="status"),
    sa.CheckConstraint("valid_from < valid_until", name="period"),
)

coupon = sa.Table(
    "coupon",
    metadata,
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column(
        "promotion_id",
        UUID(as_uuid=True),
        sa.ForeignKey("promotion.id"),
        nullable=False,
        index=True,
    ),
    sa.Column("max_uses", sa.Integer, comment="null: no limit"),
    sa.Column("max_uses_per_customer", sa.Integer, comment="null: no limit"),
    sa.Column("uses", sa.Integer, nullable=False, server_default="0", comment="not given back"),
    sa.CheckConstraint("uses >= 0 and uses <= max_uses", name="uses"),
    sa.CheckConstraint("max_uses > 0 and max_uses_per_customer > 0", name="limits"),
)

coupon_use = sa.Table(
    "coupon_use",
    metadata,
    sa.Column("code", sa.Text, sa.ForeignKey("coupon.code"), primary_key=True),
    sa.Column("order_id", UUID(as_uuid=True), primary_key=True),
    sa.Column("customer_id", UUID(as_uuid=True), nullable=False),
    sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("given_back_at", sa.DateTime(timezone=True), comment="the order came to nothing"),
    sa.Index("ix_coupon_use_code_customer_id", "code", "customer_id"),
    sa.Index("ix_coupon_use_order_id", "order_id"),
)
