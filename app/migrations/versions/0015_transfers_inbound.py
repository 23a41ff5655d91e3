"""transfers inbound: what is on the way is expected at its destination"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema up. Transfers that are on the way become inbound stock, with its events."""
    op.add_column("transfer", sa.Column("expected_at", sa.DateTime(timezone=True)))
    op.execute(
        "UPDATE transfer SET expected_at = shipped_at + interval '2 days'"
        " WHERE shipped_at IS NOT NULL"
    )
    op.execute(
        "INSERT INTO inbound SELECT gen_random_uuid(), 'TRANSFER', t.id, t.number, l.sku,"
        " t.destination_id, l.quantity, 0, t.expected_at, 1, NULL, now(), 1"
        " FROM transfer AS t JOIN transfer_line AS l ON l.transfer_id = t.id"
        " WHERE t.state = 'SHIPPED'"
    )
    op.execute(
        "INSERT INTO outbox (events) SELECT jsonb_agg(jsonb_build_object("
        "'type', 'InboundChanged', 'aggregate', 'inbound', 'aggregate_id', id, 'version', 1,"
        " 'topics', jsonb_build_array('supply:' || location_id), 'payload', jsonb_build_object("
        "'inbound_id', id, 'version', 1, 'source', source, 'reference', reference, 'sku', sku,"
        " 'location_id', location_id, 'quantity', quantity, 'received', received,"
        " 'open', quantity, 'eta', eta, 'confidence', '1'),"
        " 'actor', 'SYSTEM:migration', 'at', now(), 'correlation_id', ''))"
        " FROM inbound WHERE source = 'TRANSFER' HAVING count(*) > 0"
    )


def downgrade() -> None:
    """Take the schema back."""
    op.execute(
        "DELETE FROM promise WHERE inbound_id IN (SELECT id FROM inbound WHERE source = 'TRANSFER')"
    )
    op.execute("DELETE FROM inbound WHERE source = 'TRANSFER'")
    op.drop_column("transfer", "expected_at")
