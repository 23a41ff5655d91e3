"""S23, S24, S25, S29, S32, S40: locations that cannot serve, and what becomes of the order."""

import asyncio
from typing import Any, cast

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.fulfillment.tables import fulfillment_exception
from domain.identity.model import Actor, Role
from domain.stock.tables import count_task
from tests.support.mutations import everything
from tests.support.shop import ADMIN, MILAN_TILL, ROME, ROME_TILL
from tests.support.stage import ERROR, ORDER, Stage, groups_of, location_id, open_stage, work_at

pytestmark = pytest.mark.usefixtures("clean_database")

PAYLOAD = f"""... on FulfillmentOrderPayload {{ fulfillmentOrder {{
  id status version acceptBy acceptedAt rejectedAt rejectionReason }} order {{ {ORDER} }} }}
  ... on QuantityExceededError {{ reported expected }}"""


async def reject(stage: Stage, work: str, reason: str, actor: Actor = ADMIN, **given: Any) -> Any:
    kind = "RejectFulfillmentOrderInput"
    given |= {"fulfillmentOrderId": work, "reason": reason}
    return await stage.do(actor, "rejectFulfillmentOrder", kind, PAYLOAD, **given)


async def pick(stage: Stage, work: str, lines: dict[str, int], **given: Any) -> Any:
    units = [{"orderLineId": line, "quantity": quantity} for line, quantity in lines.items()]
    given |= {"fulfillmentOrderId": work, "lines": units}
    return await stage.do(ADMIN, "reportPick", "ReportPickInput", PAYLOAD, **given)


def line(order: Any) -> str:
    """The id of the only line, as mutations want it."""
    return order["lines"][0]["id"]


async def tasks(stage: Stage, code: str) -> list[Any]:
    query = "query($id: ID!) { countTasks(locationId: $id) { sku reason held } }"
    return await stage.api.do(ADMIN, query, id=location_id(code))


async def test_s23_not_in_stock_is_sourced_again_elsewhere(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5, "MILAN": 5}})
    order = await stage.released(lines={"HAT": 2})
    work = work_at(order, "ROME")["id"]
    answer = await reject(stage, work, "NOT_IN_STOCK", note="shelf is empty")
    assert answer["fulfillmentOrder"]["status"] == "REJECTED"
    assert answer["fulfillmentOrder"]["rejectionReason"] == "NOT_IN_STOCK"
    after = answer["order"]
    assert groups_of(after) == {"RELEASED": 2}
    assert work_at(after, "MILAN")["status"] == "RELEASED"
    rome, milan = await stage.level("HAT"), await stage.level("HAT", "MILAN")
    assert (rome.allocated, rome.quality_hold, rome.available) == (0, 5, 0)
    assert (milan.allocated, milan.available) == (2, 3)
    assert await tasks(stage, "ROME") == [{"sku": "HAT", "reason": "REJECTED", "held": 5}]
    seen = await stage.order(order["id"], "notices { kind } history { action reason }")
    assert [notice["kind"] for notice in seen["notices"]] == ["PROMISE_CHANGED"]
    assert [entry["action"] for entry in seen["history"]][-2:] == ["REJECT", "RE_SOURCE"]
    await stage.check()


async def test_a_rejected_location_is_not_asked_again(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5, "MILAN": 5}})
    order = await stage.released()
    first = (await reject(stage, work_at(order, "ROME")["id"], "CAPACITY"))["order"]
    again = await reject(stage, work_at(first, "MILAN")["id"], "CAPACITY")
    assert groups_of(again["order"]) == {"PENDING_SOURCE": 1}
    assert (await stage.level("HAT")).available == 5
    await stage.check()


async def test_s24_silence_past_the_timer_is_a_rejection(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5, "MILAN": 5}})
    order = await stage.released()
    assert await stage.tick() == 0
    await stage.make_due("fulfillment_order", "accept_by")
    assert sum(await asyncio.gather(stage.tick(), stage.tick())) == 1
    after = await stage.order(order["id"])
    assert work_at(after, "ROME")["status"] == "REJECTED"
    assert work_at(after, "MILAN")["status"] == "RELEASED"
    assert (await stage.level("HAT")).available == 5
    await stage.check()


