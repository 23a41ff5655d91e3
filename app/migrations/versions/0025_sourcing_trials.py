"""sourcing trials: rule sets that are tried on past orders; decisions in the order of time"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.create_table(
        "sourcing_simulation",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("rule_set_id", sa.UUID(), nullable=False),
        sa.Column("version_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="of the rule set"),
        sa.Column("number", sa.Integer(), nullable=False, comment="of the version"),
        sa.Column("scope", postgresql.JSONB(), nullable=False),
        sa.Column(
            "body", postgresql.JSONB(), nullable=False, comment="the rules when it was asked for"
        ),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False, comment="not included"),
        sa.Column("limit", sa.Integer(), nullable=False, comment="orders"),
        sa.Column("total", sa.BigInteger(), nullable=False, comment="decisions of the period"),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), comment="of the last decision looked at"),
        sa.Column("done_id", sa.UUID()),
        sa.Column("sums", postgresql.JSONB(), comment="what they came to so far"),
        sa.Column("worker", sa.UUID(), comment="who is at it"),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True)),
        sa.Column("failure", sa.Text()),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "status in ('QUEUED','RUNNING','DONE','FAILED','CANCELLED')",
            name=op.f("ck_sourcing_simulation_status"),
        ),
        sa.CheckConstraint(
            "(status = 'RUNNING') = (worker is not null)",
            name=op.f("ck_sourcing_simulation_worker"),
        ),
        sa.CheckConstraint(
            "(done_at is null) = (done_id is null)", name=op.f("ck_sourcing_simulation_position")
        ),
        sa.ForeignKeyConstraint(
            ["rule_set_id"],
            ["sourcing_rule_set.id"],
            name=op.f("fk_sourcing_simulation_rule_set_id"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["sourcing_rule_set_version.id"],
            name=op.f("fk_sourcing_simulation_version_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sourcing_simulation")),
    )
    op.create_index(
        "ix_sourcing_simulation_created_at_id", "sourcing_simulation", ["created_at", "id"]
    )
    op.create_index(
        "ix_sourcing_simulation_unfinished",
        "sourcing_simulation",
        ["created_at", "id"],
        postgresql_where=sa.text("status in ('QUEUED','RUNNING')"),
    )
    op.create_index(
        "ix_sourcing_decision_new",
        "sourcing_decision",
        ["at", "id"],
        postgresql_where=sa.text("trigger = 'NEW'"),
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_index("ix_sourcing_decision_new", "sourcing_decision")
    op.drop_table("sourcing_simulation")
