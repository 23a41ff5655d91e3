"""O1: the order engine, without HTTP and GraphQL, against one statement under `pgbench`."""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import psutil
import sqlalchemy as sa

from bench.cpu import cpu_s
from bench.figures import Figure
from bench.service import Service
from bench.single_statement import (
    CLIENTS,
    Baseline,
    Target,
    run_pgbench,
    smallest,
    target_of,
    whole,
)
from bench.world import World
from domain.common.database import Database, write_engine
from domain.common.ids import ChannelCode, LocationId, Sku
from domain.customers.model import GivenCustomer
from domain.identity.model import Actor, Role
from domain.orders.batching.engine import LANES, LOCK_TIMEOUT, OrderEngine
from domain.orders.commands import Delivery, GivenPayment, OrderedLine, PlaceOrder
from domain.orders.model import Order
from domain.orders.place import Terms
from domain.orders.states import DeliveryMode
from domain.payments.model import Tender
from domain.sourcing.ruled import ByRuleSets
from domain.stock.errors import InsufficientStock

WAITING = 256
"""Orders that wait for the engine at any time."""
UNITS = 2_000
"""Units of the hot SKU, where it is sold out."""
ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Decided:
    """How a run of the engine went."""

    per_second: float
    cpu_ms: float
    """CPU of this process per order."""
    accepted: int


async def measure(running: Service, world: World, orders: int, seconds: int) -> list[Figure]:
    """The engine in this process and the statement, so long each, A-B-A-B on one database."""
    url, target = running.database_url, await target_of(running, world)
    singles: list[Baseline] = []
    runs: list[Decided] = []
    await _decide(url, target, WAITING)  # warm
    for _ in range(ROUNDS):
        singles.append(await run_pgbench(running, whole(target), seconds))
        runs.append(await _decide(url, target, orders))
    bare = await run_pgbench(running, smallest(target), seconds)
    await leave(url, target.place, target.sku, UNITS)
    flash = await _decide(url, target, 5 * orders)
    single = max(each.per_second for each in singles)
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
        Figure(
            "engine CPU, all accepted", min(r.cpu_ms for r in runs), "ms/order",
            "Python, without PostgreSQL",
        ),
        Figure(
            "hot SKU: accepted by the engine / single statement", engine / single, "x",
            f"against one statement that writes the same rows; {how}", "O1", at_least=5.0,
        ),
        Figure(
            f"hot SKU of {UNITS} units: decided / single statement", flash.per_second / single,
            "x", how,
        ),
    ]  # fmt: skip


async def leave(url: str, place: UUID, sku: str, units: int) -> None:
    """So many units of the SKU can still be sold at the place: the others become safety stock."""
    query = sa.text(
        "update stock_level set safety = on_hand - allocated - reserved - damaged - inspection"
        " - quality_hold - display - :units where sku = :sku and location_id = :place"
    )
    engine = write_engine(url)
    async with engine.begin() as connection:
        await connection.execute(query, {"sku": sku, "place": place, "units": units})
    await engine.dispose()


async def _decide(url: str, target: Target, orders: int) -> Decided:
    """An engine of its own decides orders of one unit, to be collected in the store."""
    writes = write_engine(url)
    lanes = write_engine(url, pool_size=LANES, lock_timeout=LOCK_TIMEOUT)
    engine = OrderEngine.over(
        Database(writes, writes, lambda: None), Database(lanes, lanes, lambda: None)
    )
    terms = Terms(ByRuleSets(), payment_window=timedelta(minutes=30))
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

    here = [psutil.Process()]
    before, started = cpu_s(here), time.perf_counter()
    await asyncio.gather(*[buy() for _ in range(WAITING)])
    took = time.perf_counter() - started
    spent = cpu_s(here) - before
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
