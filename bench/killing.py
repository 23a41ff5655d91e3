"""O3: far more attempts than units, and one of two workers is killed: what was promised holds."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from bench.engine import UNITS, leave
from bench.figures import Figure
from bench.placing import shop_wire
from bench.service import Service, service
from bench.wire import Wire
from bench.world import PLACE, World, look_around, uuid_in
from domain.common.database import read_engine

CLIENTS = 64
_COUNTS = """
select (select count(*) from sales_order o join order_line l on l.order_id = o.id
        where l.sku = :sku and o.status = 'CONFIRMED') as orders,
       (select count(*) from sales_order o join order_line l on l.order_id = o.id
        where l.sku = :sku and o.status <> 'CONFIRMED') as others,
       (select sum(allocated) from stock_level where sku = :sku) as allocated,
       (select sum(reserved) from stock_level where sku = :sku) as reserved
"""


@dataclass(slots=True)
class Answers:
    """What the clients were told."""

    placed: dict[str, str] = field(default_factory=dict[str, str])
    """Order id by key."""
    refused: set[str] = field(default_factory=set[str])
    broken: int = 0
    """Requests that broke off, or that were told to come again; sent again with their key."""
    half: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when half of the units are sold."""


async def measure(attempts: int, units: int = UNITS) -> list[Figure]:
    """How far what was sold, answered and stored are from what they must be."""
    with service(workers=2) as running:
        world = await look_around(running, units=units)
        return await _measure(running, world, attempts, units)


async def _measure(running: Service, world: World, attempts: int, units: int) -> list[Figure]:
    sku = world.skus[0]
    await leave(running.database_url, world.location_id, sku, units)
    engine = read_engine(running.database_url)
    async with engine.connect() as connection:
        before = (await connection.execute(sa.text(_COUNTS), {"sku": sku})).one()
        answers = await _storm(running, world, sku, attempts, units)
        after = (await connection.execute(sa.text(_COUNTS), {"sku": sku})).one()
        stored = await connection.scalars(
            sa.text("select id::text from sales_order where id::text = any(:ids)"),
            {"ids": [str(uuid_in(each)) for each in answers.placed.values()]},
        )
        lost = len(answers.placed) - len(set(stored))
    await engine.dispose()
    sold = after.orders - before.orders
    unanswered = attempts - len(answers.placed) - len(answers.refused)
    wrong = (
        abs(sold - units)
        + abs(after.allocated - before.allocated - units)
        + abs(after.reserved - before.reserved)
        + abs(len(set(answers.placed.values())) - units)
        + (after.others - before.others)
        + lost
        + unanswered
    )
    how = (
        f"against the {units} units that there were; {attempts} attempts, 2 workers, one killed; "
        f"sold {sold}, placed {len(answers.placed)}, refused {len(answers.refused)}, lost {lost}, "
        f"unanswered {unanswered}, sent again {answers.broken}"
    )
    return [Figure("orders and units that are not as promised", wrong, "", how, "O3", at_most=0)]


async def _storm(running: Service, world: World, sku: str, attempts: int, units: int) -> Answers:
    answers = Answers()
    wishes = [world.wish(sku, is_paid=True) for _ in range(attempts)]

    async def kill() -> None:
        await answers.half.wait()
        running.workers[0].kill()

    async with shop_wire(running) as wire:

        async def buy() -> None:
            while wishes:
                await _until_told(wire, wishes.pop(), answers, units)

        await asyncio.gather(kill(), *[buy() for _ in range(CLIENTS)])
    return answers


async def _until_told(wire: Wire, wish: dict[str, Any], answers: Answers, units: int) -> None:
    """As every client should: what may be tried again is, with the same key."""
    key = wish["idempotencyKey"]
    while True:
        try:
            answer = await wire.ask(PLACE, {"input": wish})
        except (OSError, EOFError):
            answers.broken += 1
            await asyncio.sleep(0.05)
            continue
        if "errors" in answer:
            if not answer["errors"][0]["extensions"].get("retryable"):
                raise RuntimeError(answer)
            answers.broken += 1
            continue
        told = answer["data"]["placeOrder"]
        if "order" in told:
            answers.placed[key] = told["order"]["id"]
            if 2 * len(answers.placed) >= units:
                answers.half.set()
        elif told["code"] == "INSUFFICIENT_STOCK":
            answers.refused.add(key)
        else:
            raise RuntimeError(told)
        return
