"""From changes to an edit: prices and stock of today, the plan, the edited order. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.catalog.channels import edit_window
from domain.catalog.quote import quote
from domain.common.ids import LineGroupId, OrderLineId, new_id
from domain.editing.commands import Change
from domain.editing.model import Edit
from domain.editing.pricing import Lines, grown, priced, with_lines
from domain.editing.rules import (
    Wishes,
    require_editable,
    require_editor,
    require_in_time,
    wishes_of,
)
from domain.identity.model import Actor, Role
from domain.orders.baskets import region_of
from domain.orders.lifecycle import Action, move
from domain.orders.model import Group, Line, Order
from domain.orders.resourcing import asked
from domain.orders.settle import with_work
from domain.orders.states import (
    CANCELLABLE,
    UNSOURCED,
    GroupState,
    UnfilledPolicy,
)
from domain.orders.stock_needs import demand_of_groups
from domain.orders.units import one_of, parted
from domain.sourcing.model import Plan, Trigger
from domain.sourcing.ruled import Sourcing
from domain.stock.errors import InsufficientStock
from domain.stock.model import Demand


@dataclass(frozen=True, slots=True)
class Draft:
    """A priced and planned edit. `shortage`: why the order's policy forbids it, if it does.

    `lines`: the order's, and new ones, before they grow. `wanted`: units asked for per line, with
    those that the policy CANCEL_REST drops. `plan`: who serves what is added, if anything is.
    """

    edit: Edit
    lines: Mapping[OrderLineId, Line]
    wanted: Mapping[OrderLineId, int]
    shortage: InsufficientStock | None
    plan: Plan | None = None


@dataclass(frozen=True, slots=True)
class Edited:
    """The order after an edit, and the stock that the edit takes and frees."""

    order: Order
    taken: Sequence[Demand]
    freed: Sequence[Demand]


async def draft_for(
    connection: AsyncConnection,
    actor: Actor,
    order: Order,
    changes: Sequence[Change],
    sourcing: Sourcing,
    now: datetime,
) -> Draft:
    """As `drafted`, if the actor, who sees the order, may edit it like this.

    Raises:
        as `drafted`; Forbidden, OrderNotEditable: see `rules.require_editor`, `require_in_time`.
    """
    require_editor(actor, order, changes)
    if actor.role is Role.CUSTOMER:
        require_in_time(order, await edit_window(connection, order.channel), now)
    return await drafted(connection, order, changes, sourcing, now)


async def drafted(
    connection: AsyncConnection,
    order: Order,
    changes: Sequence[Change],
    sourcing: Sourcing,
    now: datetime,
) -> Draft:
    """The edit of `order`, priced at `now` and planned over the stock that there is.

    Units given up in the same edit are not counted on: they are free for others only after it.

    Raises:
        OrderNotEditable, QuantityNotEditable, NotFound, ValidationFailed: see `rules`.
        ProductNotFound, ProductNotSellable: see `pricing.priced`.
    """
    require_editable(order)
    wishes = wishes_of(order, changes)
    if not wishes.added:
        known = {line.id: line for line in order.lines}
        return Draft(Edit((), {}, wishes.given_up), known, {}, None)
    skus = {wish.sku for wish in wishes.added}
    regions = [region_of(order.address)]
    offers = await quote(
        connection, skus, order.channel, order.currency, order.country, now, regions
    )
    lines = priced(order, wishes.added, offers)
    plan = await _plan(connection, order, lines, sourcing, now)
    return _drafted(order, wishes, lines, plan)


async def _plan(
    connection: AsyncConnection, order: Order, lines: Lines, sourcing: Sourcing, now: datetime
) -> Plan:
    units = [(lines.by_id[line_id], wanted) for line_id, wanted in lines.added.items()]
    policy = await sourcing.policy(connection, now)
    return policy.plan(await asked(connection, order, units, now, trigger=Trigger.RETRY))


def _drafted(order: Order, wishes: Wishes, lines: Lines, plan: Plan) -> Draft:
    added, unfilled, shortage = dict(lines.added), dict(plan.unfilled), None
    if unfilled:
        drop = order.unfilled_policy is UnfilledPolicy.CANCEL_REST
        if order.unfilled_policy is UnfilledPolicy.REFUSE or (drop and not plan.assignments):
            shortage = _shortage(lines, unfilled)
        if drop:
            left = {line: units - unfilled.get(line, 0) for line, units in added.items()}
            added, unfilled = {line: units for line, units in left.items() if units}, {}
    edit = Edit(
        lines=_grown(order, lines, added),
        added=added,
        given_up=wishes.given_up,
        assignments=tuple(plan.assignments),
        unfilled=unfilled,
        promoted=lines.promoted or None,
    )
    return Draft(edit, lines.by_id, lines.added, shortage, plan)


def _grown(order: Order, lines: Lines, added: Mapping[OrderLineId, int]) -> tuple[Line, ...]:
    """The lines that grow, and the new ones, whose positions follow without a gap."""
    known = {line.id for line in order.lines}
    last = max(line.position for line in order.lines)
    found: list[Line] = []
    for line_id, units in added.items():
        line = lines.by_id[line_id]
        if line_id not in known:
            last += 1
            line = replace(line, position=last)
        found.append(grown(line, units, tax_included=order.tax_included))
    return tuple(found)


def _shortage(lines: Lines, unfilled: Mapping[OrderLineId, int]) -> InsufficientStock:
    sku = lines.by_id[next(iter(unfilled))].sku
    same = [line_id for line_id in lines.added if lines.by_id[line_id].sku == sku]
    requested = sum(lines.added[line_id] for line_id in same)
    missing = sum(unfilled.get(line_id, 0) for line_id in same)
    return InsufficientStock(sku, None, requested, requested - missing)


def edited(order: Order, edit: Edit, reason: str | None) -> Edited:
    """`order` after the edit: added units ALLOCATED or BACKORDERED, given up ones CANCELLED, those
    without stock first. Pure; the caller moves the stock.
    """
    served = [
        Group(LineGroupId(new_id()), a.line_id, a.quantity, GroupState.NEW, a.location_id)
        for a in edit.assignments
    ]
    waiting = [
        Group(LineGroupId(new_id()), line_id, units, GroupState.BACKORDERED)
        for line_id, units in (edit.unfilled or {}).items()
    ]
    free_to_go = sorted(
        (group for group in order.groups if group.state in CANCELLABLE),
        key=lambda group: (group.state not in UNSOURCED, group.id),
    )
    after = with_lines(order, edit.lines, edit.promoted)
    after = replace(after, groups=(*after.groups, *served, *waiting))
    taken = demand_of_groups(after, served)
    if served:
        ids = {group.id for group in served}
        after = with_work(move(after, Action.ALLOCATE, one_of(ids)))
    after, chosen = parted(after, free_to_go, edit.given_up)
    given_up = [g for g in after.groups if g.id in chosen and g.state is GroupState.ALLOCATED]
    freed = demand_of_groups(after, given_up)
    if chosen:
        after = move(after, Action.CANCEL, one_of(chosen), reason=reason or "edited")
    return Edited(after.waiving(order), taken, freed)
