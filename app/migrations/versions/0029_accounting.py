"""ledger, invoices, credit notes, daily close"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0029"
down_revision: str | None = "0028"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BALANCE = """
CREATE FUNCTION check_journal_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM journal_entry WHERE transaction_id = NEW.transaction_id
               GROUP BY currency HAVING sum(amount_minor) <> 0) THEN
        RAISE EXCEPTION 'journal transaction % does not balance', NEW.transaction_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'journal_balance';
    END IF;
    RETURN NULL;
END $$
"""
ENTRIES = """
CREATE FUNCTION check_journal_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM journal_entry WHERE transaction_id = NEW.id) THEN
        RAISE EXCEPTION 'journal transaction % has no entries', NEW.id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'journal_entries';
    END IF;
    RETURN NULL;
END $$
"""
APPEND_ONLY = (
    "journal_transaction", "journal_entry", "invoice", "receivable_payment", "daily_close",
)  # fmt: skip
CHART = (
    ("CASH", "ASSET", "1000", "Cash"),
    ("BANK", "ASSET", "1010", "Bank"),
    ("CHEQUES", "ASSET", "1020", "Cheques"),
    ("PSP_CLEARING", "ASSET", "1100", "Card payments, PSP clearing"),
    ("TERMINAL_CLEARING", "ASSET", "1110", "Card terminals, clearing"),
    ("VOUCHER_SALES_CLEARING", "ASSET", "1120", "Gift cards sold, clearing"),
    ("TRADE_RECEIVABLES", "ASSET", "1200", "Trade receivables"),
    ("ACCRUED_RECEIVABLES", "ASSET", "1210", "Goods delivered, not captured"),
    ("MARKETPLACE_RECEIVABLE", "ASSET", "1220", "Receivable from marketplaces"),
    ("DEFERRED_REVENUE", "LIABILITY", "2000", "Deferred revenue"),
    ("REFUNDS_PAYABLE", "LIABILITY", "2010", "Refunds payable"),
    ("CUSTOMER_CREDIT", "LIABILITY", "2020", "Customer credit from exchanges"),
    ("GIFT_CARD_LIABILITY", "LIABILITY", "2100", "Gift cards"),
    ("STORE_CREDIT_LIABILITY", "LIABILITY", "2110", "Store credit"),
    ("TAX_PAYABLE", "LIABILITY", "2200", "Value added tax"),
    ("SALES", "INCOME", "4000", "Sales"),
    ("SHIPPING_INCOME", "INCOME", "4010", "Shipping"),
    ("RETURN_FEES", "INCOME", "4020", "Fees kept from returns"),
    ("BREAKAGE", "INCOME", "4030", "Unused gift cards"),
    ("SALES_ALLOWANCES", "INCOME", "4900", "Sales allowances"),
    ("SALES_RETURNS", "INCOME", "4910", "Returns without a receipt"),
    ("GOODWILL", "EXPENSE", "5000", "Goodwill"),
    ("PSP_FEES", "EXPENSE", "5010", "PSP fees"),
    ("CASH_DIFFERENCES", "EXPENSE", "5020", "Cash differences"),
)


def upgrade() -> None:
    """Bring the schema up."""
    _ledger()
    _documents()
    _receivables()
    op.execute(BALANCE)
    op.execute(ENTRIES)
    for table, function in (
        ("journal_entry", "check_journal_balance"),
        ("journal_transaction", "check_journal_entries"),
    ):
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {table}_balanced AFTER INSERT ON {table}"
            f" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {function}()"
        )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    _rows()


def _rows() -> None:
    op.execute("INSERT INTO books (time_zone, opened_at) VALUES ('Europe/Rome', now())")
    op.execute(
        "INSERT INTO legal_entity (code, prefix, name, street, postal_code, city, country,"
        " tax_number, countries, payment_days, updated_at, version)"
        " VALUES ('MAIN', '', '', '', '', '', 'IT', '', '{}', 30, now(), 1)"
    )
    account = sa.table(
        "ledger_account",
        *[sa.column(name, sa.Text) for name in ("code", "kind", "number", "name")],
    )
    op.bulk_insert(
        account,
        [
            {"code": code, "kind": kind, "number": number, "name": name}
            for code, kind, number, name in CHART
        ],
    )


def _ledger() -> None:
    op.create_table(
        "books",
        sa.Column("id", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False, comment="in which business days end"),
        sa.Column(
            "opened_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="orders before it are in the books of another system",
        ),
        sa.CheckConstraint("id", name=op.f("ck_books_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_books")),
    )
    op.create_table(
        "ledger_account",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False, comment="in the house's own chart"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind in ('ASSET','LIABILITY','INCOME','EXPENSE')", name=op.f("ck_ledger_account_kind")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_ledger_account")),
    )
    op.create_table(
        "account_number",
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column(
            "tax_code", sa.Text(), nullable=False, comment="empty: all without one of their own"
        ),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["ledger_account.code"], name=op.f("fk_account_number_account")
        ),
        sa.PrimaryKeyConstraint("format", "account", "tax_code", name=op.f("pk_account_number")),
    )
    op.create_table(
        "journal_transaction",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False, comment="such as the number of an order"),
        sa.Column("memo", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False, comment="what made it, only once"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_transaction")),
        sa.UniqueConstraint("number", name=op.f("uq_journal_transaction_number")),
        sa.UniqueConstraint("source", name=op.f("uq_journal_transaction_source")),
    )
    op.create_index(
        "ix_journal_transaction_business_date_number",
        "journal_transaction",
        ["business_date", "number"],
        unique=False,
    )
    op.create_index(
        "ix_journal_transaction_reference", "journal_transaction", ["reference"], unique=False
    )
    op.create_table(
        "journal_entry",
        sa.Column("transaction_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False, comment="> 0: debit"),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("location_id", sa.UUID(), nullable=True),
        sa.Column("order_id", sa.UUID(), nullable=True),
        sa.Column("tax_code", sa.Text(), nullable=True, comment="country and rate in percent"),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_journal_entry_amount")),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["journal_transaction.id"],
            name=op.f("fk_journal_entry_transaction_id"),
        ),
        sa.PrimaryKeyConstraint("transaction_id", "position", name=op.f("pk_journal_entry")),
    )
    op.create_index(
        "ix_journal_entry_order_id",
        "journal_entry",
        ["order_id"],
        unique=False,
        postgresql_where=sa.text("order_id is not null"),
    )


def _documents() -> None:
    op.create_table(
        "document_due",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("order_version", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "shares",
            postgresql.JSONB(),
            nullable=False,
            comment="what is to be invoiced or credited",
        ),
        sa.Column("on_account_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "order_version", name=op.f("pk_document_due")),
    )
    op.create_table(
        "legal_entity",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False, comment="of its document numbers"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("street", sa.Text(), nullable=False),
        sa.Column("postal_code", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("country", sa.CHAR(length=2), nullable=False),
        sa.Column("tax_number", sa.Text(), nullable=False),
        sa.Column(
            "countries",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="that it sells to; empty: all others",
        ),
        sa.Column(
            "payment_days", sa.Integer(), nullable=False, comment="to pay what is on account"
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "payment_days between 0 and 365", name=op.f("ck_legal_entity_payment_days")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_legal_entity")),
        sa.UniqueConstraint("prefix", name=op.f("uq_legal_entity_prefix")),
    )
    op.create_table(
        "document_series",
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("country", sa.CHAR(length=2), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entity"], ["legal_entity.code"], name=op.f("fk_document_series_entity")
        ),
        sa.PrimaryKeyConstraint(
            "entity", "kind", "country", "year", name=op.f("pk_document_series")
        ),
    )
    op.create_table(
        "invoice",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("country", sa.CHAR(length=2), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("order_number", sa.Text(), nullable=False),
        sa.Column("order_version", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("supplied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False, comment="business day"),
        sa.Column("due_on", sa.Date(), nullable=True, comment="of what is on account"),
        sa.Column(
            "content", postgresql.JSONB(), nullable=False, comment="seller, lines, taxes, payments"
        ),
        sa.Column(
            "corrects",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="invoices that it credits",
        ),
        sa.CheckConstraint("kind in ('INVOICE','CREDIT_NOTE')", name=op.f("ck_invoice_kind")),
        sa.CheckConstraint("total_minor = net_minor + tax_minor", name=op.f("ck_invoice_total")),
        sa.ForeignKeyConstraint(["entity"], ["legal_entity.code"], name=op.f("fk_invoice_entity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        sa.UniqueConstraint(
            "entity",
            "kind",
            "country",
            "year",
            "sequence",
            name=op.f("uq_invoice_entity_kind_country_year_sequence"),
        ),
        sa.UniqueConstraint("number", name=op.f("uq_invoice_number")),
        sa.UniqueConstraint(
            "order_id", "order_version", "kind", name=op.f("uq_invoice_order_id_order_version_kind")
        ),
    )
    op.create_index(
        "ix_invoice_customer_id_issued_at_id",
        "invoice",
        ["customer_id", "issued_at", "id"],
        unique=False,
    )
    op.create_index("ix_invoice_issued_at_id", "invoice", ["issued_at", "id"], unique=False)
    op.create_table(
        "invoice_party",
        sa.Column("invoice_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("street", sa.Text(), nullable=False),
        sa.Column("postal_code", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("country", sa.CHAR(length=2), nullable=False),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f("fk_invoice_party_invoice_id")
        ),
        sa.PrimaryKeyConstraint("invoice_id", name=op.f("pk_invoice_party")),
    )


def _receivables() -> None:
    op.create_table(
        "receivable",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=True, comment="null: paid in advance"),
        sa.Column("order_version", sa.BigInteger(), nullable=True),
        sa.Column("order_number", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("invoice_id", sa.UUID(), nullable=True),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False, comment="< 0: credited"),
        sa.Column("settled_minor", sa.BigInteger(), nullable=False, comment="paid or offset"),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "amount_minor <> 0 and abs(settled_minor) <= abs(amount_minor) and sign(settled_minor) in (0, sign(amount_minor))",
            name=op.f("ck_receivable_settled"),
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f("fk_receivable_invoice_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receivable")),
        sa.UniqueConstraint(
            "order_id", "order_version", name=op.f("uq_receivable_order_id_order_version")
        ),
    )
    op.create_index(
        "ix_receivable_open",
        "receivable",
        ["customer_id", "due_on"],
        unique=False,
        postgresql_where=sa.text("settled_minor <> amount_minor"),
    )
    op.create_table(
        "receivable_payment",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column(
            "allocations",
            postgresql.JSONB(),
            nullable=False,
            comment="[{receivable_id, amount_minor}]",
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_receivable_payment_amount")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receivable_payment")),
    )
    op.create_table(
        "daily_close",
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column(
            "totals",
            postgresql.JSONB(),
            nullable=False,
            comment="by account, currency, channel, location",
        ),
        sa.Column(
            "cash", postgresql.JSONB(), nullable=False, comment="expected and counted by location"
        ),
        sa.Column("differences", postgresql.JSONB(), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("business_date", name=op.f("pk_daily_close")),
    )


def downgrade() -> None:
    """Take it down again."""
    op.drop_table("daily_close")
    op.drop_table("receivable_payment")
    op.drop_table("receivable")
    op.drop_table("invoice_party")
    op.drop_table("invoice")
    op.drop_table("document_series")
    op.drop_table("legal_entity")
    op.drop_table("document_due")
    op.drop_table("journal_entry")
    op.drop_table("journal_transaction")
    op.drop_table("account_number")
    op.drop_table("ledger_account")
    op.drop_table("books")
    op.execute("DROP FUNCTION check_journal_balance")
    op.execute("DROP FUNCTION check_journal_entries")
