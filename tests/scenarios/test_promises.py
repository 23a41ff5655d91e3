"""S22: units that wait are promised against goods on order, and the promise moves with them."""

import asyncio
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.edits import edited, owner_of, to
from tests.support.mutations import events
from tests.support.purchasing import day, open_supplier, ordered, step, took_in
from tests.support.stage import Stage, groups_of, location_id, open_stage

pytestmark = pytest.mark.usefixtures("clean_database")

PROMISED = """promisedAt version status notices { kind detail }
  history { action actor } lines { id groups { quantity state promisedAt } }"""


async def waiting(stage: Stage, quantity: int = 1, **given: Any) -> dict[str, Any]:
    """An order for HATs that may wait."""
    policy: dict[str, Any] = {"unfilledPolicy": "BACKORDER_REST"}
    return await stage.placed(lines={"HAT": quantity}, **(policy | given))


async def bought(stage: Stage, quantity: int, eta: str, **given: Any) -> dict[str, Any]:
    """A purchase order for HATs."""
    supplier = await open_supplier(stage, f"S{len(await events(stage.engine))}")
    lines = [{"sku": "HAT", "quantity": quantity}]
    return (await ordered(stage, supplier, lines=lines, eta=eta, **given))["purchaseOrder"]


async def seen(stage: Stage, order: Any) -> Any:
    return await stage.order(order["id"], PROMISED)


async def dates(stage: Stage, *orders: Any) -> list[str | None]:
    return [(await seen(stage, order))["promisedAt"] for order in orders]


def told(order: Any) -> list[tuple[str, str | None]]:
    """What the customer was told, and the date in it."""
    return [(notice["kind"], notice["detail"].get("promisedAt")) for notice in order["notices"]]


def same(date: str | None, other: str) -> bool:
    return date is not None and datetime.fromisoformat(date) == datetime.fromisoformat(other)


async def test_s22_a_promise_moves_with_its_purchase_order(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1}})
    friday, monday = day(4), day(7)
    bill = await bought(stage, 10, friday)
    order = await waiting(stage, 3)
    placed = await seen(stage, order)
    assert placed["promisedAt"] == friday
    groups = {g["state"]: g["promisedAt"] for g in placed["lines"][0]["groups"]}
    assert groups == {"ALLOCATED": None, "BACKORDERED": friday}
    assert told(placed) == []
    published = len(await events(engine))
    slipped = await step(stage, "changePurchaseOrder", bill, eta=monday)
    assert slipped["purchaseOrder"]["version"] == 2
    after = await seen(stage, order)
    assert after["promisedAt"] == monday
    assert after["version"] == placed["version"] + 1
    assert after["history"][-1] == {"action": "PROMISE", "actor": "SYSTEM:promise"}
    [notice] = after["notices"]
    assert notice["kind"] == "PROMISE_CHANGED"
    assert notice["detail"]["mayCancel"] is True
    assert same(notice["detail"]["previously"], friday)
    assert same(notice["detail"]["promisedAt"], monday)
    news = (await events(engine))[published:]
    assert [event["type"] for event in news] == [
        "InboundChanged",
        "PurchaseOrderChanged",
        "OrderChanged",
    ]
    assert same(news[-1]["payload"]["promised_at"], monday)
    assert await stage.tick() == 0
    assert await seen(stage, order) == after
    await stage.check()


async def test_units_added_later_are_promised_what_comes_in(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1}})
    monday = day(4)
    await bought(stage, 2, monday)
    order = await waiting(stage, 1)
    assert await dates(stage, order) == [None]
    more = await edited(stage, order, to(order, 3))
    assert await dates(stage, order) == [monday]
    await edited(stage, more, to(more, 1))
    assert await dates(stage, order) == [None]
    await stage.check()


async def test_s22_the_customer_takes_the_offer_to_cancel(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1}})
    bill = await bought(stage, 2, day(4))
    order, other = await waiting(stage, 3), await waiting(stage, 1)
    assert await dates(stage, order, other) == [day(4), None]
    await step(stage, "changePurchaseOrder", bill, eta=day(7))
    before = await seen(stage, order)
    buyer = await owner_of(stage, order)
    lines = [{"orderLineId": before["lines"][0]["id"], "quantity": 2}]
    await stage.do(
        buyer, "cancelOrderLines", "CancelOrderLinesInput", "", orderId=order["id"], lines=lines
    )
    assert groups_of(await stage.order(order["id"])) == {"ALLOCATED": 1, "CANCELLED": 2}
    await stage.tick()
    assert await dates(stage, order, other) == [None, day(7)]
    assert [kind for kind, _ in told(await seen(stage, other))] == ["PROMISE_MADE"]
    await stage.check()


