"""O2 and O4: many clients place orders over HTTP; what one SKU for all changes, what an order costs
the server, and how long it takes.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from bench.cpu import tree_cpu_s
from bench.figures import Figure, percentile
from bench.service import Service
from bench.single_statement import run_pgbench, smallest, target_of, whole
from bench.wire import Wire
from bench.world import PLACE, World
from domain.common.ids import ChannelCode
from domain.identity.model import Role

MANY, SOME = 64, 16
ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Placing:
    """How a run went."""

    per_second: float
    cpu_ms: float
    """CPU of the server and PostgreSQL per order."""
    took_ms: list[float]


def shop_wire(running: Service) -> Wire:
    """An HTTP client with a token of the web shop."""
    return Wire(running.port, running.token(Role.CHANNEL, channel_codes=(ChannelCode("web"),)))


async def measure(running: Service, world: World, orders: int, seconds: int) -> list[Figure]:
    """So many orders a run; `pgbench` runs for so many seconds."""
    few = orders // 4
    hot: list[Placing] = []
    uniform: list[Placing] = []
    async with shop_wire(running) as wire:
        shop = Shop(running, world, wire)
        await shop.place(world.skus, MANY, few)  # warm
        for _ in range(ROUNDS):
            hot.append(await shop.place(world.skus[:1], MANY, orders))
            uniform.append(await shop.place(world.skus, MANY, orders))
        some = await shop.place(world.skus, SOME, orders)
        alone = await shop.place(world.skus, 1, few)
    return [
        *_rates(hot, uniform, f"{MANY} clients, {orders} orders a run, paid elsewhere"),
        *_waits("one client", alone),
        *_waits(f"{SOME} clients", some),
        Figure("placeOrder CPU, one client", alone.cpu_ms, "ms/order", "a batch of one"),
        *await _costs(running, world, min(run.cpu_ms for run in (*hot, *uniform)), seconds),
    ]


@dataclass(frozen=True, slots=True)
class Shop:
    """Where orders are placed."""

    running: Service
    world: World
    wire: Wire

    async def place(self, skus: Sequence[str], clients: int, orders: int) -> Placing:
        """`clients` place so many orders of one unit, of these SKUs in turn.

        Raises:
            RuntimeError: an order is not placed.
        """
        waiting = [self.world.wish(sku, is_paid=True) for sku in islice(cycle(skus), orders)]
        roots = [self.running.process, self.running.postmaster]
        took: list[float] = []

        async def buy() -> None:
            while waiting:
                given = {"input": waiting.pop()}
                began = time.perf_counter()
                await self.wire.value(PLACE, given)
                took.append(1000 * (time.perf_counter() - began))

        before, started = tree_cpu_s(roots), time.perf_counter()
        await asyncio.gather(*[buy() for _ in range(clients)])
        lasted = time.perf_counter() - started
        spent = tree_cpu_s(roots) - before
        return Placing(orders / lasted, 1000 * spent / orders, took)


def _rates(hot: Sequence[Placing], uniform: Sequence[Placing], how: str) -> list[Figure]:
    one, many = (max(run.per_second for run in runs) for runs in (hot, uniform))
    return [
        Figure("placeOrder, one SKU", one, "orders/s", how),
        Figure("placeOrder, many SKUs", many, "orders/s", how),
        Figure(
            "placeOrder: one SKU / many SKUs", one / many, "x",
            f"against as many orders spread over all SKUs of the store; {how}", "O2", at_least=0.9,
        ),
    ]  # fmt: skip


def _waits(who: str, run: Placing) -> list[Figure]:
    how = f"{len(run.took_ms)} orders, many SKUs, paid elsewhere"
    return [
        Figure(f"placeOrder p{share * 100:g}, {who}", percentile(run.took_ms, share), "ms", how)
        for share in (0.5, 0.99)
    ]


async def _costs(running: Service, world: World, cpu_ms: float, seconds: int) -> list[Figure]:
    target = await target_of(running, world)
    single = await run_pgbench(running, whole(target), seconds)
    bare = await run_pgbench(running, smallest(target), seconds)
    how = f"{MANY} clients, the cheapest of {2 * ROUNDS} runs"
    return [
        Figure("placeOrder CPU, server and PostgreSQL", cpu_ms, "ms/order", how),
        Figure("single statement CPU, the rows of accept", single.cpu_ms, "ms/order", "pgbench"),
        Figure("single statement CPU, the fewest rows", bare.cpu_ms, "ms/order", "pgbench"),
        Figure(
            "placeOrder CPU / single statement CPU", cpu_ms / single.cpu_ms, "x",
            "server and PostgreSQL against PostgreSQL alone, which runs one statement with the "
            f"same rows; {how}", "O4", at_most=4.0,
        ),
        Figure("placeOrder CPU / the fewest rows", cpu_ms / bare.cpu_ms, "x", how),
    ]  # fmt: skip
