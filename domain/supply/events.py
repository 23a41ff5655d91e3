"""News of inbound stock."""

from domain.events.model import Aggregate, Event, Topic
from domain.supply.model import Inbound

INBOUND_CHANGED = "InboundChanged"


def inbound_changed(inbound: Inbound) -> Event:
    """The event of inbound stock's change to its present version."""
    return Event(
        type=INBOUND_CHANGED,
        aggregate=Aggregate.INBOUND,
        aggregate_id=inbound.id,
        version=inbound.version,
        topics=(Topic.supply(inbound.location_id),),
        payload={
            "inbound_id": str(inbound.id),
            "version": inbound.version,
            "source": inbound.source.value,
            "reference": inbound.reference,
            "sku": inbound.sku,
            "location_id": str(inbound.location_id),
            "quantity": inbound.quantity,
            "received": inbound.received,
            "open": inbound.open,
            "eta": inbound.eta.isoformat(),
            "confidence": str(inbound.confidence),
        },
    )