@pytest.mark.parametrize("answer", ["acceptFulfillmentOrder", "startPicking"])
async def test_an_answer_stops_the_timer(engine: AsyncEngine, answer: str) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5, "MILAN": 5}})
    order = await stage.released()
    after = await stage.work(answer, work_at(order, "ROME")["id"], ROME_TILL)
    await stage.make_due("fulfillment_order", "accept_by")
    assert await stage.tick() == 0
    assert await stage.order(order["id"]) == after
    twice = await stage.do(
        ADMIN, "acceptFulfillmentOrder", "FulfillmentOrderInput", "",
        fulfillmentOrderId=work_at(order, "ROME")["id"],
    )  # fmt: skip
    assert twice["code"] == "ILLEGAL_TRANSITION"


async def test_s25_what_nobody_can_serve_waits_for_a_source(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 2}})
    order = await stage.released(lines={"HAT": 2})
    answer = await reject(stage, work_at(order, "ROME")["id"], "DAMAGED")
    assert groups_of(answer["order"]) == {"PENDING_SOURCE": 2}
    assert answer["order"]["fulfillmentStatus"] == "BACKORDERED"
    level = await stage.level("HAT")
    assert (level.damaged, level.allocated, level.on_hand) == (2, 0, 2)
    await stage.check()


async def test_s29_a_pickup_order_is_never_moved_silently(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5, "MILAN": 5}})
    order = await stage.released(pickup="ROME")
    work = work_at(order, "ROME")["id"]
    answer = await reject(stage, work, "NOT_IN_STOCK", actor=ROME_TILL)
    assert groups_of(answer["order"]) == {"REJECTED": 1}
    assert [w["locationId"] for w in answer["order"]["fulfillmentOrders"]] == [location_id("ROME")]
    assert (await stage.level("HAT", "MILAN")).allocated == 0
    seen = await stage.order(order["id"], "notices { kind }")
    assert seen["notices"] == [{"kind": "PICKUP_CHOICE_NEEDED"}]
    await stage.check()


async def test_s32_a_short_pick_ships_what_is_there(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 3, "MILAN": 3}})
    order = await stage.released(lines={"HAT": 3})
    work = work_at(order, "ROME")["id"]
    await stage.work("startPicking", work)
    answer = await pick(stage, work, {line(order): 2})
    assert groups_of(answer["order"]) == {"PICKED": 2, "RELEASED": 1}
    await stage.work("packFulfillmentOrder", work)
    shipped = await stage.do(
        ADMIN, "shipFulfillmentOrder", "ShipFulfillmentOrderInput",
        f"... on ShipFulfillmentOrderPayload {{ order {{ {ORDER} }} }}",
        fulfillmentOrderId=work, carrier="DHL", parcels=[{"trackingNumber": "T1"}],
    )  # fmt: skip
    assert groups_of(shipped["order"]) == {"SHIPPED": 2, "RELEASED": 1}
    assert shipped["order"]["payments"][0]["captured"]["amount"] == "39.80"
    rome = await stage.level("HAT")
    assert (rome.on_hand, rome.quality_hold, rome.allocated) == (1, 1, 0)
    assert (await stage.level("HAT", "MILAN")).allocated == 1
    await stage.check()


async def test_nothing_found_leaves_a_rejected_work(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"SCARF": {"ROME": 3}, "HAT": {"ROME": 3}})
    order = await stage.released(lines={"SET": 1})
    work = work_at(order, "ROME")["id"]
    await stage.work("startPicking", work)
    answer = await pick(stage, work, {}, shortage="MISMATCH")
    assert answer["fulfillmentOrder"]["status"] == "REJECTED"
    assert groups_of(answer["order"]) == {"PENDING_SOURCE": 1}
    hats = await stage.level("HAT")
    assert (hats.on_hand, hats.quality_hold, hats.available) == (2, 2, 0)
    await stage.check()


