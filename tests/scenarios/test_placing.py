"""S01, S03, S05, S06: what an order needs before it is one."""

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.orders.tables import sales_order
from tests.support.mutations import events, everything
from tests.support.stage import open_stage

pytestmark = pytest.mark.usefixtures("clean_database")


async def test_s01_an_unknown_sku_makes_no_order(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    before = await everything(engine)
    published = len(await events(engine))
    answer = await stage.place(lines={"HAT": 1, "GLOVE": 1})
    assert (answer["__typename"], answer["code"]) == ("ProductNotFoundError", "PRODUCT_NOT_FOUND")
    assert await everything(engine) == before
    assert len(await events(engine)) == published


async def test_s03_one_key_twice_at_once_is_one_order(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    first, second = await asyncio.gather(
        stage.placed(idempotencyKey="k"), stage.placed(idempotencyKey="k")
    )
    assert first == second
    assert await stage.shop.scalar(sa.select(sa.func.count()).select_from(sales_order)) == 1
    other = await stage.place(idempotencyKey="k", lines={"HAT": 2})
    assert other["code"] == "IDEMPOTENCY_CONFLICT"
    await stage.check()


async def test_s05_a_kit_and_its_component_are_one_demand(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1}, "SCARF": {"ROME": 5}})
    answer = await stage.place(lines={"SET": 1, "HAT": 1})
    assert answer["code"] == "INSUFFICIENT_STOCK"
    level = await stage.level("HAT")
    assert (level.reserved, level.allocated) == (0, 0)
    await stage.check()


async def test_s06_two_lines_of_one_sku_are_one_demand(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1}})
    lines = [{"sku": "HAT", "quantity": 1}, {"sku": "HAT", "quantity": 1}]
    answer = await stage.place(lines=lines)
    assert answer["code"] == "INSUFFICIENT_STOCK"
    assert (await stage.level("HAT")).available == 1
    await stage.check()
