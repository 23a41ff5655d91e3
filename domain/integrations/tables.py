"""Import runs, what they created, and rows that were refused."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID

from domain.common.tables import metadata

import_run = sa.Table(
    "import_run",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("finished_at", sa.DateTime(timezone=True)),
    sa.Column("counts", JSONB, nullable=False),
)

import_quarantine = sa.Table(
    "import_quarantine",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column(
        "run_id", UUID(as_uuid=True), sa.ForeignKey("import_run.id"), nullable=False, index=True
    ),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("row", JSONB, nullable=False),
)
