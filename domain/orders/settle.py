"""Second half of placing: what the PSP said becomes a confirmed, waiting or cancelled order."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.sql.dml import Update

from domain.common.idempotency import Command, finished, stored
from domain.common.ids import FulfillmentOrderId, new_id
from domain.common.transaction import Tx
from domain.orders.lifecycle import Action, move
from domain.orders.model import FulfillmentOrder, Group, Order
from domain.orders.promising import with_promises
from domain.orders.repository import locked_order_in
from domain.orders.results import Placed, PlacementOutcome
from domain.orders.saving import save
from domain.orders.states import (
    DeliveryMode,
    GroupState,
    Hold,
    OrderStatus,
)
from domain.orders.stock_needs import demand_of, reservation_owner
from domain.orders.tendering import needs_approval
from domain.payments.gateway import GatewayAnswer
from domain.payments.model import (
    Payment,
    PaymentState,
    authorisation_answered,
)
from domain.stock.allocation import allocate, issue, release
from domain.stock.model import MovementReason

Answers = Sequence[tuple[Payment, GatewayAnswer]]


async def confirm(tx: Tx, seen: Order, command: Command | None, answers: Answers) -> Placed:
    """How the order stands after the PSP's answers; CONFIRMED once all it costs is authorised.

    Reserved stock becomes allocated, one fulfillment order per location is opened, and goods taken
    away leave at once. The result is stored under the command's key, unless still unknown; without
    a command, since the PSP told by itself, nothing is. `seen` is the order that was paid for: when
    it moved on, a twin of the request may have settled it, and its result is the answer.

    Raises:
        InsufficientStock: the reservation expired and the stock is gone (see `cancel_unstocked`).

    Locks: the order, inbound stock of SKUs that it waits for, then stock levels in (location, sku)
    order.
    """
    before = await locked_order_in(tx, seen.id)
    if (twin := await _settled_by_twin(tx, seen, before, command)) is not None:
        return twin
    order = answered(before, answers, await tx.now())
    if order.status is not OrderStatus.PENDING_PAYMENT:
        return await _too_late(tx, before, order, command)
    if any(payment.asks_psp for payment in order.payments):
        await save(tx, before, order, "PAYMENT_UNKNOWN")
        return placed_as(order, PlacementOutcome.UNKNOWN, "unknown")
    if expected_minor(order) < order.total_minor:
        return await _declined(tx, before, order, command)
    if paid_minor(order) < order.total_minor:
        return await _waiting(tx, before, order, command)
    return await _confirmed(tx, before, order, command)


async def cancel_unstocked(
    tx: Tx, seen: Order, command: Command | None, answers: Answers
) -> Placed:
    """The order, CANCELLED because its stock was sold when its reservation had expired.

    What was authorised is voided afterwards by `sweep.void_leftovers`.
    """
    before = await locked_order_in(tx, seen.id)
    if (twin := await _settled_by_twin(tx, seen, before, command)) is not None:
        return twin
    order = answered(before, answers, await tx.now())
    if order.status is not OrderStatus.PENDING_PAYMENT:
        return await _too_late(tx, before, order, command)
    await release(tx, owner=reservation_owner(order.id), reason=MovementReason.CANCELLED)
    groups = tuple(
        replace(group, state=GroupState.CANCELLED, reason="stock") for group in order.groups
    )
    order = replace(order, groups=groups, status=OrderStatus.CANCELLED)
    result = placed_as(order, PlacementOutcome.OUT_OF_STOCK, "stock")
    await save(tx, before, order, "CANCEL", *_kept(tx, command, result), reason="stock")
    return result


def paid_minor(order: Order) -> int:
    """What is authorised or captured of the order's payments, minor units."""
    live = (PaymentState.AUTHORISED, PaymentState.CAPTURED)
    return sum(paid.authorised_minor for paid in order.payments if paid.state in live)


def expected_minor(order: Order) -> int:
    """What is paid of the order, and what finance still has to see on the account, minor units."""
    coming = sum(paid.amount_minor for paid in order.payments if paid.waits_for_receipt)
    return paid_minor(order) + coming


async def _settled_by_twin(
    tx: Tx, seen: Order, before: Order, command: Command | None
) -> Placed | None:
    if command is None or before.version == seen.version:
        return None
    return await stored(tx, command, Placed)


def _kept(tx: Tx, command: Command | None, result: Placed) -> list[Update]:
    """What stores the result under the command's key."""
    return [] if command is None else [finished(tx, command, result)]


