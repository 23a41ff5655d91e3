"""bins: where SKUs stand at a location"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "stock_bin",
        sa.Column("id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("location_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("bin", sa.Text(), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_stock_bin_location_id")
        ),
        sa.ForeignKeyConstraint(["sku"], ["variant.sku"], name=op.f("fk_stock_bin_sku")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_bin")),
        sa.UniqueConstraint("location_id", "sku", name=op.f("uq_stock_bin_location_id_sku")),
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("stock_bin")
