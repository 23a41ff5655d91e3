"""A PSP for development and tests. It keeps its own ledger, as somebody else's system would.

The token decides the answer: `tok_approve` (or any other) approves, `tok_decline` declines,
`tok_timeout` charges but does not answer the first time (the retry with the same key does),
`tok_capture_fail` approves and declines the capture, `tok_refund_fail` declines refunds.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.payments.gateway import GatewayAnswer, Operation, Outcome
from domain.payments.tables import sandbox_charge as charges
from domain.payments.tables import sandbox_operation as operations

DECLINE = "tok_decline"
TIMEOUT = "tok_timeout"
CAPTURE_FAIL = "tok_capture_fail"
REFUND_FAIL = "tok_refund_fail"
_MARKS = {CAPTURE_FAIL: "_nocapture", REFUND_FAIL: "_norefund"}


class SandboxGateway:
    """A `PaymentGateway` over two tables of its own, reached by an engine of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def authorise(
        self, psp_key: str, token: str, amount_minor: int, currency: str
    ) -> GatewayAnswer:
        """See the port. The first attempt of `tok_timeout` answers UNKNOWN though it charged."""
        declined = token == DECLINE
        wanted = insert(charges).values(
            psp_key=psp_key,
            reference=f"sbx_{psp_key}" + _MARKS.get(token, ""),
            outcome=(Outcome.DECLINED if declined else Outcome.APPROVED).value,
            reason="card_declined" if declined else None,
            currency=currency,
            authorised_minor=0 if declined else amount_minor,
        )
        repeat = wanted.on_conflict_do_update(
            index_elements=[charges.c.psp_key], set_={"attempts": charges.c.attempts + 1}
        ).returning(charges)
        async with self._engine.begin() as connection:
            row = (await connection.execute(repeat)).one()
        if token == TIMEOUT and row.attempts == 1:
            return GatewayAnswer(Outcome.UNKNOWN)
        return GatewayAnswer(Outcome(row.outcome), row.reference, row.reason)

    async def capture(self, psp_key: str, reference: str, amount_minor: int) -> GatewayAnswer:
        """See the port. Declines when the authorisation is void or too small."""
        if reference.endswith("_nocapture"):
            return GatewayAnswer(Outcome.DECLINED, reference, "capture_refused")
        return await self._operate(psp_key, reference, "CAPTURE", amount_minor)

    async def refund(self, psp_key: str, reference: str, amount_minor: int) -> GatewayAnswer:
        """See the port. Declines when less was captured than is given back."""
        if reference.endswith("_norefund"):
            return GatewayAnswer(Outcome.DECLINED, reference, "card_closed")
        return await self._operate(psp_key, reference, "REFUND", amount_minor)

    async def void(self, psp_key: str, reference: str) -> GatewayAnswer:
        """See the port."""
        return await self._operate(psp_key, reference, "VOID", 0)

    async def look_up(
        self, operation: Operation, psp_key: str, reference: str | None
    ) -> GatewayAnswer | None:
        """See the port. Operations that were declined leave no trace, as if never asked for."""
        table = charges if operation is Operation.AUTHORISE else operations
        query = sa.select(table).where(table.c.psp_key == psp_key)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        if operation is Operation.AUTHORISE:
            return GatewayAnswer(Outcome(row.outcome), row.reference, row.reason)
        return GatewayAnswer(Outcome.APPROVED, reference or row.reference)

    async def _operate(
        self, psp_key: str, reference: str, kind: str, amount_minor: int
    ) -> GatewayAnswer:
        once = (
            insert(operations)
            .values(psp_key=psp_key, reference=reference, kind=kind, amount_minor=amount_minor)
            .on_conflict_do_nothing()
            .returning(operations.c.psp_key)
        )
        change, allowed = _effect(kind, amount_minor)
        async with self._engine.begin() as connection:
            if (await connection.execute(once)).first() is None:
                return GatewayAnswer(Outcome.APPROVED, reference)
            done = await connection.execute(
                sa.update(charges).where(charges.c.reference == reference, allowed).values(**change)
            )
            if done.rowcount == 1:
                return GatewayAnswer(Outcome.APPROVED, reference)
            await connection.rollback()
        return GatewayAnswer(Outcome.DECLINED, reference, "not_capturable")


def _effect(kind: str, amount_minor: int) -> tuple[dict[str, Any], sa.ColumnElement[bool]]:
    """What an operation changes of a charge, and when it may."""
    c = charges.c
    match kind:
        case "VOID":
            return {"voided": True}, sa.true()
        case "REFUND":
            refunded = c.refunded_minor + amount_minor
            return {"refunded_minor": refunded}, refunded <= c.captured_minor
        case _:
            captured = c.captured_minor + amount_minor
            fits = captured <= c.authorised_minor
            return {"captured_minor": captured}, sa.and_(sa.not_(c.voided), fits)
