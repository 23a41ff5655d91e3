"""R1 and R2: what a read costs the server, against Strawberry as it comes over the same SQL."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import orjson
import psutil

from bench.baselines.running import baseline
from bench.cpu import cpu_s
from bench.figures import Figure, percentile
from bench.service import Service
from bench.wire import Wire
from bench.world import PLACE, World, wire_of

ORDER = """query($id: ID!) { order(id: $id) {
  id number channel status fulfillmentStatus paymentStatus deliveryMode placedAt updatedAt version
  total { amount currency } itemsTotal { amount currency } shipping { amount currency }
  tax { amount currency }
  lines { id position sku name orderedQuantity taxRate
    unitPrice { amount currency } total { amount currency } tax { amount currency }
    groups { quantity state locationId promisedAt } }
  payments { tender state amount { amount currency } }
  fulfillmentOrders { id status locationId deliveryMode dueAt version
    lines { orderLineId sku quantity state } }
  shipments { id carrier status parcels { trackingNumber status } } } }"""
HISTORY = """query($id: ID!) { orders(customerId: $id, first: 100) {
  pageInfo { hasNextPage endCursor }
  edges { cursor node { id number status fulfillmentStatus paymentStatus placedAt
    total { amount currency }
    lines { id sku name orderedQuantity total { amount currency } groups { state quantity } }
    shipments { id carrier status } } } } }"""
LINES = 20
ORDERS, ORDER_LINES = 100, 5
ROUNDS = 4
WARM_UP = 5


@dataclass
class Runner:
    """One of the compared servers, and what its reads took."""

    wire: Wire
    processes: Sequence[psutil.Process]
    cpu_ms: list[float] = field(default_factory=list[float])
    took_ms: list[float] = field(default_factory=list[float])

    async def warm_up(self, body: bytes) -> object:
        """The answer, read often enough that everything is in its place."""
        answers = [await self._read(body) for _ in range(WARM_UP)]
        return answers[-1]

    async def round(self, body: bytes, reads: int) -> None:
        """So many reads, one after the other."""
        before = cpu_s(self.processes)
        for _ in range(reads):
            started = time.perf_counter()
            await self._read(body)
            self.took_ms.append((time.perf_counter() - started) * 1_000)
        self.cpu_ms.append((cpu_s(self.processes) - before) / reads * 1_000)

    async def _read(self, body: bytes) -> object:
        data = orjson.loads(await self.wire.post(body))
        assert "errors" not in data, data
        return data["data"]


async def measure(running: Service, world: World, reads: int) -> list[Figure]:
    """The bar R1, and the figures R2 of a customer's history; both servers must answer the same."""
    with baseline("reading", running.database_url) as usual:
        async with wire_of(running, world) as wire, Wire(usual.port) as other:
            detail = await _placed(wire, world, LINES, uuid4().hex)
            somebody = uuid4().hex
            placed = [await _placed(wire, world, ORDER_LINES, somebody) for _ in range(ORDERS)]

            def sides() -> tuple[Runner, Runner]:
                return Runner(wire, running.workers), Runner(other, [usual.process])

            one = await _compare(*sides(), ORDER, detail["id"], reads)
            many = await _compare(*sides(), HISTORY, placed[0]["customerId"], max(8, reads // 8))
    return [*_order(*one), *_history(*many)]


async def _placed(wire: Wire, world: World, lines: int, name: str) -> Any:
    skus = [world.skus[n % len(world.skus)] for n in range(lines)]
    wish = world.wish(*skus, customer=f"{name}@example.com")
    return (await wire.value(PLACE, {"input": wish}))["order"]


async def _compare(
    ours: Runner, usual: Runner, query: str, key: str, reads: int
) -> tuple[Runner, Runner]:
    body = orjson.dumps({"query": query, "variables": {"id": key}})
    assert await ours.warm_up(body) == await usual.warm_up(body)
    for _ in range(ROUNDS):
        await ours.round(body, reads)
        await usual.round(body, reads)
    return ours, usual


def _order(ours: Runner, usual: Runner) -> list[Figure]:
    how = f"order with {LINES} lines; {_against(ours, usual)}"
    return [
        Figure("order, against Strawberry", _times(ours, usual), "x", how, code="R1", at_least=6),
        *_figures("order", ours),
    ]


def _history(ours: Runner, usual: Runner) -> list[Figure]:
    how = f"{ORDERS} orders of {ORDER_LINES} lines; {_against(ours, usual)}"
    return [
        Figure("history, against Strawberry", _times(ours, usual), "x", how, code="R2"),
        *_figures("history", ours),
    ]


def _figures(name: str, ours: Runner) -> list[Figure]:
    how = "one reader, server CPU without PostgreSQL"
    return [
        Figure(f"{name} p50", percentile(ours.took_ms, 0.5), "ms", how),
        Figure(f"{name} p99", percentile(ours.took_ms, 0.99), "ms", how),
        Figure(f"{name} CPU", statistics.median(ours.cpu_ms), "ms/request", how),
    ]


def _times(ours: Runner, usual: Runner) -> float:
    """How many times as many reads a second of the server's CPU time is good for."""
    return statistics.median(usual.cpu_ms) / statistics.median(ours.cpu_ms)


def _against(ours: Runner, usual: Runner) -> str:
    waited = percentile(usual.took_ms, 0.5) / percentile(ours.took_ms, 0.5)
    theirs = statistics.median(usual.cpu_ms)
    return (
        f"reads per CPU second against the same resolvers under Strawberry as in its manual, "
        f"{theirs:.1f} ms a read; {waited:.1f}x by the clock"
    )
