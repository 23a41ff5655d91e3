"""Gift cards end by time: what is left on them is lost to the customer."""

from domain.common.database import Database
from domain.common.transaction import Tx
from domain.vouchers.model import EntryKind, Refusal, VoucherId
from domain.vouchers.repository import expired, locked_voucher, moved

ACTOR = "SYSTEM:voucher-expiry"


async def expire_vouchers(database: Database, *, limit: int = 100) -> int:
    """How many vouchers lost their balance because their time is over (database time). Each in a
    transaction of its own; safe on many workers at once.
    """
    due = await database.read(lambda connection: expired(connection, limit))
    ended = 0
    for voucher_id in due:
        ended += await database.run(lambda tx, one=voucher_id: _expire(tx, one), actor_key=ACTOR)
    return ended


async def _expire(tx: Tx, voucher_id: VoucherId) -> int:
    before = await locked_voucher(tx, voucher_id)
    if not before.balance_minor or before.refusal(await tx.now()) is not Refusal.EXPIRED:
        return 0
    await moved(tx, before, EntryKind.EXPIRE, -before.balance_minor)
    return 1
