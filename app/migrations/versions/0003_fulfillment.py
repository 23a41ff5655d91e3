"""fulfillment: requests that locations accept or reject, count tasks, the exception queue"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OPEN_BEFORE = "status not in ('COMPLETED','CANCELLED')"
OPEN = "status not in ('COMPLETED','CANCELLED','REJECTED')"
MOMENTS = ("accept_by", "accepted_at", "rejected_at")


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column(
        "fulfillment_order",
        sa.Column("accept_by", sa.DateTime(timezone=True), comment="end of the accept timer"),
    )
    op.add_column("fulfillment_order", sa.Column("accepted_at", sa.DateTime(timezone=True)))
    op.add_column("fulfillment_order", sa.Column("rejected_at", sa.DateTime(timezone=True)))
    op.add_column("fulfillment_order", sa.Column("rejection_reason", sa.Text()))
    _open_index(OPEN)
    op.create_index(
        "ix_fulfillment_order_accept_by",
        "fulfillment_order",
        ["accept_by"],
        postgresql_where=sa.text("status = 'RELEASED' and accepted_at is null"),
    )
    op.create_table(
        "count_task",
        sa.Column("id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("location_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "held", sa.Integer(), nullable=False, comment="units on quality hold until counted"
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("held >= 0", name=op.f("ck_count_task_held")),
        sa.ForeignKeyConstraint(
            ["location_id", "sku"],
            ["stock_level.location_id", "stock_level.sku"],
            name="level",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_count_task")),
    )
    op.create_index(
        "uq_count_task_open",
        "count_task",
        ["location_id", "sku"],
        unique=True,
        postgresql_where=sa.text("closed_at is null"),
    )
    op.create_table(
        "fulfillment_exception",
        sa.Column("id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("fulfillment_order_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("location_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("reported_by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["fulfillment_order_id"],
            ["fulfillment_order.id"],
            name=op.f("fk_fulfillment_exception_fulfillment_order_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fulfillment_exception")),
        sa.UniqueConstraint(
            "reported_by",
            "idempotency_key",
            "operation",
            name=op.f("uq_fulfillment_exception_reported_by_idempotency_key_operation"),
        ),
    )
    op.create_index(
        "ix_fulfillment_exception_location_id_at", "fulfillment_exception", ["location_id", "at"]
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("fulfillment_exception")
    op.drop_table("count_task")
    op.drop_index("ix_fulfillment_order_accept_by", "fulfillment_order")
    _open_index(OPEN_BEFORE)
    for column in ("rejection_reason", *MOMENTS):
        op.drop_column("fulfillment_order", column)


def _open_index(condition: str) -> None:
    op.drop_index("ix_fulfillment_order_open", "fulfillment_order")
    op.create_index(
        "ix_fulfillment_order_open",
        "fulfillment_order",
        ["location_id", "due_at"],
        postgresql_where=sa.text(condition),
    )
