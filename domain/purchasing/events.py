"""News of purchase orders."""

from domain.events.model import Aggregate, Event, Topic
from domain.purchasing.model import PurchaseOrder

PURCHASE_ORDER_CHANGED = "PurchaseOrderChanged"


def purchase_order_changed(order: PurchaseOrder, action: str) -> Event:
    """The event of a purchase order's change to its present version."""
    return Event(
        type=PURCHASE_ORDER_CHANGED,
        aggregate=Aggregate.PURCHASE_ORDER,
        aggregate_id=order.id,
        version=order.version,
        topics=(Topic.supply(order.location_id),),
        payload={
            "purchase_order_id": str(order.id),
            "number": order.number,
            "version": order.version,
            "action": action,
            "supplier_id": str(order.supplier_id),
            "location_id": str(order.location_id),
            "state": order.state.value,
            "lines": [
                {
                    "sku": line.sku,
                    "ordered": line.ordered,
                    "received": line.received,
                    "invoiced": line.invoiced,
                    "eta": line.eta.isoformat(),
                }
                for line in order.lines
            ],
        },
    )
