"""carrier messages: what carriers send is taken in once"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "carrier_message",
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False, comment="the carrier's own"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "reports",
            postgresql.JSONB(),
            nullable=False,
            comment="those that wait for their parcels",
        ),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state in ('APPLIED','PARKED','DROPPED')", name=op.f("ck_carrier_message_state")
        ),
        sa.PrimaryKeyConstraint("carrier", "message_id", name=op.f("pk_carrier_message")),
    )
    op.create_index(
        "ix_carrier_message_parked",
        "carrier_message",
        ["received_at"],
        postgresql_where=sa.text("state = 'PARKED'"),
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("carrier_message")
