"""Opening many levels at once, for imports and demo data: one statement, one event per level."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from domain.catalog.tables import kit_component, variant
from domain.common.errors import NotFound, ValidationFailed
from domain.common.ids import LocationId, Sku, new_id
from domain.common.sql import rows_given
from domain.common.transaction import Tx
from domain.locations.tables import location
from domain.stock.model import MAX_QUANTITY, Bucket, Level, MovementReason
from domain.stock.posting import (
    LEVEL_COLUMNS,
    NONE,
    Statement,
    announce,
    level_of,
    movement,
    record_movements,
)
from domain.stock.tables import stock_level

MAX_LEVELS = 5_000


@dataclass(frozen=True, slots=True)
class Opening:
    """The first units of a SKU at a location, and how many of them are never promised."""

    sku: Sku
    location_id: LocationId
    on_hand: int
    safety: int = 0


async def open_stock(tx: Tx, openings: Sequence[Opening], reference: str) -> list[Level]:
    """The levels that are new, with their units received; where there is a level already, nothing
    happens.

    At most 5,000, each place once. A new level is version 1 and publishes one StockChanged; its
    units come from EXTERNAL to FREE as RECEIVED. No row that existed is locked.

    Raises:
        NotFound: a location or SKU does not exist, or the SKU is a kit.
        ValidationFailed: a quantity is out of range, or a place comes twice.
    """
    _check(openings)
    rows = [
        {
            "id": str(new_id()),
            "location_id": str(each.location_id),
            "sku": each.sku,
            "on_hand": each.on_hand,
            "safety": each.safety,
        }
        for each in openings
    ]
    parameters = {
        "given_rows": rows,
        "given_reason": MovementReason.RECEIVED.value,
        "given_reference": reference,
        "given_actor": tx.actor_key,
    }
    found = (await tx.connection.execute(_open(), parameters)).all()
    if len(found) < len(openings):
        raise NotFound("variant or location", "of an opening")
    return await announce(tx, [level_of(row) for row in found if row.id is not None])


def _check(openings: Sequence[Opening]) -> None:
    if len(openings) > MAX_LEVELS:
        raise ValidationFailed("openings", f"more than {MAX_LEVELS}")
    if len({(each.location_id, each.sku) for each in openings}) < len(openings):
        raise ValidationFailed("openings", "name each place once")
    for each in openings:
        if not (0 <= each.on_hand <= MAX_QUANTITY and 0 <= each.safety <= MAX_QUANTITY):
            raise ValidationFailed("openings.onHand", f"must be 0 to {MAX_QUANTITY}")


@cache
def _open() -> Statement:
    """One row per known place, without a level (`id`) where there was one before."""
    c = stock_level.c
    asked = rows_given([c.id, c.location_id, c.sku, c.on_hand, c.safety], "given_rows")
    kit = sa.exists().where(kit_component.c.kit_sku == asked.c.sku)
    known = (
        sa.select(*asked.c)
        .join(variant, variant.c.sku == asked.c.sku)
        .join(location, location.c.id == asked.c.location_id)
        .where(~kit)
        .cte("known")
    )
    one = sa.literal_column("1", sa.BigInteger)
    fresh = sa.select(*known.c, *[NONE] * 6, one, sa.func.now()).order_by(
        known.c.location_id, known.c.sku
    )
    columns = [
        "id", "location_id", "sku", "on_hand", "safety", "allocated", "reserved", "damaged",
        "inspection", "quality_hold", "display", "version", "updated_at",
    ]  # fmt: skip
    opened = (
        insert(stock_level)
        .from_select(columns, fresh, include_defaults=False)
        .on_conflict_do_nothing(index_elements=[c.location_id, c.sku])
        .returning(*[c[name] for name in LEVEL_COLUMNS], NONE.label("lapsed"))
        .cte("opened")
    )
    came_in = record_movements(
        opened, movement(opened, Bucket.EXTERNAL, Bucket.FREE, opened.c.on_hand)
    )
    return (
        sa.select(*[opened.c[name] for name in LEVEL_COLUMNS])
        .outerjoin_from(known, opened, opened.c.id == known.c.id)
        .order_by(opened.c.location_id, opened.c.sku)
        .add_cte(came_in.cte("came_in"))
    )
