"""Delivery of a whole shipment by somebody who reports no tracking events, such as own vans."""

from domain.common.errors import NotFound, check_version
from domain.common.idempotency import once
from domain.common.ids import TrackingEventId, new_id
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.orders.lifecycle import Action
from domain.orders.saving import save
from domain.shipments.commands import DeliverShipment
from domain.shipments.model import Shipment, TrackingEvent, TrackingStatus, with_events
from domain.shipments.repository import locked_shipment
from domain.shipments.results import ShipmentChange
from domain.shipments.saving import changed
from domain.shipments.ship import require_shipper
from domain.shipments.units import delivered

OPERATION = "deliverShipment"
OWN_REPORT = "unico:delivered"
"""External id of the events recorded here; a parcel is delivered once."""


async def deliver_shipment(tx: Tx, actor: Actor, command: DeliverShipment) -> ShipmentChange:
    """The shipment with all its parcels DELIVERED now, and its units with the customer.

    Raises:
        NotFound: no such shipment, or it left from a location out of the actor's scope.
        Forbidden, VersionConflict, IdempotencyConflict: see there.
        IllegalTransition: it is delivered already.

    Locks: the order.
    """
    require_shipper(actor)

    async def work() -> ShipmentChange:
        before, shipment = await locked_shipment(tx.connection, command.shipment_id)
        if not actor.works_at(shipment.location_id):
            raise NotFound("shipment", str(command.shipment_id))
        check_version(command.expected_version, shipment.version)
        after = delivered(before, shipment.id)
        events = await _deliveries(tx, shipment)
        done = with_events(shipment, events)
        writes = await changed(tx, done, before.customer_id, events)
        detail = {"shipment_id": str(shipment.id)}
        await save(tx, before, after, Action.DELIVER.value, *writes, detail=detail)
        return ShipmentChange(done.id, before.id, done.version)

    return await once(tx, OPERATION, command, ShipmentChange, work)


async def _deliveries(tx: Tx, shipment: Shipment) -> list[TrackingEvent]:
    now = await tx.now()
    return [
        TrackingEvent(
            id=TrackingEventId(new_id()),
            parcel_id=parcel.id,
            external_id=OWN_REPORT,
            status=TrackingStatus.DELIVERED,
            place="",
            occurred_at=now,
            received_at=now,
            applied=True,
        )
        for parcel in shipment.parcels
        if parcel.status is not TrackingStatus.DELIVERED
    ]
