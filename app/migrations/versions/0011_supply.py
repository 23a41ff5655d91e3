"""supply: inbound stock, promises against it, purchase orders and supplier invoices"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    _inbound()
    _promise()
    _purchase_order()
    _supplier_invoice()


def _key(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, postgresql.UUID(as_uuid=True), nullable=nullable)


def _moment(name: str, *, nullable: bool = False, comment: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, comment=comment)


def _foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))


def _inbound() -> None:
    op.create_table(
        "inbound",
        _key("id"),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "source_id",
            postgresql.UUID(as_uuid=True),
            nullable=False,
            comment="order, transfer, supplier",
        ),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        _key("location_id"),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        _moment("eta"),
        sa.Column("confidence", sa.Numeric(3, 2), nullable=False),
        _moment("closed_at", nullable=True, comment="nothing more of it will come"),
        _moment("updated_at"),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "source in ('PURCHASE_ORDER','TRANSFER','SUPPLIER_FEED','RETURN')",
            name=op.f("ck_inbound_source"),
        ),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_inbound_quantity")),
        sa.CheckConstraint("received >= 0", name=op.f("ck_inbound_received")),
        sa.CheckConstraint("confidence between 0 and 1", name=op.f("ck_inbound_confidence")),
        _foreign("inbound", "sku", "variant.sku"),
        _foreign("inbound", "location_id", "location.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound")),
        sa.UniqueConstraint(
            "source",
            "source_id",
            "reference",
            "sku",
            name=op.f("uq_inbound_source_source_id_reference_sku"),
        ),
    )
    op.create_index(
        "ix_inbound_open",
        "inbound",
        ["sku", "location_id", "eta"],
        postgresql_where=sa.text("closed_at is null and received < quantity"),
    )


def _promise() -> None:
    op.create_table(
        "promise",
        _key("id"),
        _key("order_id"),
        _key("line_id"),
        sa.Column("sku", sa.Text(), nullable=False, comment="component of the line"),
        _key("location_id"),
        _key("inbound_id", nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        _moment("promised_at"),
        sa.Column("confidence", sa.Numeric(3, 2), nullable=False),
        _moment("confirmed_at", comment="of the order"),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_promise_quantity")),
        _foreign("promise", "order_id", "sales_order.id"),
        _foreign("promise", "line_id", "order_line.id"),
        _foreign("promise", "inbound_id", "inbound.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise")),
    )
    op.create_index(op.f("ix_promise_order_id"), "promise", ["order_id"])
    op.create_index(op.f("ix_promise_inbound_id"), "promise", ["inbound_id"])
    op.create_index("ix_promise_sku_location_id", "promise", ["sku", "location_id"])


def _purchase_order() -> None:
    op.create_table(
        "purchase_order",
        _key("id"),
        sa.Column("number", sa.Text(), nullable=False),
        _key("supplier_id"),
        _key("location_id"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("confidence", sa.Numeric(3, 2), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("supplier_id <> location_id", name=op.f("ck_purchase_order_places")),
        sa.CheckConstraint(
            "state in ('OPEN','PARTIALLY_RECEIVED','RECEIVED','CANCELLED')",
            name=op.f("ck_purchase_order_state"),
        ),
        _foreign("purchase_order", "supplier_id", "location.id"),
        _foreign("purchase_order", "location_id", "location.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchase_order")),
        sa.UniqueConstraint("number", name=op.f("uq_purchase_order_number")),
    )
    for end in ("location_id", "supplier_id"):
        op.create_index(
            f"ix_purchase_order_{end}_created_at", "purchase_order", [end, "created_at"]
        )
    op.create_table(
        "purchase_order_line",
        _key("purchase_order_id"),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("ordered", sa.Integer(), nullable=False),
        _moment("eta"),
        sa.Column("unit_cost_minor", sa.BigInteger(), comment="as agreed"),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("invoiced", sa.Integer(), nullable=False),
        sa.Column("invoiced_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("ordered > 0", name=op.f("ck_purchase_order_line_ordered")),
        sa.CheckConstraint("received >= 0", name=op.f("ck_purchase_order_line_received")),
        sa.CheckConstraint("invoiced >= 0", name=op.f("ck_purchase_order_line_invoiced")),
        _foreign("purchase_order_line", "purchase_order_id", "purchase_order.id"),
        _foreign("purchase_order_line", "sku", "variant.sku"),
        sa.PrimaryKeyConstraint("purchase_order_id", "sku", name=op.f("pk_purchase_order_line")),
    )
    op.create_table(
        "purchase_order_change",
        _key("purchase_order_id"),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(), nullable=False, comment="lines as they are then"),
        _moment("at"),
        _foreign("purchase_order_change", "purchase_order_id", "purchase_order.id"),
        sa.PrimaryKeyConstraint(
            "purchase_order_id", "version", name=op.f("pk_purchase_order_change")
        ),
    )


def _supplier_invoice() -> None:
    op.create_table(
        "supplier_invoice",
        _key("id"),
        _key("purchase_order_id"),
        _key("supplier_id"),
        sa.Column("number", sa.Text(), nullable=False, comment="the supplier's"),
        _moment("invoiced_at"),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        _moment("recorded_at"),
        sa.Column(
            "lines",
            postgresql.JSONB(),
            nullable=False,
            comment="[{sku, quantity, amount_minor}]",
        ),
        _foreign("supplier_invoice", "purchase_order_id", "purchase_order.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier_invoice")),
        sa.UniqueConstraint(
            "supplier_id", "number", name=op.f("uq_supplier_invoice_supplier_id_number")
        ),
    )
    op.create_index(
        op.f("ix_supplier_invoice_purchase_order_id"), "supplier_invoice", ["purchase_order_id"]
    )


def downgrade() -> None:
    """Take the schema back."""
    for table in (
        "supplier_invoice",
        "purchase_order_change",
        "purchase_order_line",
        "purchase_order",
        "promise",
        "inbound",
    ):
        op.drop_table(table)
