"""How stock changes: one statement that locks, reaps, judges and writes (ADR 0018).

A posting is one SQL statement made of these steps, each a CTE that reads the one before:

1. `demand`: what is asked, one row per location and SKU.
2. `locked`: the levels, locked FOR NO KEY UPDATE in (location_id, sku) order. Under READ COMMITTED
   the lock waits for a concurrent change and then returns the row *as that change left it*.
3. `held`: reservations of those levels that end now, locked too, so that their state is re-checked
   on the newest version: one that another transaction just ended is not in it.
4. `judged`: whether every demand of the statement can be met; all or nothing.
5. `changed`, `ended`, `moved`: new levels, ended reservations and ledger movements, if granted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.dml import UpdateBase

from domain.common.errors import DomainError, VersionConflict
from domain.common.ids import LocationId, Sku
from domain.common.sql import Row, few_given
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.stock.errors import InsufficientStock
from domain.stock.events import stock_changed
from domain.stock.model import Bucket, Level, MovementReason, ReservationState
from domain.stock.tables import reservation, stock_level, stock_movement

Number = sa.ColumnElement[int]
Statement = sa.Select[*tuple[Any, ...]]
COUNTERS = (
    "on_hand", "allocated", "reserved", "damaged", "inspection", "quality_hold", "display",
    "safety",
)  # fmt: skip
LEVEL_COLUMNS = ("id", "sku", "location_id", *COUNTERS, "version", "updated_at")
NONE: Number = sa.literal_column("0", sa.Integer)
NEVER = sa.false()
RESERVATION_COLUMNS = (
    "id", "sku", "location_id", "quantity", "state", "owner", "expires_at", "created_at",
)  # fmt: skip
"""Those of an active reservation."""
MOVEMENT_COLUMNS = (
    "location_id", "sku", "from_bucket", "to_bucket", "quantity", "reason", "reference", "actor",
    "at",
)  # fmt: skip


def constant(value: StrEnum) -> sa.ColumnElement[str]:
    """The value as a literal of the SQL text: partial indexes match it in generic plans too."""
    return sa.literal_column(f"'{value.value}'", sa.Text)


def given(name: str, type_: type[sa.types.TypeEngine[Any]] = sa.Text) -> sa.BindParameter[Any]:
    """A parameter of a posting, passed to `post` under `name`.

    In the statement it has a prefix: SQLAlchemy would SET any column of an UPDATE within the
    statement that is named like a parameter.
    """
    return sa.bindparam(f"given_{name}", type_=type_)


def free_of(source: sa.FromClause) -> Number:
    """Units of a level's row that nobody has a claim on."""
    c = source.c
    claimed = c.allocated + c.reserved + c.damaged + c.inspection + c.quality_hold + c.display
    return c.on_hand - claimed


def free_text(name: str) -> str:
    """`free_of` as SQL text, for a row of `stock_level` that is called `name`."""
    return str(free_of(stock_level.alias(name)))


_EXPIRED = constant(ReservationState.EXPIRED)


def given_demand() -> sa.CTE:
    """The rows that an execution is given."""
    columns: list[sa.Column[Any]] = [
        stock_level.c.location_id,
        stock_level.c.sku,
        sa.Column("quantity", sa.Integer),
        sa.Column("expected_version", sa.BigInteger),
        sa.Column("reservation_id", reservation.c.id.type),
    ]
    return few_given(columns, "given_demand", "demand")


def found_demand(places: Statement) -> sa.CTE:
    """A demand for nothing at the places (location_id, sku) that a query finds."""
    found = places.distinct().subquery("places")
    return sa.select(
        found.c.location_id,
        found.c.sku,
        NONE.label("quantity"),
        sa.cast(sa.null(), sa.BigInteger).label("expected_version"),
        sa.cast(sa.null(), reservation.c.id.type).label("reservation_id"),
    ).cte("demand")


