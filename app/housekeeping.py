"""What nobody asks for and must happen all the same: unpaid orders and reservations expire."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import structlog

from domain.common.database import Database
from domain.orders.sweep import expire_unpaid, void_leftovers
from domain.payments.gateway import PaymentGateway
from domain.stock.expiry import expire_due

EVERY_S = 5.0
_BATCH = 100
_ACTOR = "SYSTEM:housekeeping"

log = structlog.get_logger("unico.housekeeping")


async def keep_house(
    database: Database, gateway: PaymentGateway, *, every_s: float = EVERY_S
) -> None:
    """Sweeps until cancelled. Every worker does: all of it is safe to do twice at once."""
    while True:
        await asyncio.sleep(every_s * random.uniform(0.75, 1.25))
        await sweep(database, gateway)


async def sweep(database: Database, gateway: PaymentGateway) -> None:
    """What is due is done; failures are logged, and the next sweep tries again."""
    await _attempt("unpaid orders", lambda: expire_unpaid(database, gateway, limit=_BATCH))
    await _attempt("leftover payments", lambda: void_leftovers(database, gateway, limit=_BATCH))
    await _attempt(
        "reservations",
        lambda: database.run(lambda tx: expire_due(tx, _BATCH), actor_key=_ACTOR),
    )


async def _attempt(what: str, work: Callable[[], Awaitable[int]]) -> None:
    try:
        done = await work()
    except Exception as error:  # noqa: BLE001 -- edge: whatever it is, the next sweep tries again
        log.warning("sweep failed", what=what, reason=repr(error))
        return
    if done:
        log.info("swept", what=what, number=done)
