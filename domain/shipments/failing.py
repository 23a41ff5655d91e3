"""Parcels that did not arrive: what becomes of their units, and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from domain.common.errors import NotFound, ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.ids import LineGroupId, OrderLineId, TrackingEventId, new_id
from domain.common.transaction import Tx
from domain.fulfillment.failing import sourced_anew
from domain.identity.model import Actor
from domain.orders.errors import IllegalTransition
from domain.orders.lifecycle import Action, move, require_status
from domain.orders.model import Group, Order
from domain.orders.notices import NoticeKind, notice
from domain.orders.place import Terms
from domain.orders.placing_rules import check_text
from domain.orders.repository import locked_order
from domain.orders.resourcing import without_location
from domain.orders.results import Changed
from domain.orders.saving import save
from domain.orders.states import GONE_WRONG, GroupState, OrderStatus
from domain.orders.stock_needs import demand_of_groups
from domain.orders.units import one_of
from domain.orders.visibility import require_visible
from domain.shipments.commands import GivenDisposition, ReceiveReturnedParcel, ResolveFailure
from domain.shipments.labels import carrier_code, tracking_number
from domain.shipments.model import (
    Disposition,
    Parcel,
    Shipment,
    TrackingEvent,
    TrackingStatus,
    with_events,
)
from domain.shipments.repository import locked_parcel
from domain.shipments.results import ShipmentChange
from domain.shipments.saving import changed
from domain.shipments.ship import require_shipper
from domain.shipments.units import moved_unless_settled
from domain.stock.allocation import move as move_stock
from domain.stock.model import Bucket, Demand, MovementReason
from domain.stock.receive import open_levels


class Resolution(StrEnum):
    """What the customer gets for units that did not arrive."""

    RESHIP = "RESHIP"
    REFUND = "REFUND"


@dataclass(frozen=True, slots=True)
class _Back:
    """Units of a returned parcel with the bucket that they go to."""

    bucket: Bucket
    demands: list[Demand]


async def resolve_failure(tx: Tx, actor: Actor, command: ResolveFailure, terms: Terms) -> Changed:
    """The order after the choice for all its units that were lost, damaged, refused or sent back:
    sourced and released anew without another charge, or given up. After REFUND the caller lets the
    money go at once (`release_money.settle_leftovers`). Stock that left stays gone.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict, ValidationFailed: see there.
        IllegalTransition: no unit went wrong, or the order is over.

    Locks: the order, then stock levels in (location, sku) order.
    """
    check_text("reason", command.reason)

    async def work() -> Changed:
        before = require_visible(actor, await locked_order(tx.connection, command.order_id))
        check_version(command.expected_version, before.version)
        require_status(before, "RESOLVE_FAILED_DELIVERY", OrderStatus.CONFIRMED)
        wrong = frozenset(group.id for group in before.groups if group.state in GONE_WRONG)
        if not wrong:
            raise IllegalTransition("RESOLVE_FAILED_DELIVERY", before.fulfillment_status.value)
        if command.resolution == Resolution.REFUND:
            saved = await _given_up(tx, before, wrong, command.reason)
        else:
            saved = await _reshipped(tx, before, wrong, command.reason, terms)
        return Changed(saved.id, saved.version)

    return await once(tx, "resolveFailedDelivery", command, Changed, work)


async def _given_up(
    tx: Tx, before: Order, wrong: frozenset[LineGroupId], reason: str | None
) -> Order:
    after = move(before, Action.GIVE_UP, one_of(wrong), reason=reason or "not delivered")
    units = sum(group.quantity for group in before.groups if group.id in wrong)
    told = notice(before.id, NoticeKind.UNITS_CANCELLED, f"v{before.version + 1}", {"units": units})
    return await save(tx, before, after, Action.GIVE_UP.value, told, reason=reason)


async def _reshipped(
    tx: Tx, before: Order, wrong: frozenset[LineGroupId], reason: str | None, terms: Terms
) -> Order:
    after = without_location(move(before, Action.RESHIP, one_of(wrong)), one_of(wrong))
    groups = tuple(
        replace(group, shipment_id=None) if group.id in wrong else group for group in after.groups
    )
    saved = await save(
        tx, before, replace(after, groups=groups), Action.RESHIP.value, reason=reason
    )
    return await sourced_anew(tx, saved, terms)


async def receive_returned_parcel(
    tx: Tx, actor: Actor, given: ReceiveReturnedParcel
) -> ShipmentChange:
    """The shipment whose parcel came back unopened or undeliverable: its units are
    RETURNED_TO_ORIGIN, and in the sender's stock as the dispositions say; the customer is told.
    Lines without a disposition are restocked.

    Raises:
        NotFound: no such parcel, or it was not sent from a location of the actor.
        Forbidden, IdempotencyConflict, ValidationFailed: see there.
        IllegalTransition: it was delivered, given up for lost, or received before.

    Locks: the order, then stock levels in (location, sku) order.
    """
    require_shipper(actor)
    command = replace(
        given,
        carrier=carrier_code(given.carrier),
        tracking_number=tracking_number("trackingNumber", given.tracking_number),
    )

    async def work() -> ShipmentChange:
        order, shipment, parcel = await locked_parcel(
            tx.connection, command.carrier, command.tracking_number
        )
        if not actor.works_at(shipment.location_id):
            raise NotFound("parcel", command.tracking_number)
        return await _received(tx, order, shipment, parcel, command)

    return await once(tx, "receiveReturnedParcel", command, ShipmentChange, work)


async def _received(
    tx: Tx, before: Order, shipment: Shipment, parcel: Parcel, command: ReceiveReturnedParcel
) -> ShipmentChange:
    if parcel.returned_at is not None:
        raise IllegalTransition("RECEIVE_RETURNED_PARCEL", "received before")
    now = await tx.now()
    back = TrackingStatus.RETURNED_TO_ORIGIN
    if parcel.status is not back and not parcel.is_news(back, now):
        raise IllegalTransition("RECEIVE_RETURNED_PARCEL", parcel.status.value)
    after, events = before, list[TrackingEvent]()
    if parcel.status is not back:
        after = moved_unless_settled(before, parcel, back)
        event = TrackingEvent(
            id=TrackingEventId(new_id()),
            parcel_id=parcel.id,
            external_id=f"received:{command.idempotency_key}"[:128],
            status=back,
            place="",
            occurred_at=now,
            received_at=now,
            applied=True,
        )
        events.append(event)
    for part in _back(before, shipment, parcel, _by_line(command.dispositions)):
        await open_levels(tx, part.demands)
        await move_stock(
            tx,
            Bucket.EXTERNAL,
            part.bucket,
            part.demands,
            MovementReason.RETURNED,
            before.number,
        )
    arrived = with_events(shipment, events)
    parcels = tuple(
        replace(each, returned_at=now) if each.id == parcel.id else each for each in arrived.parcels
    )
    marked = replace(arrived, parcels=parcels)
    writes = await changed(tx, marked, before.customer_id, events)
    told = notice(
        before.id,
        NoticeKind.PARCEL_RETURNED,
        str(parcel.id),
        {"trackingNumber": parcel.tracking_number},
    )
    await save(tx, before, after, Action.RETURN_TO_ORIGIN.value, *writes, told)
    return ShipmentChange(shipment.id, before.id, marked.version)


def _by_line(given: tuple[GivenDisposition, ...]) -> dict[OrderLineId, Disposition]:
    found: dict[OrderLineId, Disposition] = {}
    for each in given:
        if each.line_id in found:
            raise ValidationFailed("dispositions", f"line {each.line_id} is named twice")
        found[each.line_id] = each.disposition
    return found


_BUCKETS: Mapping[Disposition, Bucket] = {
    Disposition.RESTOCK: Bucket.FREE,
    Disposition.DAMAGED: Bucket.DAMAGED,
    Disposition.QUALITY_HOLD: Bucket.QUALITY_HOLD,
}


def _back(
    order: Order, shipment: Shipment, parcel: Parcel, chosen: Mapping[OrderLineId, Disposition]
) -> list[_Back]:
    """What comes into which bucket; what is written off comes into none."""
    if unknown := chosen.keys() - {line.line_id for line in parcel.lines}:
        raise ValidationFailed("dispositions", f"line {min(unknown)} is not in the parcel")
    found: dict[Bucket, list[Demand]] = {}
    for line in parcel.lines:
        bucket = _BUCKETS.get(chosen.get(line.line_id, Disposition.RESTOCK))
        if bucket is None:
            continue
        group = Group(
            LineGroupId(new_id()),
            line.line_id,
            line.quantity,
            GroupState.RETURNED_TO_ORIGIN,
            shipment.location_id,
        )
        found.setdefault(bucket, []).extend(demand_of_groups(order, [group]))
    return [_Back(bucket, demands) for bucket, demands in sorted(found.items())]
