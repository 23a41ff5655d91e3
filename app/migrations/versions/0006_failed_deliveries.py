"""failed deliveries: expected dates, and parcels that come back"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column(
        "parcel",
        sa.Column("expected_at", sa.DateTime(timezone=True), comment="as the carrier said last"),
    )
    op.add_column(
        "parcel",
        sa.Column("returned_at", sa.DateTime(timezone=True), comment="received back by the sender"),
    )
    op.add_column("tracking_event", sa.Column("expected_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Take the schema back."""
    op.drop_column("tracking_event", "expected_at")
    op.drop_column("parcel", "returned_at")
    op.drop_column("parcel", "expected_at")