@dataclass(frozen=True, slots=True)
class Ground:
    """The first steps of a posting: what is asked, locked and ending, before the judgement."""

    demand: sa.CTE
    locked: sa.CTE
    held: sa.CTE
    ending: sa.CTE

    @property
    def lapsed(self) -> Number:
        """Units of reservations that expired and are reaped now."""
        return sa.func.coalesce(self.ending.c.lapsed, NONE)

    @property
    def own(self) -> Number:
        """Units of unexpired reservations that end now because their owner asks for it."""
        return sa.func.coalesce(self.ending.c.own, NONE)

    def judged(self, *, requested: Number, available: Number) -> sa.CTE:
        """One row per demand; `granted` is true on all rows or on none.

        A demand without a level has nothing available. A demand with another version than the
        expected one refuses the whole as well.
        """
        demand, locked = self.demand, self.locked
        limit = sa.func.coalesce(available, NONE)
        same_version = sa.func.coalesce(
            demand.c.expected_version == sa.func.coalesce(locked.c.version, NONE), sa.true()
        )
        enough = sa.and_(locked.c.id.is_not(None), requested <= limit, same_version)
        return (
            sa.select(
                *demand.c,
                locked.c.id.label("level_id"),
                *[locked.c[name] for name in COUNTERS],
                locked.c.version.label("actual_version"),
                self.lapsed.label("lapsed"),
                self.own.label("own"),
                requested.label("requested"),
                limit.label("available"),
                sa.func.bool_and(enough).over().label("granted"),
            )
            .outerjoin_from(demand, locked, same_place(demand, locked))
            .outerjoin(self.ending, same_place(self.ending, demand))
            .cte("judged")
            .prefix_with("MATERIALIZED")
        )


def ground(demand: sa.CTE, mine: sa.ColumnElement[bool] = NEVER) -> Ground:
    """The ground of a posting. Expired reservations end with it, and those that are `mine`."""
    locked = locked_levels(demand)
    expired = reservation.c.expires_at <= sa.func.now()
    held = (
        sa.select(
            reservation.c.id,
            reservation.c.location_id,
            reservation.c.sku,
            reservation.c.quantity,
            expired.label("expired"),
        )
        .join(locked, same_place(reservation, locked))
        .where(reservation.c.state == constant(ReservationState.ACTIVE), sa.or_(expired, mine))
        .with_for_update(key_share=True, of=reservation)
        .cte("held")
        .prefix_with("MATERIALIZED")
    )
    ending = (
        sa.select(
            held.c.location_id,
            held.c.sku,
            _sum(held.c.quantity, held.c.expired).label("lapsed"),
            _sum(held.c.quantity, ~held.c.expired).label("own"),
        )
        .group_by(held.c.location_id, held.c.sku)
        .cte("ending")
    )
    return Ground(demand, locked, held, ending)


def locked_levels(wanted: sa.CTE) -> sa.CTE:
    """The levels at the wanted places (location_id, sku), locked in the order of all levels."""
    return (
        sa.select(*[stock_level.c[name] for name in LEVEL_COLUMNS])
        .join(wanted, same_place(stock_level, wanted))
        .order_by(stock_level.c.location_id, stock_level.c.sku)
        .with_for_update(key_share=True, of=stock_level)
        .cte("locked")
        .prefix_with("MATERIALIZED")
    )


def change(
    judged: sa.CTE,
    added: Mapping[str, Number],
    replaced: Mapping[str, sa.ColumnElement[Any]] | None = None,
    where: sa.ColumnElement[bool] | None = None,
) -> sa.CTE:
    """The UPDATE of the judged levels: units `added` to counters, columns `replaced`, the units of
    ended reservations no longer reserved, the next version.

    Every counter is set from the locked row, never from the row that the UPDATE itself finds: that
    one may be older than the lock, and its CHECK constraints are tested before PostgreSQL notices.
    """
    units: dict[str, Number] = {name: judged.c[name] for name in COUNTERS}
    units["reserved"] -= judged.c.lapsed + judged.c.own
    units |= {name: units[name] + more for name, more in added.items()}
    following = {
        "version": judged.c.actual_version + sa.literal_column("1", sa.BigInteger),
        "updated_at": sa.func.now(),
    }
    return (
        sa.update(stock_level)
        .where(stock_level.c.id == judged.c.level_id, judged.c.granted)
        .where(sa.true() if where is None else where)
        .values({**units, **(replaced or {}), **following})
        .returning(
            *[stock_level.c[name] for name in LEVEL_COLUMNS],
            judged.c.quantity,
            judged.c.requested,
            judged.c.lapsed,
            judged.c.own,
            judged.c.reservation_id,
        )
        .cte("changed")
    )


def end_reservations(at: Ground, changed: sa.CTE, state: ReservationState) -> UpdateBase:
    """The UPDATE that ends held reservations: expired ones as EXPIRED, the owner's as `state`."""
    held = at.held
    return (
        sa.update(reservation)
        .where(reservation.c.id == held.c.id, same_place(held, changed))
        .values(
            state=sa.case(
                (held.c.expired, constant(ReservationState.EXPIRED)), else_=constant(state)
            ),
            ended_at=sa.func.now(),
        )
    )


