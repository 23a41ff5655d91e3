"""transfers: goods on the way between locations"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "transfer",
        sa.Column("id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("source_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("destination_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shipped_at", sa.DateTime(timezone=True)),
        sa.Column("received_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("source_id <> destination_id", name=op.f("ck_transfer_places")),
        sa.CheckConstraint(
            "state in ('CREATED','SHIPPED','RECEIVED','CANCELLED')", name=op.f("ck_transfer_state")
        ),
        sa.ForeignKeyConstraint(["source_id"], ["location.id"], name=op.f("fk_transfer_source_id")),
        sa.ForeignKeyConstraint(
            ["destination_id"], ["location.id"], name=op.f("fk_transfer_destination_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
        sa.UniqueConstraint("number", name=op.f("uq_transfer_number")),
    )
    for end in ("source_id", "destination_id"):
        op.create_index(f"ix_transfer_{end}_created_at", "transfer", [end, "created_at"])
    op.create_table(
        "transfer_line",
        sa.Column("transfer_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer()),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_transfer_line_quantity")),
        sa.CheckConstraint("received >= 0", name=op.f("ck_transfer_line_received")),
        sa.ForeignKeyConstraint(
            ["transfer_id"], ["transfer.id"], name=op.f("fk_transfer_line_transfer_id")
        ),
        sa.ForeignKeyConstraint(["sku"], ["variant.sku"], name=op.f("fk_transfer_line_sku")),
        sa.PrimaryKeyConstraint("transfer_id", "sku", name=op.f("pk_transfer_line")),
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("transfer_line")
    op.drop_table("transfer")
