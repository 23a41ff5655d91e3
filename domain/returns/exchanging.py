"""Goods that came back pay for others: the new ones are allocated before the old ones are let go.

The value is put aside on the old order first (`exchange_minor`), then the new order is placed and
takes it as EXCHANGE_CREDIT, with another tender for what is missing. What the new order does not
take, or gives back, is free again and goes to the original tender as any value of returned goods.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.database import Database
from domain.common.errors import DomainError, ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.ids import OrderId, ReturnId
from domain.common.money import Money
from domain.common.transaction import Tx
from domain.customers.model import GivenCustomer
from domain.orders.checkout import Till, place_order
from domain.orders.commands import Delivery, GivenPayment, OrderedLine, PlaceOrder
from domain.orders.errors import IllegalTransition
from domain.orders.lifecycle import Action, move
from domain.orders.model import Order
from domain.orders.release_money import settle_leftovers
from domain.orders.repository import orders_by_id
from domain.orders.saving import save
from domain.orders.states import GroupState, OrderStatus
from domain.orders.units import one_of
from domain.payments.gateway import PaymentGateway
from domain.payments.model import PaymentState, Tender
from domain.payments.tables import payment
from domain.returns.deciding import require_seen
from domain.returns.inspecting import all_back, due_of
from domain.returns.model import ItemCondition, Return, fee_of, groups_of
from domain.returns.policies import policy_of
from domain.returns.repository import locked_return, store
from domain.returns.tables import sales_return

TIMER = "SYSTEM:exchange-timer"
EXCHANGE = "EXCHANGE"
PATIENCE = timedelta(minutes=15)
"""How long value stays put aside while no order takes it."""
_ENDED = (OrderStatus.CANCELLED, OrderStatus.EXPIRED)
_LIVE = (PaymentState.AUTHORISED, PaymentState.CAPTURED)


@dataclass(frozen=True, slots=True)
class ExchangeReturn:
    """The customer wants other goods instead. `payment` pays what they cost more."""

    idempotency_key: str
    return_id: ReturnId
    lines: tuple[OrderedLine, ...]
    delivery: Delivery
    payment: GivenPayment | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """The value that was put aside for a new order, and whose it is."""

    return_id: ReturnId
    order_id: OrderId
    version: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A return, and the order that the customer gets instead."""

    return_id: ReturnId
    order_id: OrderId


async def exchange_return(till: Till, command: ExchangeReturn) -> Exchanged:
    """The return, and the confirmed order that its received units pay, as far as they are worth it.
    They are still to be inspected; what they are worth beyond the new order is given back then.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict, ValidationFailed: see there.
        IllegalTransition: no units wait for an inspection, or an exchange is under way.
        PaymentDeclined, PaymentOutcomeUnknown: the new order waits for another payment, the value
            put aside, until its payment window ends. InsufficientStock and all others of
            `place_order`: nothing is put aside any more. The return is as it was in any case.

    Locks: the returned order; none while the new one is placed.
    """

    async def offer(tx: Tx) -> Offer:
        return await once(
            tx, "exchangeReturn", command, Offer, lambda: _put_aside(tx, till, command)
        )

    database = till.database
    offered = await database.run(
        offer, actor_key=till.actor.key, correlation_id=till.correlation_id
    )
    await database.run(lambda tx: _still_aside(tx, offered), actor_key=till.actor.key)
    old = (await database.read_primary(lambda c: orders_by_id(c, [offered.order_id])))[
        offered.order_id
    ]
    try:
        placed = await place_order(till, _new_order(command, offered, old))
    except DomainError:
        await _reconciled(database, till.gateway, offered.return_id, till.actor.key)
        raise
    await _reconciled(database, till.gateway, offered.return_id, till.actor.key)
    return Exchanged(offered.return_id, placed.order_id)


async def settle_exchanges(database: Database, gateway: PaymentGateway, *, limit: int) -> int:
    """How many returns had value put aside that no order takes (any more), or had not heard of the
    order that took it; it is free again now, and given back if the units were inspected.
    """
    due = await database.read(lambda connection: _differing(connection, limit))
    for return_id in due:
        await _reconciled(database, gateway, return_id, TIMER)
    return len(due)


async def _put_aside(tx: Tx, till: Till, command: ExchangeReturn) -> Offer:
    before, given = await locked_return(tx.connection, command.return_id)
    require_seen(till.actor, before, given, None)
    check_version(command.expected_version, given.version)
    waiting = frozenset(
        group.id
        for group in groups_of(before, given.id)
        if group.state is GroupState.RETURN_RECEIVED
    )
    if not waiting or given.exchange_minor:
        raise IllegalTransition(EXCHANGE, given.state.value)
    left = move(before, Action.RESTOCK, one_of(waiting)).waiving(before)
    value = due_of(before) - due_of(left)
    policy = await policy_of(tx.connection, before.channel)
    reasons = {line.reason for line in given.lines}
    fee = max(fee_of(policy, before, value, each, ItemCondition.AS_NEW) for each in reasons)
    paid = sum(each.refundable_minor + each.capturable_minor for each in before.payments)
    amount = min(value - fee, paid - all_back(before).payable_minor)
    if amount <= 0:
        raise ValidationFailed("returnId", "is worth nothing that could be exchanged")
    after = replace(given, exchange_minor=amount)
    return await _saved(tx, before, given, after)


