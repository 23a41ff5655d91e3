"""returns and exchanges"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0030"
down_revision: str | None = "0029"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "sales_return",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("visit_id", sa.UUID(), nullable=True, comment="returns that came in one bag"),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True, comment="what the customer shows in the store"),
        sa.Column("carrier", sa.Text(), nullable=True),
        sa.Column("tracking_number", sa.Text(), nullable=True),
        sa.Column("location_id", sa.UUID(), nullable=True, comment="where it was received"),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it ended without goods"),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False, comment="kept of the value"),
        sa.Column("credited_minor", sa.BigInteger(), nullable=False, comment="value less the fee"),
        sa.Column(
            "exchange_order_id", sa.UUID(), nullable=True, comment="what the customer gets instead"
        ),
        sa.Column(
            "exchange_minor",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="of the value, put aside for or paid of another order",
        ),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "expires_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="end of the time to send it",
        ),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "method in ('LABEL','STORE_DROP_OFF','UNDELIVERED')",
            name=op.f("ck_sales_return_method"),
        ),
        sa.CheckConstraint(
            "state in ('REQUESTED','AUTHORISED','IN_TRANSIT','RECEIVED','COMPLETED','CANCELLED','EXPIRED','REJECTED')",
            name=op.f("ck_sales_return_state"),
        ),
        sa.CheckConstraint(
            "fee_minor >= 0 and credited_minor >= 0 and exchange_minor >= 0",
            name=op.f("ck_sales_return_amounts"),
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["sales_order.id"], name=op.f("fk_sales_return_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales_return")),
        sa.UniqueConstraint("number", name=op.f("uq_sales_return_number")),
    )
    op.create_index(
        "ix_sales_return_exchange",
        "sales_return",
        ["id"],
        unique=False,
        postgresql_where=sa.text("exchange_minor > 0"),
    )
    op.create_index(
        "ix_sales_return_expires_at",
        "sales_return",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("expires_at is not null"),
    )
    op.create_index(
        "ix_sales_return_location_id",
        "sales_return",
        ["location_id", "requested_at", "id"],
        unique=False,
    )
    op.create_index("ix_sales_return_order_id", "sales_return", ["order_id"], unique=False)
    op.create_index(
        "ix_sales_return_requested_at_id", "sales_return", ["requested_at", "id"], unique=False
    )
    op.create_table(
        "return_line",
        sa.Column("return_id", sa.UUID(), nullable=False),
        sa.Column("line_id", sa.UUID(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_return_line_quantity")),
        sa.ForeignKeyConstraint(
            ["line_id"], ["order_line.id"], name=op.f("fk_return_line_line_id")
        ),
        sa.ForeignKeyConstraint(
            ["return_id"], ["sales_return.id"], name=op.f("fk_return_line_return_id")
        ),
        sa.PrimaryKeyConstraint("return_id", "line_id", name=op.f("pk_return_line")),
    )
    op.create_table(
        "return_inspection",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("return_id", sa.UUID(), nullable=False),
        sa.Column("line_id", sa.UUID(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column(
            "transfer_id", sa.UUID(), nullable=True, comment="the proposed way to another location"
        ),
        sa.Column("value_minor", sa.BigInteger(), nullable=False, comment="of the order's total"),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False, comment="kept of the value"),
        sa.Column("inspected_by", sa.Text(), nullable=False),
        sa.Column("inspected_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_return_inspection_quantity")),
        sa.ForeignKeyConstraint(
            ["line_id"], ["order_line.id"], name=op.f("fk_return_inspection_line_id")
        ),
        sa.ForeignKeyConstraint(
            ["return_id"], ["sales_return.id"], name=op.f("fk_return_inspection_return_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_inspection")),
    )
    op.create_index(
        "ix_return_inspection_return_id", "return_inspection", ["return_id"], unique=False
    )
    op.create_table(
        "return_policy",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False, comment="empty: all others"),
        sa.Column("window_days", sa.Integer(), nullable=False),
        sa.Column("days_to_send", sa.Integer(), nullable=False),
        sa.Column("authorises", sa.Boolean(), nullable=False, comment="without staff"),
        sa.Column(
            "final_sale_tags", postgresql.ARRAY(sa.Text()), nullable=False, comment="not returnable"
        ),
        sa.Column("restocking_fee", sa.Numeric(precision=5, scale=4), nullable=False),
        sa.Column("damage_deduction", sa.Numeric(precision=5, scale=4), nullable=False),
        sa.Column("refunds_shipping", sa.Boolean(), nullable=False),
        sa.Column(
            "no_receipt_limit",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="{currency: minor units}",
        ),
        sa.Column("no_receipt_days", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_policy")),
        sa.UniqueConstraint("channel", name=op.f("uq_return_policy_channel")),
    )
    op.create_table(
        "disposition_rules",
        sa.Column("location_id", sa.UUID(), nullable=False),
        sa.Column(
            "rules",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="{condition: disposition}",
        ),
        sa.Column(
            "transfer_to_short", sa.Boolean(), nullable=False, comment="to a store that ran out"
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_disposition_rules_location_id")
        ),
        sa.PrimaryKeyConstraint("location_id", name=op.f("pk_disposition_rules")),
    )
    op.create_table(
        "no_receipt_return",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("location_id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column(
            "lines",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="[{sku, quantity, condition, ...}]",
        ),
        sa.Column("credited_minor", sa.BigInteger(), nullable=False),
        sa.Column("store_credit_id", sa.UUID(), nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("credited_minor > 0", name=op.f("ck_no_receipt_return_credited")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_no_receipt_return_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_no_receipt_return_location_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_no_receipt_return")),
        sa.UniqueConstraint("number", name=op.f("uq_no_receipt_return_number")),
    )
    op.create_index(
        "ix_no_receipt_return_customer_id_at",
        "no_receipt_return",
        ["customer_id", "at"],
        unique=False,
    )
    op.add_column(
        "sales_order",
        sa.Column(
            "return_fees_minor",
            sa.BigInteger(),
            nullable=False,
            server_default="0",
            comment="kept of the value of units that came back",
        ),
    )
    op.add_column(
        "sales_order",
        sa.Column(
            "exchanged_minor",
            sa.BigInteger(),
            nullable=False,
            server_default="0",
            comment="paid of other orders by units that came back",
        ),
    )
    op.add_column(
        "line_group",
        sa.Column("return_id", sa.UUID(), comment="the return in which they come back"),
    )
    op.create_index(
        "ix_line_group_return_id",
        "line_group",
        ["return_id"],
        postgresql_where=sa.text("return_id is not null"),
    )


def downgrade() -> None:
    """Take it down again."""
    op.drop_index("ix_line_group_return_id", "line_group")
    op.drop_column("line_group", "return_id")
    op.drop_column("sales_order", "exchanged_minor")
    op.drop_column("sales_order", "return_fees_minor")
    op.drop_table("no_receipt_return")
    op.drop_table("disposition_rules")
    op.drop_table("return_policy")
    op.drop_table("return_inspection")
    op.drop_table("return_line")
    op.drop_table("sales_return")
