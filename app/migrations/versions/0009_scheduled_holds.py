"""scheduled holds: orders that rest until a moment"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column(
        "sales_order",
        sa.Column("hold_until", sa.DateTime(timezone=True), comment="end of the hold SCHEDULED"),
    )
    op.create_index(
        "ix_sales_order_hold_until",
        "sales_order",
        ["hold_until"],
        postgresql_where=sa.text("hold_until is not null"),
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_index("ix_sales_order_hold_until", "sales_order")
    op.drop_column("sales_order", "hold_until")
