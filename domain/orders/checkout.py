"""Placing and paying, whole: transaction, PSP call without a lock, transaction (ADR 0017).

Repeating a request with its key goes on wherever the first attempt stopped. An attempt that nobody
repeats is finished by `sweep.py`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from domain.common.database import Database
from domain.common.errors import check_version
from domain.common.idempotency import Command, begun, claim, load
from domain.common.ids import OrderId, PaymentId, new_id
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.orders.batching.engine import OrderEngine
from domain.orders.collect import collect_paid
from domain.orders.commands import ChangeOrder, PayOrder, PlaceOrder
from domain.orders.errors import (
    IllegalTransition,
    OrderExpired,
    PaymentDeclined,
    PaymentOutcomeUnknown,
)
from domain.orders.lifecycle import require_status
from domain.orders.model import Order
from domain.orders.place import Terms, begun_order
from domain.orders.placing_rules import check_payment, check_tender_scope
from domain.orders.release_money import settle_leftovers
from domain.orders.repository import locked_order
from domain.orders.results import Placed, PlacementOutcome, Settled
from domain.orders.saving import save
from domain.orders.settle import Answers, cancel_unstocked, paid_minor
from domain.orders.singly import accept_singly, settle_singly
from domain.orders.states import DeliveryMode, OrderStatus
from domain.orders.visibility import require_visible
from domain.payments.gateway import PaymentGateway
from domain.payments.model import OPEN_STATES, Tender, intent
from domain.stock.errors import InsufficientStock

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
    """The confirmed order: sourced, paid for (authorised), its stock allocated.

    Raises:
        see `accept`; PaymentDeclined, PaymentOutcomeUnknown: the order waits, stock reserved, until
            its payment window ends; OrderExpired: it ended meanwhile.
        DuplicateExternalReference: the channel sent that reference before under another key.
    """
    accepted = await _accepted(till, command, placed_at)
    settled = await _settled(till, command, accepted)
    _confirmed(settled.placed)
    return settled


async def pay_order(till: Till, command: PayOrder) -> Placed:
    """The confirmed order, after another payment or after asking the PSP again.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict, ValidationFailed, Forbidden: see there.
        IllegalTransition: the order does not wait for a payment, or not for another one.
        PaymentDeclined, PaymentOutcomeUnknown, OrderExpired: as `place_order`.
    """

    async def offer(tx: Tx) -> Order | Placed:
        return await _offer(tx, till.actor, command)

    offered = await _run(till, offer)
    return _confirmed((await _settled(till, command, offered)).placed)


def _confirmed(placed: Placed) -> Placed:
    reason = placed.reason or placed.outcome.value.lower()
    match placed.outcome:
        case PlacementOutcome.CONFIRMED:
            return placed
        case PlacementOutcome.DECLINED:
            raise PaymentDeclined(placed.order_id, reason)
        case PlacementOutcome.UNKNOWN:
            raise PaymentOutcomeUnknown(placed.order_id)
        case PlacementOutcome.OUT_OF_STOCK | PlacementOutcome.EXPIRED:
            raise OrderExpired(placed.order_id, reason)


async def _accepted(till: Till, command: PlaceOrder, placed_at: datetime | None) -> Order | Placed:
    """Orders of the past are decided singly: their prices are those of another moment each."""
    if till.engine is not None and placed_at is None:
        return await till.engine.accept(till.actor, command, till.terms, till.correlation_id)
    return await accept_singly(
        till.database, till.actor, command, till.terms, till.correlation_id, placed_at
    )


async def _offer(tx: Tx, actor: Actor, command: PayOrder) -> Order | Placed:
    known = await claim(tx, "payOrder", command)
    if known.result is not None:
        return load(Placed, known.result)
    if known.subject_id is not None:
        return await begun_order(tx, command, known.subject_id)
    before = require_visible(actor, await locked_order(tx.connection, command.order_id))
    check_version(command.expected_version, before.version)
    require_status(before, "PAY", OrderStatus.PENDING_PAYMENT)
    waiting = any(payment.state in OPEN_STATES for payment in before.payments)
    if waiting == (command.payment is not None):
        raise IllegalTransition("PAY", before.payment_status.value)
    if command.payment is None:
        await tx.connection.execute(begun(tx, command, before.id))
        return before
    check_payment(command.payment)
    check_tender_scope(actor, command.payment.tender)
    offered = intent(
        PaymentId(new_id()),
        before.id,
        command.payment.tender,
        command.payment.token,
        before.total_minor - paid_minor(before),
        before.currency,
        await tx.now(),
    )
    after = replace(before, payments=(*before.payments, offered))
    return await save(tx, before, after, "OFFER_PAYMENT", begun(tx, command, before.id))


async def _settled(till: Till, command: Command, order: Order | Placed) -> Settled:
    if isinstance(order, Placed):
        return Settled(order)
    answers = await authorise_open(till.gateway, order)

    async def give_up(tx: Tx) -> Placed:
        return await cancel_unstocked(tx, order, command, answers)

    try:
        settled = await _confirmation(till, command, order, answers)
    except InsufficientStock:
        settled = Settled(await _run(till, give_up))
    placed = settled.placed
    if placed.outcome in (PlacementOutcome.OUT_OF_STOCK, PlacementOutcome.EXPIRED):
        await settle_leftovers(till.database, till.gateway, order.id, till.actor.key)
    elif placed.outcome is PlacementOutcome.CONFIRMED and _leaves_after_capture(order):
        await _hand_over(till, order.id)
        return Settled(placed)
    return settled


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
        if payment.state in OPEN_STATES
    ]


def _leaves_after_capture(order: Order) -> bool:
    by_card = any(payment.tender is Tender.CARD for payment in order.payments)
    return by_card and order.delivery_mode is DeliveryMode.TAKE_AWAY


async def _hand_over(till: Till, order_id: OrderId) -> None:
    """Goods paid by card at the till leave once the money was captured; cash ones are gone."""
    key = f"hand-over-{order_id}"
    await collect_paid(
        till.database, till.gateway, till.actor, ChangeOrder(key, order_id), till.correlation_id
    )


async def _run(till: Till, work: Callable[[Tx], Awaitable[T]]) -> T:
    return await till.database.run(
        work, actor_key=till.actor.key, correlation_id=till.correlation_id
    )
