"""Goods come in from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from domain.catalog.tables import kit_component, variant
from domain.common.errors import Forbidden, NotFound, ValidationFailed
from domain.common.idempotency import once
from domain.common.ids import LocationId, Sku, new_id
from domain.common.sql import rows_given
from domain.common.texts import one_line
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.locations.tables import location
from domain.stock.allocation import move
from domain.stock.model import (
    MAX_QUANTITY,
    MAX_REFERENCE,
    Bucket,
    Demand,
    Level,
    MovementReason,
    aggregate,
)
from domain.stock.posting import Statement
from domain.stock.tables import stock_level

RECEIVING = frozenset({Bucket.FREE, Bucket.INSPECTION, Bucket.QUALITY_HOLD})
"""Buckets into which goods may come in."""
MAX_LINES = 1000


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """Units of a SKU that came in; `expected_version` as in Demand."""

    sku: Sku
    quantity: int
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class ReceiveStock:
    """Goods came in at a location; `reference` names the delivery."""

    idempotency_key: str
    location_id: LocationId
    lines: tuple[ReceiptLine, ...]
    reference: str
    into: Bucket = Bucket.FREE


@dataclass(frozen=True, slots=True)
class ChangedLevels:
    """The levels as a command left them, sorted by location and SKU."""

    levels: tuple[Level, ...]


async def receive_stock(tx: Tx, actor: Actor, command: ReceiveStock) -> ChangedLevels:
    """The levels after the goods came in; a level is opened for a SKU that was never there.

    Locks the levels in (location_id, sku) order.

    Raises:
        Forbidden: the actor does not work at the location.
        NotFound: no such location or SKU. VersionConflict: a level has another version.
        ValidationFailed: no lines or too many, a quantity out of range, a kit, a wrong bucket.
        IdempotencyConflict: see `once`.
    """
    if not actor.works_at(command.location_id):
        raise Forbidden("you do not work at this location")
    _check(command)
    reference = one_line("reference", command.reference, MAX_REFERENCE)

    async def work() -> ChangedLevels:
        demands = [
            Demand(line.sku, command.location_id, line.quantity, line.expected_version)
            for line in command.lines
        ]
        return ChangedLevels(tuple(await receive(tx, demands, reference, command.into)))

    return await once(tx, "receiveStock", command, ChangedLevels, work)


async def receive(
    tx: Tx, demands: Sequence[Demand], reference: str, into: Bucket = Bucket.FREE
) -> list[Level]:
    """The levels after the demanded units came in from outside.

    Raises:
        NotFound: no such location or SKU. ValidationFailed: a SKU is a kit.
        VersionConflict: a level has another version than its demand expects.
    """
    await open_levels(tx, demands)
    return await move(tx, Bucket.EXTERNAL, into, demands, MovementReason.RECEIVED, reference)


async def open_levels(tx: Tx, demands: Sequence[Demand]) -> None:
    """Every demand has a level, if only an empty one of version 0: the caller must change it in the
    same transaction, which makes it version 1.

    Raises:
        NotFound: no such location or SKU. ValidationFailed: a SKU is a kit.
    """
    wanted = aggregate(demands)
    rows = [{"location_id": str(d.location_id), "sku": d.sku, "id": str(new_id())} for d in wanted]
    found = await tx.connection.execute(_open(), {"wanted": rows})
    known = {(row.location_id, row.sku): row.kit for row in found}
    for demand in wanted:
        kit = known.get((demand.location_id, demand.sku))
        if kit is None:
            raise NotFound("variant or location", f"{demand.sku} at {demand.location_id}")
        if kit:
            raise ValidationFailed("sku", f"{demand.sku} is a kit: only its components have stock")


@cache
def _open() -> Statement:
    c = stock_level.c
    given = rows_given([c.location_id, c.sku, c.id], "wanted")
    kit = sa.exists().where(kit_component.c.kit_sku == given.c.sku)
    known = (
        sa.select(*given.c, kit.label("kit"))
        .join(variant, variant.c.sku == given.c.sku)
        .join(location, location.c.id == given.c.location_id)
        .cte("known")
    )
    fresh = (
        sa.select(known.c.id, known.c.sku, known.c.location_id, sa.func.now(), sa.literal(0))
        .where(~known.c.kit)
        .order_by(known.c.location_id, known.c.sku)
    )
    opened = (
        insert(stock_level)
        .from_select(
            ["id", "sku", "location_id", "updated_at", "version"], fresh, include_defaults=False
        )
        .on_conflict_do_nothing(index_elements=[c.location_id, c.sku])
        .cte("opened")
    )
    return sa.select(known.c.location_id, known.c.sku, known.c.kit).add_cte(opened)


def _check(command: ReceiveStock) -> None:
    if not 1 <= len(command.lines) <= MAX_LINES:
        raise ValidationFailed("lines", f"must be 1 to {MAX_LINES}")
    if command.into not in RECEIVING:
        raise ValidationFailed("into", "must be FREE, INSPECTION or QUALITY_HOLD")
    for line in command.lines:
        if not 1 <= line.quantity <= MAX_QUANTITY:
            raise ValidationFailed("lines.quantity", f"must be 1 to {MAX_QUANTITY}")
