"""Another address or service on a label: a new one takes its place, the old one is voided (S41)."""

import secrets
from dataclasses import replace

from domain.carriers.model import Place
from domain.common.errors import NotFound, ValidationFailed, check_version
from domain.common.ids import LabelId, new_id
from domain.common.texts import needed_line
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.orders.placing_rules import check_address, check_pickup_point
from domain.shipments.labelling.carrying_out import Office, ask
from domain.shipments.labelling.commands import EditLabel
from domain.shipments.labelling.create import agreed
from domain.shipments.labelling.errors import IllegalLabelStep
from domain.shipments.labelling.model import (
    FIRST_RETRY,
    Direction,
    Label,
    LabelState,
    place_of_address,
)
from domain.shipments.labelling.repository import (
    inserted,
    is_being_replaced,
    label_by_id,
    locked_label,
)
from domain.shipments.labelling.results import LabelDone
from domain.shipments.model import AT_SENDER
from domain.shipments.repository import shipment_of_parcel
from domain.shipments.ship import require_shipper

OPERATION = "editLabel"


async def edit_label(office: Office, actor: Actor, given: EditLabel) -> LabelDone:
    """The new label. Once it is bought, the parcel bears its number and the old label is voided;
    what the carrier reports under the old number still counts for the parcel. If the carrier does
    not sell the new label, the old one stays as it is.

    Raises:
        NotFound: no such label, or of a location out of the actor's scope.
        Forbidden, VersionConflict, IdempotencyConflict: see there.
        ValidationFailed: nothing changes, or the address is malformed or in another country.
        IllegalLabelStep: the label is not BOUGHT, is being replaced, or its parcel has left.
        CarrierRefused: the carrier does not sell the new label.

    Locks: the order; none while the carrier is asked.
    """
    require_shipper(actor)
    command = _checked(given)

    async def intend(tx: Tx) -> LabelId:
        new = await _intent(tx, actor, command)
        await tx.connection.execute(inserted(new))
        return new.id

    done = await ask(office, OPERATION, command, intend)
    label = await office.database.read_primary(lambda c: label_by_id(c, done.label_id))
    assert label is not None  # labels are never deleted
    return agreed(done, label.carrier)


def _checked(command: EditLabel) -> EditLabel:
    if command.address is None and command.service is None:
        raise ValidationFailed("address", "give another address, another service, or both")
    if command.address is not None:
        check_address(command.address)
    if command.service is None:
        return command
    return replace(command, service=needed_line("service", command.service, 64))


async def _intent(tx: Tx, actor: Actor, command: EditLabel) -> Label:
    order, old = await locked_label(tx.connection, command.label_id)
    if not actor.works_at(old.location_id):
        raise NotFound("label", str(old.id))
    check_version(command.expected_version, old.version)
    await require_free(tx, old, OPERATION)
    await _require_at_sender(tx, old)
    if command.address is not None:
        check_pickup_point(order.delivery_mode, command.address)
    end = _customer_end(old, command)
    service = command.service or old.service
    if end == old.customer_end and service == old.service:
        raise ValidationFailed("address", "is the same, and so is the service")
    outbound = old.direction is Direction.OUTBOUND
    now = await tx.now()
    return replace(
        old,
        id=LabelId(new_id()),
        replaces_id=old.id,
        service=service,
        state=LabelState.BUYING,
        sender=old.sender if outbound else end,
        recipient=end if outbound else old.recipient,
        token=secrets.token_urlsafe(24),
        created_by=actor.key,
        created_at=now,
        updated_at=now,
        version=1,
        tracking_number=None,
        reference=None,
        price_minor=None,
        currency=None,
        reason=None,
        void_refused_at=None,
        next_try_at=now + FIRST_RETRY,
        attempts=0,
    )


def _customer_end(old: Label, command: EditLabel) -> Place:
    if command.address is None:
        return old.customer_end
    if command.address.country != old.customer_end.country:
        raise ValidationFailed(
            "address.country", f"must be {old.customer_end.country}: taxes differ"
        )
    return place_of_address(command.address)


async def require_free(tx: Tx, label: Label, action: str) -> None:
    """Nothing, when the label is BOUGHT and no other label takes its place.

    Raises:
        IllegalLabelStep: otherwise.
    """
    if label.state is not LabelState.BOUGHT:
        raise IllegalLabelStep(action, f"the label is {label.state.value}")
    if await is_being_replaced(tx.connection, label.id):
        raise IllegalLabelStep(action, "another label takes its place")


async def _require_at_sender(tx: Tx, label: Label) -> None:
    if label.parcel_id is None or label.direction is Direction.RETURN:
        return
    shipment = await shipment_of_parcel(tx.connection, label.parcel_id)
    status = shipment.parcel(label.parcel_id).status
    if status not in AT_SENDER:
        raise IllegalLabelStep(OPERATION, f"the parcel is {status.value}")
