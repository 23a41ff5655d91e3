"""The first half of placing, for many orders in one transaction (ADR 0024).

1. Keys, prices, customers and stock are read (`lookup.py`); nothing is locked.
2. The orders are planned one after the other on what was read, each after what the ones before it
   took. That says which levels are needed.
3. Those levels are locked, in (location, sku) order, by one statement.
4. The orders are decided, first come first served, on the locked levels. What is taken here is
   final, so no order is refused for stock that another one gives up again.
5. All that was decided is written by one statement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from domain.common.errors import DomainError, IdempotencyConflict
from domain.common.idempotency import load
from domain.common.ids import OrderId
from domain.common.many_keys import KnownKey, begun_row, known_keys
from domain.common.transaction import Tx
from domain.customers.directory import ReferenceIsNew
from domain.events.outbox import publish
from domain.orders.batching.jobs import Acceptance
from domain.orders.batching.lane import Refused, Verdict
from domain.orders.batching.lookup import Known, Ready, known_of
from domain.orders.batching.writing import store_accepted
from domain.orders.errors import DuplicateExternalReference
from domain.orders.events import order_changed
from domain.orders.model import GroupState, Order
from domain.orders.place import OPERATION, plan_of, planned_order
from domain.orders.repository import orders_by_id
from domain.orders.results import Placed
from domain.orders.rows import history_row
from domain.orders.stock_needs import demand_of, reservation_owner
from domain.stock.errors import InsufficientStock
from domain.stock.model import aggregate
from domain.stock.shelves import Place, Shelves, lock_shelves

Outcome = Order | Placed | Refused | Verdict


@dataclass(frozen=True, slots=True)
class Accepted:
    """An order that was decided: stored with its history and its key."""

    order: Order
    entry: Mapping[str, Any]
    key: Mapping[str, Any]


async def accept_many(tx: Tx, jobs: Sequence[Acceptance]) -> list[Outcome]:
    """What `accept` says of each job, in their order; no two of them have the same key.

    AGAIN: the stock it would take has moved since it was planned, and the level that it would take
    now is not locked. ALONE: its customer, who is known, gets another reference, which locks the
    customer's row.

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
    orders = await orders_by_id(tx.connection, begun) if begun else {}
    return {job: _replay(job, known[job.key], orders) for job in jobs if job.key in known}


def _replay(job: Acceptance, key: KnownKey, orders: Mapping[OrderId, Order]) -> Outcome:
    if key.operation != OPERATION or key.input_hash != job.input_hash:
        return Refused(IdempotencyConflict(job.command.idempotency_key))
    if key.result is not None:
        return load(Placed, key.result)
    if key.subject_id is None:
        return Verdict.ALONE
    return orders[OrderId(key.subject_id)]


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
    shelves = await lock_shelves(tx, _needed(ready, known.available))
    available = {
        place: units if (there := shelves.promisable(place)) is None else there
        for place, units in known.available.items()
    }
    accepted: list[Accepted] = []
    for each in ready:
        outcome = await _decide(tx, each, known, shelves, available)
        if isinstance(outcome, Accepted):
            accepted.append(outcome)
            outcomes[each.job] = outcome.order
        else:
            outcomes[each.job] = outcome
    if accepted:
        await store_accepted(tx, accepted, await shelves.written(), known.directory.written())
    return outcomes


def _needed(ready: Sequence[Ready], available: Mapping[Place, int]) -> set[Place]:
    """The levels that the orders take from, if each is served after the ones before it."""
    left = dict(available)
    needed: set[Place] = set()
    for each in ready:
        try:
            plan = plan_of(
                each.job.command, each.lines, each.candidates(left), each.job.terms.sourcing
            )
        except InsufficientStock:
            continue
        components = {line.id: line.components for line in each.lines}
        for part in plan.assignments:
            for sku, units in components[part.line_id].items():
                left[part.location_id, sku] -= units * part.quantity
                needed.add((part.location_id, sku))
    return needed


async def _decide(
    tx: Tx, ready: Ready, known: Known, shelves: Shelves, available: dict[Place, int]
) -> Accepted | Refused | Verdict:
    """`available` is what is left for this order; it goes down by what the order takes."""
    job, command = ready.job, ready.job.command
    acting = job.acting(tx)
    try:
        plan = plan_of(command, ready.lines, ready.candidates(available), job.terms.sourcing)
        who = known.directory.recognise(command.customer, seen_by=job.actor)
        draft = replace(ready.draft, customer=who.customer)
        order, detail = planned_order(command, draft, ready.lines, plan)
        demand = aggregate(demand_of(order, [GroupState.NEW]))
        places = [(each.location_id, each.sku) for each in demand]
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
    return Accepted(order, entry, key)
