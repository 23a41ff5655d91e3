"""What the demo data offer to a benchmark: a store, SKUs with stock, documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from strawberry.relay import GlobalID

from bench.service import Service
from bench.swarm import Swarm
from bench.wire import Wire
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
WATCH = """subscription($store: [ID!]!, $skus: [String!]) {
  stockChanged(locationIds: $store, skus: $skus) {
    kind cursor complete levels { sku onHand available version } } }"""


@dataclass(frozen=True, slots=True)
class World:
    """A store of the demo chain and SKUs on its shelves; `token` may do everything."""

    token: str
    store: str
    skus: list[str]

    @property
    def location_id(self) -> LocationId:
        """The store's id in the database."""
        return LocationId(uuid_in(self.store))

    def wish(
        self, *skus: str, customer: str = "bench@example.com", is_paid: bool = False
    ) -> dict[str, Any]:
        """An order of one unit of each, to be collected in the store; paid with a test card, or
        elsewhere before.
        """
        card = {"tender": "CARD", "token": "tok_approve"}
        return {
            "idempotencyKey": uuid4().hex,
            "channel": "web",
            "customer": {"email": customer},
            "lines": [{"sku": sku, "quantity": 1} for sku in skus],
            "delivery": {"mode": "PICKUP", "locationId": self.store},
            "payment": {"tender": "EXTERNAL"} if is_paid else card,
        }

    def receipt(self, *skus: str, units: int = 1) -> dict[str, Any]:
        """So many units of each come into the store: the variables of `RECEIVE`."""
        given = {
            "idempotencyKey": uuid4().hex,
            "locationId": self.store,
            "reference": "bench",
            "lines": [{"sku": sku, "quantity": units} for sku in skus],
        }
        return {"input": given}

    def watch(self, skus: Sequence[str]) -> dict[str, Any]:
        """The payload of a subscription to the SKUs in the store."""
        return {"query": WATCH, "variables": {"store": [self.store], "skus": list(skus)}}


def uuid_in(global_id: str) -> UUID:
    """The id inside a global id."""
    return UUID(GlobalID.from_id(global_id).node_id)


async def look_around(running: Service, units: int) -> World:
    """A store and its SKUs, each with at least `units` more than before."""
    token = running.token(Role.ADMIN)
    async with Wire(running.port, token) as wire:
        store = (await wire.value(STORES))["edges"][0]["node"]["id"]
        levels = (await wire.value(SHELVES, {"store": store}))["edges"]
        world = World(token, store, [edge["node"]["sku"] for edge in levels])
        await wire.value(RECEIVE, world.receipt(*world.skus, units=units))
    return world


def wire_of(running: Service, world: World) -> Wire:
    """An HTTP client that may do everything."""
    return Wire(running.port, world.token)


def swarm_of(running: Service, world: World) -> Swarm:
    """WebSockets that may do everything; none is open yet."""
    return Swarm(running.port, world.token)


async def receive_one(running: Service, world: World, sku: str) -> int:
    """One unit comes in; the level's version afterwards."""
    async with wire_of(running, world) as wire:
        await wire.value(RECEIVE, world.receipt(sku))
    return (await versions_of(running, world))[sku]


async def versions_of(running: Service, world: World) -> dict[str, int]:
    """The versions of the store's levels now."""
    async with wire_of(running, world) as wire:
        found = await wire.value(SHELVES, {"store": world.store})
    return {edge["node"]["sku"]: edge["node"]["version"] for edge in found["edges"]}
