"""Taking stock for many owners at once: levels are locked by one statement, decided upon in memory
one owner after the other, and written together.

What the rules of `allocation.py` say of one owner is said here of each: a taking is granted as a
whole or not at all, expired reservations are reaped by the first who takes, an owner's reservation
is consumed as a whole. A level that several owners take from makes one step of its version, since
it changes in one commit.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.sql.dml import UpdateBase

from domain.common.fixed import Fixed
from domain.common.ids import LocationId, Sku, new_id
from domain.common.reading import any_of
from domain.common.sql import few_given, insert_given, rows_given
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.stock.allocation import added
from domain.stock.errors import InsufficientStock
from domain.stock.events import stock_changed
from domain.stock.model import (
    Bucket,
    Demand,
    Level,
    MovementReason,
    ReservationState,
    aggregate,
)
from domain.stock.posting import (
    MOVEMENT_COLUMNS,
    RESERVATION_COLUMNS,
    constant,
    level_of,
    locked_levels,
    same_place,
)
from domain.stock.tables import reservation, stock_level, stock_movement

Place = tuple[LocationId, Sku]
Written = dict[str, list[dict[str, Any]]]
"""Rows by the parameter that `shelf_writes` wants them as."""

_COUNTERS = ("on_hand", "allocated", "reserved")


@dataclass(frozen=True, slots=True)
class _Held:
    """An active reservation: of `owner`, or whosoever when it has expired."""

    id: UUID
    quantity: int
    owner: str


@dataclass(slots=True)
class _Shelf:
    """A locked level and what has become of it."""

    level: Level
    """As it was locked."""
    moved: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTERS, 0))
    """Units added to its counters since."""
    lapsed: list[_Held] = field(default_factory=list[_Held])
    own: dict[str, list[_Held]] = field(default_factory=dict[str, list[_Held]])
    taken_by: Tx | None = None

    @property
    def promisable(self) -> int:
        lapsed = sum(held.quantity for held in self.lapsed)
        moved = self.moved
        free = self.level.free + moved["on_hand"] - moved["allocated"] - moved["reserved"]
        return max(0, free - self.level.safety + lapsed)

    def owned(self, owner: str) -> int:
        return sum(held.quantity for held in self.own.get(owner, ()))


class Shelves:
    """Locked levels of one transaction. What takes from them raises before it changes anything."""

    def __init__(self, shelves: Mapping[Place, _Shelf], now: datetime) -> None:
        self._shelves = shelves
        self._now = now
        self._rows: Written = {name: [] for name in ("reserved", "ended", "moved")}

    def promisable(self, place: Place) -> int | None:
        """Units that can be promised there now; None when the place was not locked. A place without
        a level has none.
        """
        shelf = self._shelves.get(place)
        return None if shelf is None else shelf.promisable

    def reserve(self, tx: Tx, demands: Iterable[Demand], *, owner: str, ttl: timedelta) -> None:
        """`owner` holds the demand until `ttl` after the transaction's time; as
        `allocation.reserve`.

        Raises:
            InsufficientStock: a level has fewer units available to promise than the summed demand.
        """
        wanted = aggregate(demands)
        for demand in wanted:
            shelf = self._of(demand)
            _check(demand, shelf.promisable if shelf else 0)
        for demand in wanted:
            self._reap(tx, demand, owner)
            self._move(
                tx, demand, Bucket.FREE, Bucket.RESERVED, demand.quantity,
                MovementReason.RESERVED, owner,
            )  # fmt: skip
            row = (
                new_id(), demand.sku, demand.location_id, demand.quantity,
                ReservationState.ACTIVE.value, owner, self._now + ttl, self._now,
            )  # fmt: skip
            self._rows["reserved"].append(dict(zip(RESERVATION_COLUMNS, row, strict=True)))

    def allocate(self, tx: Tx, demands: Iterable[Demand], *, owner: str, reference: str) -> None:
        """The demand is allocated, first from what `owner` reserved there; as
        `allocation.allocate`.

        Raises:
            InsufficientStock: reserved and available units together are fewer than the demand.
        """
        wanted = aggregate(demands)
        for demand in wanted:
            shelf = self._of(demand)
            _check(demand, shelf.promisable + shelf.owned(owner) if shelf else 0)
        for demand in wanted:
            self._reap(tx, demand, reference)
            self._consume(tx, demand, owner, reference)

    def issue(
        self, tx: Tx, demands: Iterable[Demand], *, reason: MovementReason, reference: str
    ) -> None:
        """Allocated units leave the location: on hand is lower; as `allocation.issue`.

        Raises:
            InsufficientStock: fewer units are allocated than the demand.
        """
        wanted = aggregate(demands)
        for demand in wanted:
            shelf = self._of(demand)
            _check(demand, shelf.level.allocated + shelf.moved["allocated"] if shelf else 0)
        for demand in wanted:
            source, target = Bucket.ALLOCATED, Bucket.EXTERNAL
            self._move(tx, demand, source, target, demand.quantity, reason, reference)

    async def written(self) -> Written:
        """The rows that store all this, for `shelf_writes`; the events of the changed levels are
        recorded, each in the name of who took from it last.
        """
        changed: list[dict[str, Any]] = []
        for shelf in self._shelves.values():
            if shelf.taken_by is None:
                continue
            version = shelf.level.version + 1
            counters = {name: getattr(shelf.level, name) + shelf.moved[name] for name in _COUNTERS}
            level = replace(shelf.level, **counters, version=version, updated_at=self._now)
            await publish(shelf.taken_by, stock_changed(level))
            changed.append({"id": level.id, **counters, "version": level.version})
        return {**self._rows, "levels": changed}

    def _of(self, demand: Demand) -> _Shelf | None:
        return self._shelves.get((demand.location_id, demand.sku))

    def _reap(self, tx: Tx, demand: Demand, reference: str) -> None:
        """Reservations that have expired end, as every taking ends them."""
        shelf = self._shelves[demand.location_id, demand.sku]
        if not shelf.lapsed:
            return
        lapsed, shelf.lapsed = shelf.lapsed, []
        self._end(lapsed, ReservationState.EXPIRED)
        units = sum(held.quantity for held in lapsed)
        reason = MovementReason.EXPIRED
        self._move(tx, demand, Bucket.RESERVED, Bucket.FREE, units, reason, reference)

    def _consume(self, tx: Tx, demand: Demand, owner: str, reference: str) -> None:
        shelf = self._shelves[demand.location_id, demand.sku]
        own = shelf.owned(owner)
        self._end(shelf.own.pop(owner, []), ReservationState.CONSUMED)
        quantity, reserved, free = demand.quantity, Bucket.RESERVED, Bucket.FREE
        for source, target, units, reason in (
            (reserved, Bucket.ALLOCATED, min(own, quantity), MovementReason.ALLOCATED),
            (free, Bucket.ALLOCATED, quantity - own, MovementReason.ALLOCATED),
            (reserved, free, own - quantity, MovementReason.RELEASED),
        ):
            if units > 0:
                self._move(tx, demand, source, target, units, reason, reference)

    def _end(self, held: Iterable[_Held], state: ReservationState) -> None:
        self._rows["ended"] += [{"id": each.id, "state": state.value} for each in held]

    def _move(
        self,
        tx: Tx,
        demand: Demand,
        source: Bucket,
        target: Bucket,
        units: int,
        reason: MovementReason,
        reference: str,
    ) -> None:
        shelf = self._shelves[demand.location_id, demand.sku]
        for name, more in added(source, target, units).items():
            shelf.moved[name] += more
        shelf.taken_by = tx
        row = (
            demand.location_id, demand.sku, source.value, target.value, units, reason.value,
            reference, tx.actor_key, self._now,
        )  # fmt: skip
        self._rows["moved"].append(dict(zip(MOVEMENT_COLUMNS, row, strict=True)))


async def lock_shelves(tx: Tx, places: Collection[Place], owners: Sequence[str] = ()) -> Shelves:
    """The levels of these places, with the reservations there that have expired and those of
    `owners`. One statement, none for no place.

    Locks: the levels FOR NO KEY UPDATE in (location, sku) order, then those reservations.
    """
    now = await tx.now()
    if not places:
        return Shelves({}, now)
    wanted = [{"location_id": place, "sku": sku} for place, sku in sorted(places)]
    given = {"places": wanted, "owners": list(owners)}
    shelves: dict[Place, _Shelf] = {}
    for row in (await _LOCKING.run(tx.connection, given)).all():
        level = level_of(row)
        shelf = shelves.setdefault((level.location_id, level.sku), _Shelf(level))
        if row.held_id is not None:
            held = _Held(row.held_id, row.quantity, row.owner)
            mine = shelf.own.setdefault(row.owner, []) if not row.expired else shelf.lapsed
            mine.append(held)
    return Shelves(shelves, now)


def shelf_writes() -> list[UpdateBase]:
    """The parts of a statement, built once, that store what `Shelves.written` gives: new
    reservations, ended ones, movements, and the levels.
    """
    ended = rows_given([reservation.c.id, reservation.c.state], "ended")
    columns = [stock_level.c[name] for name in ("id", *_COUNTERS, "version")]
    levels = rows_given(columns, "levels")
    following = {name: levels.c[name] for name in (*_COUNTERS, "version")}
    return [
        insert_given(reservation, RESERVATION_COLUMNS, "reserved"),
        sa.update(reservation)
        .where(reservation.c.id == ended.c.id)
        .values(state=ended.c.state, ended_at=sa.func.now()),
        insert_given(stock_movement, MOVEMENT_COLUMNS, "moved"),
        sa.update(stock_level)
        .where(stock_level.c.id == levels.c.id)
        .values(**following, updated_at=sa.func.now()),
    ]


def _locking() -> sa.Select[*tuple[Any, ...]]:
    wanted = few_given([stock_level.c.location_id, stock_level.c.sku], "places", "wanted")
    locked = locked_levels(wanted)
    expired = reservation.c.expires_at <= sa.func.now()
    own = sa.and_(any_of(reservation.c.owner, "owners"), sa.not_(expired))
    lapsed, mine = _held("lapsed", locked, expired), _held("mine", locked, own)
    held = sa.union_all(sa.select(*lapsed.c), sa.select(*mine.c)).subquery("held")
    return (
        sa.select(*locked.c, held.c.held_id, held.c.quantity, held.c.owner, held.c.expired)
        .outerjoin_from(locked, held, same_place(locked, held))
        .order_by(locked.c.location_id, locked.c.sku, held.c.held_id)
    )


def _held(name: str, locked: sa.CTE, condition: sa.ColumnElement[bool]) -> sa.CTE:
    """Active reservations of the locked levels, locked too: their state is that of now."""
    return (
        sa.select(
            reservation.c.id.label("held_id"),
            reservation.c.location_id,
            reservation.c.sku,
            reservation.c.quantity,
            reservation.c.owner,
            (reservation.c.expires_at <= sa.func.now()).label("expired"),
        )
        .join(locked, same_place(reservation, locked))
        .where(reservation.c.state == constant(ReservationState.ACTIVE), condition)
        .with_for_update(key_share=True, of=reservation)
        .cte(name)
        .prefix_with("MATERIALIZED")
    )


def _check(demand: Demand, available: int) -> None:
    if demand.quantity > available:
        raise InsufficientStock(demand.sku, demand.location_id, demand.quantity, available)


_LOCKING = Fixed(_locking)
