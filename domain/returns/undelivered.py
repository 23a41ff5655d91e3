"""A parcel that could not be delivered comes back: its goods are inspected as any return's."""

from dataclasses import replace

from domain.common.idempotency import once
from domain.common.ids import LineGroupId, ReturnId, TrackingEventId, new_id
from domain.common.numbers import number_for_people
from domain.common.sql import together
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.orders.errors import IllegalTransition
from domain.orders.lifecycle import UNDELIVERED, Action, move
from domain.orders.model import Order
from domain.orders.notices import NoticeKind, notice
from domain.orders.units import one_of, parted
from domain.returns.commands import ReceiveUndelivered
from domain.returns.model import Return, ReturnLine, ReturnMethod, ReturnReason, ReturnState
from domain.returns.receiving import require_place, require_receiver, take_in
from domain.returns.results import ReturnChange
from domain.shipments.labels import carrier_code, tracking_number
from domain.shipments.model import Parcel, Shipment, TrackingEvent, TrackingStatus, with_events
from domain.shipments.repository import locked_parcel
from domain.shipments.saving import changed
from domain.shipments.units import moved_unless_settled

RECEIVE = "RECEIVE_UNDELIVERED"


async def receive_undelivered(tx: Tx, actor: Actor, given: ReceiveUndelivered) -> ReturnChange:
    """The new return with all units of a parcel that came back undelivered: they wait at the
    location for an inspection; the customer is told.

    Raises:
        NotFound: no such parcel, or the actor does not work at the location.
        Forbidden: the actor's role does not receive goods.
        IllegalTransition: it was delivered, given up for lost or received before; or its units were
            given up or sent again.
        ValidationFailed, IdempotencyConflict: see there.

    Locks: the order, then stock levels of the location in (location, sku) order.
    """
    require_receiver(actor)
    command = replace(
        given,
        carrier=carrier_code(given.carrier),
        tracking_number=tracking_number("trackingNumber", given.tracking_number),
    )

    async def work() -> ReturnChange:
        await require_place(tx, actor, command.location_id)
        before, shipment, parcel = await locked_parcel(
            tx.connection, command.carrier, command.tracking_number
        )
        return await _received(tx, before, shipment, parcel, command)

    return await once(tx, "receiveUndeliveredParcel", command, ReturnChange, work)


async def _received(
    tx: Tx, before: Order, shipment: Shipment, parcel: Parcel, command: ReceiveUndelivered
) -> ReturnChange:
    if parcel.returned_at is not None:
        raise IllegalTransition(RECEIVE, "received before")
    now, back = await tx.now(), TrackingStatus.RETURNED_TO_ORIGIN
    order, events = before, list[TrackingEvent]()
    if parcel.status is not back:
        if not parcel.is_news(back, now):
            raise IllegalTransition(RECEIVE, parcel.status.value)
        order = moved_unless_settled(before, parcel, back)
        events.append(
            TrackingEvent(
                id=TrackingEventId(new_id()),
                parcel_id=parcel.id,
                external_id=f"received:{command.idempotency_key}"[:128],
                status=back,
                place="",
                occurred_at=now,
                received_at=now,
                applied=True,
            )
        )
    after, new, units = await _opened(tx, order, parcel)
    arrived = with_events(shipment, events)
    parcels = tuple(
        replace(each, returned_at=now) if each.id == parcel.id else each for each in arrived.parcels
    )
    writes = await changed(tx, replace(arrived, parcels=parcels), before.customer_id, events)
    told = notice(
        before.id,
        NoticeKind.PARCEL_RETURNED,
        str(parcel.id),
        {"trackingNumber": parcel.tracking_number},
    )
    await tx.connection.execute(together(*writes, told))
    return await take_in(tx, before, after, new, units, command.location_id)


async def _opened(
    tx: Tx, order: Order, parcel: Parcel
) -> tuple[Order, Return, frozenset[LineGroupId]]:
    """`order` with the parcel's units received, the return that they are in, and their groups."""
    now, return_id = await tx.now(), ReturnId(new_id())
    here = [
        group
        for group in order.groups
        if group.shipment_id == parcel.shipment_id and group.state in UNDELIVERED
    ]
    left = {line.line_id: line.quantity for line in parcel.lines}
    held = {
        line: min(units, sum(g.quantity for g in here if g.line_id == line))
        for line, units in left.items()
    }
    wanted = {line: units for line, units in held.items() if units > 0}
    if not wanted:
        raise IllegalTransition(RECEIVE, "its units were given up or sent again")
    parts, units = parted(order, here, wanted)
    after = move(parts, Action.RECEIVE_RETURN, one_of(units), return_id=return_id)
    lines = tuple(
        ReturnLine(line, quantity, ReturnReason.NOT_DELIVERED) for line, quantity in wanted.items()
    )
    new = Return(
        id=return_id,
        number=number_for_people("R"),
        order_id=order.id,
        method=ReturnMethod.UNDELIVERED,
        state=ReturnState.RECEIVED,
        currency=order.currency,
        requested_by=tx.actor_key,
        requested_at=now,
        updated_at=now,
        version=0,
        lines=lines,
    )
    return after, new, units
