"""pickup points: the point of a carrier that an order's address is"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column(
        "order_address", sa.Column("pickup_point_id", sa.Text(), comment="the carrier's own")
    )
    op.add_column("order_address", sa.Column("pickup_point_name", sa.Text()))


def downgrade() -> None:
    """Take the schema back."""
    op.drop_column("order_address", "pickup_point_name")
    op.drop_column("order_address", "pickup_point_id")
