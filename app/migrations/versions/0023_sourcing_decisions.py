"""sourcing: decisions, each with its question and its trace"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "sourcing_decision",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rule_set_version_id", sa.UUID(), comment="null: by costs alone"),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("cost_minor", sa.BigInteger(), nullable=False),
        sa.Column(
            "question",
            postgresql.JSONB(),
            nullable=False,
            comment="personal data: where the goods go",
        ),
        sa.Column("trace", postgresql.JSONB(), nullable=False),
        sa.Column("plan_hash", sa.Text(), nullable=False),
        sa.Column("override_by", sa.Text()),
        sa.Column("override_reason", sa.Text()),
        sa.Column("override_delta_minor", sa.BigInteger(), comment="dearer than the best plan by"),
        sa.CheckConstraint(
            "trigger in ('NEW','RETRY','OVERRIDE')", name=op.f("ck_sourcing_decision_trigger")
        ),
        sa.CheckConstraint(
            "(override_by is null) = (override_reason is null)",
            name=op.f("ck_sourcing_decision_override"),
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["sales_order.id"], name=op.f("fk_sourcing_decision_order_id")
        ),
        sa.ForeignKeyConstraint(
            ["rule_set_version_id"],
            ["sourcing_rule_set_version.id"],
            name=op.f("fk_sourcing_decision_rule_set_version_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sourcing_decision")),
    )
    op.create_index("ix_sourcing_decision_order_id_at", "sourcing_decision", ["order_id", "at"])


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("sourcing_decision")
