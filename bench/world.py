"""What the demo data offer to a benchmark: a store, SKUs with stock, documents."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx2
from strawberry.relay import GlobalID

from bench.service import Service
from domain.common.ids import LocationId
from domain.identity.model import Role

PLACE = """mutation($input: PlaceOrderInput!) { placeOrder(input: $input) {
  __typename ... on PlaceOrderPayload { order { id number customerId } }
  ... on Error { code message } } }"""
SHELVES = """query($store: ID!) { stockLevels(locationId: $store, first: 100) {
  edges { node { sku available version } } } }"""
STORES = "{ locations(kind: STORE, first: 1) { edges { node { id code } } } }"
RECEIVE = """mutation($input: ReceiveStockInput!) { receiveStock(input: $input) {
  __typename ... on Error { code message } } }"""


@dataclass(frozen=True, slots=True)
class World:
    """A store of the demo chain and SKUs on its shelves; `token` may do everything."""

    token: str
    store: str
    skus: list[str]

    def wish(self, sku: str, customer: str = "bench@example.com") -> dict[str, Any]:
        """An order of one unit, to be picked up in the store."""
        return {
            "idempotencyKey": uuid4().hex,
            "channel": "web",
            "customer": {"email": customer},
            "lines": [{"sku": sku, "quantity": 1}],
            "delivery": {"mode": "PICKUP", "locationId": self.store},
            "payment": {"tender": "CARD", "token": "tok_approve"},
        }


async def ask(
    client: httpx2.AsyncClient, document: str, variables: dict[str, Any] | None = None
) -> Any:
    """The value of the operation's only root field.

    Raises:
        RuntimeError: the answer holds an error.
    """
    body = {"query": document, "variables": variables or {}}
    answer = (await client.post("/graphql", json=body)).json()
    if "errors" in answer:
        raise RuntimeError(answer["errors"])
    value = next(iter(answer["data"].values()))
    if isinstance(value, dict) and "code" in value:
        raise RuntimeError(value)
    return value


def client_of(running: Service, token: str, connections: int = 64) -> httpx2.AsyncClient:
    """An HTTP client that speaks with this token."""
    return httpx2.AsyncClient(
        base_url=running.url,
        headers={"authorization": f"Bearer {token}"},
        timeout=60,
        limits=httpx2.Limits(max_connections=connections),
    )


def location_of(world: World) -> LocationId:
    """The store's id in the database."""
    return LocationId(UUID(GlobalID.from_id(world.store).node_id))


async def look_around(running: Service, units: int) -> World:
    """A store and its SKUs, each with at least `units` more than before."""
    token = running.token(Role.ADMIN)
    async with client_of(running, token) as client:
        store = (await ask(client, STORES))["edges"][0]["node"]["id"]
        levels = (await ask(client, SHELVES, {"store": store}))["edges"]
        skus = [edge["node"]["sku"] for edge in levels]
        given = {
            "idempotencyKey": uuid4().hex,
            "locationId": store,
            "reference": "bench",
            "lines": [{"sku": sku, "quantity": units} for sku in skus],
        }
        await ask(client, RECEIVE, {"input": given})
    return World(token, store, skus)


async def receive_one(running: Service, world: World, sku: str) -> int:
    """One unit comes in; the level's version afterwards."""
    given = {
        "idempotencyKey": uuid4().hex,
        "locationId": world.store,
        "reference": "bench",
        "lines": [{"sku": sku, "quantity": 1}],
    }
    async with client_of(running, world.token) as client:
        await ask(client, RECEIVE, {"input": given})
    return (await versions_of(running, world))[sku]


async def versions_of(running: Service, world: World) -> dict[str, int]:
    """The versions of the store's levels now."""
    async with client_of(running, world.token) as client:
        found = await ask(client, SHELVES, {"store": world.store})
    return {edge["node"]["sku"]: edge["node"]["version"] for edge in found["edges"]}