async def test_receipts_fill_the_oldest_and_promises_stay_with_the_rest(
    engine: AsyncEngine,
) -> None:
    stage = await open_stage(engine, {})
    bill = await bought(stage, 4, day(4))
    later = await bought(stage, 4, day(9))
    first, second, third = [await waiting(stage, 2) for _ in range(3)]
    assert await dates(stage, first, second, third) == [day(4), day(4), day(9)]
    await took_in(stage, bill, 3)
    assert groups_of(await stage.order(first["id"])) == {"ALLOCATED": 2}
    assert groups_of(await stage.order(second["id"])) == {"ALLOCATED": 1, "BACKORDERED": 1}
    assert await dates(stage, first, second, third) == [None, day(4), day(9)]
    assert told(await seen(stage, second)) == []
    await took_in(stage, bill, 0, complete=True)
    assert await dates(stage, second, third) == [day(9), day(9)]
    assert [kind for kind, _ in told(await seen(stage, second))] == ["PROMISE_CHANGED"]
    await step(stage, "cancelPurchaseOrder", later)
    assert await dates(stage, second, third) == [None, None]
    assert told(await seen(stage, third)) == [("PROMISE_CHANGED", None)]
    await stage.check()


async def test_less_to_come_costs_the_newest_order_its_promise(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    bill = await bought(stage, 4, day(4))
    first, second = await waiting(stage, 2), await waiting(stage, 2)
    lines = [{"sku": "HAT", "quantity": 3}]
    await step(stage, "changePurchaseOrder", bill, lines=lines)
    assert await dates(stage, first, second) == [day(4), None]
    sooner = await bought(stage, 1, day(2))
    assert await dates(stage, first, second) == [day(4), day(4)]
    assert sooner["state"] == "OPEN"
    await stage.check()


async def test_only_the_sure_part_is_promised(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    bill = await bought(stage, 4, day(4), confidence="0.50")
    first, second = await waiting(stage, 2), await waiting(stage, 1)
    assert await dates(stage, first, second) == [day(4), None]
    await step(stage, "changePurchaseOrder", bill, confidence="0.75")
    assert await dates(stage, first, second) == [day(4), day(4)]
    await step(stage, "changePurchaseOrder", bill, confidence="0.25")
    assert await dates(stage, first, second) == [None, None]
    await stage.check()


async def test_goods_are_promised_where_the_customer_collects(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    await bought(stage, 4, day(2))
    order = await waiting(stage, 1, pickup="MILAN")
    assert await dates(stage, order) == [None]
    assert await stage.tick() == 0
    await bought(stage, 1, day(5), locationId=location_id("MILAN"))
    assert await dates(stage, order) == [day(5)]
    await stage.check()


async def test_whole_kits_are_promised(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    await bought(stage, 4, day(4))
    kit = await stage.placed(lines={"SET": 2}, unfilledPolicy="BACKORDER_REST")
    hats = await waiting(stage, 3)
    assert await dates(stage, kit, hats) == [None, day(4)]
    supplier = await open_supplier(stage)
    scarves = [{"sku": "SCARF", "quantity": 2}]
    await ordered(stage, supplier, lines=scarves, eta=day(6))
    assert await dates(stage, kit) == [None]
    await bought(stage, 1, day(8))
    assert await dates(stage, kit) == [day(8)]
    await stage.check()


async def test_many_orders_at_once_are_never_promised_more_than_comes(
    engine: AsyncEngine,
) -> None:
    stage = await open_stage(engine, {})
    bill = await bought(stage, 5, day(4))
    cut = step(stage, "changePurchaseOrder", bill, lines=[{"sku": "HAT", "quantity": 4}])
    many = asyncio.gather(*[waiting(stage, 1) for _ in range(8)])
    orders, _, _ = await asyncio.gather(many, cut, stage.tick())
    await stage.tick()
    found = await dates(stage, *orders)
    assert sorted(found, key=str) == [day(4)] * 4 + [None] * 4
    await asyncio.gather(took_in(stage, bill, 2), stage.tick(), stage.tick())
    await stage.tick()
    states = [groups_of(await stage.order(order["id"])) for order in orders]
    assert states.count({"ALLOCATED": 1}) == 2
    await stage.check()
