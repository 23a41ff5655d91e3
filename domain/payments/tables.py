"""Payments of orders, and the ledger of the sandbox PSP (which stands for somebody else's)."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID

from domain.common.tables import metadata

payment = sa.Table(
    "payment",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("order_id", UUID(as_uuid=True), nullable=False, index=True),
    sa.Column("tender", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("token", sa.Text, comment="PSP token; never a card number"),
    sa.Column("psp_key", sa.Text, nullable=False, unique=True, comment="same on every retry"),
    sa.Column("psp_reference", sa.Text, index=True),
    sa.Column("decline_reason", sa.Text),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("authorised_minor", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("captured_minor", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("refunded_minor", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column(
        "refund_due_minor",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="owed to the customer: no PSP can refund it",
    ),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("instrument", sa.Text, comment="id of a gift card or account; cheque number"),
    sa.Index(
        "ix_payment_refund_due",
        "created_at",
        "id",
        postgresql_where=sa.text("refund_due_minor > 0"),
    ),
    sa.CheckConstraint("amount_minor >= 0", name="amount"),
    sa.CheckConstraint("captured_minor between 0 and authorised_minor", name="captured"),
    sa.CheckConstraint(
        "refunded_minor >= 0 and refund_due_minor >= 0"
        " and refunded_minor + refund_due_minor <= captured_minor",
        name="refunded",
    ),
    sa.CheckConstraint("state <> 'VOIDED' or captured_minor = 0", name="voided"),
    sa.CheckConstraint(
        "state in ('PENDING','UNKNOWN','AUTHORISED','DECLINED','CAPTURED','VOIDED')", name="state"
    ),
)

sandbox_charge = sa.Table(
    "sandbox_charge",
    metadata,
    sa.Column("psp_key", sa.Text, primary_key=True),
    sa.Column("reference", sa.Text, nullable=False, index=True),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("authorised_minor", sa.BigInteger, nullable=False),
    sa.Column("captured_minor", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("voided", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="1"),
    sa.Column("refunded_minor", sa.BigInteger, nullable=False, server_default="0"),
    sa.CheckConstraint("captured_minor between 0 and authorised_minor", name="captured"),
    sa.CheckConstraint("refunded_minor between 0 and captured_minor", name="refunded"),
)

sandbox_operation = sa.Table(
    "sandbox_operation",
    metadata,
    sa.Column("psp_key", sa.Text, primary_key=True, comment="key of one capture or void"),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.CheckConstraint("kind in ('CAPTURE','VOID','REFUND')", name="kind"),
)

payment_capture = sa.Table(
    "payment_capture",
    metadata,
    sa.Column("psp_key", sa.Text, primary_key=True),
    sa.Column(
        "payment_id", UUID(as_uuid=True), sa.ForeignKey("payment.id"), nullable=False, index=True
    ),
    sa.Column("purpose_id", UUID(as_uuid=True), nullable=False, comment="fulfillment order"),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.UniqueConstraint("payment_id", "purpose_id", "attempt"),
    sa.Index(
        "ix_payment_capture_pending", "created_at", postgresql_where=sa.text("state = 'PENDING'")
    ),
    sa.CheckConstraint("amount_minor > 0", name="amount"),
    sa.CheckConstraint("state in ('PENDING','DONE','DECLINED')", name="state"),
)

payment_refund = sa.Table(
    "payment_refund",
    metadata,
    sa.Column("psp_key", sa.Text, primary_key=True),
    sa.Column(
        "payment_id", UUID(as_uuid=True), sa.ForeignKey("payment.id"), nullable=False, index=True
    ),
    sa.Column("order_id", UUID(as_uuid=True), nullable=False, index=True),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("given_as", sa.Text, comment="tender, if another than that of the payment"),
    sa.Column("note", sa.Text, comment="why, or the reference of a transfer"),
    sa.Column("asked_by", sa.Text, comment="who decided it; null when it follows from the units"),
    sa.Index(
        "ix_payment_refund_pending", "created_at", postgresql_where=sa.text("state = 'PENDING'")
    ),
    sa.CheckConstraint("amount_minor > 0", name="amount"),
    sa.CheckConstraint("state in ('PENDING','DONE','DECLINED')", name="state"),
)

psp_retry = sa.Table(
    "psp_retry",
    metadata,
    sa.Column("psp_key", sa.Text, primary_key=True, comment="of the call that is tried again"),
    sa.Column("operation", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("last_error", sa.Text),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("operation in ('AUTHORISE','CAPTURE','VOID','REFUND')", name="operation"),
)
"""Calls of a PSP that were cut off or not answered, and when a worker asks again. What is asked for
is kept with the payment, capture or refund; a call that was answered has no row here.
"""

credit_account = sa.Table(
    "credit_account",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("customer_id", UUID(as_uuid=True), sa.ForeignKey("customer.id"), nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("limit_minor", sa.BigInteger, nullable=False),
    sa.Column(
        "used_minor", sa.BigInteger, nullable=False, comment="owed or put aside; < 0: in credit"
    ),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("customer_id", "currency"),
    sa.CheckConstraint("limit_minor >= 0", name="limit"),
)
"""What a customer may owe, and does."""

credit_entry = sa.Table(
    "credit_entry",
    metadata,
    sa.Column("seq", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column(
        "account_id",
        UUID(as_uuid=True),
        sa.ForeignKey("credit_account.id"),
        nullable=False,
        index=True,
    ),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False, comment="> 0: the customer owes more"),
    sa.Column("payment_id", UUID(as_uuid=True), index=True),
    sa.Column("note", sa.Text),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("amount_minor <> 0", name="amount"),
    sa.CheckConstraint("kind in ('USE','RELEASE','REFUND','PAYMENT')", name="kind"),
)
"""Append-only."""
