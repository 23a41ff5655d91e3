"""Handing goods to the customer in the store: captures what is due, then the goods leave."""

from collections.abc import Callable
from dataclasses import replace

from domain.common.database import Database
from domain.common.errors import DomainError, NotFound, check_version
from domain.common.idempotency import Claim, begun, claim, finished, load
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.orders.commands import ChangeOrder
from domain.orders.errors import CaptureFailed
from domain.orders.lifecycle import Action, move, require_no_hold, require_status
from domain.orders.model import Group, Order
from domain.orders.money_due import due_for
from domain.orders.repository import locked_order
from domain.orders.results import Changed
from domain.orders.saving import save
from domain.orders.states import DeliveryMode, GroupState, OrderStatus
from domain.orders.stock_needs import demand_of_groups
from domain.orders.visibility import require_visible
from domain.payments.capturing import Capture, Captured, perform, prepare, record
from domain.payments.gateway import PaymentGateway
from domain.stock.allocation import issue
from domain.stock.model import MovementReason

OPERATION = "collectOrder"
MAX_ROUNDS = 5


async def collect_paid(
    database: Database,
    gateway: PaymentGateway,
    actor: Actor,
    command: ChangeOrder,
    correlation_id: str = "",
) -> Changed:
    """The order with all waiting goods handed over: READY_FOR_PICKUP (or, for take-away, allocated)
    units are COLLECTED, what they cost is captured, on hand is lower.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict, OrderOnHold: see there.
        IllegalTransition: nothing is ready. CaptureFailed: the goods stay; try again.

    Locks: the order, then stock levels in (location, sku) order; none during the PSP call.
    """

    async def first(tx: Tx) -> list[Capture] | Changed:
        return await _prepare(tx, actor, command)

    for attempt in range(1, MAX_ROUNDS + 1):
        wanted = await database.run(first, actor_key=actor.key, correlation_id=correlation_id)
        if isinstance(wanted, Changed):
            return wanted
        results = await perform(gateway, wanted)

        async def second(tx: Tx, answers: Captured = results) -> Changed | str | None:
            return await _complete(tx, command, answers)

        done = await database.run(second, actor_key=actor.key, correlation_id=correlation_id)
        if isinstance(done, Changed):
            return done
        if done is not None or attempt == MAX_ROUNDS:
            raise CaptureFailed(command.order_id, done or "the amount due keeps changing")
    raise AssertionError("unreachable")


async def _prepare(tx: Tx, actor: Actor, command: ChangeOrder) -> list[Capture] | Changed:
    """The captures to ask for, stored as intents; or what the key stands for."""
    known = await claim(tx, OPERATION, command)
    if known.result is not None:
        return load(Changed, known.result)
    try:
        return await _wanted(tx, actor, command, known)
    except DomainError:
        twin = await claim(tx, OPERATION, command)
        if twin.result is None:
            raise
        return load(Changed, twin.result)  # finished while the lock was waited for


async def _wanted(tx: Tx, actor: Actor, command: ChangeOrder, known: Claim) -> list[Capture]:
    order = require_visible(actor, await locked_order(tx.connection, command.order_id))
    if known.new:
        check_version(command.expected_version, order.version)
    if order.delivery_location_id is None or not actor.works_at(order.delivery_location_id):
        raise NotFound("order", str(command.order_id))
    _moved(order)
    if known.new:
        await tx.connection.execute(begun(tx, command, order.id))
    amount = due_for(order, chosen=_waiting(order))
    return await prepare(tx.connection, order.payments, order.id, amount, await tx.now())


async def _complete(tx: Tx, command: ChangeOrder, answers: Captured) -> Changed | str | None:
    """The collected order, stored; or the reason of a refused capture; or None: judge again.

    What the PSP answered is recorded in any case.
    """
    before = await locked_order(tx.connection, command.order_id)
    payments, refusal = await record(tx.connection, before.payments, answers, await tx.now())
    paid = replace(before, payments=payments)
    try:
        after = _moved(paid)
    except DomainError:
        await _keep(tx, before, paid, refusal)
        return None  # a twin handed it over, or a hold was put on: the next round says which
    if refusal is not None or due_for(paid, chosen=_waiting(paid)) > 0:
        await _keep(tx, before, paid, refusal)
        return refusal
    leaving = [group for group in before.groups if _waiting(before)(group)]
    demand = demand_of_groups(before, leaving)
    await issue(tx, demand, reason=MovementReason.COLLECTED, reference=before.number)
    result = Changed(before.id, before.version + 1)
    await save(tx, before, after, "COLLECT", finished(tx, command, result))
    return result


async def _keep(tx: Tx, before: Order, paid: Order, refusal: str | None) -> None:
    if paid.payments != before.payments:
        await save(tx, before, paid, "CAPTURE", reason=refusal)


def _moved(order: Order) -> Order:
    require_status(order, "COLLECT", OrderStatus.CONFIRMED)
    require_no_hold(order)
    take_away = order.delivery_mode is DeliveryMode.TAKE_AWAY
    return move(order, Action.HAND_OVER if take_away else Action.COLLECT, _waiting(order))


def _waiting(order: Order) -> Callable[[Group], bool]:
    take_away = order.delivery_mode is DeliveryMode.TAKE_AWAY
    state = GroupState.ALLOCATED if take_away else GroupState.READY_FOR_PICKUP
    return lambda group: group.state is state
