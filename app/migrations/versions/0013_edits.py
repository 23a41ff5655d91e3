"""edits of orders: what changes, the intent to pay the difference, how it ended"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "order_edit",
        sa.Column("id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("order_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("order_version", sa.BigInteger(), nullable=False, comment="that it changes"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("edit", postgresql.JSONB(), nullable=False, comment="free of personal data"),
        sa.Column("reason", sa.Text()),
        sa.Column("token", sa.Text(), comment="PSP token; never a card number"),
        sa.Column("psp_key", sa.Text(), nullable=False, comment="same on every retry"),
        sa.Column("psp_reference", sa.Text()),
        sa.Column("decline_reason", sa.Text()),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("ended_by", sa.Text()),
        sa.Column("shortage", postgresql.JSONB()),
        sa.Column("applied_version", sa.BigInteger(), comment="of the order"),
        sa.Column("apply_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_order_edit_amount")),
        sa.CheckConstraint(
            "(state = 'APPLIED') = (applied_version is not null)",
            name=op.f("ck_order_edit_applied"),
        ),
        sa.CheckConstraint(
            "state in ('PENDING','APPLIED','DECLINED','LETTING_GO','ENDED')",
            name=op.f("ck_order_edit_state"),
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["sales_order.id"], name=op.f("fk_order_edit_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_edit")),
        sa.UniqueConstraint("psp_key", name=op.f("uq_order_edit_psp_key")),
    )
    op.create_index("ix_order_edit_order_id_created_at", "order_edit", ["order_id", "created_at"])
    op.create_index(
        "ix_order_edit_apply_until",
        "order_edit",
        ["apply_until"],
        postgresql_where=sa.text("state in ('PENDING','LETTING_GO')"),
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("order_edit")
