"""The API of the stock area over a small world, its callers, documents and inputs."""

from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from domain.common.ids import ChannelCode, Sku
from domain.identity.model import Actor, Role
from domain.stock.allocation import allocate
from domain.stock.audit import violations
from domain.stock.model import Demand
from resolvers.node import NodeQuery
from resolvers.stock import StockMutation, StockQuery
from tests.support.actors import ADMIN, OPERATIONS, channel
from tests.support.graphql import Api
from tests.support.mutations import Mutation, api_of
from tests.support.stock import (
    World,
    build,
    database_of,
    place,
)

ROME, MILAN = place("ROME"), place("MILAN")
TILL = Actor("till-1", Role.POS, location_ids=frozenset({ROME}))
MANAGER = Actor("rita", Role.STORE_MANAGER, location_ids=frozenset({ROME}))
PICKER = Actor("piero", Role.WAREHOUSE, location_ids=frozenset({ROME}))
WEB_SHOP = channel("WEB")
AMAZON = Actor("amazon", Role.CHANNEL, channel_codes=frozenset({ChannelCode("AMAZON")}))
KEEPERS = (PICKER, MANAGER, TILL, OPERATIONS, ADMIN)

LEVEL = """id sku locationId onHand allocated reserved safetyStock available version updatedAt
  unavailable { damaged inspection qualityHold display }"""
SHORT = "... on InsufficientStockError { sku locationId requested available }"
RECEIVE = Mutation("receiveStock", f"levels {{ {LEVEL} }}")
ADJUST = Mutation("adjustStock", f"level {{ {LEVEL} }}", SHORT)
SAFETY = Mutation("setSafetyStock", f"level {{ {LEVEL} }}")
RESERVE = Mutation(
    "reserveStock", "reservation { id expiresAt lines { sku locationId quantity } }", SHORT
)
RELEASE = Mutation("releaseReservation", "reservationId released")
LEVELS = f"""query($at: ID!, $skus: [String!], $first: Int! = 20, $after: String) {{
  stockLevels(locationId: $at, skus: $skus, first: $first, after: $after) {{ totalCount
  pageInfo {{ hasNextPage endCursor }} edges {{ cursor node {{ {LEVEL} }} }} }} }}"""
ONE = f"query($sku: String!, $at: ID!) {{ stockLevel(sku: $sku, locationId: $at) {{ {LEVEL} }} }}"
MOVES = """query($sku: String!, $at: ID!, $first: Int! = 20, $after: String) {
  stockMovements(sku: $sku, locationId: $at, first: $first, after: $after) { totalCount
  pageInfo { hasNextPage endCursor }
  edges { node { sku locationId from to quantity reason reference actor at } } } }"""
PROMISE = """query($skus: [String!]!, $channel: String! = "WEB", $at: [ID!], $near: NearestInput) {
  availability(skus: $skus, channel: $channel, locationIds: $at, near: $near) {
  sku available locations { locationId available distanceKm } } }"""


@strawberry.type
class Query(StockQuery, NodeQuery):
    pass


async def open_api(engine: AsyncEngine) -> Api:
    """The API over HAT, SCARF, SHOE and the kit SET of 1 HAT and 2 SCARFs, in ROME and MILAN."""
    skus = ("HAT", "SCARF", "SHOE")
    kits = {"SET": {"HAT": 1, "SCARF": 2}}
    await build(engine, World(skus=skus, locations=("ROME", "MILAN"), kits=kits))
    return api_of(engine, Query, StockMutation)


def gid(location_id: UUID) -> str:
    return str(relay.GlobalID("Location", str(location_id)))


def receipt(key: str = "k1", at: UUID = ROME, **changes: Any) -> dict[str, Any]:
    """Input of receiveStock: 5 HATs, changed as told."""
    given: dict[str, Any] = {
        "idempotencyKey": key,
        "locationId": gid(at),
        "lines": [{"sku": "HAT", "quantity": 5}],
        "reference": "DN-77",
    }
    return {**given, **changes}


def adjustment(
    change: dict[str, Any], reason: str = "CORRECTION", key: str = "k1", **changes: Any
) -> dict[str, Any]:
    """Input of adjustStock for HAT in ROME, changed as told."""
    given: dict[str, Any] = {
        "idempotencyKey": key,
        "sku": "HAT",
        "locationId": gid(ROME),
        "reason": reason,
        "change": change,
    }
    return {**given, **changes}


def safety(units: int, key: str = "k1", **changes: Any) -> dict[str, Any]:
    """Input of setSafetyStock for HAT in ROME, changed as told."""
    given: dict[str, Any] = {
        "idempotencyKey": key,
        "sku": "HAT",
        "locationId": gid(ROME),
        "safetyStock": units,
    }
    return {**given, **changes}


def cart(
    *lines: tuple[str, int],
    key: str = "k1",
    at: UUID = ROME,
    expects: int | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Input of reserveStock; every line expects this version."""
    wanted = [
        {"sku": sku, "locationId": gid(at), "quantity": units, "expectedVersion": expects}
        for sku, units in lines
    ]
    return {"idempotencyKey": key, "lines": wanted, **more}


async def assert_sound(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await violations(connection) == []


async def allocated(engine: AsyncEngine, units: int) -> None:
    wanted = [Demand(Sku("HAT"), ROME, units)]
    await database_of(engine).run(
        lambda tx: allocate(tx, wanted, owner="order:1", reference="order:1"), actor_key="TEST"
    )
