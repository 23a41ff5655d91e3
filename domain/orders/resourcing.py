"""Finding stock again for units that have none: rejected, short picked, backordered, added."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.catalog.traits import traits_of
from domain.common.ids import LineGroupId, LocationId, OrderLineId, new_id
from domain.common.transaction import Tx
from domain.orders.arrivals import with_arrivals
from domain.orders.asking import question_of, wanted_of
from domain.orders.candidates import candidates_for, delivery_of
from domain.orders.decided import kept
from domain.orders.expected import Patience
from domain.orders.lifecycle import Action, move, split
from domain.orders.model import Group, Line, Order
from domain.orders.postal_points import point_near
from domain.orders.settle import with_work
from domain.orders.states import UNSOURCED, UnfilledPolicy
from domain.orders.stock_needs import demand_of_groups, reservation_owner
from domain.sourcing.model import Plan, Question, SourcingPolicy, Trigger
from domain.sourcing.ruled import Sourcing
from domain.stock.allocation import allocate
from domain.stock.errors import InsufficientStock

MAX_PLANS = 5


def unsourced(group: Group) -> bool:
    """Whether the units wait for stock."""
    return group.state in UNSOURCED


async def resourced(
    tx: Tx,
    order: Order,
    sourcing: Sourcing,
    chosen: Callable[[Group], bool] = unsourced,
    *,
    explained: bool = False,
) -> Order:
    """`order` with as many of its chosen waiting units as possible ALLOCATED at locations that did
    not fail them before, each location with a fulfillment order; others wait on. Not saved yet, but
    the decision is; when it serves nothing, only if it shall be `explained`.

    The order's row must be locked. Locks the stock levels it takes, in (location, sku) order. Stock
    that moves between plan and lock makes it plan again, 5 times at most; then the units wait.
    """
    parts = _alike(order, chosen)
    if not parts:
        return order
    policy = await sourcing.policy(tx.connection, await tx.now())
    for alike in parts:
        order = await _resourced(tx, order, policy, alike, explained=explained)
    return order


def _alike(order: Order, chosen: Callable[[Group], bool]) -> list[Callable[[Group], bool]]:
    """The chosen waiting units, parted by the locations that failed them: those are planned
    together.
    """

    def shunning(places: tuple[LocationId, ...]) -> Callable[[Group], bool]:
        return lambda g: unsourced(g) and chosen(g) and g.excluded_location_ids == places

    waiting = [group for group in order.groups if unsourced(group) and chosen(group)]
    return [shunning(places) for places in sorted({g.excluded_location_ids for g in waiting})]


async def _resourced(
    tx: Tx,
    order: Order,
    policy: SourcingPolicy,
    chosen: Callable[[Group], bool],
    *,
    explained: bool,
) -> Order:
    """As `resourced`, for units that the same locations failed before."""
    for _ in range(MAX_PLANS):
        waiting = [group for group in order.groups if chosen(group)]
        if not waiting:
            return order
        plan = await _plan(tx, order, policy, waiting)
        planned, taken = assigned(order, waiting, plan)
        if not taken:
            if explained:
                await tx.connection.execute(kept(order.id, plan))
            return order
        groups = [group for group in planned.groups if group.id in taken]
        demand = demand_of_groups(planned, groups)
        try:
            await allocate(tx, demand, owner=reservation_owner(order.id), reference=order.number)
        except InsufficientStock:
            continue
        await tx.connection.execute(kept(order.id, plan))
        return with_work(move(planned, Action.ALLOCATE, _one_of(taken)))
    return order


async def fillable(tx: Tx, order: Order, sourcing: Sourcing) -> bool:
    """Whether `resourced` would find stock now for some of the waiting units."""
    policy = await sourcing.policy(tx.connection, await tx.now())
    for alike in _alike(order, unsourced):
        waiting = [group for group in order.groups if alike(group)]
        if (await _plan(tx, order, policy, waiting)).assignments:
            return True
    return False


def _one_of(ids: Collection[LineGroupId]) -> Callable[[Group], bool]:
    return lambda group: group.id in ids


async def _plan(tx: Tx, order: Order, policy: SourcingPolicy, waiting: Sequence[Group]) -> Plan:
    units = units_of(order, waiting)
    excluded = {place for group in waiting for place in group.excluded_location_ids}
    question = await asked(
        tx.connection, order, units, await tx.now(), trigger=Trigger.RETRY, failed=excluded
    )
    return policy.plan(question)


def units_of(order: Order, groups: Sequence[Group]) -> list[tuple[Line, int]]:
    """How many units of which lines are in the groups, in the order of the lines. Pure."""
    return [
        (line, quantity)
        for line in order.lines
        if (quantity := sum(g.quantity for g in groups if g.line_id == line.id))
    ]


async def asked(
    connection: AsyncConnection,
    order: Order,
    units: Sequence[tuple[Line, int]],
    at: datetime,
    *,
    trigger: Trigger,
    failed: Collection[LocationId] = (),
) -> Question:
    """The question who serves these units of a stored order; not the locations that failed. Two
    statements, one more each when a location has a capacity and when the address has no
    coordinates, and three more when goods are wanted by a date.
    """
    delivery = delivery_of(order)
    traits = await traits_of(connection, {line.sku for line, _ in units})
    skus = {sku for line, _ in units for sku in line.components}
    found = await candidates_for(connection, skus, order.channel, delivery, failed)
    wanted = wanted_of(units, traits)
    waits = Patience(order.channel, order.unfilled_policy, order.id, failed)
    found = await with_arrivals(connection, found, delivery, wanted, order.deliver_by, at, waits)
    return question_of(
        order.channel,
        order.country,
        delivery,
        wanted,
        found,
        at,
        near=await point_near(connection, delivery.address),
        deliver_by=order.deliver_by,
        ship_complete=order.unfilled_policy is UnfilledPolicy.SHIP_COMPLETE,
        trigger=trigger,
        failed=failed,
    )


def assigned(
    order: Order, waiting: Iterable[Group], plan: Plan
) -> tuple[Order, frozenset[LineGroupId]]:
    """`order` with the planned units of `waiting` at their locations, split where needed, and the
    ids of those groups. Their states are as before. Pure.
    """
    left = {group.id: group.quantity for group in waiting}
    lines: dict[OrderLineId, list[LineGroupId]] = {}
    for group in waiting:
        lines.setdefault(group.line_id, []).append(group.id)
    taken: set[LineGroupId] = set()
    for part in plan.assignments:
        wanted = part.quantity
        while wanted:
            group_id = lines[part.line_id][0]
            units = min(wanted, left[group_id])
            if units < left[group_id]:
                rest = LineGroupId(new_id())
                order = split(order, group_id, units, rest)
                lines[part.line_id][0] = rest
                left[rest] = left[group_id] - units
            else:
                lines[part.line_id].pop(0)
            order = _placed_at(order, group_id, part.location_id)
            taken.add(group_id)
            wanted -= units
    return order, frozenset(taken)


def _placed_at(order: Order, group_id: LineGroupId, location_id: LocationId) -> Order:
    groups = tuple(
        replace(group, location_id=location_id, fulfillment_order_id=None)
        if group.id == group_id
        else group
        for group in order.groups
    )
    return replace(order, groups=groups)


def without_location(
    order: Order, chosen: Callable[[Group], bool], *, failed: LocationId | None = None
) -> Order:
    """`order` with its chosen groups at no location; `failed` is remembered as one that could not
    serve them. Pure: allocations are given back by the caller.
    """

    def freed(group: Group) -> Group:
        if not chosen(group):
            return group
        known = group.excluded_location_ids
        more = (failed,) if failed is not None and failed not in known else ()
        return replace(
            group,
            location_id=None,
            fulfillment_order_id=None,
            excluded_location_ids=(*known, *more),
        )

    return replace(order, groups=tuple(freed(group) for group in order.groups))
