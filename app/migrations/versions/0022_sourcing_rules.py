"""sourcing rules: rule sets with versions that have a period each; tags of locations"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEPT = """
CREATE FUNCTION keep_rule_set_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.valid IS NULL THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.valid <@ OLD.valid
       AND (isempty(NEW.valid) OR lower(NEW.valid) = lower(OLD.valid))
       AND to_jsonb(NEW) - 'valid' - 'retired_at' = to_jsonb(OLD) - 'valid' - 'retired_at' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a version with a period is immutable, but for an earlier end'
        USING ERRCODE = 'restrict_violation';
END $$
"""


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column(
        "location",
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    )
    op.create_table(
        "sourcing_rule_set",
        _key("id"),
        sa.Column("name", sa.Text(), nullable=False),
        _text("channel", "empty: any"),
        _text("country", "empty: any"),
        _text("order_type", "kind of the channel; empty: any"),
        _text("delivery_mode", "empty: any"),
        sa.Column("created_by", sa.Text(), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sourcing_rule_set")),
        sa.UniqueConstraint("name", name=op.f("uq_sourcing_rule_set_name")),
    )
    op.create_table(
        "sourcing_rule_set_version",
        _key("id"),
        _key("rule_set_id"),
        sa.Column("number", sa.Integer(), nullable=False),
        _text("channel", "scope of the set, as the next three"),
        _text("country"),
        _text("order_type"),
        _text("delivery_mode"),
        sa.Column(
            "body",
            postgresql.JSONB(),
            nullable=False,
            comment="rules, costs, time zone of dates",
        ),
        sa.Column(
            "valid",
            postgresql.TSTZRANGE(),
            comment="null: draft; empty: withdrawn before it began",
        ),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        _moment("created_at"),
        sa.Column(
            "retired_at",
            sa.DateTime(timezone=True),
            comment="when its end was brought forward",
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_sourcing_rule_set_version_number")),
        sa.CheckConstraint("not lower_inf(valid)", name=op.f("ck_sourcing_rule_set_version_valid")),
        sa.ForeignKeyConstraint(
            ["rule_set_id"],
            ["sourcing_rule_set.id"],
            name=op.f("fk_sourcing_rule_set_version_rule_set_id"),
        ),
        postgresql.ExcludeConstraint(
            (sa.column("channel"), "="),
            (sa.column("country"), "="),
            (sa.column("order_type"), "="),
            (sa.column("delivery_mode"), "="),
            (sa.column("valid"), "&&"),
            using="gist",
            name="ex_sourcing_rule_set_version_valid",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sourcing_rule_set_version")),
        sa.UniqueConstraint(
            "rule_set_id", "number", name=op.f("uq_sourcing_rule_set_version_rule_set_id_number")
        ),
    )
    op.create_index(
        "ix_sourcing_rule_set_version_draft",
        "sourcing_rule_set_version",
        ["rule_set_id"],
        unique=True,
        postgresql_where=sa.text("valid is null"),
    )
    op.execute(KEPT)
    op.execute(
        "CREATE TRIGGER sourcing_rule_set_version_kept BEFORE UPDATE OR DELETE"
        " ON sourcing_rule_set_version FOR EACH ROW EXECUTE FUNCTION keep_rule_set_version()"
    )


def _key(name: str) -> sa.Column[Any]:
    return sa.Column(name, postgresql.UUID(as_uuid=True), nullable=False)


def _text(name: str, comment: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False, comment=comment)


def _moment(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("sourcing_rule_set_version")
    op.execute("DROP FUNCTION keep_rule_set_version")
    op.drop_table("sourcing_rule_set")
    op.drop_column("location", "tags")
