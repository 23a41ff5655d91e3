"""News of transfers."""

from domain.events.model import Aggregate, Event, Topic
from domain.transfers.model import Transfer

TRANSFER_CHANGED = "TransferChanged"


def transfer_changed(transfer: Transfer) -> Event:
    """The event of a transfer's change to its present version."""
    return Event(
        type=TRANSFER_CHANGED,
        aggregate=Aggregate.TRANSFER,
        aggregate_id=transfer.id,
        version=transfer.version,
        topics=(Topic.transfers(transfer.source_id), Topic.transfers(transfer.destination_id)),
        payload={
            "transfer_id": str(transfer.id),
            "number": transfer.number,
            "version": transfer.version,
            "source_id": str(transfer.source_id),
            "destination_id": str(transfer.destination_id),
            "state": transfer.state.value,
            "lines": [
                {"sku": line.sku, "quantity": line.quantity, "received": line.received}
                for line in transfer.lines
            ],
        },
    )
