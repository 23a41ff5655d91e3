"""The ledger, the documents that customers get, what they owe, and closed days.

Names and addresses are in `invoice_party` only, so that they can be erased; the rest of a document
is kept.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from domain.common.tables import metadata

books = sa.Table(
    "books",
    metadata,
    sa.Column("id", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("time_zone", sa.Text, nullable=False, comment="in which business days end"),
    sa.Column(
        "opened_at",
        sa.DateTime(timezone=True),
        nullable=False,
        comment="orders before it are in the books of another system",
    ),
    sa.CheckConstraint("id", name="single"),
)
"""One row."""

ledger_account = sa.Table(
    "ledger_account",
    metadata,
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("number", sa.Text, nullable=False, comment="in the house's own chart"),
    sa.Column("name", sa.Text, nullable=False),
    sa.CheckConstraint("kind in ('ASSET','LIABILITY','INCOME','EXPENSE')", name="kind"),
)

account_number = sa.Table(
    "account_number",
    metadata,
    sa.Column("format", sa.Text, primary_key=True),
    sa.Column("account", sa.Text, sa.ForeignKey("ledger_account.code"), primary_key=True),
    sa.Column("tax_code", sa.Text, primary_key=True, comment="empty: all without one of their own"),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("updated_by", sa.Text, nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
)
"""What an account is called in the system that an export is for."""

journal_transaction = sa.Table(
    "journal_transaction",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("number", sa.BigInteger, sa.Identity(always=True), nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False, comment="such as the number of an order"),
    sa.Column("memo", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False, unique=True, comment="what made it, only once"),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("business_date", sa.Date, nullable=False),
    sa.Index("ix_journal_transaction_business_date_number", "business_date", "number"),
    sa.Index("ix_journal_transaction_reference", "reference"),
)
"""Append-only."""

journal_entry = sa.Table(
    "journal_entry",
    metadata,
    sa.Column(
        "transaction_id",
        UUID(as_uuid=True),
        sa.ForeignKey("journal_transaction.id"),
        primary_key=True,
    ),
    sa.Column("position", sa.SmallInteger, primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False, comment="> 0: debit"),
    sa.Column("channel", sa.Text),
    sa.Column("location_id", UUID(as_uuid=True)),
    sa.Column("order_id", UUID(as_uuid=True)),
    sa.Column("tax_code", sa.Text, comment="country and rate in percent"),
    sa.CheckConstraint("amount_minor <> 0", name="amount"),
    sa.Index(
        "ix_journal_entry_order_id", "order_id", postgresql_where=sa.text("order_id is not null")
    ),
)
"""Append-only. The entries of a transaction balance per currency when it is committed (I6). That an
account is one of the chart is for the oracle: a foreign key would have every order lock its row.
"""

document_due = sa.Table(
    "document_due",
    metadata,
    sa.Column("order_id", UUID(as_uuid=True), primary_key=True),
    sa.Column("order_version", sa.BigInteger, primary_key=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("shares", JSONB, nullable=False, comment="what is to be invoiced or credited"),
    sa.Column("on_account_minor", sa.BigInteger, nullable=False),
)
"""Changes of orders that have no document yet; issuing one deletes its row."""

legal_entity = sa.Table(
    "legal_entity",
    metadata,
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("prefix", sa.Text, nullable=False, unique=True, comment="of its document numbers"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("street", sa.Text, nullable=False),
    sa.Column("postal_code", sa.Text, nullable=False),
    sa.Column("city", sa.Text, nullable=False),
    sa.Column("country", sa.CHAR(2), nullable=False),
    sa.Column("tax_number", sa.Text, nullable=False),
    sa.Column(
        "countries", ARRAY(sa.Text), nullable=False, comment="that it sells to; empty: all others"
    ),
    sa.Column("payment_days", sa.Integer, nullable=False, comment="to pay what is on account"),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.CheckConstraint("payment_days between 0 and 365", name="payment_days"),
)
"""Who invoices."""

document_series = sa.Table(
    "document_series",
    metadata,
    sa.Column("entity", sa.Text, sa.ForeignKey("legal_entity.code"), primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("country", sa.CHAR(2), primary_key=True),
    sa.Column("year", sa.Integer, primary_key=True),
    sa.Column("last_number", sa.BigInteger, nullable=False),
)
"""The last number that each series gave; locked until the document that took it is committed."""

invoice = sa.Table(
    "invoice",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("number", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("entity", sa.Text, sa.ForeignKey("legal_entity.code"), nullable=False),
    sa.Column("country", sa.CHAR(2), nullable=False),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("order_id", UUID(as_uuid=True), nullable=False),
    sa.Column("order_number", sa.Text, nullable=False),
    sa.Column("order_version", sa.BigInteger, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("customer_id", UUID(as_uuid=True), nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("net_minor", sa.BigInteger, nullable=False),
    sa.Column("tax_minor", sa.BigInteger, nullable=False),
    sa.Column("total_minor", sa.BigInteger, nullable=False),
    sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("supplied_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("issued_on", sa.Date, nullable=False, comment="business day"),
    sa.Column("due_on", sa.Date, comment="of what is on account"),
    sa.Column("content", JSONB, nullable=False, comment="seller, lines, taxes, payments"),
    sa.Column("corrects", ARRAY(sa.Text), nullable=False, comment="invoices that it credits"),
    sa.UniqueConstraint("entity", "kind", "country", "year", "sequence"),
    sa.UniqueConstraint("order_id", "order_version", "kind"),
    sa.CheckConstraint("kind in ('INVOICE','CREDIT_NOTE')", name="kind"),
    sa.CheckConstraint("total_minor = net_minor + tax_minor", name="total"),
    sa.Index("ix_invoice_issued_at_id", "issued_at", "id"),
    sa.Index("ix_invoice_customer_id_issued_at_id", "customer_id", "issued_at", "id"),
)
"""Append-only."""

invoice_party = sa.Table(
    "invoice_party",
    metadata,
    sa.Column("invoice_id", UUID(as_uuid=True), sa.ForeignKey("invoice.id"), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("street", sa.Text, nullable=False),
    sa.Column("postal_code", sa.Text, nullable=False),
    sa.Column("city", sa.Text, nullable=False),
    sa.Column("region", sa.Text, nullable=False),
    sa.Column("country", sa.CHAR(2), nullable=False),
)
"""To whom a document is addressed: personal data."""

receivable = sa.Table(
    "receivable",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("order_id", UUID(as_uuid=True), comment="null: paid in advance"),
    sa.Column("order_version", sa.BigInteger),
    sa.Column("order_number", sa.Text),
    sa.Column("customer_id", UUID(as_uuid=True), nullable=False),
    sa.Column("invoice_id", UUID(as_uuid=True), sa.ForeignKey("invoice.id")),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False, comment="< 0: credited"),
    sa.Column("settled_minor", sa.BigInteger, nullable=False, comment="paid or offset"),
    sa.Column("due_on", sa.Date, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.UniqueConstraint("order_id", "order_version"),
    sa.CheckConstraint(
        "amount_minor <> 0 and abs(settled_minor) <= abs(amount_minor)"
        " and sign(settled_minor) in (0, sign(amount_minor))",
        name="settled",
    ),
    sa.Index(
        "ix_receivable_open",
        "customer_id",
        "due_on",
        postgresql_where=sa.text("settled_minor <> amount_minor"),
    ),
)
"""What customers owe for what they bought on account."""

receivable_payment = sa.Table(
    "receivable_payment",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("customer_id", UUID(as_uuid=True), nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("allocations", JSONB, nullable=False, comment="[{receivable_id, amount_minor}]"),
    sa.Column("recorded_by", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("amount_minor > 0", name="amount"),
)
"""Append-only."""

daily_close = sa.Table(
    "daily_close",
    metadata,
    sa.Column("business_date", sa.Date, primary_key=True),
    sa.Column("totals", JSONB, nullable=False, comment="by account, currency, channel, location"),
    sa.Column("cash", JSONB, nullable=False, comment="expected and counted by location"),
    sa.Column("differences", JSONB, nullable=False),
    sa.Column("closed_by", sa.Text, nullable=False),
    sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
)
"""Append-only: a closed day is not opened again."""
