"""Orders are paid with vouchers: redeemed when placed, restored or refunded to afterwards."""

from domain.common.ids import CustomerId, PaymentId
from domain.common.money import Money
from domain.common.transaction import Tx
from domain.vouchers.errors import TenderRefused
from domain.vouchers.model import (
    EntryKind,
    Refusal,
    Voucher,
    VoucherId,
    VoucherKind,
    code_hash,
    normal_code,
)
from domain.vouchers.repository import locked_credit, locked_gift_card, locked_voucher, moved


async def usable_gift_card(tx: Tx, field: str, code: str, currency: str) -> Voucher:
    """The gift card with that code, its row locked.

    Raises:
        ValidationFailed: it cannot be a code.
        TenderRefused: it is unknown, expired, cancelled or in another currency.
    """
    found = await locked_gift_card(tx, code_hash(normal_code(field, code)))
    if found is None:
        raise TenderRefused(VoucherKind.GIFT_CARD.value, Refusal.UNKNOWN_CODE)
    if found.currency != currency:
        raise TenderRefused(VoucherKind.GIFT_CARD.value, Refusal.OTHER_CURRENCY)
    if (refusal := found.refusal(await tx.now())) is not None:
        raise TenderRefused(VoucherKind.GIFT_CARD.value, refusal)
    return found


async def usable_credit(tx: Tx, customer_id: CustomerId, currency: str) -> Voucher:
    """The customer's store credit in that currency, its row locked.

    Raises:
        TenderRefused: there is none.
    """
    found = await locked_credit(tx, customer_id, currency)
    if found is None:
        kind = VoucherKind.STORE_CREDIT.value
        raise TenderRefused(kind, Refusal.INSUFFICIENT_BALANCE, Money(0, currency))
    return found


async def redeem(tx: Tx, voucher: Voucher, amount_minor: int, payment_id: PaymentId) -> Voucher:
    """The locked voucher with so much less, for a payment.

    Raises:
        TenderRefused: there is less on it.
    """
    if voucher.balance_minor < amount_minor:
        refusal = Refusal.INSUFFICIENT_BALANCE
        raise TenderRefused(voucher.kind.value, refusal, voucher.balance)
    return await moved(tx, voucher, EntryKind.REDEEM, -amount_minor, payment_id=payment_id)


async def restore(
    tx: Tx, voucher_id: VoucherId, amount_minor: int, payment_id: PaymentId
) -> Voucher:
    """The voucher with what a payment had redeemed and did not take. An expired one gets it too,
    and loses it by its expiry.

    Locks: the voucher.
    """
    before = await locked_voucher(tx, voucher_id)
    return await moved(tx, before, EntryKind.RESTORE, amount_minor, payment_id=payment_id)


async def refund_to(
    tx: Tx, voucher_id: VoucherId, amount_minor: int, payment_id: PaymentId
) -> bool:
    """Whether so much that a payment had taken is on the voucher again; not if it is expired or
    cancelled by now, since the customer could not spend it.

    Locks: the voucher.
    """
    before = await locked_voucher(tx, voucher_id)
    if before.refusal(await tx.now()) is not None:
        return False
    await moved(tx, before, EntryKind.REFUND, amount_minor, payment_id=payment_id)
    return True
