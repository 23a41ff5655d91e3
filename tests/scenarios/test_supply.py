"""S20, S21, S25, S42: stock that is missing, comes in, or goes from store to store."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.mutations import everything
from tests.support.shop import ADMIN, AGENT, MILAN, ROME_MANAGER
from tests.support.stage import Stage, gid, groups_of, location_id, open_stage, work_at

pytestmark = pytest.mark.usefixtures("clean_database")

TRANSFER = """... on TransferPayload { transfer { id number state version
  lines { sku quantity received variance } } }"""


async def receive(stage: Stage, quantity: int, code: str = "ROME", sku: str = "HAT") -> None:
    answer = await stage.do(
        ADMIN, "receiveStock", "ReceiveStockInput", "", locationId=location_id(code),
        lines=[{"sku": sku, "quantity": quantity}], reference="PO-7",
    )  # fmt: skip
    assert answer["__typename"] == "ReceiveStockPayload", answer


async def test_s20_ship_complete_waits_for_all(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 2}})
    order = await stage.placed(lines={"HAT": 3}, unfilledPolicy="SHIP_COMPLETE")
    assert groups_of(order) == {"ALLOCATED": 2, "BACKORDERED": 1}
    refused = await stage.do(ADMIN, "releaseOrder", "ChangeOrderInput", "", orderId=order["id"])
    assert refused["code"] == "ILLEGAL_TRANSITION"
    await receive(stage, 1)
    assert groups_of(await stage.order(order["id"])) == {"ALLOCATED": 3}
    released = await stage.change("releaseOrder", order["id"])
    assert groups_of(released) == {"RELEASED": 3}
    await stage.check()


async def test_s21_a_receipt_fills_the_oldest_order_first(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 3}})
    first = await stage.placed(lines={"HAT": 5}, unfilledPolicy="BACKORDER_REST")
    second = await stage.placed(lines={"HAT": 1}, unfilledPolicy="BACKORDER_REST")
    assert groups_of(first) == {"ALLOCATED": 3, "BACKORDERED": 2}
    await stage.change("releaseOrder", first["id"])
    await receive(stage, 2)
    assert groups_of(await stage.order(first["id"])) == {"RELEASED": 5}
    assert groups_of(await stage.order(second["id"])) == {"BACKORDERED": 1}
    await receive(stage, 1, "MILAN")
    assert groups_of(await stage.order(second["id"])) == {"ALLOCATED": 1}
    await stage.check()


async def test_two_receipts_at_once_keep_the_queue(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1}})
    orders = [await stage.placed(lines={"HAT": 2}, unfilledPolicy="SPLIT") for _ in range(3)]
    await asyncio.gather(receive(stage, 2), receive(stage, 1, "MILAN"), stage.tick())
    await stage.tick()
    states = [groups_of(await stage.order(order["id"])) for order in orders]
    assert states == [{"ALLOCATED": 2}, {"ALLOCATED": 2}, {"BACKORDERED": 2}]
    await stage.check()


async def test_cancel_rest_orders_only_what_is_there(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 2}})
    order = await stage.placed(lines={"HAT": 5, "SCARF": 1}, unfilledPolicy="CANCEL_REST")
    assert groups_of(order) == {"ALLOCATED": 2}
    seen = await stage.order(order["id"], "total { amount } lines { sku orderedQuantity }")
    assert seen == {
        "total": {"amount": "39.80"},
        "lines": [{"sku": "HAT", "orderedQuantity": 2}],
    }
    nothing = await stage.place(lines={"SCARF": 1}, unfilledPolicy="CANCEL_REST")
    assert nothing["code"] == "INSUFFICIENT_STOCK"
    await stage.check()


async def test_s25_a_rejected_unit_is_served_when_stock_comes(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1}})
    order = await stage.placed()
    order = await stage.change("releaseOrder", order["id"])
    await stage.do(
        ADMIN, "rejectFulfillmentOrder", "RejectFulfillmentOrderInput", "",
        fulfillmentOrderId=work_at(order, "ROME")["id"], reason="CAPACITY",
    )  # fmt: skip
    assert await stage.tick() == 0
    await receive(stage, 1, "MILAN")
    after = await stage.order(order["id"])
    assert work_at(after, "MILAN")["status"] == "RELEASED"
    held = await stage.placed()
    await stage.check()
    assert groups_of(held) == {"ALLOCATED": 1}


async def created(stage: Stage, quantity: int, **given: Any) -> Any:
    given = {
        "sourceId": location_id("ROME"),
        "destinationId": location_id("MILAN"),
        "lines": [{"sku": "HAT", "quantity": quantity}],
    } | given
    return await stage.do(ADMIN, "createTransfer", "CreateTransferInput", TRANSFER, **given)


async def step(stage: Stage, name: str, transfer: Any, actor: Any = ADMIN, **given: Any) -> Any:
    kind = "ReceiveTransferInput" if name == "receiveTransfer" else "ChangeTransferInput"
    given["transferId"] = transfer["id"]
    return await stage.do(actor, name, kind, TRANSFER, **given)


async def test_s42_ten_go_and_nine_arrive(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 12}})
    waiting = await stage.placed(lines={"HAT": 3}, pickup="MILAN", unfilledPolicy="BACKORDER_REST")
    transfer = (await created(stage, 10))["transfer"]
    level = await stage.level("HAT")
    assert (level.on_hand, level.allocated) == (12, 10)
    early = await step(stage, "receiveTransfer", transfer)
    assert early["code"] == "ILLEGAL_TRANSFER_STEP"
    await step(stage, "shipTransfer", transfer, ROME_MANAGER)
    assert (await stage.level("HAT")).on_hand == 2
    await stage.check()
    nine = [{"sku": "HAT", "quantity": 9}]
    both = await asyncio.gather(
        step(stage, "receiveTransfer", transfer, counted=nine),
        step(stage, "receiveTransfer", transfer, counted=nine),
    )
    kinds = sorted(each["__typename"] for each in both)
    assert kinds == ["IllegalTransferStepError", "TransferPayload"]
    done = next(each for each in both if "transfer" in each)["transfer"]
    assert done["lines"] == [{"sku": "HAT", "quantity": 10, "received": 9, "variance": -1}]
    assert groups_of(await stage.order(waiting["id"])) == {"ALLOCATED": 3}
    milan = await stage.level("HAT", "MILAN")
    assert (milan.on_hand, milan.allocated) == (9, 3)
    await stage.check()


async def test_transfers_are_refused_without_a_trace(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 2}})
    before = await everything(engine)
    for given, code in (
        ({"lines": [{"sku": "HAT", "quantity": 3}]}, "INSUFFICIENT_STOCK"),
        ({"lines": []}, "VALIDATION_FAILED"),
        ({"lines": [{"sku": "HAT", "quantity": 0}]}, "VALIDATION_FAILED"),
        ({"destinationId": location_id("ROME")}, "VALIDATION_FAILED"),
        ({"sourceId": gid("Order", MILAN)}, "VALIDATION_FAILED"),
    ):
        assert (await created(stage, 1, **given))["code"] == code, given
        assert await everything(engine) == before
    first = await created(stage, 1, idempotencyKey="k")
    assert await created(stage, 1, idempotencyKey="k") == first
    assert (await created(stage, 2, idempotencyKey="k"))["code"] == "IDEMPOTENCY_CONFLICT"
    after = await everything(engine)
    stale = await step(stage, "shipTransfer", first["transfer"], expectedVersion=7)
    assert stale["code"] == "VERSION_CONFLICT"
    document = """mutation($input: ChangeTransferInput!) {
      shipTransfer(input: $input) { __typename } }"""
    given = {"transferId": first["transfer"]["id"], "idempotencyKey": "x"}
    assert (await stage.api.ask(AGENT, document, {"input": given}))[1] == ["FORBIDDEN"]
    assert await everything(engine) == after
    cancelled = await step(stage, "cancelTransfer", first["transfer"])
    assert cancelled["transfer"]["state"] == "CANCELLED"
    assert (await stage.level("HAT")).available == 2
    listed = "query($id: ID!) { transfers(locationId: $id) { number state } }"
    assert await stage.api.do(ADMIN, listed, id=location_id("MILAN")) == [
        {"number": first["transfer"]["number"], "state": "CANCELLED"}
    ]
    await stage.check()
