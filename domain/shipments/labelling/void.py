"""A label that nobody needs is given back to the carrier."""

from domain.common.errors import NotFound, check_version
from domain.common.ids import LabelId
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.shipments.labelling.carrying_out import Office, ask
from domain.shipments.labelling.commands import VoidLabel
from domain.shipments.labelling.create import agreed
from domain.shipments.labelling.edit import require_free
from domain.shipments.labelling.errors import IllegalLabelStep
from domain.shipments.labelling.model import Direction, LabelState, voiding
from domain.shipments.labelling.repository import label_by_id, locked_label, updated
from domain.shipments.labelling.results import LabelDone
from domain.shipments.ship import require_shipper

OPERATION = "voidLabel"


async def void_label(office: Office, actor: Actor, command: VoidLabel) -> LabelDone:
    """The label, void; in state VOIDING when the carrier has not answered yet.

    Raises:
        NotFound: no such label, or of a location out of the actor's scope.
        Forbidden, VersionConflict, IdempotencyConflict: see there.
        IllegalLabelStep: it is not BOUGHT, is being replaced, or is on a parcel: edit it instead.
        CarrierRefused: the carrier does not take it back any more; it stays BOUGHT.

    Locks: the order; none while the carrier is asked.
    """
    require_shipper(actor)
    done = await ask(office, OPERATION, command, lambda tx: _intend(tx, actor, command))
    label = await office.database.read_primary(lambda c: label_by_id(c, done.label_id))
    assert label is not None  # labels are never deleted
    if label.state is LabelState.BOUGHT:  # the scheduler got the answer: it was not voided
        done = LabelDone(label.id, label.reason)
    return agreed(done, label.carrier)


async def _intend(tx: Tx, actor: Actor, command: VoidLabel) -> LabelId:
    _, label = await locked_label(tx.connection, command.label_id)
    if not actor.works_at(label.location_id):
        raise NotFound("label", str(label.id))
    check_version(command.expected_version, label.version)
    await require_free(tx, label, OPERATION)
    if label.parcel_id is not None and label.direction is Direction.OUTBOUND:
        raise IllegalLabelStep(OPERATION, "it is on a parcel: edit it instead")
    await tx.connection.execute(updated(voiding(label, await tx.now())))
    return label.id
