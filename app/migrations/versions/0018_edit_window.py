"""edit window: how long after placing customers of a channel may edit their orders"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column(
        "channel",
        sa.Column("edit_window_minutes", sa.Integer(), comment="for customers, after placing"),
    )
    op.create_check_constraint(
        op.f("ck_channel_edit_window"), "channel", "edit_window_minutes >= 0"
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_constraint(op.f("ck_channel_edit_window"), "channel")
    op.drop_column("channel", "edit_window_minutes")
