"""Cheques and bank transfers: the order waits until finance has seen the money, or not."""

from dataclasses import dataclass, replace

from domain.common.errors import NotFound, check_version
from domain.common.idempotency import begun, claim, load, once
from domain.common.ids import OrderId, PaymentId
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.orders.checkout import Till, settled
from domain.orders.errors import IllegalTransition
from domain.orders.lifecycle import FINAL
from domain.orders.model import Order
from domain.orders.place import begun_order
from domain.orders.placing_rules import check_text
from domain.orders.repository import locked_order
from domain.orders.results import Changed, Placed
from domain.orders.saving import save
from domain.orders.states import Hold, OrderStatus
from domain.orders.visibility import require_visible
from domain.payments.model import RECEIVED_LATER, Payment, PaymentState, bounced, received


@dataclass(frozen=True, slots=True)
class ConfirmReceipt:
    """The money of a cheque or a bank transfer is on the account."""

    idempotency_key: str
    order_id: OrderId
    payment_id: PaymentId
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class ReportBounced:
    """The cheque bounced, or the transfer will not come."""

    idempotency_key: str
    order_id: OrderId
    payment_id: PaymentId
    reason: str | None = None
    expected_version: int | None = None


async def confirm_receipt(till: Till, command: ConfirmReceipt) -> Placed:
    """The order with that payment received: confirmed once all that it costs is paid. Money that
    comes when the order's life is over is given back, or owed.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict: see there.
        IllegalTransition: that payment is not waited for.

    Locks: the order, then stock as `settle.confirm`.
    """

    async def receive(tx: Tx) -> Order | Placed:
        return await _received(tx, till.actor, command)

    order = await till.database.run(
        receive, actor_key=till.actor.key, correlation_id=till.correlation_id
    )
    return (await settled(till, command, order)).placed


async def _received(tx: Tx, actor: Actor, command: ConfirmReceipt) -> Order | Placed:
    known = await claim(tx, "confirmPaymentReceived", command)
    if known.result is not None:
        return load(Placed, known.result)
    if known.subject_id is not None:
        return await begun_order(tx, command, known.subject_id)
    before = require_visible(actor, await locked_order(tx.connection, command.order_id))
    check_version(command.expected_version, before.version)
    paid = _later(before, command.payment_id)
    late = before.status in FINAL and paid.state is PaymentState.VOIDED
    if not (paid.waits_for_receipt or late):
        raise IllegalTransition("RECEIVE_PAYMENT", paid.state.value)
    after = _with(before, received(paid, await tx.now()))
    return await save(tx, before, after, "RECEIVE_PAYMENT", begun(tx, command, before.id))


async def report_bounced(tx: Tx, actor: Actor, command: ReportBounced) -> Changed:
    """The order with that payment DECLINED; it waits for another one until its window ends.

    Raises:
        ValidationFailed, NotFound, VersionConflict, IdempotencyConflict: see there.
        IllegalTransition: that payment is not waited for.

    Locks: the order.
    """
    check_text("reason", command.reason)

    async def work() -> Changed:
        before = require_visible(actor, await locked_order(tx.connection, command.order_id))
        check_version(command.expected_version, before.version)
        paid = _later(before, command.payment_id)
        if not paid.waits_for_receipt or before.status is not OrderStatus.PENDING_PAYMENT:
            raise IllegalTransition("REPORT_BOUNCED", paid.state.value)
        after = _with(before, bounced(paid, command.reason or "bounced", await tx.now()))
        after = replace(after, holds=after.holds | {Hold.PAYMENT})
        saved = await save(tx, before, after, "PAYMENT_BOUNCED", reason=command.reason)
        return Changed(saved.id, saved.version)

    return await once(tx, "reportPaymentBounced", command, Changed, work)


def _later(order: Order, payment_id: PaymentId) -> Payment:
    for paid in order.payments:
        if paid.id == payment_id and paid.tender in RECEIVED_LATER:
            return paid
    raise NotFound("payment", str(payment_id))


def _with(order: Order, paid: Payment) -> Order:
    payments = tuple(paid if each.id == paid.id else each for each in order.payments)
    return replace(order, payments=payments)
