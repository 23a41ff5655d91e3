"""Edits that nobody finished, or that came too late: their authorisations are voided."""

from dataclasses import replace

from domain.common.database import Database
from domain.common.transaction import Tx
from domain.editing.applying import give_up, settle
from domain.editing.model import EditEnd, EditState, StoredEdit
from domain.editing.repository import locked_edit, unfinished, update_edit
from domain.orders.repository import locked_order
from domain.payments.gateway import Outcome, PaymentGateway

SWEEPER = "SYSTEM:edit-sweep"


async def end_unfinished(database: Database, gateway: PaymentGateway, *, limit: int = 100) -> int:
    """How many edits were ended: nobody finished them in time (database time), or the void of what
    was authorised for them had failed. Their orders are as they were. Safe on many workers at once.

    The PSP is asked with the edit's own key, so that a charge that it made without telling is found
    and voided. Without an answer the edit waits for the next sweep.
    """
    found = await database.read_primary(lambda connection: unfinished(connection, limit))
    ended = 0
    for edit in found:
        late = await _expired(database, gateway, edit)
        if late.state is EditState.LETTING_GO:
            late = await let_go(database, gateway, late, SWEEPER)
        ended += late.state in (EditState.ENDED, EditState.DECLINED)
    return ended


async def let_go(
    database: Database, gateway: PaymentGateway, edit: StoredEdit, actor_key: str
) -> StoredEdit:
    """The edit, ENDED once the PSP voided its authorisation; as it was, if the PSP did not."""
    if edit.psp_reference is not None:
        answer = await gateway.void(f"void-{edit.id}", edit.psp_reference)
        if answer.outcome is not Outcome.APPROVED:
            return edit

    async def work(tx: Tx) -> StoredEdit:
        now = await tx.now()
        ended = replace(
            await locked_edit(tx.connection, edit.id), state=EditState.ENDED, updated_at=now
        )
        await update_edit(tx.connection, ended)
        return ended

    return await database.run(work, actor_key=actor_key)


async def _expired(database: Database, gateway: PaymentGateway, edit: StoredEdit) -> StoredEdit:
    if edit.state is not EditState.PENDING:
        return edit
    answer = await gateway.authorise(
        edit.psp_key, edit.token or "", edit.amount_minor, edit.currency
    )
    if answer.outcome is not Outcome.APPROVED:
        return await database.run(
            lambda tx: settle(tx, edit.order_id, edit.id, answer), actor_key=SWEEPER
        )

    async def work(tx: Tx) -> StoredEdit:
        await locked_order(tx.connection, edit.order_id)
        found = await locked_edit(tx.connection, edit.id)
        if found.state is not EditState.PENDING:
            return found
        told = replace(found, psp_reference=answer.reference)
        return await give_up(tx, told, EditEnd.EXPIRED, await tx.now())

    return await database.run(work, actor_key=SWEEPER)