async def test_s40_more_than_ordered_goes_to_the_exception_queue(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    order = await stage.released(lines={"HAT": 2})
    work = work_at(order, "ROME")["id"]
    await stage.work("startPicking", work)
    before = await everything(engine)
    for _ in range(2):
        answer = await pick(stage, work, {line(order): 3}, idempotencyKey="wms-1")
        assert (answer["code"], answer["reported"], answer["expected"]) == (
            "QUANTITY_EXCEEDED", 3, 2,
        )  # fmt: skip
    after = await everything(engine)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"fulfillment_exception", "outbox"}
    query = """query($id: ID!) { fulfillmentExceptions(locationId: $id) {
      operation message fulfillmentOrderId } }"""
    kept = await stage.api.do(ROME_TILL, query, id=location_id("ROME"))
    assert [(each["operation"], each["fulfillmentOrderId"]) for each in kept] == [
        ("reportPick", work)
    ]
    assert (
        await stage.shop.scalar(sa.select(sa.func.count()).select_from(fulfillment_exception)) == 1
    )
    _, errors = await stage.api.ask(MILAN_TILL, query, {"id": location_id("ROME")})
    assert errors == ["FORBIDDEN"]


async def test_some_units_can_be_rejected(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 3, "MADRID": 3}})
    order = await stage.released(lines={"HAT": 3})
    lines = [{"orderLineId": line(order), "quantity": 1}]
    answer = await reject(stage, work_at(order, "ROME")["id"], "DAMAGED", lines=lines)
    assert answer["fulfillmentOrder"]["status"] == "RELEASED"
    assert answer["fulfillmentOrder"]["rejectedAt"] is None
    assert (await stage.level("HAT")).allocated == 2
    assert (await stage.level("HAT", "MADRID")).allocated == 1
    await stage.check()


async def test_the_key_is_one_effect_and_refusals_change_nothing(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 3, "MILAN": 3}})
    order = await stage.released()
    work = work_at(order, "ROME")["id"]
    before = await everything(engine)
    for given, code in (
        ({"reason": "NO_RESPONSE"}, "VALIDATION_FAILED"),
        ({"reason": "OTHER", "note": "x" * 201}, "VALIDATION_FAILED"),
        ({"reason": "OTHER", "lines": [{"orderLineId": "x", "quantity": 1}]}, "VALIDATION_FAILED"),
        ({"reason": "OTHER", "expectedVersion": 7}, "VERSION_CONFLICT"),
        ({"reason": "OTHER", "actor": MILAN_TILL}, "NOT_FOUND"),
    ):
        answer = await reject(stage, work, **cast(Any, given))
        assert answer["code"] == code, given
        assert await everything(engine) == before
    role = Actor("ada", Role.CUSTOMER)
    document = f"""mutation($input: RejectFulfillmentOrderInput!) {{
      rejectFulfillmentOrder(input: $input) {{ __typename {ERROR} }} }}"""
    given = {"fulfillmentOrderId": work, "reason": "OTHER", "idempotencyKey": "k"}
    assert (await stage.api.ask(role, document, {"input": given}))[1] == ["FORBIDDEN"]
    first = await reject(stage, work, "OTHER", idempotencyKey="k")
    done = await everything(engine)
    assert await reject(stage, work, "OTHER", idempotencyKey="k") == first
    assert await everything(engine) == done
    assert (await reject(stage, work, "CLOSED", idempotencyKey="k"))["code"] == (
        "IDEMPOTENCY_CONFLICT"
    )


async def test_reject_and_start_picking_at_once_have_one_winner(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 3, "MILAN": 3}})
    order = await stage.released()
    work = work_at(order, "ROME")["id"]
    start = stage.do(ADMIN, "startPicking", "FulfillmentOrderInput", "", fulfillmentOrderId=work)
    answers = await asyncio.gather(start, reject(stage, work, "OTHER"))
    kinds = sorted(answer["__typename"] for answer in answers)
    assert kinds == ["FulfillmentOrderPayload", "IllegalTransitionError"]
    await stage.check()


async def test_a_level_in_doubt_has_one_open_task(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 4, "MILAN": 4}})
    one, two = await stage.released(), await stage.released()
    for order in (one, two):
        await reject(stage, work_at(order, "ROME")["id"], "NOT_IN_STOCK")
    found = await stage.shop.rows(sa.select(count_task.c.location_id, count_task.c.held))
    assert [tuple(row) for row in found] == [(ROME, 4)]
    await stage.check()
