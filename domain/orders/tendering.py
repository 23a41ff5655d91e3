"""How an order is paid: who pays how much, and what is taken in house when it is placed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.common.errors import ValidationFailed
from domain.common.ids import OrderId, PaymentId, new_id
from domain.common.transaction import Tx
from domain.orders.commands import GivenPayment
from domain.orders.model import Order
from domain.orders.states import Hold
from domain.payments.credit import locked_account, owing
from domain.payments.model import (
    OVER_CREDIT_LIMIT,
    PLAIN,
    CreditAccount,
    CreditEntryKind,
    Payment,
    Tender,
    intent,
)
from domain.vouchers.errors import TenderRefused
from domain.vouchers.model import Refusal, Voucher
from domain.vouchers.paying import redeem, usable_credit, usable_gift_card

Source = Voucher | CreditAccount


@dataclass(frozen=True, slots=True)
class _Share:
    """What one of the given payments pays."""

    given: GivenPayment
    amount_minor: int
    source: Source | None = None


def is_plain(given: Sequence[GivenPayment]) -> bool:
    """Whether nothing has to be looked up to take these payments, and no money is waited for."""
    return all(payment.tender in PLAIN for payment in given)


def plain_payments(
    given: Sequence[GivenPayment], order_id: OrderId, total_minor: int, currency: str, now: datetime
) -> tuple[Payment, ...]:
    """The intents of plain payments; none of others, which are for `take`. Pure.

    Raises:
        ValidationFailed: their amounts do not make up the total.
    """
    if not is_plain(given):
        return ()
    shares = _shares(given, total_minor, currency, {})
    return tuple(_intent(share, order_id, currency, now) for share in shares)


async def take(
    tx: Tx, order: Order, given: Sequence[GivenPayment], due_minor: int, window: timedelta
) -> Order:
    """`order` with payments that make up `due_minor`. Gift cards and store credit are redeemed, and
    what is bought on account is owed, in this transaction. The order waits for `window` if it has
    to be paid by cheque or transfer. It is on hold if it is beyond the customer's credit limit.

    Raises:
        ValidationFailed: the amounts do not make up what is due, or a code is malformed.
        TenderRefused: a gift card, the store credit or the credit account cannot pay its part.

    Locks: vouchers and the credit account, in the order of the payments.
    """
    now = await tx.now()
    sources = await _sources(tx, order, given)
    payments: list[Payment] = []
    for share in _shares(given, due_minor, order.currency, sources):
        paid = _intent(share, order.id, order.currency, now)
        if share.amount_minor and share.source is not None:
            paid = await _taken(tx, paid, share.source)
        payments.append(paid)
    if any(paid.decline_reason == OVER_CREDIT_LIMIT for paid in payments):
        order = replace(order, holds=order.holds | {Hold.PAYMENT})
    if any(paid.waits_for_receipt for paid in payments):
        order = replace(order, pay_until=max(order.pay_until or now, now + window))
    return replace(order, payments=(*order.payments, *payments))


async def _sources(tx: Tx, order: Order, given: Sequence[GivenPayment]) -> Mapping[int, Source]:
    """The locked voucher or account that each payment takes from, by its place."""
    found: dict[int, Source] = {}
    for place, payment in enumerate(given):
        match payment.tender:
            case Tender.GIFT_CARD:
                code = payment.code or ""
                found[place] = await usable_gift_card(tx, "payment.code", code, order.currency)
            case Tender.STORE_CREDIT:
                found[place] = await usable_credit(tx, order.customer_id, order.currency)
            case Tender.ON_ACCOUNT:
                account = await locked_account(tx, order.customer_id, order.currency)
                if account is None:
                    raise TenderRefused(Tender.ON_ACCOUNT.value, Refusal.NO_ACCOUNT)
                found[place] = account
            case _:
                continue
    if len({source.id for source in found.values()}) < len(found):
        raise ValidationFailed("payments", "must not name the same card or account twice")
    return found


def _shares(
    given: Sequence[GivenPayment],
    due_minor: int,
    currency: str,
    sources: Mapping[int, Source],
) -> list[_Share]:
    """Who pays how much: what has an amount, then gift cards and store credit as far as they go,
    then the one that takes the rest. Those that have nothing to pay are left out. Pure.

    Raises:
        ValidationFailed, TenderRefused: they do not make up what is due.
    """
    if len(given) == 1 and given[0].amount is None:
        return [_Share(given[0], due_minor, sources.get(0))]
    amounts = [_amount(payment, currency) for payment in given]
    amounts = [
        min(amount or 0, due_minor) if payment.tender is Tender.EXCHANGE_CREDIT else amount
        for payment, amount in zip(given, amounts, strict=True)
    ]
    left = due_minor - sum(amount or 0 for amount in amounts)
    if left < 0:
        raise ValidationFailed("payments", "are more than what is due")
    for place, source in sources.items():
        if amounts[place] is None and isinstance(source, Voucher):
            amounts[place] = min(left, source.balance_minor)
            left -= amounts[place] or 0
    for place, amount in enumerate(amounts):
        if amount is None:
            amounts[place], left = left, 0
    if left:
        _refuse_short(given, sources)
        raise ValidationFailed("payments", "are less than what is due")
    shares = [
        _Share(payment, amount or 0, sources.get(place))
        for place, (payment, amount) in enumerate(zip(given, amounts, strict=True))
    ]
    return [share for share in shares if share.amount_minor] or shares[:1]


def _amount(payment: GivenPayment, currency: str) -> int | None:
    if payment.amount is None:
        return None
    if payment.amount.currency != currency:
        raise ValidationFailed("payments.amount", f"must be in {currency}")
    return payment.amount.amount_minor


def _refuse_short(given: Sequence[GivenPayment], sources: Mapping[int, Source]) -> None:
    """Nothing, unless vouchers were to pay the rest: then their balance is what is short."""
    for place, payment in enumerate(given):
        source = sources.get(place)
        if payment.amount is None and isinstance(source, Voucher):
            refusal = Refusal.INSUFFICIENT_BALANCE
            raise TenderRefused(payment.tender.value, refusal, source.balance)


def _intent(share: _Share, order_id: OrderId, currency: str, now: datetime) -> Payment:
    given = share.given
    instrument = str(share.source.id) if share.source is not None else given.number
    return intent(
        PaymentId(new_id()),
        order_id,
        given.tender,
        given.token,
        share.amount_minor,
        currency,
        now,
        instrument,
    )


async def _taken(tx: Tx, paid: Payment, source: Source) -> Payment:
    if isinstance(source, Voucher):
        await redeem(tx, source, paid.amount_minor, paid.id)
        return paid
    kind, amount = CreditEntryKind.USE, paid.amount_minor
    after = await owing(tx, source, kind, amount, payment_id=paid.id)
    if after.used_minor > after.limit_minor:
        return replace(paid, decline_reason=OVER_CREDIT_LIMIT)
    return paid


def needs_approval(order: Order) -> bool:
    """Whether finance has to agree to what is bought on account."""
    return any(
        paid.decline_reason == OVER_CREDIT_LIMIT and paid.capturable_minor
        for paid in order.payments
    )
