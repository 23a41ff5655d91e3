"""lifecycle: units remember which locations could not serve them; notices to customers"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column(
        "line_group",
        sa.Column(
            "excluded_location_ids",
            postgresql.ARRAY(postgresql.UUID(as_uuid=True)),
            server_default="{}",
            nullable=False,
            comment="could not serve these units",
        ),
    )
    op.create_index(
        "ix_line_group_unsourced",
        "line_group",
        ["line_id"],
        postgresql_where=sa.text("state in ('PENDING_SOURCE','BACKORDERED')"),
    )
    op.create_table(
        "order_notice",
        sa.Column("id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("order_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "occasion", sa.Text(), nullable=False, comment="once per order, kind and occasion"
        ),
        sa.Column(
            "detail",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="free of personal data",
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["sales_order.id"], name=op.f("fk_order_notice_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_notice")),
        sa.UniqueConstraint(
            "order_id", "kind", "occasion", name=op.f("uq_order_notice_order_id_kind_occasion")
        ),
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("order_notice")
    op.drop_index("ix_line_group_unsourced", "line_group")
    op.drop_column("line_group", "excluded_location_ids")
