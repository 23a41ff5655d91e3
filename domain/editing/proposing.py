"""First half of an edit: check, price, plan; apply at once, or reserve and store the intent.

The second half is `applying.py`, the whole is `edit_lines.py` (ADR 0017).
"""

from dataclasses import replace

from domain.common.errors import ValidationFailed
from domain.common.idempotency import begun, claim
from domain.common.ids import PaymentId, new_id
from domain.common.transaction import Tx
from domain.editing.applying import apply_now, reserve_for
from domain.editing.commands import EditLines
from domain.editing.drafting import draft_for, edited
from domain.editing.errors import StaleOrder
from domain.editing.model import Edit, EditState, StoredEdit, shortfall
from domain.editing.repository import edit_by_id, insert_edit
from domain.editing.rules import check_changes
from domain.identity.model import Actor
from domain.orders.commands import GivenPayment
from domain.orders.decided import kept
from domain.orders.model import Order
from domain.orders.place import Terms
from domain.orders.placing_rules import check_single_payment, check_tender_scope, check_text
from domain.orders.repository import locked_order
from domain.orders.visibility import require_visible
from domain.payments.model import OPEN_STATES, PLAIN, Payment, PaymentState, intent
from domain.payments.refunding import leaving_minor

OPERATION = "editOrderLines"


async def propose(tx: Tx, actor: Actor, command: EditLines, terms: Terms) -> StoredEdit:
    """The edit: APPLIED when the PSP need not be asked, else PENDING with its added units reserved
    and the order as it was. A used key gives the edit of its first use.

    Raises:
        ValidationFailed, NotFound, Forbidden, IdempotencyConflict: malformed or not allowed.
        StaleOrder: the order has another version than expected.
        OrderNotEditable, QuantityNotEditable: see `rules`.
        ProductNotFound, ProductNotSellable: a SKU is unknown, withdrawn or without a price.
        InsufficientStock: the order's policy lets no unit wait. PlanOutdated: plan again.

    Locks: the order, inbound stock by id, then all stock levels that it takes or frees, in
    (location, sku) order.
    """
    check_changes(command.changes)
    check_text("reason", command.reason)
    known = await claim(tx, OPERATION, command)
    if known.subject_id is not None:
        return await edit_by_id(tx.connection, known.subject_id)
    order = require_visible(actor, await locked_order(tx.connection, command.order_id))
    if command.expected_version != order.version:
        raise StaleOrder(command.expected_version, order)
    draft = await draft_for(
        tx.connection, actor, order, command.changes, terms.sourcing, await tx.now()
    )
    if draft.shortage is not None:
        raise draft.shortage
    change = edited(order, draft.edit, command.reason)
    leaving = await leaving_minor(tx.connection, order.id)
    missing = shortfall(order, change.order, leaving)
    paid = await _offered(tx, actor, command, order, missing) if missing else None
    proposed = await _stored(tx, command, order, draft.edit, paid, terms)
    if proposed.state is EditState.APPLIED:
        payments = (*order.payments, paid) if paid else order.payments
        change = replace(change, order=replace(change.order, payments=payments))
        await apply_now(tx, order, proposed, change)
    else:
        await reserve_for(tx, proposed, change, terms.payment_window)
    if draft.plan is not None:
        await tx.connection.execute(kept(order.id, draft.plan))
    await insert_edit(tx.connection, proposed)
    await tx.connection.execute(begun(tx, command, proposed.id))
    return proposed


async def _offered(
    tx: Tx, actor: Actor, command: EditLines, order: Order, amount_minor: int
) -> Payment:
    given = command.payment or _same_again(order)
    check_single_payment(given)
    check_tender_scope(actor, given.tender)
    return intent(
        PaymentId(new_id()),
        order.id,
        given.tender,
        given.token,
        amount_minor,
        order.currency,
        await tx.now(),
    )


async def _stored(
    tx: Tx, command: EditLines, order: Order, edit: Edit, paid: Payment | None, terms: Terms
) -> StoredEdit:
    """The edit, PENDING when the PSP must be asked, else APPLIED."""
    now = await tx.now()
    asked = paid is not None and paid.state in OPEN_STATES
    edit_id = paid.id if paid else new_id()
    return StoredEdit(
        id=edit_id,
        order_id=order.id,
        order_version=order.version,
        state=EditState.PENDING if asked else EditState.APPLIED,
        edit=edit,
        reason=command.reason,
        token=paid.token if paid else None,
        psp_key=paid.psp_key if paid else f"auth-{edit_id}",
        psp_reference=None,
        decline_reason=None,
        currency=order.currency,
        amount_minor=paid.amount_minor if paid else 0,
        ended_by=None,
        shortage=None,
        applied_version=None if asked else order.version + 1,
        apply_until=now + terms.payment_window,
        created_by=tx.actor_key,
        created_at=now,
        updated_at=now,
    )


def _same_again(order: Order) -> GivenPayment:
    """The tender and token of the newest payment that holds money and can be repeated.

    Raises:
        ValidationFailed: there is none.
    """
    live = (PaymentState.AUTHORISED, PaymentState.CAPTURED)
    again = [paid for paid in order.payments if paid.state in live and paid.tender in PLAIN]
    newest = again[-1] if again else None
    if newest is None:
        raise ValidationFailed("payment", "is required: no payment of the order can be repeated")
    return GivenPayment(newest.tender, newest.token)
