"""Picking: what was found moves on, what was not is sourced again."""

from dataclasses import dataclass

from domain.common.errors import ValidationFailed
from domain.common.idempotency import once
from domain.common.ids import FulfillmentOrderId, LineGroupId
from domain.common.transaction import Tx
from domain.fulfillment.commands import ReportPick
from domain.fulfillment.failing import (
    Failure,
    failed,
    give_up_stock,
    marked_rejected,
    sourced_again,
    told,
)
from domain.fulfillment.model import OF_PICKING
from domain.fulfillment.waves import end_with_work
from domain.identity.model import Actor
from domain.orders.commands import ChangeWork
from domain.orders.errors import IllegalTransition
from domain.orders.lifecycle import Action, move, require_no_hold
from domain.orders.model import Order
from domain.orders.place import Terms
from domain.orders.placing_rules import check_text
from domain.orders.results import WorkChanged
from domain.orders.saving import save
from domain.orders.states import GroupState
from domain.orders.units import one_of, parted, per_line
from domain.orders.work import advance, find_work, locked_work


async def confirm_pick(tx: Tx, actor: Actor, command: ChangeWork) -> WorkChanged:
    """The fulfillment order with all its units picked; its wave ends with its last work.

    Raises: see `work.advance`. Locks: the order, then the wave.
    """
    return await advance(tx, actor, command, "confirmPick", Action.CONFIRM_PICK, then=end_with_work)


async def report_pick(tx: Tx, actor: Actor, command: ReportPick, terms: Terms) -> WorkChanged:
    """The fulfillment order with the units that were found PICKED. The others are short: their
    stock is given up as the shortage says, and other locations serve them if they can; units of
    pickup orders wait until the customer has chosen. A line that is not named was not found.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict, OrderOnHold: see `work.advance`.
        ValidationFailed: a line twice, a negative quantity, a shortage that no picker sees.
        QuantityExceeded: more units of a line were picked than are in picking.
        IllegalTransition: nothing is in picking.

    Locks: the order, then stock levels in (location, sku) order, then the wave.
    """
    check_text("note", command.note)
    if command.shortage not in OF_PICKING:
        raise ValidationFailed("shortage", "must be NOT_IN_STOCK, DAMAGED or MISMATCH")

    async def work() -> WorkChanged:
        given = ChangeWork(
            command.idempotency_key, command.fulfillment_order_id, command.expected_version
        )
        before, work_id = await locked_work(tx, actor, given)
        require_no_hold(before)
        saved = await _reported(tx, _report(before, work_id, command), terms)
        await end_with_work(tx, saved, work_id)
        return WorkChanged(work_id, saved.id, find_work(saved, work_id).version)

    return await once(tx, "reportPick", command, WorkChanged, work)


@dataclass(frozen=True, slots=True)
class _Report:
    """The order before, its groups split, the units that were found and those that were not."""

    before: Order
    order: Order
    found: frozenset[LineGroupId]
    short: Failure | None


def _report(before: Order, work_id: FulfillmentOrderId, command: ReportPick) -> _Report:
    picking = [g for g in before.groups_of(work_id) if g.state is GroupState.PICKING]
    work = find_work(before, work_id)
    if not picking:
        raise IllegalTransition("REPORT_PICK", before.work_status(work).value)
    picked = per_line(command.lines)
    order, found = parted(before, picking, picked)
    missing = frozenset(
        group.id
        for group in order.groups_of(work_id)
        if group.state is GroupState.PICKING and group.id not in found
    )
    short = (
        Failure(
            Action.SHORT_PICK, work_id, work.location_id, missing, command.shortage, command.note
        )
        if missing
        else None
    )
    return _Report(before, order, found, short)


async def _reported(tx: Tx, report: _Report, terms: Terms) -> Order:
    after = report.order
    if report.found:
        after = move(after, Action.CONFIRM_PICK, one_of(report.found))
    short = report.short
    if short is None:
        return await save(tx, report.before, after, Action.CONFIRM_PICK.value)
    after = marked_rejected(failed(after, short), short, await tx.now())
    await give_up_stock(tx, report.order, short)
    saved = await save(
        tx,
        report.before,
        after,
        Action.SHORT_PICK.value,
        *told(report.order, short),
        reason=short.note or short.reason.value,
        detail={"location_id": str(short.location_id), "failure": short.reason.value},
    )
    return await sourced_again(tx, saved, terms)
