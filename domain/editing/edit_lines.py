"""Editing an order's lines, whole: transaction, PSP call without a lock, transaction (ADR 0017).

Repeating a request with its key goes on wherever the first attempt stopped. An attempt that nobody
repeats is ended by `sweep.py`.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from domain.common.transaction import Tx
from domain.editing.applying import settle
from domain.editing.commands import EditLines
from domain.editing.errors import (
    EditExpired,
    EditOutcomeUnknown,
    EditPaymentDeclined,
    StaleOrder,
)
from domain.editing.letting_go import let_go
from domain.editing.model import EditEnd, EditState, StoredEdit
from domain.editing.proposing import propose
from domain.orders.checkout import Till
from domain.orders.errors import PlanOutdated
from domain.orders.release_money import settle_leftovers
from domain.orders.repository import orders_by_id
from domain.orders.results import Changed
from domain.stock.errors import InsufficientStock

T = TypeVar("T")
MAX_PLANS = 5


async def edit_order_lines(till: Till, command: EditLines) -> Changed:
    """The order with other lines. Old units keep the price of their line; added ones cost what the
    channel asks now, and are a line of their own if that differs. They are allocated, or wait by
    the order's policy, as at placing; units given up are CANCELLED. Added units of an order that
    was released wait for the next `releaseOrder`.

    What the order costs more is authorised before anything of it changes; what it costs less is
    voided, refunded or owed after. Both in one edit count as their difference.

    Raises:
        see `propose`; EditPaymentDeclined: the order is as it was.
        EditOutcomeUnknown: so it is, and the same request again goes on.
        StaleOrder, InsufficientStock: also when the order moved on, or the reservation ended and
            the stock was sold, while the PSP was asked. EditExpired: the edit was ended meanwhile.

    Locks: see `propose` and `settle`; none during PSP calls.
    """
    edit = await _proposed(till, command)
    if edit.state is EditState.PENDING:
        answer = await till.gateway.authorise(
            edit.psp_key, edit.token or "", edit.amount_minor, edit.currency
        )
        edit = await _run(till, lambda tx: settle(tx, edit.order_id, edit.id, answer))
    if edit.state is EditState.LETTING_GO:
        await let_go(till.database, till.gateway, edit, till.actor.key)
    if edit.state is EditState.APPLIED:
        await settle_leftovers(till.database, till.gateway, edit.order_id, till.actor.key)
    return await _result(till, command, edit)


async def _proposed(till: Till, command: EditLines) -> StoredEdit:
    for attempt in range(1, MAX_PLANS + 1):
        try:
            return await _run(till, lambda tx: propose(tx, till.actor, command, till.terms))
        except PlanOutdated as outdated:
            if attempt == MAX_PLANS:
                raise outdated.shortage from outdated
    raise AssertionError("unreachable")


async def _result(till: Till, command: EditLines, edit: StoredEdit) -> Changed:
    if edit.applied_version is not None:
        return Changed(edit.order_id, edit.applied_version)
    if edit.state is EditState.DECLINED:
        raise EditPaymentDeclined(edit.order_id, edit.decline_reason or "declined")
    if edit.state is EditState.PENDING:
        raise EditOutcomeUnknown(edit.order_id)
    match edit.ended_by:
        case EditEnd.STALE:
            found = await till.database.read_primary(lambda c: orders_by_id(c, [edit.order_id]))
            raise StaleOrder(command.expected_version, found[edit.order_id])
        case EditEnd.OUT_OF_STOCK if edit.shortage is not None:
            short = edit.shortage
            raise InsufficientStock(short.sku, short.location_id, short.requested, short.available)
        case _:
            raise EditExpired(edit.order_id)


async def _run(till: Till, work: Callable[[Tx], Awaitable[T]]) -> T:
    return await till.database.run(
        work, actor_key=till.actor.key, correlation_id=till.correlation_id
    )
