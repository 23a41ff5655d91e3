"""money let go: refunds, what is owed to customers, orders in excess; requests to cancel work"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column(
        "payment",
        sa.Column(
            "refund_due_minor",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="owed to the customer: no PSP can refund it",
        ),
    )
    _replace_check(
        "payment",
        "refunded",
        "refunded_minor >= 0 and refund_due_minor >= 0"
        " and refunded_minor + refund_due_minor <= captured_minor",
    )
    op.add_column(
        "sandbox_charge",
        sa.Column("refunded_minor", sa.BigInteger(), server_default="0", nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_sandbox_charge_refunded"),
        "sandbox_charge",
        "refunded_minor between 0 and captured_minor",
    )
    _replace_check("sandbox_operation", "kind", "kind in ('CAPTURE','VOID','REFUND')")
    op.create_table(
        "payment_refund",
        sa.Column("psp_key", sa.Text(), nullable=False),
        sa.Column("payment_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("order_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payment_refund_amount")),
        sa.CheckConstraint(
            "state in ('PENDING','DONE','DECLINED')", name=op.f("ck_payment_refund_state")
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_payment_refund_payment_id")
        ),
        sa.PrimaryKeyConstraint("psp_key", name=op.f("pk_payment_refund")),
    )
    op.create_index(op.f("ix_payment_refund_payment_id"), "payment_refund", ["payment_id"])
    op.create_index(op.f("ix_payment_refund_order_id"), "payment_refund", ["order_id"])
    op.add_column(
        "sales_order",
        sa.Column(
            "excess_minor",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="derived: captured beyond what is due, and not given back yet",
        ),
    )
    op.create_index(
        "ix_sales_order_excess_minor",
        "sales_order",
        ["id"],
        postgresql_where=sa.text("excess_minor > 0"),
    )
    for column in ("cancel_requested_at", "cancel_refused_at"):
        op.add_column("fulfillment_order", sa.Column(column, sa.DateTime(timezone=True)))
    op.add_column(
        "fulfillment_order",
        sa.Column("cancel_answer_by", sa.DateTime(timezone=True), comment="no answer is a no"),
    )
    op.create_index(
        "ix_fulfillment_order_cancel_answer_by",
        "fulfillment_order",
        ["cancel_answer_by"],
        postgresql_where=sa.text("cancel_requested_at is not null and cancel_refused_at is null"),
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_index("ix_fulfillment_order_cancel_answer_by", "fulfillment_order")
    for column in ("cancel_answer_by", "cancel_refused_at", "cancel_requested_at"):
        op.drop_column("fulfillment_order", column)
    op.drop_index("ix_sales_order_excess_minor", "sales_order")
    op.drop_column("sales_order", "excess_minor")
    op.drop_table("payment_refund")
    _replace_check("sandbox_operation", "kind", "kind in ('CAPTURE','VOID')")
    op.drop_constraint(op.f("ck_sandbox_charge_refunded"), "sandbox_charge")
    op.drop_column("sandbox_charge", "refunded_minor")
    _replace_check("payment", "refunded", "refunded_minor between 0 and captured_minor")
    op.drop_column("payment", "refund_due_minor")


def _replace_check(table: str, name: str, condition: str) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)
