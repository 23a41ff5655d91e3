"""imports: jobs that apply files, their chunks, what they refused, and a schema for rows that wait"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up."""
    op.execute("CREATE SCHEMA IF NOT EXISTS staging")
    op.create_table(
        "import_job",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="as whoever sent the file calls it"),
        sa.Column("content_hash", sa.Text(), nullable=False, comment="SHA-256 of the file"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_snapshot", sa.Boolean(), nullable=False, comment="as_of was given"),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text()),
        sa.Column(
            "columns",
            postgresql.JSONB(),
            nullable=False,
            comment="of the file, in its order",
        ),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("applied", sa.BigInteger(), nullable=False),
        sa.Column("unchanged", sa.BigInteger(), nullable=False),
        sa.Column("quarantined", sa.BigInteger(), nullable=False),
        sa.Column("failure", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind in ('STOCK','PRODUCTS','PRICES','CUSTOMERS','ORDERS')",
            name=op.f("ck_import_job_kind"),
        ),
        sa.CheckConstraint(
            "status in ('QUEUED','RUNNING','SUCCEEDED','FAILED')",
            name=op.f("ck_import_job_status"),
        ),
        sa.CheckConstraint(
            "applied + unchanged + quarantined <= rows_read", name=op.f("ck_import_job_rows")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_job")),
    )
    op.create_index("ix_import_job_created_at_id", "import_job", ["created_at", "id"])
    op.create_index(
        "ix_import_job_unfinished",
        "import_job",
        ["created_at", "id"],
        postgresql_where=sa.text("status in ('QUEUED','RUNNING')"),
    )
    op.create_index(
        "uq_import_job_idempotency_key",
        "import_job",
        ["requested_by", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("status <> 'FAILED'"),
    )
    op.create_table(
        "import_chunk",
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "start", sa.BigInteger(), nullable=False, comment="first page, or place of an order"
        ),
        sa.Column("stop", sa.BigInteger(), nullable=False, comment="first one after it"),
        sa.Column("applied", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["import_job.id"],
            name=op.f("fk_import_chunk_job_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("job_id", "number", name=op.f("pk_import_chunk")),
    )
    op.create_table(
        "import_refusal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("row", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["import_job.id"],
            name=op.f("fk_import_refusal_job_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_refusal")),
    )
    op.create_index("ix_import_refusal_job_id_line_id", "import_refusal", ["job_id", "line", "id"])


def downgrade() -> None:
    """Take the schema back."""
    op.drop_table("import_refusal")
    op.drop_table("import_chunk")
    op.drop_table("import_job")
    op.execute("DROP SCHEMA staging CASCADE")
