"""Writing events: always inside the transaction that makes the change."""

from domain.common.transaction import Tx
from domain.events import tables
from domain.events.model import Event

__all__ = ["publish", "tables"]  # `Tx` finds the table of the outbox in the shared metadata


async def publish(tx: Tx, *events: Event) -> None:
    """Add `events` to the transaction's outbox row, in this order.

    Call it after the aggregates' rows were locked, and with their new, contiguous versions.
    """
    now = await tx.now()
    for event in events:
        tx.record(event.to_record(tx.actor_key, now, tx.correlation_id))
