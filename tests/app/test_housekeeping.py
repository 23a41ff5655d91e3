"""Housekeeping goes on whatever fails, and does what is due."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from app.duties import Duty, duties_of
from app.housekeeping import keep_house, sweep
from domain.common.ids import Sku
from domain.payments.sandbox import SandboxGateway
from domain.stock.allocation import reserve
from domain.stock.model import Demand
from schema.context import Services
from tests.support import stock
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("clean_database")


def duties(engine: AsyncEngine) -> Sequence[Duty]:
    return duties_of(
        Services(stock.database_of(engine), SandboxGateway(engine), terms=cast(Any, None))
    )


async def reserve_for_a_moment(engine: AsyncEngine) -> None:
    await stock.build(engine, stock.World())
    await stock.stock_up(engine, 5, "HAT")
    demand = Demand(Sku("HAT"), stock.place("ROME"), 3)
    moment = timedelta(milliseconds=1)
    await stock.database_of(engine).run(
        lambda tx: reserve(tx, [demand], owner="basket", ttl=moment), actor_key="TEST"
    )
    assert (await stock.level_at(engine, "HAT")).reserved == 3


async def test_reservations_expire_without_being_asked_for(engine: AsyncEngine) -> None:
    await reserve_for_a_moment(engine)
    work = keep_house(duties(engine), every_s=0.02)
    task = asyncio.create_task(work)

    async def is_free() -> bool:
        return (await stock.level_at(engine, "HAT")).reserved == 0

    await until(is_free)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_one_failure_does_not_stop_the_rest(engine: AsyncEngine) -> None:
    await reserve_for_a_moment(engine)
    async with engine.begin() as connection:
        await connection.execute(sa.text("ALTER TABLE sales_order RENAME TO away"))
    try:
        await sweep(duties(engine))
    finally:
        async with engine.begin() as connection:
            await connection.execute(sa.text("ALTER TABLE away RENAME TO sales_order"))
    assert (await stock.level_at(engine, "HAT")).reserved == 0
