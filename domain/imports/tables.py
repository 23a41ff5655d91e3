"""Import jobs, their chunks, and refused rows. Rows that wait stand in tables of the schema
`staging`, one per job (`domain.imports.staging`).
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID

from domain.common.tables import metadata

import_job = sa.Table(
    "import_job",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False, comment="as whoever sent the file calls it"),
    sa.Column("content_hash", sa.Text, nullable=False, comment="SHA-256 of the file"),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
    sa.Column("is_snapshot", sa.Boolean, nullable=False, comment="as_of was given"),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("idempotency_key", sa.Text),
    sa.Column("columns", JSONB, nullable=False, comment="of the file, in its order"),
    sa.Column("rows_read", sa.BigInteger, nullable=False),
    sa.Column("applied", sa.BigInteger, nullable=False),
    sa.Column("unchanged", sa.BigInteger, nullable=False),
    sa.Column("quarantined", sa.BigInteger, nullable=False),
    sa.Column("failure", sa.Text),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("started_at", sa.DateTime(timezone=True)),
    sa.Column("finished_at", sa.DateTime(timezone=True)),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.CheckConstraint("kind in ('STOCK','PRODUCTS','PRICES','CUSTOMERS','ORDERS')", name="kind"),
    sa.CheckConstraint("status in ('QUEUED','RUNNING','SUCCEEDED','FAILED')", name="status"),
    sa.CheckConstraint("applied + unchanged + quarantined <= rows_read", name="rows"),
    sa.Index("ix_import_job_created_at_id", "created_at", "id"),
    sa.Index(
        "ix_import_job_unfinished",
        "created_at",
        "id",
        postgresql_where=sa.text("status in ('QUEUED','RUNNING')"),
    ),
    sa.Index(
        "uq_import_job_idempotency_key",
        "requested_by",
        "idempotency_key",
        unique=True,
        postgresql_where=sa.text("status <> 'FAILED'"),
    ),
)

import_chunk = sa.Table(
    "import_chunk",
    metadata,
    sa.Column(
        "job_id",
        UUID(as_uuid=True),
        sa.ForeignKey("import_job.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("start", sa.BigInteger, nullable=False, comment="first page, or place of an order"),
    sa.Column("stop", sa.BigInteger, nullable=False, comment="first one after it"),
    sa.Column("applied", sa.Integer, nullable=False),
    sa.Column("unchanged", sa.Integer, nullable=False),
    sa.Column("quarantined", sa.Integer, nullable=False),
    sa.Column("done_at", sa.DateTime(timezone=True)),
)

import_refusal = sa.Table(
    "import_refusal",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column(
        "job_id",
        UUID(as_uuid=True),
        sa.ForeignKey("import_job.id", ondelete="CASCADE"),
        nullable=False,
    ),
    sa.Column("line", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("row", JSONB, nullable=False),
    sa.Index("ix_import_refusal_job_id_line_id", "job_id", "line", "id"),
)
