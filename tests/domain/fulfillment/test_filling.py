"""Which waiting orders get stock, and that none keeps the others waiting."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.fulfillment.filling import fill_waiting
from tests.support import stock
from tests.support.shop import ADMIN
from tests.support.stage import Stage, groups_of, location_id, open_stage

pytestmark = pytest.mark.usefixtures("clean_database")


async def filled(stage: Stage) -> int:
    return await fill_waiting(stage.shop.database, stage.shop.terms)


async def test_the_oldest_get_what_is_there(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    orders = [await stage.placed(unfilledPolicy="BACKORDER") for _ in range(5)]
    await stock.stock_up(engine, 4, "HAT", code="ROME")
    assert await filled(stage) == 4
    states = [groups_of(await stage.order(order["id"])) for order in orders]
    assert states == [{"ALLOCATED": 1}] * 4 + [{"BACKORDERED": 1}]
    assert await filled(stage) == 0
    await stage.check()


async def test_stock_that_comes_in_while_others_are_served_goes_to_the_oldest(
    engine: AsyncEngine,
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1, "MILAN": 1}})
    orders = [
        await stage.placed(lines={"HAT": 4}, unfilledPolicy="BACKORDER_REST") for _ in range(4)
    ]

    async def come_in(code: str) -> None:
        await stock.stock_up(engine, 1, "HAT", code=code)
        await filled(stage)

    await asyncio.gather(*[come_in(code) for code in ("ROME", "MILAN") * 4])
    await filled(stage)
    states = [groups_of(await stage.order(order["id"])) for order in orders]
    some = {"ALLOCATED": 2, "BACKORDERED": 2}
    assert states == [{"ALLOCATED": 4}, {"ALLOCATED": 4}, some, {"BACKORDERED": 4}]
    await stage.check()


async def test_units_that_other_places_failed_are_served_apart(engine: AsyncEngine) -> None:
    """What one unit must not get again, another one of the order may."""
    stage = await open_stage(engine, {"HAT": {"ROME": 1}})
    order = await stage.placed(lines={"HAT": 2}, unfilledPolicy="BACKORDER_REST")
    order = await stage.change("releaseOrder", order["id"])
    await stage.do(
        ADMIN, "rejectFulfillmentOrder", "RejectFulfillmentOrderInput", "",
        fulfillmentOrderId=order["fulfillmentOrders"][0]["id"], reason="CAPACITY",
    )  # fmt: skip
    await filled(stage)
    seen = groups_of(await stage.order(order["id"]))
    assert seen == {"RELEASED": 1, "PENDING_SOURCE": 1}
    await stock.stock_up(engine, 3, "HAT", code="ROME")
    assert await filled(stage) == 0
    await stage.check()


async def test_only_places_that_may_serve_count(engine: AsyncEngine) -> None:
    """Goods elsewhere are of no use to a customer who comes to Milan; a kit is served whole."""
    stage = await open_stage(engine, {"SCARF": {"MILAN": 5}})
    pickup = await stage.placed(pickup="MILAN", unfilledPolicy="BACKORDER")
    kit = await stage.placed(lines={"SET": 1}, unfilledPolicy="BACKORDER")
    to_store = await stage.placed(
        unfilledPolicy="BACKORDER",
        delivery={"mode": "SHIP_TO_STORE", "locationId": location_id("MILAN")},
    )
    await stock.stock_up(engine, 1, "HAT", code="ROME")
    assert await filled(stage) == 1
    seen = [groups_of(await stage.order(each["id"])) for each in (pickup, kit, to_store)]
    assert seen == [{"BACKORDERED": 1}, {"BACKORDERED": 1}, {"ALLOCATED": 1}]
    await stock.stock_up(engine, 2, "HAT", code="MILAN")
    assert await filled(stage) == 2
    await stage.check()
