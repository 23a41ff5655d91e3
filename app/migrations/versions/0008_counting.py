"""counting: cycle counts, snapshots, alerts about locations"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "stock_count",
        sa.Column("id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("location_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state in ('OPEN','POSTED','CANCELLED')", name=op.f("ck_stock_count_state")
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_stock_count_location_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_count")),
    )
    op.create_index(
        "ix_stock_count_location_id_opened_at", "stock_count", ["location_id", "opened_at"]
    )
    op.create_table(
        "stock_count_line",
        sa.Column("count_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column(
            "system_quantity", sa.Integer(), nullable=False, comment="on hand when it was scanned"
        ),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counted_by", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text()),
        sa.Column("outcome", sa.Text()),
        sa.CheckConstraint("counted >= 0", name=op.f("ck_stock_count_line_counted")),
        sa.ForeignKeyConstraint(
            ["count_id"], ["stock_count.id"], name=op.f("fk_stock_count_line_count_id")
        ),
        sa.ForeignKeyConstraint(["sku"], ["variant.sku"], name=op.f("fk_stock_count_line_sku")),
        sa.PrimaryKeyConstraint("count_id", "sku", name=op.f("pk_stock_count_line")),
    )
    op.create_table(
        "stock_snapshot",
        sa.Column("location_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_stock_snapshot_location_id")
        ),
        sa.ForeignKeyConstraint(["sku"], ["variant.sku"], name=op.f("fk_stock_snapshot_sku")),
        sa.PrimaryKeyConstraint("location_id", "sku", name=op.f("pk_stock_snapshot")),
    )
    op.create_table(
        "distortion_alert",
        sa.Column("location_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rejections", sa.Integer(), nullable=False),
        sa.Column("accuracy", sa.Numeric(5, 4), nullable=False),
        sa.Column("trust_before", sa.Numeric(3, 2), nullable=False),
        sa.Column("trust_after", sa.Numeric(3, 2), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_distortion_alert_location_id")
        ),
        sa.PrimaryKeyConstraint("location_id", "day", name=op.f("pk_distortion_alert")),
    )


def downgrade() -> None:
    """Take the schema back."""
    for table in ("distortion_alert", "stock_snapshot", "stock_count_line", "stock_count"):
        op.drop_table(table)
