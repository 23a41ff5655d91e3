"""Placing and paying, whole: transaction, PSP call without a lock, transaction (ADR 0017).

Repeating a request with its key goes on wherever the first attempt stopped. An attempt that nobody
repeats is finished by `resuming.py`, and ended by `sweep.py` when its payment window is over.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from domain.common.database import Database
from domain.common.errors import check_version
from domain.common.idempotency import Command, begun, claim, load
from domain.common.ids import OrderId
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.orders.batching.engine import OrderEngine
from domain.orders.collect import collect_paid
from domain.orders.commands import ChangeOrder, GivenPayment, PayOrder, PlaceOrder
from domain.orders.errors import (
    IllegalTransition,
    OrderExpired,
    PaymentDeclined,
    PaymentOutcomeUnknown,
)
from domain.orders.lifecycle import require_status
from domain.orders.model import Order
from domain.orders.place import Terms, begun_order
from domain.orders.placing_rules import check_paid_at_once, check_payments, check_tender_scope
from domain.orders.release_money import settle_leftovers
from domain.orders.repository import locked_order
from domain.orders.results import Placed, PlacementOutcome, Settled
from domain.orders.saving import save
from domain.orders.settle import Answers, cancel_unstocked, expected_minor
from domain.orders.singly import accept_singly, settle_singly
from domain.orders.states import DeliveryMode, OrderStatus
from domain.orders.stock_needs import reservation_owner
from domain.orders.tendering import is_plain, take
from domain.orders.visibility import require_visible
from domain.payments.gateway import PaymentGateway
from domain.payments.model import PaymentState, Tender
from domain.stock.errors import InsufficientStock
from domain.stock.expiry import prolong
from domain.vouchers.errors import TenderRefused
from domain.vouchers.lookup import count_lookup, require_lookups
from domain.vouchers.model import Refusal

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Till:
    """What placing and paying need besides the command: database, PSP, terms, and who asks. Without
    an `engine` every order is decided singly.
    """

    database: Database
    gateway: PaymentGateway
    terms: Terms
    actor: Actor
    correlation_id: str = ""
    engine: OrderEngine | None = None


async def place_order(
    till: Till, command: PlaceOrder, *, placed_at: datetime | None = None
) -> Placed:
    """The confirmed order, as `settled_order` says."""
    return (await settled_order(till, command, placed_at=placed_at)).placed


async def settled_order(
    till: Till, command: PlaceOrder, *, placed_at: datetime | None = None
) -> Settled:
    """The confirmed order: sourced, paid for (authorised), its stock allocated. Or, when it is paid
    by cheque or transfer, an order that waits for that, its stock reserved.

    Raises:
        see `accept`; PaymentDeclined, PaymentOutcomeUnknown: the order waits, stock reserved, until
            its payment window ends; OrderExpired: it ended meanwhile.
        DuplicateExternalReference: the channel sent that reference before under another key.
        TooManyLookups: the caller has tried too many codes of gift cards.
    """
    accepted = await _accepted(till, command, placed_at)
    done = await settled(till, command, accepted)
    _confirmed(done.placed)
    return done


async def pay_order(till: Till, command: PayOrder) -> Placed:
    """The confirmed order, after other payments or after asking the PSP again; or one that waits
    for a cheque or a transfer.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict, ValidationFailed, Forbidden: see there.
        IllegalTransition: the order does not wait for a payment, or not for another one.
        TenderRefused, TooManyLookups: see there.
        PaymentDeclined, PaymentOutcomeUnknown, OrderExpired: as `place_order`.
    """

    async def offer(tx: Tx) -> Order | Placed:
        return await _offer(tx, till, command)

    offered = await _guarded(till, command.payments, lambda: _run(till, offer))
    return _confirmed((await settled(till, command, offered)).placed)


def _confirmed(placed: Placed) -> Placed:
    reason = placed.reason or placed.outcome.value.lower()
    match placed.outcome:
        case PlacementOutcome.CONFIRMED | PlacementOutcome.WAITING:
            return placed
        case PlacementOutcome.DECLINED:
            raise PaymentDeclined(placed.order_id, reason)
        case PlacementOutcome.UNKNOWN:
            raise PaymentOutcomeUnknown(placed.order_id)
        case PlacementOutcome.OUT_OF_STOCK | PlacementOutcome.EXPIRED:
            raise OrderExpired(placed.order_id, reason)


async def _accepted(till: Till, command: PlaceOrder, placed_at: datetime | None) -> Order | Placed:
    """Orders of the past are decided singly: their prices are those of another moment each. So are
    those that are wanted by a date: more is read for them.
    """
    plain = is_plain(command.payments) and not command.coupon_codes and command.deliver_by is None
    if till.engine is not None and placed_at is None and plain:
        return await till.engine.accept(till.actor, command, till.terms, till.correlation_id)

    async def accepted() -> Order | Placed:
        return await accept_singly(
            till.database, till.actor, command, till.terms, till.correlation_id, placed_at
        )

    return await _guarded(till, command.payments, accepted)


async def _offer(tx: Tx, till: Till, command: PayOrder) -> Order | Placed:
    known = await claim(tx, "payOrder", command)
    if known.result is not None:
        return load(Placed, known.result)
    if known.subject_id is not None:
        return await begun_order(tx, command, known.subject_id)
    before = require_visible(till.actor, await locked_order(tx.connection, command.order_id))
    check_version(command.expected_version, before.version)
    require_status(before, "PAY", OrderStatus.PENDING_PAYMENT)
    waiting = any(payment.asks_psp for payment in before.payments)
    if waiting == (command.payment is not None):
        raise IllegalTransition("PAY", before.payment_status.value)
    if command.payment is None:
        await tx.connection.execute(begun(tx, command, before.id))
        return before
    due = before.total_minor - expected_minor(before)
    if due <= 0 < before.total_minor:
        raise IllegalTransition("PAY", "WAITING_FOR_RECEIPT")
    check_payments(command.payments)
    for payment in command.payments:
        check_tender_scope(till.actor, payment.tender)
    if before.delivery_mode is DeliveryMode.TAKE_AWAY:
        check_paid_at_once(command.payments)
    after = await take(tx, before, command.payments, due, till.terms.transfer_window)
    if after.pay_until is not None and after.pay_until != before.pay_until:
        await prolong(tx, reservation_owner(before.id), after.pay_until)
    return await save(tx, before, after, "OFFER_PAYMENT", begun(tx, command, before.id))


async def settled(till: Till, command: Command, order: Order | Placed) -> Settled:
    """The accepted order after its PSP was asked, with the result of the command; or what came of
    the command before. No lock is held during PSP calls.
    """
    if isinstance(order, Placed):
        return Settled(order)
    answers = await authorise_open(till.gateway, order)

    async def give_up(tx: Tx) -> Placed:
        return await cancel_unstocked(tx, order, command, answers)

    try:
        done = await _confirmation(till, command, order, answers)
    except InsufficientStock:
        done = Settled(await _run(till, give_up))
    placed = done.placed
    if placed.outcome in (PlacementOutcome.OUT_OF_STOCK, PlacementOutcome.EXPIRED):
        await settle_leftovers(till.database, till.gateway, order.id, till.actor.key)
    elif placed.outcome is PlacementOutcome.CONFIRMED and _leaves_after_capture(order):
        await _hand_over(till, order.id)
        return Settled(placed)
    return done


async def _confirmation(till: Till, command: Command, order: Order, answers: Answers) -> Settled:
    if till.engine is not None:
        return await till.engine.settle(till.actor, command, order, answers, till.correlation_id)
    return Settled(
        await settle_singly(till.database, till.actor, command, order, answers, till.correlation_id)
    )


async def authorise_open(gateway: PaymentGateway, order: Order) -> Answers:
    """The PSP's answers to the order's unanswered payments. Call it outside any transaction."""
    return [
        (
            payment,
            await gateway.authorise(
                payment.psp_key, payment.token or "", payment.amount_minor, payment.currency
            ),
        )
        for payment in order.payments
        if payment.asks_psp
    ]


async def _guarded(
    till: Till, payments: Sequence[GivenPayment], work: Callable[[], Awaitable[T]]
) -> T:
    """What `work` returns, unless the caller has tried too many codes of gift cards. A code that is
    not known counts as a look-up, in a transaction of its own.
    """
    if not any(payment.tender is Tender.GIFT_CARD for payment in payments):
        return await work()
    await require_lookups(till.database, till.actor)
    try:
        return await work()
    except TenderRefused as refused:
        if refused.refusal is Refusal.UNKNOWN_CODE:
            await count_lookup(till.database, till.actor)
        raise


def _leaves_after_capture(order: Order) -> bool:
    later = any(payment.state is not PaymentState.CAPTURED for payment in order.payments)
    return later and order.delivery_mode is DeliveryMode.TAKE_AWAY


async def _hand_over(till: Till, order_id: OrderId) -> None:
    """Goods leave the till once the money was captured; those paid in cash are gone."""
    key = f"hand-over-{order_id}"
    await collect_paid(
        till.database, till.gateway, till.actor, ChangeOrder(key, order_id), till.correlation_id
    )


async def _run(till: Till, work: Callable[[Tx], Awaitable[T]]) -> T:
    return await till.database.run(
        work, actor_key=till.actor.key, correlation_id=till.correlation_id
    )