def answered(order: Order, answers: Answers, now: datetime) -> Order:
    """`order` with the PSP's answers to its payments. Pure."""
    by_id = {payment.id: answer for payment, answer in answers}
    payments = tuple(
        authorisation_answered(paid, by_id[paid.id], now) if paid.id in by_id else paid
        for paid in order.payments
    )
    return replace(order, payments=payments)


async def _too_late(tx: Tx, before: Order, order: Order, command: Command | None) -> Placed:
    """The order was settled meanwhile, by a twin of this request, an agent or the sweep."""
    if order.status in (OrderStatus.CONFIRMED, OrderStatus.CLOSED):
        result = placed_as(order, PlacementOutcome.CONFIRMED)
    else:
        result = placed_as(order, PlacementOutcome.EXPIRED, order.status.value.lower())
    if order != before:
        await save(tx, before, order, "PAYMENT_ANSWERED", *_kept(tx, command, result))
    elif command is not None:
        await tx.connection.execute(finished(tx, command, result))
    return result


async def _waiting(tx: Tx, before: Order, order: Order, command: Command | None) -> Placed:
    """Cheques or transfers have to come in first."""
    result = placed_as(order, PlacementOutcome.WAITING, "waiting for receipt")
    if order != before:
        await save(tx, before, order, "PAYMENT_AUTHORISED", *_kept(tx, command, result))
    elif command is not None:
        await tx.connection.execute(finished(tx, command, result))
    return result


async def _declined(tx: Tx, before: Order, order: Order, command: Command | None) -> Placed:
    reason = next((p.decline_reason for p in reversed(order.payments) if p.decline_reason), None)
    order = replace(order, holds=order.holds | {Hold.PAYMENT})
    result = placed_as(order, PlacementOutcome.DECLINED, reason or "declined")
    done = _kept(tx, command, result)
    await save(tx, before, order, "PAYMENT_DECLINED", *done, reason=result.reason)
    return result


async def _confirmed(tx: Tx, before: Order, order: Order, command: Command | None) -> Placed:
    reference = order.number
    now = await tx.now()
    order = replace(order, status=OrderStatus.CONFIRMED, confirmed_at=now)
    order = await with_promises(tx, order)
    demand = demand_of(order, [GroupState.NEW])
    if demand:
        owner = reservation_owner(order.id)
        await allocate(tx, demand, owner=owner, reference=reference)
    if leaves_at_once(order):
        await issue(tx, demand, reason=MovementReason.SOLD, reference=reference)
    order, action = stocked(order)
    result = placed_as(order, PlacementOutcome.CONFIRMED)
    await save(tx, before, order, action, *_kept(tx, command, result))
    return result


def leaves_at_once(order: Order) -> bool:
    """Whether the goods are in the customer's hands when the order is confirmed: they are taken
    away, and nothing has to be captured first.
    """
    capturable = sum(payment.capturable_minor for payment in order.payments)
    return order.delivery_mode is DeliveryMode.TAKE_AWAY and not capturable


def stocked(order: Order) -> tuple[Order, str]:
    """The CONFIRMED order after its stock was allocated (and issued, if it leaves at once), and
    what the history calls that. Pure.
    """
    if not needs_approval(order):
        order = replace(order, holds=order.holds - {Hold.PAYMENT})
    order = replace(order, pay_until=None)
    if any(group.state is GroupState.NEW for group in order.groups):
        order = move(order, Action.ALLOCATE, lambda group: group.state is GroupState.NEW)
        order = with_work(order)
    if not leaves_at_once(order):
        return order, "CONFIRM"
    return move(order, Action.HAND_OVER, lambda group: True), "CONFIRM_AND_HAND_OVER"


def with_work(order: Order) -> Order:
    """`order` with one new fulfillment order for each location that got units."""
    places = sorted(
        {g.location_id for g in order.groups if g.location_id and not g.fulfillment_order_id}
    )
    works = {
        place: FulfillmentOrder(
            id=FulfillmentOrderId(new_id()),
            order_id=order.id,
            location_id=place,
            delivery_mode=order.delivery_mode,
            due_at=None,
            created_at=order.updated_at,
            updated_at=order.updated_at,
            version=0,
        )
        for place in places
    }

    def assigned(group: Group) -> Group:
        if group.location_id is None or group.fulfillment_order_id is not None:
            return group
        return replace(group, fulfillment_order_id=works[group.location_id].id)

    return replace(
        order,
        groups=tuple(assigned(group) for group in order.groups),
        fulfillment_orders=(*order.fulfillment_orders, *works.values()),
    )


def placed_as(order: Order, outcome: PlacementOutcome, reason: str | None = None) -> Placed:
    """The result of placing or paying that order."""
    return Placed(order.id, order.number, outcome, reason)
