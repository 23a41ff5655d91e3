"""postal points: where postal codes are; the works of a location by day"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "postal_point",
        sa.Column("country", sa.CHAR(2), nullable=False),
        sa.Column(
            "postal_code",
            sa.Text(),
            nullable=False,
            comment="in capitals, without blanks and hyphens; or how some codes begin: their middle",
        ),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.CheckConstraint("latitude between -90 and 90", name=op.f("ck_postal_point_latitude")),
        sa.CheckConstraint(
            "longitude between -180 and 180", name=op.f("ck_postal_point_longitude")
        ),
        sa.PrimaryKeyConstraint("country", "postal_code", name=op.f("pk_postal_point")),
    )
    op.create_index(
        "ix_fulfillment_order_location_day", "fulfillment_order", ["location_id", "created_at"]
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_index("ix_fulfillment_order_location_day", "fulfillment_order")
    op.drop_table("postal_point")
