"""waves: works that are picked in one walk; what people said of exceptions"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "wave",
        sa.Column("id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("location_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("pick_list_id", postgresql.UUID(as_uuid=True)),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "status in ('OPEN','PICKING','DONE','CANCELLED')", name=op.f("ck_wave_status")
        ),
        sa.ForeignKeyConstraint(["location_id"], ["location.id"], name=op.f("fk_wave_location_id")),
        sa.ForeignKeyConstraint(
            ["pick_list_id"], ["pick_list.id"], name=op.f("fk_wave_pick_list_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wave")),
        sa.UniqueConstraint("number", name=op.f("uq_wave_number")),
    )
    op.create_index(
        "ix_wave_location_id_created_at_id", "wave", ["location_id", "created_at", "id"]
    )
    op.create_index("ix_wave_open", "wave", ["id"], postgresql_where=sa.text("ended_at is null"))
    op.add_column(
        "fulfillment_order",
        sa.Column("wave_id", postgresql.UUID(as_uuid=True), comment="the wave it is picked in"),
    )
    op.create_index(
        "ix_fulfillment_order_wave_id",
        "fulfillment_order",
        ["wave_id"],
        postgresql_where=sa.text("wave_id is not null"),
    )
    # Exceptions of before have no event: they count as version 0.
    op.add_column("fulfillment_exception", sa.Column("resolved_at", sa.DateTime(timezone=True)))
    op.add_column("fulfillment_exception", sa.Column("resolved_by", sa.Text()))
    op.add_column(
        "fulfillment_exception",
        sa.Column("resolution", sa.Text(), comment="what people found out"),
    )
    op.add_column(
        "fulfillment_exception",
        sa.Column("version", sa.BigInteger(), server_default="0", nullable=False),
    )


def downgrade() -> None:
    """Take the schema back."""
    for name in ("version", "resolution", "resolved_by", "resolved_at"):
        op.drop_column("fulfillment_exception", name)
    op.drop_index("ix_fulfillment_order_wave_id", "fulfillment_order")
    op.drop_column("fulfillment_order", "wave_id")
    op.drop_table("wave")
