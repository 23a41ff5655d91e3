"""Money back that does not follow from the units: goodwill, and what nobody could refund."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.errors import ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.ids import OrderId, PaymentId
from domain.common.money import Money
from domain.common.paging import Keyset, Page, PageRequest, page_of
from domain.common.texts import needed_line
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.orders.errors import RefundExceeded
from domain.orders.lifecycle import in_life
from domain.orders.model import Order
from domain.orders.placing_rules import MAX_TEXT, check_text
from domain.orders.repository import locked_order
from domain.orders.results import Changed
from domain.orders.saving import save
from domain.orders.visibility import require_visible
from domain.payments.model import Tender
from domain.payments.refunding import PAID_OUT_AS, GivenBack, pay_due
from domain.payments.tables import payment
from domain.vouchers.issuing import credited
from domain.vouchers.model import EntryKind


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Give the customer money back although the units are due."""

    idempotency_key: str
    order_id: OrderId
    amount: Money
    reason: str
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class PayRefundDue:
    """Pay what is owed to the customer, by another tender; all of it without an amount."""

    idempotency_key: str
    order_id: OrderId
    tender: Tender
    amount: Money | None = None
    note: str = ""
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class RefundDue:
    """What is owed of one payment, minor units; `reason` why its PSP did not give it back."""

    payment_id: PaymentId
    order_id: OrderId
    tender: Tender
    currency: str
    amount_minor: int
    created_at: datetime


async def refund_order(tx: Tx, actor: Actor, command: RefundOrder) -> Changed:
    """The order, for which so much less is due. What was taken beyond that is given back afterwards
    by `release_money.settle_leftovers`, which the caller runs at once.

    Raises:
        ValidationFailed: no amount, another currency, or no reason.
        RefundExceeded: more than the customer has paid and is not getting back already.
        NotFound, VersionConflict, IdempotencyConflict: see there.

    Locks: the order.
    """
    reason = needed_line("reason", command.reason, MAX_TEXT)
    check_text("reason", reason)

    async def work() -> Changed:
        before = require_visible(actor, await locked_order(tx.connection, command.order_id))
        check_version(command.expected_version, before.version)
        amount = _minor(command.amount, before)
        if amount > (most := refundable_minor(before)):
            raise RefundExceeded(Money(amount, before.currency), Money(most, before.currency))
        after = replace(before, goodwill_minor=before.goodwill_minor + amount)
        detail = {"amount_minor": amount}
        saved = await save(tx, before, after, "GOODWILL", reason=reason, detail=detail)
        return Changed(saved.id, saved.version)

    return await once(tx, "refundOrder", command, Changed, work)


def refundable_minor(order: Order) -> int:
    """What the customer has paid and is not getting back already, minor units. Pure."""
    kept = sum(paid.refundable_minor for paid in order.payments)
    return kept - order.excess_minor


async def pay_refund_due(tx: Tx, actor: Actor, command: PayRefundDue) -> Changed:
    """The order, of which so much less is owed. As STORE_CREDIT the customer has it at once.

    Raises:
        ValidationFailed: a tender by which nothing is paid out, no amount, another currency, or a
            note that is too long or holds a card number.
        RefundExceeded: more than is owed.
        NotFound, VersionConflict, IdempotencyConflict: see there.

    Locks: the order, then the customer's store credit.
    """
    if command.tender not in PAID_OUT_AS:
        raise ValidationFailed("tender", "must be CASH, BANK_TRANSFER, CHEQUE or STORE_CREDIT")
    check_text("note", command.note)

    async def work() -> Changed:
        before = require_visible(actor, await locked_order(tx.connection, command.order_id))
        check_version(command.expected_version, before.version)
        owed = before.refund_due_minor
        amount = owed if command.amount is None else _minor(command.amount, before)
        if not 0 < amount <= owed:
            raise RefundExceeded(Money(amount, before.currency), Money(owed, before.currency))
        how = GivenBack(command.tender, command.note)
        payments = await pay_due(tx, before.payments, how, amount)
        if command.tender is Tender.STORE_CREDIT:
            given = Money(amount, before.currency)
            note = f"refund of {before.number}"
            await credited(tx, before.customer_id, given, EntryKind.REFUND, note=note)
        after = in_life(replace(before, payments=payments))
        detail = {"amount_minor": amount, "tender": command.tender.value}
        saved = await save(tx, before, after, "PAY_REFUND_DUE", detail=detail)
        return Changed(saved.id, saved.version)

    return await once(tx, "payRefundDue", command, Changed, work)


def _minor(amount: Money, order: Order) -> int:
    if amount.currency != order.currency:
        raise ValidationFailed("amount", f"must be in {order.currency}")
    if amount.amount_minor <= 0:
        raise ValidationFailed("amount", "must be more than 0")
    return amount.amount_minor


async def refunds_due(connection: AsyncConnection, request: PageRequest) -> Page[RefundDue]:
    """What is owed to customers, the oldest payment first."""
    c = payment.c
    query = sa.select(c.id, c.order_id, c.tender, c.currency, c.refund_due_minor, c.created_at)
    query = query.where(c.refund_due_minor > 0)
    if request.after is not None:
        seen = sa.tuple_(request.after.at, request.after.id)
        query = query.where(sa.tuple_(c.created_at, c.id) > seen)
    query = query.order_by(c.created_at, c.id).limit(request.first + 1)
    rows = (await connection.execute(query)).all()
    found: Sequence[RefundDue] = [
        RefundDue(row[0], row[1], Tender(row[2]), *row[3:]) for row in rows
    ]
    return page_of(found, request, lambda each: Keyset(each.created_at, UUID(str(each.payment_id))))


async def count_refunds_due(connection: AsyncConnection) -> int:
    """How many payments the whole list of `refunds_due` has."""
    query = sa.select(sa.func.count()).select_from(payment)
    return await connection.scalar(query.where(payment.c.refund_due_minor > 0)) or 0
