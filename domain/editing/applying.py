"""Second half of an edit: the stock moves, the order gets its next version, or all is let go."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.common.ids import PaymentId
from domain.common.transaction import Tx
from domain.editing.drafting import Edited, edited
from domain.editing.model import EditEnd, EditState, Shortage, StoredEdit
from domain.editing.repository import locked_edit, update_edit
from domain.orders.errors import PlanOutdated
from domain.orders.model import Order
from domain.orders.notices import NoticeKind, notice
from domain.orders.promising import with_promises
from domain.orders.repository import locked_order
from domain.orders.saving import save
from domain.payments.gateway import GatewayAnswer, Outcome
from domain.payments.model import Payment, Tender, authorisation_answered, intent
from domain.stock.allocation import allocate, deallocate, release, reserve
from domain.stock.errors import InsufficientStock
from domain.stock.locking import lock_levels
from domain.stock.model import MovementReason

ACTION = "EDIT_LINES"


def _owner(edit: StoredEdit) -> str:
    return f"order-edit:{edit.id}"


async def reserve_for(tx: Tx, edit: StoredEdit, change: Edited, window: timedelta) -> None:
    """The units that the edit adds are reserved for it until the window ends.

    Raises:
        PlanOutdated: stock moved since it was planned.

    Locks: stock levels in (location, sku) order.
    """
    if not change.taken:
        return
    try:
        await reserve(tx, change.taken, owner=_owner(edit), ttl=window)
    except InsufficientStock as shortage:
        raise PlanOutdated(shortage) from shortage


async def apply(tx: Tx, before: Order, edit: StoredEdit, change: Edited) -> Order:
    """The saved order after the edit: added units allocated, or promised inbound stock while they
    wait; given up ones free.

    Raises:
        InsufficientStock: what the edit reserved has expired and the stock is gone; nothing was
            changed yet.

    Locks: inbound stock by id, then all stock levels that it takes or frees, in (location, sku)
    order.
    """
    after = await with_promises(tx, change.order) if edit.edit.unfilled else change.order
    await lock_levels(tx, [*change.taken, *change.freed])
    if change.taken:
        await allocate(tx, change.taken, owner=_owner(edit), reference=before.number)
    if change.freed:
        reason = MovementReason.CANCELLED
        await deallocate(tx, change.freed, reason=reason, reference=before.number)
    detail = {
        "added": sum(edit.edit.added.values()),
        "given_up": sum(edit.edit.given_up.values()),
        "difference_minor": after.payable_minor - before.payable_minor,
    }
    told = notice(before.id, NoticeKind.ORDER_EDITED, f"v{before.version + 1}", detail)
    return await save(tx, before, after, ACTION, told, reason=edit.reason, detail=detail)


async def apply_now(tx: Tx, before: Order, edit: StoredEdit, change: Edited) -> Order:
    """As `apply`, for an edit that reserved nothing.

    Raises:
        PlanOutdated: stock moved since it was planned.
    """
    try:
        return await apply(tx, before, edit, change)
    except InsufficientStock as shortage:
        raise PlanOutdated(shortage) from shortage


async def settle(tx: Tx, order_id: UUID, edit_id: UUID, answer: GatewayAnswer) -> StoredEdit:
    """The edit after the PSP's answer: APPLIED; or DECLINED; or LETTING_GO, when the order moved on
    or the stock is gone; or still PENDING without an answer. One that was settled before is as it
    was.

    Locks: the order, the edit, then stock levels as `apply`.
    """
    order = await locked_order(tx.connection, order_id)
    edit = await locked_edit(tx.connection, edit_id)
    if edit.state is not EditState.PENDING or answer.outcome is Outcome.UNKNOWN:
        return edit
    now = await tx.now()
    if answer.outcome is Outcome.DECLINED:
        edit = replace(edit, state=EditState.DECLINED, decline_reason=answer.reason)
        return await _ended(tx, edit, now)
    edit = replace(edit, psp_reference=answer.reference)
    if order.version != edit.order_version:
        return await give_up(tx, edit, EditEnd.STALE, now)
    change = edited(order, edit.edit, edit.reason)
    paid = authorisation_answered(payment_of(edit), answer, now)
    change = replace(change, order=replace(change.order, payments=(*order.payments, paid)))
    try:
        done = await apply(tx, order, edit, change)
    except InsufficientStock as gone:
        short = Shortage(gone.sku, gone.location_id, gone.requested, gone.available)
        return await give_up(tx, replace(edit, shortage=short), EditEnd.OUT_OF_STOCK, now)
    edit = replace(
        edit, state=EditState.APPLIED, applied_version=done.version, token=None, updated_at=now
    )
    await update_edit(tx.connection, edit)
    return edit


async def give_up(tx: Tx, edit: StoredEdit, end: EditEnd, now: datetime) -> StoredEdit:
    """The edit, LETTING_GO of what the PSP authorised; its reservation is free.

    Locks: stock levels in (location, sku) order.
    """
    return await _ended(tx, replace(edit, state=EditState.LETTING_GO, ended_by=end), now)


async def _ended(tx: Tx, edit: StoredEdit, now: datetime) -> StoredEdit:
    await release(tx, owner=_owner(edit))
    edit = replace(edit, token=None, updated_at=now)
    await update_edit(tx.connection, edit)
    return edit


def payment_of(edit: StoredEdit) -> Payment:
    """The payment that the edit becomes, not answered yet. Only what a PSP is asked for is kept
    as an intent, so it is a card's.
    """
    return intent(
        PaymentId(edit.id),
        edit.order_id,
        Tender.CARD,
        edit.token,
        edit.amount_minor,
        edit.currency,
        edit.created_at,
    )
