"""Orders under contention (O1 to O4): the order engine against one statement under `pgbench`.

CPU is the primary figure: other people's work on the machine changes wall rates.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.embedded import resolved
from bench.figures import Figure
from bench.killing import measure_killing
from bench.placing import Placing, client_token, leave, placed_by, uuid_in
from bench.processes import children_of, command_of, cpu_of_trees, postmaster_of
from bench.service import Service, service
from bench.single_statement import CLIENTS, Baseline, Target, run_pgbench, smallest, whole
from bench.world import World, look_around
from domain.common.database import Database, write_engine
from domain.common.ids import ChannelCode, LocationId, Sku
from domain.customers.model import GivenCustomer
from domain.customers.tables import customer
from domain.identity.model import Actor, Role
from domain.orders.batching.engine import LANES, LOCK_TIMEOUT, OrderEngine
from domain.orders.commands import Delivery, GivenPayment, OrderedLine, PlaceOrder
from domain.orders.model import DeliveryMode, Order
from domain.orders.place import Terms
from domain.payments.model import Tender
from domain.sourcing.nearest import NearestFirst
from domain.stock.errors import InsufficientStock

WAITING = 256
"""Orders that wait for the engine at any time."""
UNITS = 2_000
"""Units of the hot SKU, where it is sold out."""


@dataclass(frozen=True, slots=True)
class Decided:
    """How a run of the engine went."""

    per_second: float
    cpu_ms: float
    accepted: int


async def measure(orders: int = 4_000, attempts: int = 20_000, seconds: int = 4) -> list[Figure]:
    """O1, O2 and O4 with so many orders a run, O3 with so many attempts; `pgbench` runs so long."""
    with service() as running:
        world = await look_around(running, units=100 * orders)
        figures = await _engine(running, world, orders, seconds)
    with service() as running:
        world = await look_around(running, units=100 * orders)
        figures += await _http(running, world, orders // 2, seconds)
    return [*figures, *await measure_killing(attempts, UNITS)]


async def _engine(running: Service, world: World, orders: int, seconds: int) -> list[Figure]:
    """The engine in this process, against the statement; A-B-A-B on one database."""
    hot = uuid_in(world.store)
    with resolved(running.settings) as settings:
        url = settings.database_url
        target = await _target(url, hot, world.skus[0])
        best: list[Baseline] = []
        runs: list[Decided] = []
        await _decide(url, target, WAITING)  # warm
        for _ in range(2):
            best.append(await _single(whole(target), url, running, seconds))
            runs.append(await _decide(url, target, orders))
        bare = await _single(smallest(target), url, running, seconds)
        await leave(url, target.place, target.sku, UNITS)
        flash = await _decide(url, target, 5 * orders)
    single = max(each.per_second for each in best)
    engine = max(each.per_second for each in runs)
    how = f"{WAITING} orders waiting, one engine; pgbench with {CLIENTS} clients"
    return [
        Figure("single statement, the rows of accept", single, "orders/s", how),
        Figure("single statement, level, order, line, events", bare.per_second, "orders/s", how),
        Figure("engine, all accepted", engine, "orders/s", f"{orders} orders"),
        Figure(
            f"engine, {UNITS} units: decided", flash.per_second, "orders/s",
            f"{5 * orders} orders, {flash.accepted} accepted",
        ),
        Figure("engine CPU, all accepted", min(r.cpu_ms for r in runs), "ms/order", "Python"),
        Figure(
            "hot SKU: accepted by the engine / single statement", engine / single, "x", how,
            "O1", at_least=5.0,
        ),
        Figure(
            f"hot SKU of {UNITS} units: decided / single statement", flash.per_second / single,
            "x", how,
        ),
    ]  # fmt: skip


async def _single(statement: str, url: str, running: Service, seconds: int) -> Baseline:
    with tempfile.TemporaryDirectory() as folder:
        postmaster = postmaster_of(running.settings.home)
        return await run_pgbench(statement, url, postmaster, seconds, Path(folder))


async def _target(url: str, place: UUID, sku: str) -> Target:
    """A hot SKU and a stored customer."""
    engine = write_engine(url)
    row = {"id": uuid4(), "email": "bench@example.com", "first_channel": "web", "version": 1}
    wanted = insert(customer).values(**row, created_at=sa.func.now())
    same = {"email": wanted.excluded.email}
    stored = wanted.on_conflict_do_update(index_elements=[customer.c.email], set_=same)
    async with engine.begin() as connection:
        key = await connection.scalar(stored.returning(customer.c.id))
    assert key is not None  # it was inserted, or is there
    await engine.dispose()
    return Target(place, sku, "web", key)


async def _decide(url: str, target: Target, orders: int) -> Decided:
    """An engine of its own decides orders of one unit, to be collected in the store."""
    writes = write_engine(url)
    lanes = write_engine(url, pool_size=LANES, lock_timeout=LOCK_TIMEOUT)
    engine = OrderEngine.over(
        Database(writes, writes, lambda: None), Database(lanes, lanes, lambda: None)
    )
    terms = Terms(NearestFirst(), payment_window=timedelta(minutes=30))
    actor = Actor("bench", Role.CHANNEL, channel_codes=frozenset({ChannelCode("web")}))
    wishes = iter([_wish(target) for _ in range(orders)])
    accepted = 0

    async def buy() -> None:
        nonlocal accepted
        for wish in wishes:
            try:
                order = await engine.accept(actor, wish, terms, "")
            except InsufficientStock:
                continue
            accepted += isinstance(order, Order)

    before, started = cpu_of_trees([os.getpid()]), time.perf_counter()
    await asyncio.gather(*[buy() for _ in range(WAITING)])
    took = time.perf_counter() - started
    spent = cpu_of_trees([os.getpid()]) - before
    await writes.dispose()
    await lanes.dispose()
    return Decided(orders / took, 1000 * spent / orders, accepted)


def _wish(target: Target) -> PlaceOrder:
    return PlaceOrder(
        idempotency_key=uuid4().hex,
        channel=ChannelCode(target.channel),
        customer=GivenCustomer(email="bench@example.com"),
        lines=(OrderedLine(Sku(target.sku), 1),),
        delivery=Delivery(DeliveryMode.PICKUP, location_id=LocationId(target.place)),
        payment=GivenPayment(Tender.EXTERNAL),
    )


async def _http(running: Service, world: World, orders: int, seconds: int) -> list[Figure]:
    """PlaceOrder through HTTP and GraphQL: one SKU against all, and what an order costs."""
    server = next(p for p in children_of(os.getpid()) if "app.cli up" in command_of(p))
    roots = [server, postmaster_of(running.settings.home)]
    token = client_token(running)
    runs: dict[str, list[Placing]] = {"hot": [], "uniform": []}
    await placed_by(running, token, _wishes(world, world.skus, orders // 4), 64, roots)
    for _ in range(2):
        for name, skus in (("hot", world.skus[:1]), ("uniform", world.skus)):
            wishes = _wishes(world, skus, orders)
            runs[name].append(await placed_by(running, token, wishes, 64, roots))
    alone = await placed_by(running, token, _wishes(world, world.skus, orders // 4), 1, roots)
    with resolved(running.settings) as settings:
        target = await _target(settings.database_url, uuid_in(world.store), world.skus[0])
        single = await _single(whole(target), settings.database_url, running, seconds)
        bare = await _single(smallest(target), settings.database_url, running, seconds)
    hot, uniform = (max(each.per_second for each in runs[name]) for name in ("hot", "uniform"))
    cpu = min(each.cpu_ms for name in runs for each in runs[name])
    how = f"64 clients, {orders} orders a run, paid elsewhere"
    return [
        Figure("placeOrder, one SKU", hot, "orders/s", how),
        Figure("placeOrder, many SKUs", uniform, "orders/s", how),
        Figure("placeOrder: one SKU / many SKUs", hot / uniform, "x", how, "O2", at_least=0.9),
        Figure("placeOrder CPU, server and PostgreSQL", cpu, "ms/order", how),
        Figure("placeOrder CPU, one client", alone.cpu_ms, "ms/order", "a batch of one"),
        Figure("single statement CPU, the rows of accept", single.cpu_ms, "ms/order", "pgbench"),
        Figure("single statement CPU, the fewest rows", bare.cpu_ms, "ms/order", "pgbench"),
        Figure(
            "placeOrder CPU / single statement CPU", cpu / single.cpu_ms, "x",
            f"{how}; below the line PostgreSQL alone", "O4", at_most=4.0,
        ),
        Figure("placeOrder CPU / the fewest rows", cpu / bare.cpu_ms, "x", how),
    ]  # fmt: skip


def _wishes(world: World, skus: Sequence[str], orders: int) -> list[dict[str, Any]]:
    paid = {"payment": {"tender": "EXTERNAL"}}
    return [world.wish(sku) | paid for sku, _ in zip(cycle(skus), range(orders), strict=False)]
