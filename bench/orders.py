"""Placing orders over HTTP: how many a second, and how long one takes."""

import asyncio
import time
from itertools import cycle

from bench.figures import Figure, percentile
from bench.service import Service
from bench.world import PLACE, World, ask, client_of

WARM_UP = 50


async def measure(running: Service, world: World, orders: int) -> list[Figure]:
    """Throughput and latency with one client, with 16 on many SKUs, and with 16 on one SKU."""
    figures: list[Figure] = []
    await _place(running, world, world.skus, 4, WARM_UP)
    for name, clients, skus in (
        ("one client", 1, world.skus),
        ("16 clients, many SKUs", 16, world.skus),
        ("16 clients, one SKU", 16, world.skus[:1]),
    ):
        took, spent = await _place(running, world, skus, clients, orders)
        how = f"{orders} orders, {name}"
        figures += [
            Figure(f"placeOrder, {name}", orders / spent, "orders/s", how),
            Figure(f"placeOrder p50, {name}", percentile(took, 0.5) * 1000, "ms", how),
            Figure(f"placeOrder p99, {name}", percentile(took, 0.99) * 1000, "ms", how),
        ]
    return figures


async def _place(
    running: Service, world: World, skus: list[str], clients: int, orders: int
) -> tuple[list[float], float]:
    wishes = [world.wish(sku) for sku, _ in zip(cycle(skus), range(orders), strict=False)]
    took: list[float] = []
    async with client_of(running, world.token, clients) as client:

        async def work() -> None:
            while wishes:
                given = {"input": wishes.pop()}
                started = time.perf_counter()
                await ask(client, PLACE, given)
                took.append(time.perf_counter() - started)

        started = time.perf_counter()
        await asyncio.gather(*[work() for _ in range(clients)])
        return took, time.perf_counter() - started
