"""Calls of a PSP that were cut off or not answered are asked again, ever less often.

What a call is about is kept before it is made: with the payment, the capture or the refund. Here is
kept how often a worker has asked, when it asks next, and what went wrong. The key of a call never
changes, and the PSP is first asked what came of it (`PaymentGateway.look_up`), so nothing is
charged, taken or given back twice.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from domain.common.database import Database
from domain.common.transaction import Tx
from domain.payments.gateway import GatewayAnswer, Operation, Outcome, PaymentGateway
from domain.payments.tables import psp_retry

GRACE = timedelta(minutes=1)
"""How long whoever made a call may take to record its answer before a worker asks."""
ACTOR = "SYSTEM:payments"
_FIRST = timedelta(seconds=30)
_LONGEST = timedelta(hours=6)
_NOT_YET = GatewayAnswer(Outcome.UNKNOWN, reason="asked again later")


class Retrying:
    """A `PaymentGateway` for workers: each call is one that somebody may have made before. A call
    that is not due yet is not made, and its answer is UNKNOWN.
    """

    def __init__(self, database: Database, gateway: PaymentGateway) -> None:
        self._database = database
        self._gateway = gateway

    async def authorise(
        self, psp_key: str, token: str, amount_minor: int, currency: str
    ) -> GatewayAnswer:
        """See the port."""

        async def make() -> GatewayAnswer:
            return await self._gateway.authorise(psp_key, token, amount_minor, currency)

        return await self._again(Operation.AUTHORISE, psp_key, None, make)

    async def capture(self, psp_key: str, reference: str, amount_minor: int) -> GatewayAnswer:
        """See the port."""

        async def make() -> GatewayAnswer:
            return await self._gateway.capture(psp_key, reference, amount_minor)

        return await self._again(Operation.CAPTURE, psp_key, reference, make)

    async def refund(self, psp_key: str, reference: str, amount_minor: int) -> GatewayAnswer:
        """See the port."""

        async def make() -> GatewayAnswer:
            return await self._gateway.refund(psp_key, reference, amount_minor)

        return await self._again(Operation.REFUND, psp_key, reference, make)

    async def void(self, psp_key: str, reference: str) -> GatewayAnswer:
        """See the port."""

        async def make() -> GatewayAnswer:
            return await self._gateway.void(psp_key, reference)

        return await self._again(Operation.VOID, psp_key, reference, make)

    async def look_up(
        self, operation: Operation, psp_key: str, reference: str | None
    ) -> GatewayAnswer | None:
        """See the port."""
        return await self._gateway.look_up(operation, psp_key, reference)

    async def _again(
        self,
        operation: Operation,
        psp_key: str,
        reference: str | None,
        make: Callable[[], Awaitable[GatewayAnswer]],
    ) -> GatewayAnswer:
        async def begin(tx: Tx) -> bool:
            return await _begun(tx, operation, psp_key)

        if not await self._database.run(begin, actor_key=ACTOR):
            return _NOT_YET
        found = await self._gateway.look_up(operation, psp_key, reference)
        answer = await make() if found is None else found

        async def end(tx: Tx) -> None:
            await _ended(tx, psp_key, answer)

        await self._database.run(end, actor_key=ACTOR)
        return answer


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts: 30 s, then twice as long each time, up to 6 h."""
    return min(_LONGEST, _FIRST * 2 ** min(attempts - 1, 20))


def is_due(psp_key: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether a worker may ask now for the call with that key (database time)."""
    c = psp_retry.c
    later = sa.select(c.psp_key).where(c.psp_key == psp_key, c.next_try_at > sa.func.now())
    return ~sa.exists(later)


async def _begun(tx: Tx, operation: Operation, psp_key: str) -> bool:
    """Whether this worker asks now; then no other one does before the next try is due."""
    now = await tx.now()
    c = psp_retry.c
    first = insert(psp_retry).values(
        psp_key=psp_key,
        operation=operation.value,
        attempts=1,
        next_try_at=now + pause_after(1),
        updated_at=now,
    )
    taken = first.on_conflict_do_update(
        index_elements=[c.psp_key],
        set_={"attempts": c.attempts + 1, "next_try_at": now + _LONGEST, "updated_at": now},
        where=c.next_try_at <= now,
    ).returning(c.attempts)
    attempts = (await tx.connection.execute(taken)).scalar_one_or_none()
    if attempts is None:
        return False
    mine = sa.update(psp_retry).where(c.psp_key == psp_key)
    await tx.connection.execute(mine.values(next_try_at=now + pause_after(attempts)))
    return True


async def _ended(tx: Tx, psp_key: str, answer: GatewayAnswer) -> None:
    mine = psp_retry.c.psp_key == psp_key
    if answer.outcome is Outcome.UNKNOWN:
        why = sa.update(psp_retry).values(last_error=answer.reason or "no answer")
        await tx.connection.execute(why.where(mine))
    else:
        await tx.connection.execute(sa.delete(psp_retry).where(mine))
