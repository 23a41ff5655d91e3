"""What carriers report: recorded once, applied when it is news, never a step back."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy.sql.dml import UpdateBase

from domain.common.errors import Forbidden, NotFound, ValidationFailed
from domain.common.idempotency import once
from domain.common.ids import TrackingEventId, new_id
from domain.common.sql import together
from domain.common.transaction import Tx
from domain.identity.model import Actor, Role
from domain.orders.model import Order
from domain.orders.notices import NoticeKind, notice
from domain.orders.saving import save
from domain.orders.visibility import may_see
from domain.shipments.commands import RecordTrackingEvent
from domain.shipments.labels import checked_report
from domain.shipments.model import (
    RANK,
    Parcel,
    Shipment,
    TrackingEvent,
    TrackingStatus,
    with_events,
)
from domain.shipments.repository import event_reported, locked_parcel
from domain.shipments.results import Tracked
from domain.shipments.saving import changed, stored
from domain.shipments.units import action_of, moved_unless_settled

OPERATION = "recordTrackingEvent"
REPORTERS = frozenset({Role.OPERATIONS, Role.ADMIN, Role.WAREHOUSE, Role.CHANNEL})
CLOCK_SKEW = timedelta(hours=1)
"""How far a carrier's clock may be ahead of the database's."""


async def record_tracking_event(tx: Tx, actor: Actor, given: RecordTrackingEvent) -> Tracked:
    """The recorded event. One that is news moves its parcel, the units in it and all that is
    derived from them; a late one is kept and changes nothing; a repeated one is not kept again.

    Raises:
        NotFound: no such parcel, or not in the actor's scope.
        Forbidden, IdempotencyConflict, ValidationFailed: see there.

    Locks: the order.
    """
    if actor.role not in REPORTERS:
        raise Forbidden("this role does not report for carriers")
    command = checked_report(given)

    async def work() -> Tracked:
        order, shipment, parcel = await locked_parcel(
            tx.connection, command.carrier, command.tracking_number
        )
        if not _in_scope(actor, order, shipment):
            raise NotFound("parcel", command.tracking_number)
        known = await event_reported(tx.connection, parcel.id, command.external_id)
        event = known or await _event(tx, parcel, command)
        if known is None:
            await _store(tx, order, shipment, parcel, event)
        return Tracked(shipment.id, event.id, event.applied)

    return await once(tx, OPERATION, command, Tracked, work)


def _in_scope(actor: Actor, order: Order, shipment: Shipment) -> bool:
    if actor.role is Role.WAREHOUSE:
        return actor.works_at(shipment.location_id)
    return may_see(actor, order)


async def _event(tx: Tx, parcel: Parcel, command: RecordTrackingEvent) -> TrackingEvent:
    now = await tx.now()
    if command.occurred_at > now + CLOCK_SKEW:
        raise ValidationFailed("occurredAt", "is in the future")
    return TrackingEvent(
        id=TrackingEventId(new_id()),
        parcel_id=parcel.id,
        external_id=command.external_id,
        status=command.status,
        place=command.place,
        occurred_at=command.occurred_at,
        received_at=now,
        applied=parcel.is_news(command.status, command.occurred_at),
        expected_at=command.expected_at,
    )


_NOTICES: Mapping[TrackingStatus, NoticeKind] = {
    TrackingStatus.DELAYED: NoticeKind.DELIVERY_DELAYED,
    TrackingStatus.REFUSED: NoticeKind.DELIVERY_FAILED,
    TrackingStatus.LOST: NoticeKind.DELIVERY_FAILED,
    TrackingStatus.DAMAGED: NoticeKind.DELIVERY_FAILED,
    TrackingStatus.RETURNED_TO_ORIGIN: NoticeKind.PARCEL_RETURNED,
}


def _told(order: Order, parcel: Parcel, event: TrackingEvent) -> list[UpdateBase]:
    """The write that tells the customer of bad news: once per report, and once of a return."""
    kind = _NOTICES.get(event.status)
    if kind is None:
        return []
    occasion = parcel.id if kind is NoticeKind.PARCEL_RETURNED else event.id
    detail = {
        "trackingNumber": parcel.tracking_number,
        "status": event.status.value,
        "expectedAt": event.expected_at.isoformat() if event.expected_at else None,
    }
    return [notice(order.id, kind, str(occasion), detail)]


async def _store(
    tx: Tx, before: Order, shipment: Shipment, parcel: Parcel, event: TrackingEvent
) -> None:
    if not event.applied:
        await tx.connection.execute(together(stored([event])))
        return
    writes = await changed(tx, with_events(shipment, [event]), before.customer_id, [event])
    writes += _told(before, parcel, event)
    after = before
    if event.status in RANK:
        after = moved_unless_settled(before, parcel, event.status)
    if after is before:
        outbox = tx.drain_events()
        assert outbox is not None  # `changed` published one
        await tx.connection.execute(together(*writes, outbox))
        return
    detail = {"shipment_id": str(shipment.id), "tracking_number": parcel.tracking_number}
    await save(tx, before, after, action_of(event.status).value, *writes, detail=detail)
