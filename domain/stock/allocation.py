"""Taking stock and giving it back: reserve, allocate, release, deallocate, issue.

Each is one statement (see `domain.stock.posting`). It locks the levels of the demand FOR NO KEY
UPDATE in (location_id, sku) order, ends their expired reservations, decides on the locked rows,
and changes all levels of the demand or none. Each changed level publishes one StockChanged.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import cache
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.sql.dml import UpdateBase

from domain.common.ids import new_id
from domain.common.sql import Row
from domain.common.transaction import Tx
from domain.stock.model import (
    Bucket,
    Demand,
    Level,
    MovementReason,
    ReservationState,
    aggregate,
)
from domain.stock.posting import (
    NONE,
    RESERVATION_COLUMNS,
    Ground,
    Number,
    Statement,
    change,
    constant,
    end_reservations,
    ending_only,
    found_demand,
    free_of,
    given,
    given_demand,
    ground,
    movement,
    post,
    record_movements,
    statement,
)
from domain.stock.tables import reservation

N = TypeVar("N", int, Number)
_MINE = reservation.c.owner == given("owner")


async def reserve(
    tx: Tx,
    demands: Iterable[Demand],
    *,
    owner: str,
    ttl: timedelta,
    reason: MovementReason = MovementReason.RESERVED,
) -> list[Level]:
    """The levels after `owner` holds the demand until `ttl` after the transaction's time.

    Raises:
        InsufficientStock: a level has fewer units available to promise than the summed demand.
    """
    rows = _rows(demands)
    if not rows:
        return []
    return await post(
        tx, _reserve(), rows, owner=owner, ttl=ttl, reason=reason.value, reference=owner
    )


async def allocate(tx: Tx, demands: Iterable[Demand], *, owner: str, reference: str) -> list[Level]:
    """The levels after the demand is allocated: first from what `owner` reserved there, the rest
    from what is available to promise.

    The owner's reservations of the demanded levels are consumed as a whole; units of them beyond
    the demand become free. Reservations elsewhere stay.

    Raises:
        InsufficientStock: reserved and available units together are fewer than the demand.
    """
    rows = _rows(demands)
    if not rows:
        return []
    return await post(tx, _allocate(), rows, owner=owner, reference=reference)


async def release(
    tx: Tx, *, owner: str, reason: MovementReason = MovementReason.RELEASED
) -> list[Level]:
    """The levels to which active reservations of `owner` were given back; none if it has none."""
    return await post(tx, _release(), [], owner=owner, reason=reason.value, reference=owner)


async def deallocate(
    tx: Tx, demands: Iterable[Demand], *, reason: MovementReason, reference: str
) -> list[Level]:
    """The levels after allocated units became free.

    Raises:
        InsufficientStock: fewer units are allocated than the demand.
    """
    return await move(tx, Bucket.ALLOCATED, Bucket.FREE, demands, reason, reference)


async def issue(
    tx: Tx, demands: Iterable[Demand], *, reason: MovementReason, reference: str
) -> list[Level]:
    """The levels after allocated units left the location: on hand is lower.

    Raises:
        InsufficientStock: fewer units are allocated than the demand.
    """
    return await move(tx, Bucket.ALLOCATED, Bucket.EXTERNAL, demands, reason, reference)


async def move(
    tx: Tx,
    source: Bucket,
    target: Bucket,
    demands: Iterable[Demand],
    reason: MovementReason,
    reference: str,
) -> list[Level]:
    """The levels after units went from one bucket to another. Safety stock may be moved too.

    RESERVED is neither source nor target here: reservations have their own functions.

    Raises:
        InsufficientStock: a level is missing, or its source bucket holds fewer units.
        VersionConflict: a level has another version than its demand expects.
    """
    rows = _rows(demands)
    if not rows:
        return []
    return await post(tx, _move(source, target), rows, reason=reason.value, reference=reference)


def _rows(demands: Iterable[Demand]) -> Sequence[Row]:
    return [
        {
            "location_id": str(demand.location_id),
            "sku": demand.sku,
            "quantity": demand.quantity,
            "expected_version": demand.expected_version,
            "reservation_id": str(new_id()),
        }
        for demand in aggregate(demands)
    ]


def _promisable(at: Ground) -> sa.ColumnElement[int]:
    return sa.func.greatest(NONE, free_of(at.locked) - at.locked.c.safety + at.lapsed)


@cache
def _reserve() -> Statement:
    at = ground(given_demand())
    judged = at.judged(requested=at.demand.c.quantity, available=_promisable(at))
    changed = change(judged, {"reserved": judged.c.quantity})
    return statement(
        judged,
        changed,
        _insert_reservations(changed),
        end_reservations(at, changed, ReservationState.RELEASED),
        record_movements(
            changed, movement(changed, Bucket.FREE, Bucket.RESERVED, changed.c.quantity)
        ),
    )


def _insert_reservations(changed: sa.CTE) -> UpdateBase:
    now = sa.func.now()
    chosen = sa.select(
        changed.c.reservation_id,
        changed.c.sku,
        changed.c.location_id,
        changed.c.quantity,
        constant(ReservationState.ACTIVE),
        given("owner"),
        now + given("ttl", sa.Interval),
        now,
    )
    return sa.insert(reservation).from_select(
        list(RESERVATION_COLUMNS), chosen, include_defaults=False
    )


@cache
def _allocate() -> Statement:
    at = ground(given_demand(), mine=_MINE)
    judged = at.judged(requested=at.demand.c.quantity, available=_promisable(at) + at.own)
    changed = change(judged, {"allocated": judged.c.quantity})
    own, quantity = changed.c.own, changed.c.quantity
    reserved, free, allocated = Bucket.RESERVED, Bucket.FREE, Bucket.ALLOCATED
    why = MovementReason.ALLOCATED
    return statement(
        judged,
        changed,
        end_reservations(at, changed, ReservationState.CONSUMED),
        record_movements(
            changed,
            movement(changed, reserved, allocated, sa.func.least(own, quantity), why),
            movement(changed, free, allocated, quantity - own, why),
            movement(changed, reserved, free, own - quantity, MovementReason.RELEASED),
        ),
    )


@cache
def _release() -> Statement:
    active = reservation.c.state == constant(ReservationState.ACTIVE)
    owned = sa.select(reservation.c.location_id, reservation.c.sku).where(_MINE, active)
    return ending_only(ground(found_demand(owned), mine=_MINE))


@cache
def _move(source: Bucket, target: Bucket) -> Statement:
    at = ground(given_demand())
    quantity = at.demand.c.quantity
    judged = at.judged(requested=quantity, available=_held_in(at, source))
    changed = change(judged, added(source, target, judged.c.quantity))
    return statement(
        judged,
        changed,
        end_reservations(at, changed, ReservationState.RELEASED),
        record_movements(changed, movement(changed, source, target, changed.c.quantity)),
    )


def _held_in(at: Ground, source: Bucket) -> sa.ColumnElement[int]:
    match source:
        case Bucket.EXTERNAL:
            return at.demand.c.quantity
        case Bucket.FREE:
            return free_of(at.locked) + at.lapsed
        case _:
            return at.locked.c[source.lower()]


def added(source: Bucket, target: Bucket, quantity: N) -> dict[str, N]:
    """Units that a move adds to the counters; FREE has none, and what goes outside is no longer on
    hand.
    """
    more: dict[str, N] = {}
    for bucket, units in ((source, -quantity), (target, quantity)):
        if bucket is Bucket.EXTERNAL:
            more["on_hand"] = -units
        elif bucket is not Bucket.FREE:
            more[bucket.lower()] = units
    return more