def movement(
    changed: sa.CTE,
    source: Bucket | sa.ColumnElement[str],
    target: Bucket | sa.ColumnElement[str],
    quantity: Number,
    reason: MovementReason | None = None,
) -> Statement:
    """Ledger rows of the changed levels, where `quantity` is above 0.

    The reason is the parameter `reason` when none is given.
    """
    why = given("reason") if reason is None else constant(reason)
    return sa.select(
        changed.c.location_id,
        changed.c.sku,
        _bucket(source).label("from_bucket"),
        _bucket(target).label("to_bucket"),
        quantity.label("quantity"),
        why.label("reason"),
    ).where(quantity > NONE)


def record_movements(changed: sa.CTE, *movements: Statement) -> UpdateBase:
    """The INSERT of `movements`, and of what expired reservations gave back."""
    lapse = movement(
        changed, Bucket.RESERVED, Bucket.FREE, changed.c.lapsed, MovementReason.EXPIRED
    )
    rows = sa.union_all(lapse, *movements).subquery("movements")
    chosen = sa.select(
        *rows.c,
        given("reference"),
        given("actor"),
        sa.func.now(),
    )
    columns = list(MOVEMENT_COLUMNS)
    return sa.insert(stock_movement).from_select(columns, chosen, include_defaults=False)


def statement(judged: sa.CTE, changed: sa.CTE, *writes: UpdateBase) -> Statement:
    """The whole posting; it returns one row per demand, without a level (`id`) where refused."""
    ctes = [write.cte(f"write_{position}") for position, write in enumerate(writes)]
    return (
        sa.select(
            *[changed.c[name] for name in LEVEL_COLUMNS],
            judged.c.sku.label("wanted_sku"),
            judged.c.location_id.label("wanted_location_id"),
            judged.c.expected_version,
            judged.c.actual_version,
            judged.c.requested,
            judged.c.available,
        )
        .outerjoin_from(judged, changed, changed.c.id == judged.c.level_id)
        .order_by(judged.c.location_id, judged.c.sku)
        .add_cte(*ctes)
    )


def ending_only(at: Ground) -> Statement:
    """The posting that ends the held reservations of `at` and does nothing else; it returns the
    levels to which units were given back.
    """
    judged = at.judged(requested=NONE, available=NONE)
    changed = change(judged, {}, where=judged.c.lapsed + judged.c.own > NONE)
    back = movement(changed, Bucket.RESERVED, Bucket.FREE, changed.c.own)
    writes = (
        end_reservations(at, changed, ReservationState.RELEASED),
        record_movements(changed, back),
    )
    ctes = [write.cte(f"write_{position}") for position, write in enumerate(writes)]
    chosen = sa.select(*[changed.c[name] for name in LEVEL_COLUMNS])
    return chosen.order_by(changed.c.location_id, changed.c.sku).add_cte(*ctes)


async def post(
    tx: Tx, posting: Statement, demand: Sequence[Row], **parameters: object
) -> list[Level]:
    """The levels after `posting`, sorted by location and SKU; a StockChanged event for each.

    Raises:
        VersionConflict: a level has another version than the demand expected.
        InsufficientStock: a level is missing or has too little; nothing was changed.
    """
    values = {"demand": demand, "actor": tx.actor_key, **parameters}
    prefixed = {f"given_{name}": value for name, value in values.items()}
    rows = (await tx.connection.execute(posting, prefixed)).all()
    if any(row.id is None for row in rows):
        raise _refusal(rows)
    return await announce(tx, [level_of(row) for row in rows])


async def announce(tx: Tx, levels: list[Level]) -> list[Level]:
    """`levels` themselves, which this transaction just changed; their events are recorded."""
    if levels:
        tx.set_now(levels[0].updated_at)
        await publish(tx, *[stock_changed(level) for level in levels])
    return levels


def level_of(row: sa.Row[Any]) -> Level:
    """The level in a row that begins with LEVEL_COLUMNS."""
    return Level(*row[: len(LEVEL_COLUMNS)])


def _refusal(rows: Sequence[sa.Row[Any]]) -> DomainError:
    for row in rows:
        actual = row.actual_version or 0
        if row.expected_version is not None and row.expected_version != actual:
            return VersionConflict(row.expected_version, actual)
    short = next((row for row in rows if row.requested > row.available), rows[0])
    return InsufficientStock(
        Sku(short.wanted_sku),
        LocationId(short.wanted_location_id),
        short.requested,
        short.available,
    )


def same_place(left: sa.FromClause, right: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether two rows are of one location and SKU."""
    return sa.and_(left.c.location_id == right.c.location_id, left.c.sku == right.c.sku)


def _sum(quantity: Number, condition: sa.ColumnElement[bool]) -> Number:
    total = sa.func.coalesce(sa.func.sum(quantity).filter(condition), NONE)
    return sa.cast(total, sa.Integer)


def _bucket(bucket: Bucket | sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    return constant(bucket) if isinstance(bucket, Bucket) else bucket
