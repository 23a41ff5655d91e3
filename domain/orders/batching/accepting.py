"""The first half of placing, for many orders in one transaction (ADR 0024).

1. Keys, prices, customers and stock are read (`lookup.py`); nothing is locked.
2. The orders are planned one after the other on what was read, each after what the ones before it
   took. That says which levels are needed.
3. Those levels are locked, in (location, sku) order, by one statement.
4. The orders are decided, first come first served, on the locked levels. What is taken here is
   final, so no order is refused for stock that another one gives up again.
5. All that was decided is written by one statement.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from domain.common.errors import DomainError, IdempotencyConflict
from domain.common.idempotency import check_use, load
from domain.common.ids import OrderId
from domain.common.many_keys import KnownKey, begun_row, known_keys
from domain.common.transaction import Tx
from domain.customers.directory import ReferenceIsNew
from domain.events.outbox import publish
from domain.orders.batching.jobs import Acceptance
from domain.orders.batching.lane import Refused, Verdict
from domain.orders.batching.lookup import Known, Ready, known_of
from domain.orders.batching.writing import Accepted, store_accepted
from domain.orders.decided import row_of
from domain.orders.errors import DuplicateExternalReference
from domain.orders.events import order_changed
from domain.orders.model import Order
from domain.orders.place import OPERATION, plan_of, planned_order
from domain.orders.repository import orders_by_id
from domain.orders.results import Placed
from domain.orders.rows import history_row
from domain.orders.states import GroupState
from domain.orders.stock_needs import demand_of, reservation_owner
from domain.sourcing.model import Plan, SourcingPolicy
from domain.stock.errors import InsufficientStock
from domain.stock.shelves import Place, Shelves, lock_shelves

Outcome = Order | Placed | Refused | Verdict


async def accept_many(tx: Tx, jobs: Sequence[Acceptance]) -> list[Outcome]:
    """What `accept` says of each job, in their order; no two of them have the same key.

    AGAIN: the stock it would take has moved since it was planned, and the level that it would take
    now is not locked; or a twin elsewhere began just now. ALONE: its customer, who is known, gets
    another reference, which locks the customer's row.

    Raises:
        DBAPIError: the batch cannot be stored as it is; nothing of it is.

    Locks: stock levels in (location, sku) order.
    """
    outcomes = await _replayed(tx, jobs)
    fresh = [job for job in jobs if job not in outcomes]
    if fresh:
        outcomes |= await _decided(tx, fresh)
    return [outcomes[job] for job in jobs]


async def _replayed(tx: Tx, jobs: Sequence[Acceptance]) -> dict[Acceptance, Outcome]:
    """What the keys that were used before stand for."""
    known = await known_keys(tx, [job.key for job in jobs])
    begun = [k.subject_id for k in known.values() if k.result is None and k.subject_id]
    orders: Mapping[OrderId, Order] = {}
    if begun:
        orders = await orders_by_id(tx.connection, begun)
        known = await known_keys(tx, [job.key for job in jobs])  # as `begun_order` says
    return {job: _replay(job, known[job.key], orders) for job in jobs if job.key in known}


def _replay(job: Acceptance, key: KnownKey, orders: Mapping[OrderId, Order]) -> Outcome:
    name, before = job.command.idempotency_key, (key.operation, key.input_hash)
    try:
        check_use(name, OPERATION, job.input_hash, before=before)
    except IdempotencyConflict as conflict:
        return Refused(conflict)
    if key.result is not None:
        return load(Placed, key.result)
    if key.subject_id is None:
        return Verdict.ALONE
    return orders.get(OrderId(key.subject_id), Verdict.AGAIN)


async def _decided(tx: Tx, jobs: Sequence[Acceptance]) -> dict[Acceptance, Outcome]:
    known = await known_of(tx, jobs)
    outcomes: dict[Acceptance, Outcome] = {}
    ready: list[Ready] = []
    for job, found in known.ready.items():
        match found:
            case Ready():
                ready.append(found)
            case ReferenceIsNew():
                outcomes[job] = Verdict.ALONE
            case DomainError():
                outcomes[job] = Refused(found)
    plans = _planned(ready, known)
    shelves = await lock_shelves(tx, _needed(ready, plans))
    available = {
        place: units if (there := shelves.promisable(place)) is None else there
        for place, units in known.available.items()
    }
    as_planned = available == known.available
    accepted: list[Accepted] = []
    for each, plan in zip(ready, plans, strict=True):
        outcome = await _decide(tx, each, plan if as_planned else None, known, shelves, available)
        as_planned = as_planned and isinstance(outcome, Accepted) == isinstance(plan, Plan)
        if isinstance(outcome, Accepted):
            accepted.append(outcome)
            outcomes[each.job] = outcome.order
        else:
            outcomes[each.job] = outcome
    if accepted:
        await store_accepted(tx, accepted, await shelves.written(), known.directory.written())
    return outcomes


def _planned(ready: Sequence[Ready], known: Known) -> list[Plan | InsufficientStock]:
    """How each order is served after the ones before it, or why not."""
    left = dict(known.available)
    plans: list[Plan | InsufficientStock] = []
    for each in ready:
        plan = _plan(each, left, known.policy)
        plans.append(plan)
        if isinstance(plan, Plan):
            for place, units in _taken(each, plan):
                left[place] -= units
    return plans


def _plan(
    ready: Ready, left: Mapping[Place, int], policy: SourcingPolicy
) -> Plan | InsufficientStock:
    try:
        return plan_of(ready.job.command, ready.draft, ready.lines, ready.candidates(left), policy)
    except InsufficientStock as shortage:
        return shortage


def _taken(ready: Ready, plan: Plan) -> Iterator[tuple[Place, int]]:
    components = {line.id: line.components for line in ready.lines}
    for part in plan.assignments:
        for sku, units in components[part.line_id].items():
            yield (part.location_id, sku), units * part.quantity


def _needed(ready: Sequence[Ready], plans: Sequence[Plan | InsufficientStock]) -> set[Place]:
    """The levels that the plans take from."""
    return {
        place
        for each, plan in zip(ready, plans, strict=True)
        if isinstance(plan, Plan)
        for place, _ in _taken(each, plan)
    }


async def _decide(
    tx: Tx,
    ready: Ready,
    planned: Plan | InsufficientStock | None,
    known: Known,
    shelves: Shelves,
    available: dict[Place, int],
) -> Accepted | Refused | Verdict:
    """`available` is what is left for this order; it goes down by what the order takes. `planned`
    is given when that is what was left when the order was planned.
    """
    job, command = ready.job, ready.job.command
    acting = job.acting(tx)
    plan = planned or _plan(ready, available, known.policy)
    if isinstance(plan, InsufficientStock):
        return Refused(plan)
    try:
        who = known.directory.recognise(command.customer, seen_by=job.actor)
        draft = replace(ready.draft, customer=who.customer)
        order, detail = planned_order(command, draft, ready.lines, plan)
        demand = demand_of(order, [GroupState.NEW])
        places = {(each.location_id, each.sku) for each in demand}
        if any(shelves.promisable(place) is None for place in places):
            return Verdict.AGAIN
        reference = (command.channel, command.external_reference or "")
        if reference in known.taken:
            return Refused(DuplicateExternalReference(reference[1]))
        owner = reservation_owner(order.id)
        shelves.reserve(acting, demand, owner=owner, ttl=job.terms.payment_window)
    except ReferenceIsNew:
        return Verdict.ALONE
    except DomainError as refusal:
        return Refused(refusal)
    for place in places:
        available[place] = shelves.promisable(place) or 0
    if command.external_reference is not None:
        known.taken.add((command.channel, command.external_reference))
    await known.directory.admit(acting, who, command.channel)
    order = replace(order, version=1)
    await publish(acting, order_changed(order, "PLACE", None))
    entry = history_row(job.actor.key, order, "PLACE", detail)
    key = begun_row(job.key, OPERATION, job.input_hash, order.id, await tx.now())
    return Accepted(order, entry, key, row_of(order.id, plan))
