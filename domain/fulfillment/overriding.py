"""An operator chooses the location against sourcing's advice: allowed, kept, and with its price."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from domain.common.errors import ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.ids import LineGroupId, LocationId, OrderId
from domain.common.transaction import Tx
from domain.fulfillment.failing import released_again
from domain.identity.model import Actor
from domain.orders.decided import kept
from domain.orders.errors import IllegalTransition
from domain.orders.lifecycle import Action, move, require_no_hold, require_status
from domain.orders.model import Group, Line, Order
from domain.orders.place import Terms
from domain.orders.placing_rules import check_text
from domain.orders.repository import locked_order
from domain.orders.resourcing import asked, assigned, units_of, without_location
from domain.orders.results import Changed
from domain.orders.saving import save
from domain.orders.settle import with_work
from domain.orders.states import UNSOURCED, GroupState, OrderStatus
from domain.orders.stock_needs import demand_of_groups, reservation_owner
from domain.orders.units import LineUnits, one_of, parted, per_line
from domain.orders.visibility import require_visible
from domain.sourcing.decision import Override
from domain.sourcing.model import Plan, Trigger
from domain.stock.allocation import allocate, deallocate
from domain.stock.errors import InsufficientStock
from domain.stock.locking import lock_levels_of
from domain.stock.model import MovementReason

ALLOCATED = frozenset({GroupState.ALLOCATED, GroupState.RELEASED})
MOVABLE = ALLOCATED | UNSOURCED
"""Units that nobody has in hand yet."""


@dataclass(frozen=True, slots=True)
class OverrideSourcing:
    """Serve units from this location: those of `lines`, or all that nobody has in hand yet."""

    idempotency_key: str
    order_id: OrderId
    location_id: LocationId
    reason: str
    lines: tuple[LineUnits, ...] = ()
    expected_version: int | None = None


async def override_sourcing(
    tx: Tx, actor: Actor, command: OverrideSourcing, terms: Terms
) -> Changed:
    """The order with the units allocated at the location, and released there if they had been
    released before. Rules and capacities do not count, stock and the reach of the location do. The
    decision is kept with the reason and what it costs more than the best plan.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict: see there.
        ValidationFailed: no reason, or the location cannot serve the order's delivery.
        QuantityExceeded: more units of a line are named than can be moved.
        OrderOnHold: it has a hold.
        IllegalTransition: the order is not CONFIRMED, or nothing is there to move.
        InsufficientStock: the location has fewer units available.

    Locks: the order, then all stock levels of its SKUs in (location, sku) order.
    """
    _check(command)

    async def work() -> Changed:
        before = require_visible(actor, await locked_order(tx.connection, command.order_id))
        check_version(command.expected_version, before.version)
        require_status(before, "OVERRIDE_SOURCING", OrderStatus.CONFIRMED)
        require_no_hold(before)
        order, chosen = _chosen(before, command)
        await lock_levels_of(tx, {sku for line in order.lines for sku in line.components})
        order = await _freed(tx, order, chosen)
        after = await _moved(tx, order, chosen, command, terms)
        if any(g.state is GroupState.RELEASED for g in before.groups):
            after = await released_again(tx, before, after, terms.accept_within)
        detail = {"location_id": str(command.location_id)}
        saved = await save(
            tx, before, after, "OVERRIDE_SOURCING", reason=command.reason, detail=detail
        )
        return Changed(saved.id, saved.version)

    return await once(tx, "overrideSourcing", command, Changed, work)


def _check(command: OverrideSourcing) -> None:
    if not command.reason.strip():
        raise ValidationFailed("reason", "is required")
    check_text("reason", command.reason)
    if 0 in per_line(command.lines).values():
        raise ValidationFailed("lines.quantity", "must be at least 1")


def _chosen(before: Order, command: OverrideSourcing) -> tuple[Order, frozenset[LineGroupId]]:
    """The order, its groups split, and the groups that move."""
    movable = [
        group
        for group in before.groups
        if group.state in MOVABLE and group.location_id != command.location_id
    ]
    wanted = per_line(command.lines)
    if wanted:
        return parted(before, movable, wanted)
    if not movable:
        raise IllegalTransition("OVERRIDE_SOURCING", before.fulfillment_status.value)
    return before, frozenset(group.id for group in movable)


async def _freed(tx: Tx, order: Order, chosen: Collection[LineGroupId]) -> Order:
    """`order` with the chosen units waiting, and their stock free."""
    held = [g for g in order.groups if g.id in chosen and g.state in ALLOCATED]
    if held:
        demands = demand_of_groups(order, held)
        await deallocate(tx, demands, reason=MovementReason.RESOURCED, reference=order.number)
        order = move(order, Action.UNSOURCE, one_of({group.id for group in held}))
    return without_location(order, one_of(chosen))


async def _moved(
    tx: Tx,
    order: Order,
    chosen: Collection[LineGroupId],
    command: OverrideSourcing,
    terms: Terms,
) -> Order:
    waiting = [group for group in order.groups if group.id in chosen]
    plan, override = await _plan(tx, order, waiting, command, terms)
    planned, taken = assigned(order, waiting, plan)
    demand = demand_of_groups(planned, [g for g in planned.groups if g.id in taken])
    await allocate(tx, demand, owner=reservation_owner(order.id), reference=order.number)
    await tx.connection.execute(kept(order.id, plan, override))
    return with_work(move(planned, Action.ALLOCATE, one_of(taken)))


async def _plan(
    tx: Tx, order: Order, waiting: Sequence[Group], command: OverrideSourcing, terms: Terms
) -> tuple[Plan, Override]:
    """All of the waiting units from the location, and what that costs more than the best plan."""
    now = await tx.now()
    units = units_of(order, waiting)
    question = await asked(tx.connection, order, units, now, trigger=Trigger.OVERRIDE)
    if all(each.location_id != command.location_id for each in question.candidates):
        reason = "has none of the goods, or does not serve this delivery"
        raise ValidationFailed("locationId", reason)
    policy = await terms.sourcing.policy(tx.connection, now)
    plan, best = policy.forced(question, command.location_id), policy.plan(question)
    if plan.unfilled:
        raise _shortage(units, plan, command.location_id)
    assert plan.trace is not None
    assert best.trace is not None
    delta = plan.trace.chosen.cost_minor - best.trace.chosen.cost_minor
    return plan, Override(tx.actor_key, command.reason, delta)


def _shortage(
    units: Sequence[tuple[Line, int]], plan: Plan, location_id: LocationId
) -> InsufficientStock:
    line, quantity = next((ln, q) for ln, q in units if ln.id in plan.unfilled)
    missing = plan.unfilled[line.id]
    return InsufficientStock(line.sku, location_id, quantity, quantity - missing)
