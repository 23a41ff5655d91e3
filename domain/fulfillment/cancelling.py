"""Cancelling what a location works on: a request that it accepts or refuses; silence refuses."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import UpdateBase

from domain.common.database import Database
from domain.common.errors import check_version
from domain.common.idempotency import once
from domain.common.ids import FulfillmentOrderId
from domain.common.transaction import Tx
from domain.fulfillment.commands import AnswerCancel
from domain.fulfillment.waves import end_with_work
from domain.identity.model import Actor
from domain.orders.cancel import cancel_units
from domain.orders.commands import ChangeOrder, ChangeWork
from domain.orders.errors import IllegalTransition
from domain.orders.lifecycle import Action, move, require_status
from domain.orders.model import FulfillmentOrder, Order
from domain.orders.notices import NoticeKind, notice
from domain.orders.place import Terms
from domain.orders.placing_rules import check_text
from domain.orders.repository import locked_order, locked_order_of_work
from domain.orders.results import Changed, WorkChanged
from domain.orders.saving import save
from domain.orders.states import (
    CANCELLABLE,
    WORKING,
    GroupState,
    OrderStatus,
)
from domain.orders.stock_needs import demand_of_groups
from domain.orders.tables import fulfillment_order
from domain.orders.visibility import require_visible
from domain.orders.work import find_work, locked_work
from domain.stock.allocation import deallocate
from domain.stock.model import MovementReason

TIMER = "SYSTEM:cancel-timer"
CANCELLABLE_AT_WORK = WORKING | {GroupState.READY_FOR_PICKUP}


async def request_cancel(tx: Tx, actor: Actor, command: ChangeOrder, terms: Terms) -> Changed:
    """The order, with a request to cancel to each location that works on it, to be answered in
    time; units that nobody works on are cancelled at once. Money that is not due any more is let
    go by `release_money.settle_leftovers`, which the caller runs at once.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict, ValidationFailed: see there.
        IllegalTransition: nothing is left to cancel, or all of it is asked for already.

    Locks: the order, then stock levels in (location, sku) order.
    """
    check_text("reason", command.reason)

    async def work() -> Changed:
        before = require_visible(actor, await locked_order(tx.connection, command.order_id))
        check_version(command.expected_version, before.version)
        require_status(before, "REQUEST_CANCEL", OrderStatus.CONFIRMED)
        now = await tx.now()
        after = _requested(before, now, now + terms.cancel_answer_within)
        waiting = frozenset(g.id for g in before.groups if g.state in CANCELLABLE)
        if after == before and not waiting:
            raise IllegalTransition("REQUEST_CANCEL", before.fulfillment_status.value)
        if after != before:
            before = await save(tx, before, after, "REQUEST_CANCEL", reason=command.reason)
        if waiting:
            before = await cancel_units(tx, before, before, waiting, command.reason)
        return Changed(before.id, before.version)

    return await once(tx, "requestCancel", command, Changed, work)


async def accept_cancel(tx: Tx, actor: Actor, command: AnswerCancel) -> WorkChanged:
    """The fulfillment order with all its units CANCELLED and back on the shelf. Money is let go by
    `release_money.settle_leftovers`, which the caller runs at once.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict, ValidationFailed: see there.
        IllegalTransition: nobody asks for it.

    Locks: the order, then stock levels in (location, sku) order, then the wave.
    """
    check_text("reason", command.reason)

    async def work() -> WorkChanged:
        before, work_id = await _requested_work(tx, actor, command)
        groups = [g for g in before.groups_of(work_id) if g.state in CANCELLABLE_AT_WORK]
        ids = {group.id for group in groups}
        after = move(
            before, Action.ACCEPT_CANCEL, lambda group: group.id in ids, reason="cancelled"
        )
        demand = demand_of_groups(before, groups)
        await deallocate(tx, demand, reason=MovementReason.CANCELLED, reference=before.number)
        told = _told(before, work_id, accepted=True)
        saved = await save(tx, before, after, "ACCEPT_CANCEL", told, reason=command.reason)
        await end_with_work(tx, saved, work_id)
        return WorkChanged(work_id, saved.id, find_work(saved, work_id).version)

    return await once(tx, "acceptCancelRequest", command, WorkChanged, work)


async def refuse_cancel(tx: Tx, actor: Actor, command: AnswerCancel) -> WorkChanged:
    """The fulfillment order, going on as if nobody had asked; the customer is told.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict, ValidationFailed: see there.
        IllegalTransition: nobody asks for it.

    Locks: the order.
    """
    check_text("reason", command.reason)

    async def work() -> WorkChanged:
        before, work_id = await _requested_work(tx, actor, command)
        saved = await _refused(tx, before, work_id, command.reason)
        return WorkChanged(work_id, saved.id, find_work(saved, work_id).version)

    return await once(tx, "refuseCancelRequest", command, WorkChanged, work)


async def refuse_silently(database: Database, *, limit: int = 100) -> int:
    """How many requests to cancel were refused because nobody answered in time (database time)."""
    due = await database.read(lambda connection: _overdue(connection, limit))
    refused = 0
    for work_id in due:
        refused += await database.run(lambda tx, one=work_id: _time_out(tx, one), actor_key=TIMER)
    return refused


async def _requested_work(
    tx: Tx, actor: Actor, command: AnswerCancel
) -> tuple[Order, FulfillmentOrderId]:
    given = ChangeWork(
        command.idempotency_key, command.fulfillment_order_id, command.expected_version
    )
    order, work_id = await locked_work(tx, actor, given)
    if not open_request(order, find_work(order, work_id)):
        raise IllegalTransition("ANSWER_CANCEL", "no request to cancel")
    return order, work_id


def open_request(order: Order, work: FulfillmentOrder) -> bool:
    """Whether a request to cancel waits for an answer, with units left to which it applies."""
    return work.cancel_requested and any(
        group.state in CANCELLABLE_AT_WORK for group in order.groups_of(work.id)
    )


def _requested(order: Order, now: datetime, answer_by: datetime) -> Order:
    """`order` with a request to each location that works on it and has none yet. Pure."""

    def asked(work: FulfillmentOrder) -> FulfillmentOrder:
        at_work = any(g.state in CANCELLABLE_AT_WORK for g in order.groups_of(work.id))
        if work.cancel_requested or not at_work:
            return work
        return replace(
            work, cancel_requested_at=now, cancel_answer_by=answer_by, cancel_refused_at=None
        )

    return replace(order, fulfillment_orders=tuple(map(asked, order.fulfillment_orders)))


async def _refused(tx: Tx, before: Order, work_id: FulfillmentOrderId, reason: str | None) -> Order:
    now = await tx.now()
    works = tuple(
        replace(work, cancel_refused_at=now) if work.id == work_id else work
        for work in before.fulfillment_orders
    )
    after = replace(before, fulfillment_orders=works)
    told = _told(before, work_id, accepted=False)
    return await save(tx, before, after, "REFUSE_CANCEL", told, reason=reason)


async def _time_out(tx: Tx, work_id: FulfillmentOrderId) -> int:
    before, _ = await locked_order_of_work(tx.connection, work_id)
    work = find_work(before, work_id)
    late = work.cancel_answer_by is not None and work.cancel_answer_by <= await tx.now()
    if not (work.cancel_requested and late):
        return 0
    await _refused(tx, before, work_id, "no answer")
    return 1


def _told(order: Order, work_id: FulfillmentOrderId, *, accepted: bool) -> UpdateBase:
    occasion = f"{work_id} v{order.version}"
    return notice(order.id, NoticeKind.CANCEL_ANSWERED, occasion, {"accepted": accepted})


async def _overdue(connection: AsyncConnection, limit: int) -> Sequence[FulfillmentOrderId]:
    c = fulfillment_order.c
    query = (
        sa.select(c.id)
        .where(
            c.cancel_requested_at.is_not(None),
            c.cancel_refused_at.is_(None),
            c.cancel_answer_by <= sa.func.now(),
            c.status.not_in(["COMPLETED", "CANCELLED", "REJECTED"]),
        )
        .order_by(c.cancel_answer_by)
        .limit(limit)
    )
    return (await connection.scalars(query)).all()
