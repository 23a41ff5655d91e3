"""A locked order is the newest one, also when the lock had to be waited for."""

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.orders.checkout import place_order
from domain.orders.repository import locked_order
from domain.orders.states import GroupState
from domain.orders.tables import line_group, sales_order
from tests.support.locks import until_somebody_waits
from tests.support.shop import Shop, open_shop, order


@pytest.fixture
async def shop(engine: AsyncEngine, clean_database: str) -> Shop:
    return await open_shop(engine, {"HAT": {"ROME": 5}})


async def test_parts_are_not_read_from_before_the_wait(shop: Shop, engine: AsyncEngine) -> None:
    placed = await place_order(shop.till(), order())
    async with engine.connect() as first, engine.connect() as second:
        before = await locked_order(first, placed.order_id)
        waiting = asyncio.create_task(locked_order(second, placed.order_id))
        await until_somebody_waits(engine)
        await first.execute(sa.update(line_group).values(state="RELEASED"))
        await first.execute(sa.update(sales_order).values(version=before.version + 1))
        await first.commit()
        after = await waiting
        assert after.version == before.version + 1
        assert [group.state for group in after.groups] == [GroupState.RELEASED]
        await second.rollback()
