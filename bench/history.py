"""What the call center reads most: a customer with the last 50 orders."""

import time

from bench.figures import Figure, percentile
from bench.service import Service
from bench.world import PLACE, World, ask, client_of

HISTORY = """query($id: ID!) { orders(customerId: $id, first: 50) { edges { node {
  number status paymentStatus total { amount currency }
  lines { sku orderedQuantity groups { state quantity } }
  shipments { carrier status } } } } }"""


async def measure(running: Service, world: World, reads: int) -> list[Figure]:
    """How long the history of a customer with 50 orders takes, one reader."""
    took: list[float] = []
    async with client_of(running, world.token) as client:
        customer = ""
        for n in range(50):
            sku = world.skus[n % len(world.skus)]
            wish = world.wish(sku, customer="history@example.com")
            customer = (await ask(client, PLACE, {"input": wish}))["order"]["customerId"]
        for _ in range(reads):
            started = time.perf_counter()
            page = await ask(client, HISTORY, {"id": customer})
            took.append(time.perf_counter() - started)
            assert len(page["edges"]) == 50
    how = f"50 orders with lines and shipments, {reads} reads"
    return [
        Figure("customer history p50", percentile(took, 0.5) * 1000, "ms", how),
        Figure("customer history p99", percentile(took, 0.99) * 1000, "ms", how),
    ]
