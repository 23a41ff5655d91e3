"""Many people buy, receive, postpone and cancel at once: promises stay within what comes in."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.supply.tables import promise
from tests.support.purchasing import day, open_supplier, ordered, step
from tests.support.shop import ADMIN
from tests.support.stage import Stage, location_id, open_stage

pytestmark = pytest.mark.usefixtures("clean_database")

PEOPLE, STEPS = 6, 12


@dataclass
class Crowd:
    """People who do something at random, each one step after the other."""

    stage: Stage
    bills: list[Any]
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    orders: list[Any] = field(default_factory=list[Any])

    async def person(self) -> None:
        for _ in range(STEPS):
            actions = [self.place, self.place, self.take_in, self.change, self.cancel, self.sweep]
            await self.chance.choice(actions)()

    async def place(self) -> None:
        sku = self.chance.choice(["HAT", "SCARF", "SET"])
        lines = {sku: self.chance.randint(1, 3), "HAT": 1}
        self.orders.append(await self.stage.placed(lines=lines, unfilledPolicy="BACKORDER_REST"))

    async def take_in(self) -> None:
        lines = [{"sku": self.chance.choice(["HAT", "SCARF"]), "quantity": 2}]
        bill = self.chance.choice(self.bills)
        await step(self.stage, "receivePurchaseOrder", bill, lines=lines)

    async def change(self) -> None:
        lines = [{"sku": "HAT", "quantity": self.chance.randint(1, 8)}]
        bill, eta = self.chance.choice(self.bills), day(self.chance.randint(1, 9))
        await step(self.stage, "changePurchaseOrder", bill, eta=eta, lines=lines)

    async def cancel(self) -> None:
        if self.orders:
            order = self.chance.choice(self.orders)["id"]
            await self.stage.do(ADMIN, "cancelOrder", "ChangeOrderInput", "", orderId=order)

    async def sweep(self) -> None:
        await self.stage.tick()


async def test_a_crowd_is_promised_no_more_than_comes_in(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 2}, "SCARF": {"ROME": 1}})
    supplier = await open_supplier(stage)
    bills: list[Any] = []
    for number, place in enumerate(("ROME", "MILAN", "ROME", "MILAN"), start=1):
        lines = [{"sku": "HAT", "quantity": 9}, {"sku": "SCARF", "quantity": 4}]
        given = {"lines": lines, "eta": day(number), "locationId": location_id(place)}
        bills.append((await ordered(stage, supplier, **given))["purchaseOrder"])
    crowd = Crowd(stage, bills)
    async with asyncio.TaskGroup() as people:
        for _ in range(PEOPLE):
            people.create_task(crowd.person())
    await stage.check()
    while await stage.tick():
        await stage.check()
    loose = sa.select(sa.func.count()).where(promise.c.inbound_id.is_(None))
    assert await stage.shop.scalar(loose) == 0
    await stage.check()
