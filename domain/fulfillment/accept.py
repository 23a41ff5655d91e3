"""The handshake: a location accepts or rejects a released request, in time or by silence."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.database import Database
from domain.common.errors import ValidationFailed
from domain.common.idempotency import once
from domain.common.ids import FulfillmentOrderId, OrderLineId
from domain.common.transaction import Tx
from domain.fulfillment.commands import RejectWork
from domain.fulfillment.failing import (
    Failure,
    failed,
    give_up_stock,
    marked_rejected,
    sourced_again,
    told,
)
from domain.fulfillment.model import GIVEN_BY_PEOPLE, FailureReason
from domain.fulfillment.waves import end_with_work
from domain.identity.model import Actor
from domain.orders.commands import ChangeWork
from domain.orders.errors import IllegalTransition
from domain.orders.lifecycle import Action, require_no_hold
from domain.orders.model import FulfillmentOrder, Order
from domain.orders.place import Terms
from domain.orders.placing_rules import check_text
from domain.orders.repository import locked_order_of_work
from domain.orders.results import WorkChanged
from domain.orders.saving import save
from domain.orders.states import FulfillmentOrderStatus, GroupState
from domain.orders.tables import fulfillment_order
from domain.orders.units import parted, per_line
from domain.orders.work import accepted, find_work, locked_work

TIMER = "SYSTEM:accept-timer"


async def accept_work(tx: Tx, actor: Actor, command: ChangeWork) -> WorkChanged:
    """The fulfillment order, accepted: its timer is off.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict, OrderOnHold: see `work.advance`.
        IllegalTransition: it is not released, or was accepted before.

    Locks: the order.
    """

    async def work() -> WorkChanged:
        before, work_id = await locked_work(tx, actor, command)
        require_no_hold(before)
        found = find_work(before, work_id)
        status = before.work_status(found)
        if status is not FulfillmentOrderStatus.RELEASED or found.accepted_at is not None:
            raise IllegalTransition("ACCEPT", "accepted" if found.accepted_at else status.value)
        after = accepted(before, work_id, await tx.now())
        saved = await save(tx, before, after, "ACCEPT")
        return WorkChanged(work_id, saved.id, find_work(saved, work_id).version)

    return await once(tx, "acceptFulfillmentOrder", command, WorkChanged, work)


async def reject_work(tx: Tx, actor: Actor, command: RejectWork, terms: Terms) -> WorkChanged:
    """The fulfillment order without the rejected units: their stock is given up as the reason says,
    and other locations serve them if they can. Units of pickup orders stay where they are until
    the customer has chosen.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict: see `work.advance`.
        ValidationFailed: a line twice, a quantity below 1, or a note that is too long.
        QuantityExceeded: more units of a line are rejected than are released.
        IllegalTransition: nothing is released (picking has begun, or it was rejected before).

    Locks: the order, then stock levels in (location, sku) order, then the wave.
    """
    check_text("note", command.note)
    if command.reason not in GIVEN_BY_PEOPLE:
        raise ValidationFailed("reason", f"{command.reason.value} is for the accept timer")

    async def work() -> WorkChanged:
        given = ChangeWork(
            command.idempotency_key, command.fulfillment_order_id, command.expected_version
        )
        before, work_id = await locked_work(tx, actor, given)
        wanted = per_line(command.lines)
        if 0 in wanted.values():
            raise ValidationFailed("lines.quantity", "must be at least 1")
        order, failure = _rejection(before, work_id, command.reason, wanted, command.note)
        saved = await _rejected(tx, before, order, failure, terms)
        await end_with_work(tx, saved, work_id)
        return WorkChanged(work_id, saved.id, find_work(saved, work_id).version)

    return await once(tx, "rejectFulfillmentOrder", command, WorkChanged, work)


async def reject_silent(database: Database, terms: Terms, *, limit: int = 100) -> int:
    """How many requests were rejected because their location did not answer in time (database
    time). Each in a transaction of its own; one that was answered meanwhile is left alone.
    """
    due = await database.read(lambda connection: _overdue(connection, limit))
    rejected = 0
    for work_id in due:
        rejected += await database.run(
            lambda tx, one=work_id: _time_out(tx, one, terms), actor_key=TIMER
        )
    return rejected


def _rejection(
    before: Order,
    work_id: FulfillmentOrderId,
    reason: FailureReason,
    wanted: Mapping[OrderLineId, int],
    note: str | None,
) -> tuple[Order, Failure]:
    """The order, its groups split, and the rejection of the wanted units (none: all)."""
    released = [g for g in before.groups_of(work_id) if g.state is GroupState.RELEASED]
    order, groups = before, frozenset(group.id for group in released)
    if wanted:
        order, groups = parted(before, released, wanted)
    if not groups:
        status = before.work_status(find_work(before, work_id))
        raise IllegalTransition(Action.REJECT.value, status.value)
    place = find_work(before, work_id).location_id
    return order, Failure(Action.REJECT, work_id, place, groups, reason, note)


async def _rejected(tx: Tx, before: Order, order: Order, failure: Failure, terms: Terms) -> Order:
    after = marked_rejected(failed(order, failure), failure, await tx.now())
    await give_up_stock(tx, order, failure)
    detail = {"location_id": str(failure.location_id), "failure": failure.reason.value}
    saved = await save(
        tx,
        before,
        after,
        Action.REJECT.value,
        *told(order, failure),
        reason=failure.note or failure.reason.value,
        detail=detail,
    )
    return await sourced_again(tx, saved, terms)


async def _time_out(tx: Tx, work_id: FulfillmentOrderId, terms: Terms) -> int:
    before, _ = await locked_order_of_work(tx.connection, work_id)
    found = find_work(before, work_id)
    if not _is_overdue(before, found, await tx.now()):
        return 0
    order, failure = _rejection(before, work_id, FailureReason.NO_RESPONSE, {}, None)
    await _rejected(tx, before, order, failure, terms)
    return 1


def _is_overdue(order: Order, work: FulfillmentOrder, now: datetime) -> bool:
    waiting = order.work_status(work) is FulfillmentOrderStatus.RELEASED
    answered = work.accepted_at is not None
    return waiting and not answered and work.accept_by is not None and work.accept_by <= now


async def _overdue(connection: AsyncConnection, limit: int) -> Sequence[FulfillmentOrderId]:
    c = fulfillment_order.c
    query = (
        sa.select(c.id)
        .where(
            c.status == FulfillmentOrderStatus.RELEASED.value,
            c.accepted_at.is_(None),
            c.accept_by <= sa.func.now(),
        )
        .order_by(c.accept_by)
        .limit(limit)
    )
    return (await connection.scalars(query)).all()
