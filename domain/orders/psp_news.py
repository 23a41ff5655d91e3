"""What a PSP tells by itself happens to the order: its payments are settled, it goes on as if the
answer had come in time, refunds by others are booked, disputes flag it.
"""

from dataclasses import replace
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.transaction import Tx
from domain.orders.lifecycle import FINAL, in_life
from domain.orders.model import Order
from domain.orders.repository import locked_order, locked_order_in
from domain.orders.saving import save
from domain.orders.settle import cancel_unstocked, confirm
from domain.orders.states import HOLDS_STOCK, WAITING, Hold
from domain.payments.booking import book_captures, book_refund
from domain.payments.disputes import Dispute, dispute_of, store_dispute, told
from domain.payments.gateway import GatewayAnswer, Outcome
from domain.payments.model import Payment, PaymentState, voided
from domain.payments.news import (
    AuthorisationNews,
    DisputeNews,
    DisputeState,
    PayoutNews,
    PspMessage,
    RefundNews,
)
from domain.payments.payouts import record_payout
from domain.payments.tables import payment

_NOT_GONE = HOLDS_STOCK | WAITING
_ACTIONS = {DisputeState.WON: "DISPUTE_WON", DisputeState.LOST: "DISPUTE_LOST"}


async def apply_news(tx: Tx, message: PspMessage, *, stock_is_gone: bool = False) -> bool:
    """Whether the message was applied, now or before: see `domain.payments.inbox.Apply`.

    Raises:
        InsufficientStock: the order that was paid for cannot be confirmed.

    Locks: the order; to confirm it, stock as `confirm` does.
    """
    match message.news:
        case AuthorisationNews() as news:
            return await _authorisation(tx, news, stock_is_gone=stock_is_gone)
        case RefundNews() as news:
            return await _refund(tx, news)
        case DisputeNews() as news:
            return await _dispute(tx, message, news)
        case PayoutNews() as news:
            await record_payout(tx, message.provider, news, message.occurred_at)
            return True
        case None:
            return True


async def _authorisation(tx: Tx, news: AuthorisationNews, *, stock_is_gone: bool) -> bool:
    found = await _order_of(tx.connection, payment.c.psp_key == news.psp_key)
    if found is None:
        return False
    order = await locked_order_in(tx, found)
    paid = next(each for each in order.payments if each.psp_key == news.psp_key)
    if paid.asks_psp and news.outcome is not Outcome.UNKNOWN:
        answer = GatewayAnswer(news.outcome, news.reference, news.reason)
        settle = cancel_unstocked if stock_is_gone else confirm
        await settle(tx, order, None, [(paid, answer)])
        order = await locked_order(tx.connection, order.id)
        paid = next(each for each in order.payments if each.id == paid.id)
    return await _taken(tx, order, paid, news)


async def _taken(tx: Tx, order: Order, paid: Payment, news: AuthorisationNews) -> bool:
    """What was captured and let go of the authorisation is booked."""
    if paid.state not in (PaymentState.AUTHORISED, PaymentState.CAPTURED):
        return True
    now = await tx.now()
    after = await book_captures(tx.connection, paid, news, now)
    if after != paid:
        order = await save(tx, order, _with(order, after), "CAPTURE")
    if news.released and after.capturable_minor > 0:
        holds = order.holds | {Hold.PAYMENT} if _has_goods_here(order) else order.holds
        left = replace(_with(order, voided(after, now)), holds=holds)
        await save(tx, order, left, "VOID_PAYMENT", reason="released by the PSP")
    return True


async def _refund(tx: Tx, news: RefundNews) -> bool:
    found = await _order_of(tx.connection, payment.c.psp_reference == news.reference)
    if found is None:
        return False
    order = await locked_order_in(tx, found)
    paid = next(each for each in order.payments if each.psp_reference == news.reference)
    after = await book_refund(tx.connection, paid, news, await tx.now())
    if after is None:
        return False
    if after != paid:
        action = "REFUND" if after.refunded_minor > paid.refunded_minor else "OWE_REFUND"
        given = order.goodwill_minor + (0 if news.psp_key else _beyond(order, paid, after))
        told_of = replace(_with(order, after), goodwill_minor=given)
        detail = {"refund": news.id}
        await save(tx, order, in_life(told_of), action, reason=news.reason, detail=detail)
    return True


def _beyond(order: Order, paid: Payment, after: Payment) -> int:
    """What was given back of the payment though it was neither owed nor in excess. Pure."""
    kept = paid.refundable_minor - after.refundable_minor
    return max(0, kept - order.excess_minor)


async def _dispute(tx: Tx, message: PspMessage, news: DisputeNews) -> bool:
    found = await _order_of(tx.connection, payment.c.psp_reference == news.reference)
    if found is None:
        return False
    order = await locked_order_in(tx, found)
    paid = next(each for each in order.payments if each.psp_reference == news.reference)
    before = await dispute_of(tx.connection, message.provider, news.id)
    now = await tx.now()
    dispute = told(before, message.provider, paid, news, message.occurred_at, now)
    if dispute is None:
        return True
    dispute, after = _held(order, dispute)
    await store_dispute(tx.connection, dispute)
    first = before is None and dispute.is_open
    action = "DISPUTE_OPENED" if first else _ACTIONS.get(dispute.state, "DISPUTE_UPDATED")
    detail = {"dispute_id": str(dispute.id), "amount_minor": str(dispute.amount_minor)}
    await save(tx, order, after, action, reason=dispute.reason, detail=detail)
    return True


def _held(order: Order, dispute: Dispute) -> tuple[Dispute, Order]:
    """The order, held if goods of it have not left, unless the dispute is won; then that hold is
    lifted. Pure.
    """
    won = dispute.state is DisputeState.WON
    if not won and _has_goods_here(order) and Hold.PAYMENT not in order.holds:
        held = replace(order, holds=order.holds | {Hold.PAYMENT})
        return replace(dispute, holds_order=True), held
    if won and dispute.holds_order:
        lifted = replace(order, holds=order.holds - {Hold.PAYMENT})
        return replace(dispute, holds_order=False), lifted
    return dispute, order


def _has_goods_here(order: Order) -> bool:
    """Whether some of its units have not left, and still may."""
    waits = any(group.state in _NOT_GONE for group in order.groups)
    return waits and order.status not in FINAL


def _with(order: Order, paid: Payment) -> Order:
    others = (paid if each.id == paid.id else each for each in order.payments)
    return replace(order, payments=tuple(others))


async def _order_of(connection: AsyncConnection, condition: sa.ColumnElement[bool]) -> UUID | None:
    return await connection.scalar(sa.select(payment.c.order_id).where(condition))
