"""pickup: codes, proxies and deadlines of goods that wait in stores"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "order_pickup",
        sa.Column("order_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False, comment="the customer's secret"),
        sa.Column("proxy_name", sa.Text(), comment="personal data"),
        sa.Column("ready_at", sa.DateTime(timezone=True)),
        sa.Column("collect_until", sa.DateTime(timezone=True)),
        sa.Column("wrong_codes", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["sales_order.id"], name=op.f("fk_order_pickup_order_id")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_pickup")),
    )
    op.create_index(
        "ix_line_group_ready_for_pickup",
        "line_group",
        ["order_id"],
        postgresql_where=sa.text("state = 'READY_FOR_PICKUP'"),
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_index("ix_line_group_ready_for_pickup", "line_group")
    op.drop_table("order_pickup")
