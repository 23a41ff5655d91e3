"""Money that is not due any more is let go: authorisations are voided, captures refunded."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.database import Database
from domain.common.ids import OrderId
from domain.common.transaction import Tx
from domain.orders.lifecycle import FINAL, in_life
from domain.orders.model import Order
from domain.orders.repository import locked_order, orders_by_id
from domain.orders.saving import save
from domain.orders.states import OrderStatus
from domain.orders.tables import sales_order
from domain.payments import refunding
from domain.payments.gateway import GatewayAnswer, Outcome, PaymentGateway
from domain.payments.in_house import left_in_house, let_go_in_house
from domain.payments.model import (
    IN_HOUSE,
    OPEN_STATES,
    Payment,
    PaymentState,
    authorisation_answered,
    voided,
)
from domain.payments.refunding import Refund
from domain.payments.retrying import is_due
from domain.payments.tables import payment


async def settle_leftovers(
    database: Database, gateway: PaymentGateway, order_id: OrderId, actor_key: str
) -> None:
    """The customer's money is put aside or kept for units that are due, and for nothing else.

    What was captured beyond that is refunded, or owed where no PSP can refund it; what gift cards
    and credit put aside beyond it is theirs again. Once the order's
    life is over nothing stays authorised; a payment without an answer is asked for again with its
    own key, so that a charge that the PSP made without telling is found and voided. Call it after
    the commit of whatever called units off; no lock is held during PSP calls.
    """
    orders = await database.read_primary(lambda c: orders_by_id(c, [order_id]))
    order = orders.get(order_id)
    if order is None:
        return
    if order.status in FINAL:
        await _void_rest(database, gateway, order, actor_key)
    elif order.status is OrderStatus.CONFIRMED and any(map(left_in_house, order.payments)):
        await _let_go_spare(database, order_id, actor_key)
    if order.excess_minor > 0:
        await refund_excess(database, gateway, order_id, actor_key)


async def let_go(database: Database, gateway: PaymentGateway, *, limit: int, actor_key: str) -> int:
    """How many orders had money that was not let go yet; all of them are settled now."""
    found = await database.read(lambda connection: _with_leftovers(connection, limit))
    for order_id in found:
        await settle_leftovers(database, gateway, order_id, actor_key)
    return len(found)


async def _void_rest(
    database: Database, gateway: PaymentGateway, order: Order, actor_key: str
) -> None:
    answers = [(paid, await _let_go(gateway, paid)) for paid in order.payments if _left(paid)]
    if not answers and not any(left_in_house(paid) for paid in order.payments):
        return

    async def work(tx: Tx) -> None:
        before = await locked_order(tx.connection, order.id)
        now = await tx.now()
        by_id = {paid.id: answer for paid, answer in answers if answer is not None}
        payments = tuple(
            _ended(paid, by_id[paid.id], now) if paid.id in by_id and _left(paid) else paid
            for paid in before.payments
        )
        aside = sum(paid.capturable_minor for paid in payments)
        payments = await let_go_in_house(tx, payments, aside)
        if payments != before.payments:
            await save(tx, before, replace(before, payments=payments), "VOID_PAYMENT")

    await database.run(work, actor_key=actor_key)


async def _let_go_spare(database: Database, order_id: OrderId, actor_key: str) -> None:
    """Gift cards and credit keep nothing aside for units that were called off."""

    async def work(tx: Tx) -> None:
        before = await locked_order(tx.connection, order_id)
        if before.status is not OrderStatus.CONFIRMED:
            return
        payments = await let_go_in_house(tx, before.payments, spare_minor(before))
        if payments != before.payments:
            await save(tx, before, replace(before, payments=payments), "VOID_PAYMENT")

    await database.run(work, actor_key=actor_key)


def spare_minor(order: Order) -> int:
    """What is put aside beyond what is still to be taken, minor units. Pure."""
    kept = sum(paid.refundable_minor for paid in order.payments)
    aside = sum(paid.capturable_minor for paid in order.payments)
    return max(0, aside - max(0, order.payable_minor - kept))


async def refund_excess(
    database: Database, gateway: PaymentGateway, order_id: OrderId, actor_key: str
) -> None:
    """What was captured beyond what is due is given back, or owed. Refunds that were asked for
    before and not answered are finished first, and nothing else is done then.
    """

    async def first(tx: Tx) -> list[Refund]:
        before = await locked_order(tx.connection, order_id)
        payments, asked = await refunding.prepare(
            tx, before.payments, order_id, before.excess_minor
        )
        if payments != before.payments:
            after = replace(before, payments=payments)
            owed = after.refund_due_minor > before.refund_due_minor
            await save(tx, before, in_life(after), "OWE_REFUND" if owed else "REFUND")
        return asked

    asked = await database.run(first, actor_key=actor_key)
    answers = await refunding.perform(gateway, asked)

    async def second(tx: Tx) -> None:
        before = await locked_order(tx.connection, order_id)
        now = await tx.now()
        payments = await refunding.record(tx.connection, before.payments, answers, now)
        if payments != before.payments:
            await save(tx, before, in_life(replace(before, payments=payments)), "REFUND")

    if answers:
        await database.run(second, actor_key=actor_key)


def _left(paid: Payment) -> bool:
    """Whether somebody else has to be asked, or waited for no more."""
    if paid.tender in IN_HOUSE:
        return False
    return paid.state in OPEN_STATES or (
        paid.state is PaymentState.AUTHORISED and paid.capturable_minor > 0
    )


def _ended(paid: Payment, answer: GatewayAnswer, now: datetime) -> Payment:
    if paid.waits_for_receipt:
        return voided(paid, now)
    told = authorisation_answered(paid, answer, now)
    return voided(told, now) if told.state is PaymentState.AUTHORISED else told


async def _let_go(gateway: PaymentGateway, paid: Payment) -> GatewayAnswer | None:
    """The PSP's answer, once nothing is put aside any more; None: ask again."""
    answer = GatewayAnswer(Outcome.APPROVED, paid.psp_reference)
    if paid.asks_psp:
        answer = await gateway.authorise(
            paid.psp_key, paid.token or "", paid.amount_minor, paid.currency
        )
    if answer.outcome is Outcome.UNKNOWN:
        return None
    if answer.outcome is Outcome.APPROVED and answer.reference is not None:
        released = await gateway.void(f"void-{paid.id}", answer.reference)
        return answer if released.outcome is Outcome.APPROVED else None
    return answer


async def _with_leftovers(connection: AsyncConnection, limit: int) -> Sequence[OrderId]:
    open_or_authorised = [
        PaymentState.PENDING.value,
        PaymentState.UNKNOWN.value,
        PaymentState.AUTHORISED.value,
    ]
    ended = [OrderStatus.CANCELLED.value, OrderStatus.EXPIRED.value, OrderStatus.CLOSED.value]
    unreleased = (
        sa.select(sales_order.c.id)
        .join(payment, payment.c.order_id == sales_order.c.id)
        .where(
            sales_order.c.status.in_(ended),
            payment.c.state.in_(open_or_authorised),
            is_due(payment.c.psp_key),
            is_due("void-" + sa.cast(payment.c.id, sa.Text)),
        )
    )
    in_excess = sa.select(sales_order.c.id).where(sales_order.c.excess_minor > 0)
    found = await connection.scalars(sa.union(unreleased, in_excess).limit(limit))
    return found.all()
