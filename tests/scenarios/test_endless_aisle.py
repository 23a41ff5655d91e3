"""Orders placed at a till for goods that the store does not have."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.shop import MILAN_TILL, ROME_TILL
from tests.support.stage import (
    ORDER,
    TO_PACKED,
    Stage,
    groups_of,
    location_id,
    open_stage,
    wish,
    work_at,
)

pytestmark = pytest.mark.usefixtures("clean_database")

TERMINAL = {"channel": "POS", "payment": {"tender": "TERMINAL"}}


async def sent(stage: Stage, order: Any) -> Any:
    """The order after Milan has shipped it."""
    await stage.change("releaseOrder", order["id"])
    work = work_at(order, "MILAN")["id"]
    for name in TO_PACKED:
        await stage.work(name, work, MILAN_TILL)
    shipped = await stage.do(
        MILAN_TILL, "shipFulfillmentOrder", "ShipFulfillmentOrderInput",
        f"... on ShipFulfillmentOrderPayload {{ order {{ {ORDER} }} }}",
        fulfillmentOrderId=work, carrier="DHL", parcels=[{"trackingNumber": "T1"}],
    )  # fmt: skip
    return shipped["order"]


@pytest.mark.parametrize("mode", ["SHIP", "PICKUP_POINT"])
async def test_a_till_sells_what_another_store_sends(engine: AsyncEngine, mode: str) -> None:
    stage = await open_stage(engine, {"HAT": {"MILAN": 3}})
    delivery = {**wish()["delivery"], "mode": mode}
    order = await stage.placed(ROME_TILL, **TERMINAL, delivery=delivery, lines={"HAT": 2})
    assert (order["status"], order["paymentStatus"]) == ("CONFIRMED", "CAPTURED")
    assert [work["locationId"] for work in order["fulfillmentOrders"]] == [location_id("MILAN")]

    queue = "query($at: ID!) { workQueue(locationId: $at) { id deliveryMode } }"
    work = {"id": work_at(order, "MILAN")["id"], "deliveryMode": mode}
    assert await stage.api.do(ROME_TILL, queue, at=location_id("ROME")) == []
    assert await stage.api.do(MILAN_TILL, queue, at=location_id("MILAN")) == [work]

    shipped = await sent(stage, order)
    assert groups_of(shipped) == {"SHIPPED": 2}
    assert (await stage.order(order["id"], actor=ROME_TILL))["fulfillmentStatus"] == "SHIPPED"
    level = await stage.level("HAT", "MILAN")
    assert (level.on_hand, level.allocated) == (1, 0)
    await stage.check()


async def test_a_till_cannot_take_away_what_only_another_store_has(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"MILAN": 3}})
    delivery = {"mode": "TAKE_AWAY", "locationId": location_id("ROME")}
    answer = await stage.place(ROME_TILL, **TERMINAL, delivery=delivery)
    assert answer["code"] == "INSUFFICIENT_STOCK"
    assert (await stage.level("HAT", "MILAN")).allocated == 0
    await stage.check()
