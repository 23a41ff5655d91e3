"""orders that are wanted by a date"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0032"
down_revision: str | None = "0031"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column(
        "sales_order",
        sa.Column(
            "deliver_by", sa.DateTime(timezone=True), nullable=True, comment="the customer's wish"
        ),
    )


def downgrade() -> None:
    """Take it down again."""
    op.drop_column("sales_order", "deliver_by")
