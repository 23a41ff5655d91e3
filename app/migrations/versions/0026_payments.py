"""tenders, gift cards, store credit, credit limits"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

APPEND_ONLY = ("voucher_entry", "credit_entry")


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column(
        "payment",
        sa.Column("instrument", sa.Text(), comment="id of a gift card or account; cheque number"),
    )
    op.create_index(
        "ix_payment_refund_due",
        "payment",
        ["created_at", "id"],
        postgresql_where=sa.text("refund_due_minor > 0"),
    )
    op.create_index(
        "ix_payment_capture_pending",
        "payment_capture",
        ["created_at"],
        postgresql_where=sa.text("state = 'PENDING'"),
    )
    op.add_column(
        "payment_refund",
        sa.Column("given_as", sa.Text(), comment="tender, if another than that of the payment"),
    )
    op.add_column(
        "payment_refund",
        sa.Column("note", sa.Text(), comment="why, or the reference of a transfer"),
    )
    op.add_column(
        "payment_refund",
        sa.Column(
            "asked_by", sa.Text(), comment="who decided it; null when it follows from the units"
        ),
    )
    op.create_index(
        "ix_payment_refund_pending",
        "payment_refund",
        ["created_at"],
        postgresql_where=sa.text("state = 'PENDING'"),
    )
    op.add_column(
        "sales_order",
        sa.Column(
            "goodwill_minor",
            sa.BigInteger(),
            nullable=False,
            server_default="0",
            comment="given back though the units are due",
        ),
    )
    _create_retries()
    _create_credit()
    _create_vouchers()
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def _create_retries() -> None:
    op.create_table(
        "psp_retry",
        sa.Column("psp_key", sa.Text(), nullable=False, comment="of the call that is tried again"),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_error", sa.Text()),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "operation in ('AUTHORISE','CAPTURE','VOID','REFUND')",
            name=op.f("ck_psp_retry_operation"),
        ),
        sa.PrimaryKeyConstraint("psp_key", name=op.f("pk_psp_retry")),
    )


def _create_credit() -> None:
    op.create_table(
        "credit_account",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("limit_minor", sa.BigInteger(), nullable=False),
        sa.Column(
            "used_minor",
            sa.BigInteger(),
            nullable=False,
            comment="owed or put aside; < 0: in credit",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("limit_minor >= 0", name=op.f("ck_credit_account_limit")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_credit_account_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_account")),
        sa.UniqueConstraint(
            "customer_id", "currency", name=op.f("uq_credit_account_customer_id_currency")
        ),
    )
    op.create_table(
        "credit_entry",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "amount_minor",
            sa.BigInteger(),
            nullable=False,
            comment="> 0: the customer owes more",
        ),
        sa.Column("payment_id", sa.UUID()),
        sa.Column("note", sa.Text()),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_credit_entry_amount")),
        sa.CheckConstraint(
            "kind in ('USE','RELEASE','REFUND','PAYMENT')", name=op.f("ck_credit_entry_kind")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["credit_account.id"], name=op.f("fk_credit_entry_account_id")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_credit_entry")),
    )
    op.create_index(op.f("ix_credit_entry_account_id"), "credit_entry", ["account_id"])
    op.create_index(op.f("ix_credit_entry_payment_id"), "credit_entry", ["payment_id"])


def _create_vouchers() -> None:
    op.create_table(
        "voucher",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.UUID()),
        sa.Column("code_hash", sa.Text(), comment="SHA-256 of a gift card's code"),
        sa.Column("last_four", sa.Text(), comment="of the code"),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("cancelled_at", sa.DateTime(timezone=True)),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("balance_minor >= 0", name=op.f("ck_voucher_balance")),
        sa.CheckConstraint(
            "case kind when 'GIFT_CARD' then code_hash is not null and last_four is not null"
            " when 'STORE_CREDIT' then code_hash is null and customer_id is not null"
            " else false end",
            name=op.f("ck_voucher_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_voucher_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voucher")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_voucher_code_hash")),
    )
    op.create_index(
        "uq_voucher_store_credit",
        "voucher",
        ["customer_id", "currency"],
        unique=True,
        postgresql_where=sa.text("kind = 'STORE_CREDIT'"),
    )
    op.create_index(
        "ix_voucher_expires_at",
        "voucher",
        ["expires_at"],
        postgresql_where=sa.text("expires_at is not null"),
    )
    op.create_table(
        "voucher_entry",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("voucher_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False, comment="> 0: more is left"),
        sa.Column("balance_minor", sa.BigInteger(), nullable=False, comment="after the entry"),
        sa.Column("payment_id", sa.UUID(), comment="that it is about, if any"),
        sa.Column("note", sa.Text()),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_voucher_entry_amount")),
        sa.CheckConstraint("balance_minor >= 0", name=op.f("ck_voucher_entry_balance")),
        sa.CheckConstraint(
            "kind in ('ISSUE','GRANT','REDEEM','RESTORE','REFUND','ADJUST','EXPIRE','CANCEL',"
            "'RETURN')",
            name=op.f("ck_voucher_entry_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["voucher_id"], ["voucher.id"], name=op.f("fk_voucher_entry_voucher_id")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_voucher_entry")),
    )
    op.create_index(op.f("ix_voucher_entry_voucher_id"), "voucher_entry", ["voucher_id"])
    op.create_index(op.f("ix_voucher_entry_payment_id"), "voucher_entry", ["payment_id"])
    op.create_table(
        "lookup_allowance",
        sa.Column("principal", sa.Text(), nullable=False, comment="who looks codes up"),
        sa.Column("tokens", sa.Float(), nullable=False, comment="look-ups that are left"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("principal", name=op.f("pk_lookup_allowance")),
    )


def downgrade() -> None:
    """Take it down again."""
    op.drop_table("lookup_allowance")
    op.drop_table("voucher_entry")
    op.drop_table("voucher")
    op.drop_table("credit_entry")
    op.drop_table("credit_account")
    op.drop_table("psp_retry")
    op.drop_column("sales_order", "goodwill_minor")
    op.drop_index("ix_payment_refund_pending", table_name="payment_refund")
    for column in ("asked_by", "note", "given_as"):
        op.drop_column("payment_refund", column)
    op.drop_index("ix_payment_capture_pending", table_name="payment_capture")
    op.drop_index("ix_payment_refund_due", table_name="payment")
    op.drop_column("payment", "instrument")
