"""A small world for stock tests: locations, variants, and levels that were received."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.catalog.tables import channel, kit_component, product, variant
from domain.common.database import Database
from domain.common.ids import LocationId, Sku
from domain.common.tables import metadata
from domain.common.transaction import Tx
from domain.locations.tables import channel_location, location
from domain.stock.model import Demand, Level
from domain.stock.posting import LEVEL_COLUMNS, level_of
from domain.stock.receive import receive
from domain.stock.tables import stock_level, stock_movement

_NAMES = UUID("6f1f7f6e-5b9e-4e5a-9d5c-0d6c7c5a1a11")


def place(code: str) -> LocationId:
    """The id of the location with this code in every test."""
    return LocationId(uuid5(_NAMES, code))


@dataclass(frozen=True, slots=True)
class World:
    """What `build` makes: SKUs by name, kits by their components, locations by code."""

    skus: Iterable[str] = ("HAT",)
    locations: Iterable[str] = ("ROME",)
    kits: Mapping[str, Mapping[str, int]] | None = None
    web_locations: Iterable[str] | None = None
    """Locations linked to the channel WEB; all of them unless given."""


async def build(engine: AsyncEngine, world: World) -> None:
    """The world is in the database, which was clean."""
    kits = world.kits or {}
    async with engine.begin() as connection:
        await _catalogue(connection, [*world.skus, *kits], kits)
        for position, code in enumerate(world.locations):
            await connection.execute(sa.insert(location).values(_location(code, position)))
        linked = world.locations if world.web_locations is None else world.web_locations
        for code in linked:
            await connection.execute(
                sa.insert(channel_location).values(channel="WEB", location_id=place(code))
            )


async def _catalogue(
    connection: AsyncConnection, skus: Iterable[str], kits: Mapping[str, Mapping[str, int]]
) -> None:
    await connection.execute(
        sa.insert(channel).values(code="WEB", kind="WEB", name="Web", currency="EUR")
    )
    product_id = uuid5(_NAMES, "product")
    await connection.execute(
        sa.insert(product).values(
            id=product_id,
            code="P1",
            names={"en": "Product"},
            descriptions={},
            created_at=sa.func.now(),
            version=1,
        )
    )
    for sku in skus:
        await connection.execute(
            sa.insert(variant).values(
                sku=sku, product_id=product_id, names={"en": sku}, weight_g=100
            )
        )
    for kit, components in kits.items():
        for component, quantity in components.items():
            await connection.execute(
                sa.insert(kit_component).values(
                    kit_sku=kit, component_sku=component, quantity=quantity
                )
            )


def _location(code: str, position: int) -> dict[str, Any]:
    return {
        "id": place(code),
        "code": code,
        "name": code.title(),
        "kind": "STORE",
        "city": code.title(),
        "country": "IT",
        "latitude": 41.9 + position,
        "longitude": 12.5,
        "time_zone": "Europe/Rome",
        "opening_hours": [],
        "can_ship": True,
        "can_pickup": True,
        "can_receive_returns": True,
        "version": 1,
    }


def database_of(engine: AsyncEngine) -> Database:
    """The engine as the house's database; nobody is woken after a commit."""
    return Database(engine, engine, lambda: None)


async def level_at(engine: AsyncEngine, sku: str, code: str = "ROME") -> Level:
    """The level as it is committed now."""
    query = sa.select(*[stock_level.c[name] for name in LEVEL_COLUMNS]).where(
        stock_level.c.sku == sku, stock_level.c.location_id == place(code)
    )
    async with engine.connect() as connection:
        return level_of((await connection.execute(query)).one())


async def movements(engine: AsyncEngine) -> list[tuple[str, str, str, int, str]]:
    """The whole ledger in order: SKU, from, to, units, reason."""
    c = stock_movement.c
    query = sa.select(c.sku, c.from_bucket, c.to_bucket, c.quantity, c.reason).order_by(c.seq)
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(query)]


async def events(engine: AsyncEngine) -> list[dict[str, Any]]:
    """All published events, in commit order."""
    outbox = metadata.tables["outbox"]
    query = sa.select(outbox.c.events).order_by(outbox.c.pos)
    async with engine.connect() as connection:
        return [event for (batch,) in await connection.execute(query) for event in batch]


async def stock_up(engine: AsyncEngine, quantity: int, *skus: str, code: str = "ROME") -> None:
    """Goods of these SKUs come in from outside."""
    demands = [Demand(Sku(sku), place(code), quantity) for sku in skus]

    async def work(tx: Tx) -> None:
        await receive(tx, demands, "PO-1")

    await database_of(engine).run(work, actor_key="TEST")