async def _still_aside(tx: Tx, offered: Offer) -> None:
    """Nothing, when the value is put aside for a while yet, or pays an order. A request that is
    sent again long after it was cut off must not spend what was given back meanwhile.

    Raises:
        IllegalTransition: it was given back.
    """
    before, given = await locked_return(tx.connection, offered.return_id)
    if await _orders_paid(tx.connection, given.id):
        return
    if not given.exchange_minor:
        raise IllegalTransition(EXCHANGE, given.state.value)
    if await tx.now() - given.updated_at > PATIENCE / 3:
        await _saved(tx, before, given, given)


async def _saved(tx: Tx, before: Order, given: Return, after: Return) -> Offer:
    """The return with another part of its value put aside, and its order."""
    more = after.exchange_minor - given.exchange_minor
    saved = await store(
        tx,
        replace(after, version=given.version + 1, updated_at=await tx.now()),
        before.customer_id,
    )
    changed = replace(before, exchanged_minor=before.exchanged_minor + more)
    await save(tx, before, changed, EXCHANGE, detail={"return": given.number})
    return Offer(given.id, before.id, saved.version, after.exchange_minor)


def _new_order(command: ExchangeReturn, offered: Offer, old: Order) -> PlaceOrder:
    credit = GivenPayment(
        Tender.EXCHANGE_CREDIT,
        amount=Money(offered.amount_minor, old.currency),
        number=str(offered.return_id),
    )
    return PlaceOrder(
        idempotency_key=f"exchange:{offered.return_id}:{offered.version}",
        channel=old.channel,
        customer=GivenCustomer(id=old.customer_id),
        lines=command.lines,
        delivery=command.delivery,
        payment=credit,
        currency=old.currency,
        language=old.language,
        more_payments=(command.payment,) if command.payment else (),
    )


async def _reconciled(
    database: Database, gateway: PaymentGateway, return_id: ReturnId, actor_key: str
) -> None:
    """What is put aside on the return is what other orders take of it; the rest is given back."""

    async def work(tx: Tx) -> OrderId:
        before, given = await locked_return(tx.connection, return_id)
        orders = await _orders_paid(tx.connection, return_id)
        taken = sum(_taken(order, return_id) for order in orders)
        alive = [order.id for order in orders if order.status not in _ENDED]
        newest = alive[-1] if alive else None
        after = replace(given, exchange_minor=taken, exchange_order_id=newest)
        if after != given:
            await _saved(tx, before, given, after)
        return before.id

    order_id = await database.run(work, actor_key=actor_key)
    await settle_leftovers(database, gateway, order_id, actor_key)


def _taken(order: Order, return_id: ReturnId) -> int:
    return sum(
        max(paid.authorised_minor, paid.captured_minor) - paid.refunded_minor
        for paid in order.payments
        if paid.instrument == str(return_id) and paid.state in _LIVE
    )


async def _orders_paid(connection: AsyncConnection, return_id: ReturnId) -> list[Order]:
    """The orders that the value of a return pays, oldest first."""
    mine = sa.and_(
        payment.c.tender == Tender.EXCHANGE_CREDIT.value, payment.c.instrument == str(return_id)
    )
    query = sa.select(payment.c.order_id).where(mine).order_by(payment.c.created_at)
    ids = [OrderId(each) for each in await connection.scalars(query)]
    orders = await orders_by_id(connection, ids)
    return [orders[order_id] for order_id in dict.fromkeys(ids)]


async def _differing(connection: AsyncConnection, limit: int) -> Sequence[ReturnId]:
    """Returns of whose value other orders take less than is put aside, for a while now."""
    amount = sa.func.greatest(payment.c.authorised_minor, payment.c.captured_minor)
    taken = (
        sa.select(sa.func.coalesce(sa.func.sum(amount - payment.c.refunded_minor), 0))
        .where(
            payment.c.tender == Tender.EXCHANGE_CREDIT.value,
            payment.c.instrument == sa.cast(sales_return.c.id, sa.Text),
            payment.c.state.in_([state.value for state in _LIVE]),
        )
        .correlate(sales_return)
        .scalar_subquery()
    )
    known = (
        sa.select(sa.func.count())
        .where(payment.c.instrument == sa.cast(sales_return.c.id, sa.Text))
        .correlate(sales_return)
        .scalar_subquery()
    )
    stale = sales_return.c.updated_at < sa.func.now() - PATIENCE
    query = (
        sa.select(sales_return.c.id)
        .where(
            sales_return.c.exchange_minor > 0,
            sales_return.c.exchange_minor != taken,
            sa.or_(known > 0, stale),
        )
        .limit(limit)
    )
    return (await connection.scalars(query)).all()
