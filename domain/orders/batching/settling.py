"""The second half of placing, for many orders in one transaction (ADR 0024)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from domain.common.errors import DomainError
from domain.common.many_keys import finished_row
from domain.common.sql import among
from domain.common.transaction import Tx
from domain.orders.batching.jobs import Settlement
from domain.orders.batching.lane import Refused, Verdict
from domain.orders.batching.writing import store_settled
from domain.orders.model import Order
from domain.orders.repository import as_read
from domain.orders.results import PlacementOutcome, Settled
from domain.orders.rows import Change
from domain.orders.saving import record
from domain.orders.settle import answered, leaves_at_once, paid_minor, placed_as, stocked
from domain.orders.states import UNSOURCED, GroupState, OrderStatus
from domain.orders.stock_needs import demand_of, reservation_owner
from domain.orders.tables import sales_order
from domain.payments.model import OPEN_STATES
from domain.stock.model import Demand, MovementReason
from domain.stock.shelves import Shelves, lock_shelves

Outcome = Settled | Refused | Verdict


@dataclass(frozen=True, slots=True)
class _Paid:
    """An order that is paid for and needs nothing but its stock."""

    job: Settlement
    order: Order
    demand: Sequence[Demand]


async def settle_many(tx: Tx, jobs: Sequence[Settlement]) -> list[Outcome]:
    """What `confirm` says of each job, in their order; no two of them are of the same order.

    ALONE: `confirm` decides it. Either the order is not as it was when it was paid for (a twin of
    the request, an agent or the sweep was there); or the PSP declined or said nothing; or units
    wait for stock, and promising them locks inbound stock between the order and its levels. All
    these are rare, or slow for other reasons.

    An order that is as it was is not read again: `seen` is the order.

    Raises:
        DBAPIError: the batch cannot be stored as it is; nothing of it is.

    Locks: the orders by id, then stock levels in (location, sku) order.
    """
    versions = await _locked_versions(tx, [job.seen.id for job in jobs])
    now = await tx.now()
    paid = [_paid(job, versions, now) for job in jobs]
    needed = [each for each in paid if each is not None]
    shelves = await lock_shelves(
        tx,
        {(demand.location_id, demand.sku) for each in needed for demand in each.demand},
        [reservation_owner(each.order.id) for each in needed],
    )
    outcomes: list[Outcome] = []
    changes: list[Change] = []
    results: list[Mapping[str, Any]] = []
    for each in paid:
        if each is None:
            outcomes.append(Verdict.ALONE)
            continue
        outcome = await _confirmed(tx, each, shelves)
        if isinstance(outcome, Refused):
            outcomes.append(outcome)
            continue
        placed = placed_as(outcome.order, PlacementOutcome.CONFIRMED)
        outcomes.append(Settled(placed, as_read(outcome.order)))
        changes.append(outcome)
        results.append(finished_row(each.job.key, placed))
    if changes:
        await store_settled(tx, changes, results, await shelves.written())
    return outcomes


async def _locked_versions(tx: Tx, order_ids: Sequence[UUID]) -> Mapping[UUID, int]:
    """It sets the transaction's time."""
    query = (
        sa.select(sales_order.c.id, sales_order.c.version, sa.func.now().label("now"))
        .where(among(sales_order.c.id, order_ids))
        .order_by(sales_order.c.id)
        .with_for_update(key_share=True)
    )
    rows = (await tx.connection.execute(query)).all()
    for row in rows:
        tx.set_now(row.now)
    return {row.id: row.version for row in rows}


def _paid(job: Settlement, versions: Mapping[UUID, int], now: datetime) -> _Paid | None:
    """The order as `confirm` would confirm it, or None when that is not all it needs."""
    if versions.get(job.seen.id) != job.seen.version:
        return None
    order = answered(job.seen, job.answers, now)
    is_open = any(payment.state in OPEN_STATES for payment in order.payments)
    waits = any(group.state in UNSOURCED for group in order.groups)
    if order.status is not OrderStatus.PENDING_PAYMENT or is_open or waits:
        return None
    if paid_minor(order) < order.total_minor:
        return None
    order = replace(order, status=OrderStatus.CONFIRMED, confirmed_at=now)
    return _Paid(job, order, demand_of(order, [GroupState.NEW]))


async def _confirmed(tx: Tx, paid: _Paid, shelves: Shelves) -> Change | Refused:
    acting, order = paid.job.acting(tx), paid.order
    owner, reference = reservation_owner(order.id), order.number
    try:
        shelves.allocate(acting, paid.demand, owner=owner, reference=reference)
        if leaves_at_once(order):
            shelves.issue(acting, paid.demand, reason=MovementReason.SOLD, reference=reference)
    except DomainError as refusal:
        return Refused(refusal)
    after, action = stocked(order)
    return await record(acting, paid.job.seen, after, action)
