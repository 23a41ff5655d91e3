"""Handing goods to the customer in the store: captures what is due, then the goods leave."""

from collections.abc import Callable
from dataclasses import replace

from domain.common.database import Database
from domain.common.errors import NotFound, check_version
from domain.common.idempotency import begun, claim, finished, load
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.orders.commands import ChangeOrder
from domain.orders.errors import CaptureFailed
from domain.orders.lifecycle import Action, move, require_no_hold, require_status
from domain.orders.model import DeliveryMode, Group, GroupState, Order, OrderStatus
from domain.orders.money_due import due_for
from domain.orders.repository import locked_order
from domain.orders.results import Changed
from domain.orders.saving import save
from domain.orders.stock_needs import demand_of_groups
from domain.orders.visibility import require_visible
from domain.payments.capturing import Capture, Captured, perform, prepare, record
from domain.payments.gateway import PaymentGateway
from domain.stock.allocation import issue
from domain.stock.model import MovementReason

OPERATION = "collectOrder"


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

    wanted = await database.run(first, actor_key=actor.key, correlation_id=correlation_id)
    if isinstance(wanted, Changed):
        return wanted
    results = await perform(gateway, wanted)

    async def second(tx: Tx) -> Changed | str:
        return await _complete(tx, command, results)

    done = await database.run(second, actor_key=actor.key, correlation_id=correlation_id)
    if isinstance(done, str):
        raise CaptureFailed(command.order_id, done)
    return done


async def _prepare(tx: Tx, actor: Actor, command: ChangeOrder) -> list[Capture] | Changed:
    known = await claim(tx, OPERATION, command)
    if known.result is not None:
        return load(Changed, known.result)
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


async def _complete(tx: Tx, command: ChangeOrder, results: Captured) -> Changed | str:
    before = await locked_order(tx.connection, command.order_id)
    payments, refusal = await record(tx.connection, before.payments, results, await tx.now())
    if refusal is not None:
        if payments != before.payments:
            await save(tx, before, replace(before, payments=payments), "CAPTURE", reason=refusal)
        return refusal
    leaving = [group for group in before.groups if _waiting(before)(group)]
    after = _moved(replace(before, payments=payments))
    demand = demand_of_groups(before, leaving)
    await issue(tx, demand, reason=MovementReason.COLLECTED, reference=before.number)
    result = Changed(before.id, before.version + 1)
    await save(tx, before, after, "COLLECT", finished(tx, command, result))
    return result


def _moved(order: Order) -> Order:
    require_status(order, "COLLECT", OrderStatus.CONFIRMED)
    require_no_hold(order)
    take_away = order.delivery_mode is DeliveryMode.TAKE_AWAY
    return move(order, Action.HAND_OVER if take_away else Action.COLLECT, _waiting(order))


def _waiting(order: Order) -> Callable[[Group], bool]:
    take_away = order.delivery_mode is DeliveryMode.TAKE_AWAY
    state = GroupState.ALLOCATED if take_away else GroupState.READY_FOR_PICKUP
    return lambda group: group.state is state
