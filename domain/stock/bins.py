"""Bins: where a SKU stands at a location, so that pick lists follow the walk."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.catalog.tables import kit_component, variant
from domain.common.errors import Forbidden, NotFound, ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.ids import LocationId, Sku, new_id
from domain.common.sql import among
from domain.common.texts import one_line
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.identity.model import Actor
from domain.locations.tables import location
from domain.stock.events import bin_changed
from domain.stock.model import StockBin
from domain.stock.tables import stock_bin

MAX_PLACE = 32
"""Characters of a zone's or bin's name."""
_COLUMNS = [stock_bin.c[name] for name in StockBin.__slots__]
Place = tuple[LocationId, Sku]


@dataclass(frozen=True, slots=True)
class SetStockBin:
    """The SKU stands in that bin of that zone; both empty: it has no place any more."""

    idempotency_key: str
    sku: Sku
    location_id: LocationId
    zone: str
    bin: str
    expected_version: int | None = None


async def set_stock_bin(tx: Tx, actor: Actor, command: SetStockBin) -> StockBin:
    """The bin of the SKU at the location.

    Raises:
        Forbidden: the actor does not work there. NotFound: no such location or SKU.
        ValidationFailed: a name is too long, a zone without a bin, or the SKU is a kit.
        VersionConflict: it has another version (0: none yet). IdempotencyConflict: see `once`.

    Locks: the bin's row.
    """
    if not actor.works_at(command.location_id):
        raise Forbidden("you do not work at this location")
    zone = one_line("zone", command.zone, MAX_PLACE)
    name = one_line("bin", command.bin, MAX_PLACE)
    if zone and not name:
        raise ValidationFailed("bin", "must not be empty when there is a zone")

    async def work() -> StockBin:
        await _require_stocked(tx.connection, command.sku, command.location_id)
        row = {
            "id": new_id(),
            "location_id": command.location_id,
            "sku": command.sku,
            "zone": zone,
            "bin": name,
            "updated_by": tx.actor_key,
            "updated_at": await tx.now(),
            "version": 1,
        }
        wanted = insert(stock_bin).values(row)
        changed = {each: wanted.excluded[each] for each in ("zone", "bin", "updated_by")}
        stored = wanted.on_conflict_do_update(
            index_elements=[stock_bin.c.location_id, stock_bin.c.sku],
            set_={
                **changed,
                "updated_at": wanted.excluded.updated_at,
                "version": stock_bin.c.version + 1,
            },
        ).returning(*_COLUMNS)
        saved = StockBin(*(await tx.connection.execute(stored)).one())
        check_version(command.expected_version, saved.version - 1)
        await publish(tx, bin_changed(saved))
        return saved

    return await once(tx, "setStockBin", command, StockBin, work)


async def bins_of(connection: AsyncConnection, places: Collection[Place]) -> dict[Place, StockBin]:
    """The bins of SKUs at locations; those without one are absent. One statement."""
    wanted = set(places)
    c = stock_bin.c
    query = sa.select(*_COLUMNS).where(
        among(c.location_id, {place for place, _ in wanted}),
        among(c.sku, {sku for _, sku in wanted}),
        c.bin != "",
    )
    found = [StockBin(*row) for row in await connection.execute(query)]
    return {key: each for each in found if (key := (each.location_id, each.sku)) in wanted}


async def _require_stocked(connection: AsyncConnection, sku: Sku, location_id: LocationId) -> None:
    kit = sa.exists().where(kit_component.c.kit_sku == variant.c.sku)
    query = sa.select(kit).where(
        variant.c.sku == sku, sa.exists().where(location.c.id == location_id)
    )
    is_kit = await connection.scalar(query)
    if is_kit is None:
        raise NotFound("variant or location", f"{sku} at {location_id}")
    if is_kit:
        raise ValidationFailed("sku", f"{sku} is a kit: only its components have a place")
