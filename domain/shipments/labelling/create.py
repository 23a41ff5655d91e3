"""Buying a label, for packed goods or for a parcel that was shipped."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

import sqlalchemy as sa

from domain.carriers.errors import CarrierRefused
from domain.carriers.rating import MAX_WEIGHT_G
from domain.catalog.tables import variant
from domain.common.errors import NotFound, ValidationFailed
from domain.common.ids import FulfillmentOrderId, LabelId, OrderLineId, Sku, new_id
from domain.common.texts import needed_line
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.locations.repository import all_locations_by_id
from domain.orders.errors import IllegalTransition
from domain.orders.lifecycle import require_no_cancel_request, require_no_hold, require_status
from domain.orders.model import Order
from domain.orders.repository import locked_order_of_work
from domain.orders.states import CARRIED, OrderStatus
from domain.orders.work import find_work
from domain.shipments.labelling.carrying_out import Office, ask
from domain.shipments.labelling.commands import CreateLabel
from domain.shipments.labelling.errors import IllegalLabelStep
from domain.shipments.labelling.model import (
    FIRST_RETRY,
    Direction,
    Label,
    LabelState,
    place_of_address,
    place_of_location,
)
from domain.shipments.labelling.repository import has_label, inserted
from domain.shipments.labelling.results import LabelDone
from domain.shipments.labels import carrier_code
from domain.shipments.model import AT_SENDER, Parcel
from domain.shipments.repository import locked_parcel_by_id
from domain.shipments.ship import require_shipper
from domain.shipments.units import packed_groups

OPERATION = "createLabel"


@dataclass(frozen=True, slots=True)
class _Goods:
    """What the label is for."""

    order: Order
    work_id: FulfillmentOrderId
    units: Mapping[OrderLineId, int]
    parcel: Parcel | None = None
    weight_g: int | None = None


async def create_label(office: Office, actor: Actor, given: CreateLabel) -> LabelDone:
    """The label, bought from the carrier; in state BUYING when it has not answered yet.

    OUTBOUND is for goods that are packed, or for a parcel that has not left the sender: its number
    becomes the label's. RETURN is for a parcel, and goes from the customer to where it came from.

    Raises:
        NotFound: no such work or parcel, or at a location out of the actor's scope.
        Forbidden, IdempotencyConflict, ValidationFailed: see there.
        IllegalTransition, OrderOnHold: the goods are not packed, or not to be shipped now.
        IllegalLabelStep: the parcel has left, or has a label that can be edited.
        CarrierRefused: the carrier does not sell it; a label in state FAILED tells of it.

    Locks: the order; none while the carrier is asked.
    """
    require_shipper(actor)
    command = checked_label(given)

    async def intend(tx: Tx) -> LabelId:
        new = await _intent(tx, actor, command)
        await tx.connection.execute(inserted(new))
        return new.id

    return agreed(await ask(office, OPERATION, command, intend), command.carrier)


def agreed(done: LabelDone, carrier: str) -> LabelDone:
    """What was done.

    Raises:
        CarrierRefused: the carrier did not do it.
    """
    if done.refusal is not None:
        raise CarrierRefused(carrier, done.refusal)
    return done


def checked_label(command: CreateLabel) -> CreateLabel:
    """The command with its carrier and service in normal form.

    Raises:
        ValidationFailed: something is out of range, or it is not for exactly one thing.
    """
    if (command.fulfillment_order_id is None) == (command.parcel_id is None):
        raise ValidationFailed("fulfillmentOrderId", "give this or parcelId, and not both")
    if command.direction is Direction.RETURN and command.parcel_id is None:
        raise ValidationFailed("parcelId", "is required for a return")
    if command.weight_g is not None and not 1 <= command.weight_g <= MAX_WEIGHT_G:
        raise ValidationFailed("weightG", f"must be 1 to {MAX_WEIGHT_G}")
    service = needed_line("service", command.service, 64)
    return replace(command, carrier=carrier_code(command.carrier), service=service)


async def _intent(tx: Tx, actor: Actor, command: CreateLabel) -> Label:
    goods = await (_packed(tx, command) if command.parcel_id is None else _sent(tx, command))
    order, work = goods.order, find_work(goods.order, goods.work_id)
    if not actor.works_at(work.location_id):
        raise NotFound("fulfillment order" if goods.parcel is None else "parcel", str(work.id))
    if order.address is None:
        raise IllegalTransition(OPERATION, f"delivery mode {order.delivery_mode.value}")
    locations = await all_locations_by_id(tx.connection, [work.location_id])
    store, home = place_of_location(locations[work.location_id]), place_of_address(order.address)
    back = command.direction is Direction.RETURN
    now = await tx.now()
    return Label(
        id=LabelId(new_id()),
        serial=0,  # given by the database
        order_id=order.id,
        fulfillment_order_id=work.id,
        location_id=work.location_id,
        parcel_id=goods.parcel.id if goods.parcel is not None else None,
        replaces_id=None,
        direction=command.direction,
        format=command.format,
        carrier=command.carrier,
        service=command.service,
        state=LabelState.BUYING,
        weight_g=command.weight_g or goods.weight_g or await _weight(tx, order, goods.units),
        sender=home if back else store,
        recipient=store if back else home,
        token=secrets.token_urlsafe(24),
        created_by=actor.key,
        created_at=now,
        updated_at=now,
        version=1,
        next_try_at=now + FIRST_RETRY,
    )


async def _packed(tx: Tx, command: CreateLabel) -> _Goods:
    assert command.fulfillment_order_id is not None  # checked
    order, work_id = await locked_order_of_work(tx.connection, command.fulfillment_order_id)
    require_status(order, OPERATION, OrderStatus.CONFIRMED)
    require_no_hold(order)
    require_no_cancel_request(order, OPERATION, work_id)
    groups = packed_groups(order, work_id)
    if order.delivery_mode not in CARRIED or not groups:
        raise IllegalTransition(OPERATION, "nothing is packed to be carried")
    units: dict[OrderLineId, int] = {}
    for group in groups:
        units[group.line_id] = units.get(group.line_id, 0) + group.quantity
    return _Goods(order, work_id, units)


async def _sent(tx: Tx, command: CreateLabel) -> _Goods:
    assert command.parcel_id is not None  # checked
    order, shipment, parcel = await locked_parcel_by_id(tx.connection, command.parcel_id)
    if command.direction is Direction.OUTBOUND:
        if parcel.status not in AT_SENDER:
            raise IllegalLabelStep(OPERATION, f"the parcel is {parcel.status.value}")
        if await has_label(tx.connection, parcel.id):
            raise IllegalLabelStep(OPERATION, "the parcel has a label: edit that")
        if parcel.carrier != command.carrier:
            raise ValidationFailed("carrier", f"must be {parcel.carrier}, which has the parcel")
    units = {line.line_id: line.quantity for line in parcel.lines}
    return _Goods(order, shipment.fulfillment_order_id, units, parcel, parcel.weight_g)


async def _weight(tx: Tx, order: Order, units: Mapping[OrderLineId, int]) -> int:
    """What the units weigh by the catalogue, grams.

    Raises:
        ValidationFailed: nothing, or more than a label bears: somebody must weigh the parcel.
    """
    pieces: dict[Sku, int] = {}
    for line_id, quantity in units.items():
        for sku, each in order.line(line_id).components.items():
            pieces[sku] = pieces.get(sku, 0) + each * quantity
    query = sa.select(variant.c.sku, variant.c.weight_g).where(variant.c.sku.in_(sorted(pieces)))
    weights = {Sku(row.sku): int(row.weight_g) for row in await tx.connection.execute(query)}
    total = sum(weights[sku] * quantity for sku, quantity in pieces.items())
    if not 1 <= total <= MAX_WEIGHT_G:
        raise ValidationFailed("weightG", "is required: the catalogue does not tell the weight")
    return total
