"""What gift cards and store credit bring into the ledger: a liability until they are spent.

What orders redeem, and get back, is booked with the orders (`orders.bookkeeping`).
"""

from collections.abc import Mapping
from types import MappingProxyType

from domain.accounting.model import (
    Account,
    JournalTransaction,
    TransactionId,
    TransactionKind,
    pair,
)
from domain.accounting.posting import post
from domain.common.ids import new_id
from domain.common.transaction import Tx
from domain.vouchers.model import EntryKind, Voucher, VoucherKind

_LIABILITY: Mapping[VoucherKind, Account] = MappingProxyType(
    {
        VoucherKind.GIFT_CARD: Account.GIFT_CARD_LIABILITY,
        VoucherKind.STORE_CREDIT: Account.STORE_CREDIT_LIABILITY,
    }
)
_AGAINST: Mapping[EntryKind, Account] = MappingProxyType(
    {
        EntryKind.ISSUE: Account.VOUCHER_SALES_CLEARING,
        EntryKind.GRANT: Account.GOODWILL,
        EntryKind.ADJUST: Account.GOODWILL,
        EntryKind.EXPIRE: Account.BREAKAGE,
        EntryKind.CANCEL: Account.BREAKAGE,
        EntryKind.RETURN: Account.SALES_RETURNS,
    }
)


async def booked(tx: Tx, voucher: Voucher, kind: EntryKind, amount_minor: int) -> None:
    """The change that gave the voucher its version is in the ledger, if it is not that of an order.
    `amount_minor` > 0 raises the liability.
    """
    against = _AGAINST.get(kind)
    if against is None or not amount_minor:
        return
    entries = pair(against, _LIABILITY[voucher.kind], amount_minor, voucher.currency)
    transaction = JournalTransaction(
        id=TransactionId(new_id()),
        kind=TransactionKind.VOUCHER,
        reference=str(voucher.id),
        source=f"voucher:{voucher.id}:{voucher.version}",
        at=voucher.updated_at,
        entries=entries,
        memo=kind.value,
    )
    await post(tx, transaction)
