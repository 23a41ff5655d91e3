"""Payments on accounts of our own are put aside and given back in the order's transactions."""

from collections.abc import Sequence
from uuid import UUID

from domain.common.transaction import Tx
from domain.payments.credit import owing_less
from domain.payments.model import (
    IN_HOUSE,
    CreditEntryKind,
    Payment,
    PaymentState,
    Tender,
    in_taking_order,
    lowered,
)
from domain.vouchers.model import VoucherId
from domain.vouchers.paying import refund_to, restore


async def refunded_in_house(tx: Tx, payment: Payment, amount_minor: int) -> bool:
    """Whether so much of what the payment took is where it came from again: on the gift card, on
    the store credit, or owed no more. Not if the card has ended meanwhile. What goods paid that
    came back is given back by the area of returns, which sees that the payment took less.

    Locks: the voucher or the credit account.
    """
    if payment.tender is Tender.EXCHANGE_CREDIT:
        return True
    account = _account(payment)
    if payment.tender is Tender.ON_ACCOUNT:
        await owing_less(tx, account, CreditEntryKind.REFUND, amount_minor, payment.id)
        return True
    return await refund_to(tx, VoucherId(account), amount_minor, payment.id)


async def let_go_in_house(
    tx: Tx, payments: Sequence[Payment], spare_minor: int
) -> tuple[Payment, ...]:
    """The payments, of which `spare_minor` that was put aside is not needed: what of that is in
    house is given back. What is spare is taken off against the order in which payments are taken.

    Locks: the vouchers and credit accounts, one after the other.
    """
    by_id = {payment.id: payment for payment in payments}
    for paid in reversed(in_taking_order(payments)):
        part = min(spare_minor, paid.capturable_minor)
        spare_minor -= part
        if part <= 0 or paid.tender not in IN_HOUSE:
            continue
        await _release(tx, paid, part)
        by_id[paid.id] = lowered(paid, part, await tx.now())
    return tuple(by_id.values())


async def _release(tx: Tx, paid: Payment, amount_minor: int) -> None:
    match paid.tender:
        case Tender.EXCHANGE_CREDIT:
            return  # the area of returns sees that the payment takes less
        case Tender.ON_ACCOUNT:
            kind = CreditEntryKind.RELEASE
            await owing_less(tx, _account(paid), kind, amount_minor, paid.id)
        case _:
            await restore(tx, VoucherId(_account(paid)), amount_minor, paid.id)


def left_in_house(paid: Payment) -> bool:
    """Whether something is put aside in house that was not taken."""
    aside = paid.tender in IN_HOUSE and paid.state is PaymentState.AUTHORISED
    return aside and paid.capturable_minor > 0


def _account(payment: Payment) -> UUID:
    assert payment.instrument is not None  # `tendering.take` set it
    return UUID(payment.instrument)
