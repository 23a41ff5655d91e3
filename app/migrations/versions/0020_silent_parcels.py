"""silent parcels: when a carrier was asked; labels that nobody used are found"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column(
        "parcel",
        sa.Column(
            "asked_at", sa.DateTime(timezone=True), comment="when the carrier was asked last"
        ),
    )
    op.create_index(
        "ix_label_unused",
        "label",
        ["fulfillment_order_id"],
        postgresql_where=sa.text("state = 'BOUGHT' and parcel_id is null"),
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_index("ix_label_unused", "label")
    op.drop_column("parcel", "asked_at")
