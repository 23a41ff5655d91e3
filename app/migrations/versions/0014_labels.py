"""labels: what carriers ask, and the labels that they sold"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_UUID = postgresql.UUID(as_uuid=True)
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Bring the schema up."""
    _tariffs()
    _labels()


def _tariffs() -> None:
    op.create_table(
        "carrier_tariff",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carrier_tariff")),
        sa.UniqueConstraint("carrier", name=op.f("uq_carrier_tariff_carrier")),
    )
    op.create_table(
        "carrier_rate",
        sa.Column("tariff_id", _UUID, nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column(
            "country",
            sa.Text(),
            nullable=False,
            comment="empty: any without a zone of its own",
        ),
        sa.Column("postal_prefix", sa.Text(), nullable=False),
        sa.Column("max_weight_g", sa.Integer(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("transit_days", sa.Integer()),
        sa.CheckConstraint("max_weight_g > 0", name=op.f("ck_carrier_rate_weight")),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_carrier_rate_price")),
        sa.ForeignKeyConstraint(
            ["tariff_id"], ["carrier_tariff.id"], name=op.f("fk_carrier_rate_tariff_id")
        ),
        sa.PrimaryKeyConstraint(
            "tariff_id",
            "service",
            "country",
            "postal_prefix",
            "max_weight_g",
            name=op.f("pk_carrier_rate"),
        ),
    )


def _labels() -> None:
    op.create_table(
        "label",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("serial", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("order_id", _UUID, nullable=False),
        sa.Column("fulfillment_order_id", _UUID, nullable=False),
        sa.Column("location_id", _UUID, nullable=False),
        sa.Column("parcel_id", _UUID),
        sa.Column("replaces_id", _UUID),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("weight_g", sa.Integer(), nullable=False),
        sa.Column(
            "sender", postgresql.JSONB(), nullable=False, comment="personal data of a return"
        ),
        sa.Column("recipient", postgresql.JSONB(), nullable=False, comment="personal data"),
        sa.Column("token", sa.Text(), nullable=False, comment="opens the document"),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("tracking_number", sa.Text()),
        sa.Column("reference", sa.Text(), comment="the carrier's name of it"),
        sa.Column("price_minor", sa.BigInteger()),
        sa.Column("currency", sa.CHAR(3)),
        sa.Column("reason", sa.Text(), comment="why it failed, or was not voided"),
        sa.Column("void_refused_at", _TIME),
        sa.Column("next_try_at", _TIME, comment="of an intent"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state in ('BUYING','BOUGHT','VOIDING','VOIDED','FAILED')"
            " and (state in ('BUYING','FAILED')) = (tracking_number is null)",
            name=op.f("ck_label_state"),
        ),
        sa.CheckConstraint(
            "(state in ('BUYING','VOIDING')) = (next_try_at is not null)",
            name=op.f("ck_label_try"),
        ),
        sa.CheckConstraint("direction in ('OUTBOUND','RETURN')", name=op.f("ck_label_direction")),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name=op.f("fk_label_order_id")),
        sa.ForeignKeyConstraint(
            ["fulfillment_order_id"],
            ["fulfillment_order.id"],
            name=op.f("fk_label_fulfillment_order_id"),
        ),
        sa.ForeignKeyConstraint(["parcel_id"], ["parcel.id"], name=op.f("fk_label_parcel_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["label.id"], name=op.f("fk_label_replaces_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label")),
        sa.UniqueConstraint(
            "carrier", "tracking_number", name=op.f("uq_label_carrier_tracking_number")
        ),
    )
    for name in ("order_id", "fulfillment_order_id", "parcel_id", "replaces_id"):
        op.create_index(f"ix_label_{name}", "label", [name])
    op.create_index(
        "ix_label_next_try_at",
        "label",
        ["next_try_at"],
        postgresql_where=sa.text("next_try_at is not null"),
    )
    op.create_table(
        "label_document",
        sa.Column("label_id", _UUID, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False, comment="as the carrier made it"),
        sa.ForeignKeyConstraint(
            ["label_id"], ["label.id"], name=op.f("fk_label_document_label_id")
        ),
        sa.PrimaryKeyConstraint("label_id", name=op.f("pk_label_document")),
    )


def downgrade() -> None:
    """Take the schema back."""
    for table in ("label_document", "label", "carrier_rate", "carrier_tariff"):
        op.drop_table(table)
