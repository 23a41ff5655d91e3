"""Shipping a packed fulfillment order: captures what is due, then the goods leave (ADR 0017)."""

from dataclasses import dataclass, replace

from sqlalchemy.exc import IntegrityError

from domain.common.database import Database
from domain.common.errors import DomainError, Forbidden
from domain.common.faults import constraint_of
from domain.common.idempotency import Claim, begun, claim, finished, load
from domain.common.ids import OrderId
from domain.common.transaction import Tx
from domain.identity.model import AT_LOCATION, Actor, Role
from domain.orders.commands import ChangeWork
from domain.orders.errors import CaptureFailed
from domain.orders.lifecycle import Action
from domain.orders.model import Order
from domain.orders.money_due import due_for
from domain.orders.repository import locked_order_of_work
from domain.orders.saving import save
from domain.orders.stock_needs import demand_of_groups
from domain.orders.work import belongs_to, locked_work
from domain.payments.capturing import Capture, Captured, perform, prepare, record
from domain.payments.gateway import PaymentGateway
from domain.shipments.commands import ShipFulfillmentOrder
from domain.shipments.errors import DuplicateTrackingNumber
from domain.shipments.labelling.repository import check_usable, put_on
from domain.shipments.labels import checked_shipping
from domain.shipments.repository import used_number
from domain.shipments.results import ShipmentChange
from domain.shipments.saving import opened
from domain.shipments.units import dispatched, packed_groups
from domain.stock.allocation import issue
from domain.stock.model import MovementReason

OPERATION = "shipFulfillmentOrder"
SHIPPERS = AT_LOCATION | {Role.OPERATIONS, Role.ADMIN}
MAX_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the PSP is asked for before the goods of an order may leave."""

    order_id: OrderId
    captures: list[Capture]


def require_shipper(actor: Actor) -> None:
    """Nothing, when the actor's role handles goods.

    Raises:
        Forbidden: otherwise.
    """
    if actor.role not in SHIPPERS:
        raise Forbidden("this role does not handle goods")


async def ship_fulfillment_order(
    database: Database,
    gateway: PaymentGateway,
    actor: Actor,
    given: ShipFulfillmentOrder,
    correlation_id: str = "",
) -> ShipmentChange:
    """The new shipment: all packed units of the fulfillment order left the location in parcels,
    and what they cost is captured.

    After the PSP's answer everything is judged anew. If more is due by then, since another
    shipment of the order left meanwhile, that is captured first.

    Raises:
        NotFound, Forbidden, VersionConflict, IdempotencyConflict, ValidationFailed: see there.
        IllegalTransition, OrderOnHold: see `units.shipped`.
        ParcelsDoNotMatch, DuplicateTrackingNumber, LabelNotUsable: see there.
        CaptureFailed: the goods stay, packed. Try again, with the same key or another.

    Locks: the order, then stock levels in (location, sku) order; none during the PSP call.
    """
    require_shipper(actor)
    command = checked_shipping(given)

    async def first(tx: Tx) -> _Wanted | ShipmentChange:
        return await _prepare(tx, actor, command)

    for attempt in range(1, MAX_ROUNDS + 1):
        wanted = await database.run(first, actor_key=actor.key, correlation_id=correlation_id)
        if isinstance(wanted, ShipmentChange):
            return wanted
        results = await perform(gateway, wanted.captures)

        async def second(tx: Tx, answers: Captured = results) -> ShipmentChange | str | None:
            return await _complete(tx, command, answers)

        try:
            done = await database.run(second, actor_key=actor.key, correlation_id=correlation_id)
        except IntegrityError as error:
            if constraint_of(error) != "uq_parcel_carrier_tracking_number":
                raise
            continue  # another shipment took a number meanwhile: the next round says which
        if isinstance(done, ShipmentChange):
            return done
        if done is not None or attempt == MAX_ROUNDS:
            raise CaptureFailed(wanted.order_id, done or "the amount due keeps changing")
    raise AssertionError("unreachable")


async def _prepare(tx: Tx, actor: Actor, command: ShipFulfillmentOrder) -> _Wanted | ShipmentChange:
    """The captures to ask for, stored as intents; or what the key stands for."""
    known = await claim(tx, OPERATION, command)
    if known.result is not None:
        return load(ShipmentChange, known.result)
    try:
        return await _wanted(tx, actor, command, known)
    except DomainError:
        twin = await claim(tx, OPERATION, command)
        if twin.result is None:
            raise
        return load(ShipmentChange, twin.result)  # finished while the lock was waited for


async def _wanted(tx: Tx, actor: Actor, command: ShipFulfillmentOrder, known: Claim) -> _Wanted:
    work = ChangeWork(
        command.idempotency_key, command.fulfillment_order_id, command.expected_version
    )
    order, work_id = await locked_work(tx, actor, work)
    now = await tx.now()
    dispatched(order, work_id, command, now)
    await _check_numbers(tx, command)
    if known.new:
        await tx.connection.execute(begun(tx, command, order.id))
    due = due_for(order, chosen=belongs_to(work_id))
    return _Wanted(order.id, await prepare(tx.connection, order.payments, work_id, due, now))


async def _check_numbers(tx: Tx, command: ShipFulfillmentOrder) -> None:
    numbers = [parcel.tracking_number for parcel in command.parcels]
    used = await used_number(tx.connection, command.carrier, numbers)
    if used is not None:
        raise DuplicateTrackingNumber(command.carrier, used)
    await check_usable(tx.connection, command.fulfillment_order_id, command.carrier, numbers)


async def _complete(
    tx: Tx, command: ShipFulfillmentOrder, answers: Captured
) -> ShipmentChange | str | None:
    """The shipment, stored; or the reason of a refused capture; or None: judge again.

    What the PSP answered is recorded in any case.
    """
    before, work_id = await locked_order_of_work(tx.connection, command.fulfillment_order_id)
    now = await tx.now()
    payments, refusal = await record(tx.connection, before.payments, answers, now)
    paid = replace(before, payments=payments)
    try:
        after, shipment = dispatched(paid, work_id, command, now)
        await _check_numbers(tx, command)
    except DomainError:
        await _keep(tx, before, paid, refusal)
        return None  # a twin shipped it, or a hold was put on: the next round says which
    if refusal is not None or due_for(paid, chosen=belongs_to(work_id)) > 0:
        await _keep(tx, before, paid, refusal)
        return refusal
    leaving = demand_of_groups(before, packed_groups(before, work_id))
    await issue(tx, leaving, reason=MovementReason.SHIPPED, reference=before.number)
    result = ShipmentChange(shipment.id, before.id, shipment.version)
    new = await opened(tx, shipment, before.customer_id)
    writes = [*new, put_on(shipment.parcels), finished(tx, command, result)]
    detail = {"shipment_id": str(shipment.id), "carrier": shipment.carrier}
    await save(tx, before, after, Action.SHIP.value, *writes, detail=detail)
    return result


async def _keep(tx: Tx, before: Order, paid: Order, refusal: str | None) -> None:
    if paid.payments != before.payments:
        await save(tx, before, paid, "CAPTURE", reason=refusal)
