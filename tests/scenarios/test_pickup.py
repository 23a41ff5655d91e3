"""S29, S30, S38, S39: goods that are collected in a store."""

import asyncio
from datetime import UTC, datetime, time
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.identity.model import Actor, Role
from domain.locations.model import OpeningHours
from domain.orders.tables import order_pickup, sales_order
from domain.pickup.model import closing_time
from domain.stock.tables import stock_movement
from tests.support import stock
from tests.support.mutations import everything
from tests.support.shop import ADMIN, AGENT, MILAN_TILL, ROME_TILL, customer
from tests.support.stage import (
    ORDER,
    TO_PACKED,
    Stage,
    groups_of,
    location_id,
    open_stage,
    work_at,
)

pytestmark = pytest.mark.usefixtures("clean_database")

CHANGED = f"... on ChangeOrderPayload {{ order {{ {ORDER} }} }}"
WORKED = f"... on FulfillmentOrderPayload {{ order {{ {ORDER} }} fulfillmentOrder {{ status }} }}"
HOME = {
    "recipient": "Ada Verdi", "street": "Via Roma 1", "city": "Rome", "postalCode": "00100",
    "country": "IT", "latitude": 41.9, "longitude": 12.5,
}  # fmt: skip


async def packed(stage: Stage, code: str = "ROME", **wish: Any) -> tuple[Any, str]:
    """A pickup order that is packed at that location, and its work."""
    order = await stage.released(**wish)
    work = work_at(order, code)["id"]
    for step in TO_PACKED:
        order = await stage.work(step, work)
    return order, work


async def ready(stage: Stage, **wish: Any) -> tuple[Any, str]:
    _, work = await packed(stage, pickup="ROME", **wish)
    return await stage.work("markReadyForPickup", work, ROME_TILL), work


async def owner(stage: Stage) -> Actor:
    """The customer of the only order."""
    return customer(await stage.shop.scalar(sa.select(sales_order.c.customer_id)))


async def collect(stage: Stage, order: Any, actor: Actor = ROME_TILL, **given: Any) -> Any:
    selection = f"{CHANGED} ... on PickupCodeWrongError {{ triesLeft }}"
    given["orderId"] = order["id"]
    return await stage.do(actor, "collectPickup", "CollectPickupInput", selection, **given)


async def choose(stage: Stage, order: Any, choice: str, actor: Actor = AGENT, **given: Any) -> Any:
    given |= {"orderId": order["id"], "choice": choice}
    kind = "ChoosePickupAlternativeInput"
    return await stage.do(actor, "choosePickupAlternative", kind, CHANGED, **given)


async def rejected(stage: Stage, lines: dict[str, int] | None = None) -> Any:
    order = await stage.placed(pickup="ROME", lines=lines or {"HAT": 1})
    order = await stage.change("releaseOrder", order["id"])
    answer = await stage.do(
        ADMIN, "rejectFulfillmentOrder", "RejectFulfillmentOrderInput", WORKED,
        fulfillmentOrderId=work_at(order, "ROME")["id"], reason="NOT_IN_STOCK",
    )  # fmt: skip
    return answer["order"]


async def test_s29_the_customer_chooses_another_store(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 2, "MILAN": 2}})
    order = await rejected(stage)
    refused = await choose(stage, order, "OTHER_STORE")
    assert refused["code"] == "VALIDATION_FAILED"
    done = (await choose(stage, order, "OTHER_STORE", locationId=location_id("MILAN")))["order"]
    assert groups_of(done) == {"RELEASED": 1}
    assert work_at(done, "MILAN")["status"] == "RELEASED"
    seen = await stage.order(order["id"], "deliveryLocationId deliveryMode")
    assert seen == {"deliveryLocationId": location_id("MILAN"), "deliveryMode": "PICKUP"}
    again = await choose(stage, order, "REFUND")
    assert again["code"] == "ILLEGAL_TRANSITION"
    await stage.check()


async def test_s29_the_customer_wants_it_shipped_home(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 2, "MADRID": 2}})
    order = await rejected(stage)
    abroad = await choose(stage, order, "SHIP_HOME", address=HOME | {"country": "ES"})
    assert abroad["code"] == "VALIDATION_FAILED"
    done = (await choose(stage, order, "SHIP_HOME", await owner(stage), address=HOME))["order"]
    assert groups_of(done) == {"RELEASED": 1}
    seen = await stage.order(order["id"], "deliveryMode address { city }")
    assert seen == {"deliveryMode": "SHIP", "address": {"city": "Rome"}}
    await stage.check()


async def test_s29_the_customer_wants_the_money_back(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 2, "MILAN": 2}})
    order = await rejected(stage)
    before = await everything(engine)
    stranger = await choose(stage, order, "REFUND", Actor("x", Role.CUSTOMER))
    assert stranger["code"] == "NOT_FOUND"
    assert await everything(engine) == before
    done = await choose(stage, order, "REFUND", idempotencyKey="k")
    assert (done["order"]["status"], done["order"]["paymentStatus"]) == ("CANCELLED", "VOIDED")
    assert await choose(stage, order, "REFUND", idempotencyKey="k") == done
    await stage.check()


async def test_s39_a_proxy_collects_once_with_the_code(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 2}})
    order, _ = await ready(stage)
    me = await owner(stage)
    named = await stage.do(
        me, "namePickupProxy", "NamePickupProxyInput", CHANGED, orderId=order["id"],
        name="Bruno Neri",
    )  # fmt: skip
    assert named["__typename"] == "ChangeOrderPayload"
    mine = await stage.order(order["id"], "pickupCode pickup { proxyName collectUntil }", me)
    assert mine["pickup"]["proxyName"] == "Bruno Neri"
    _, errors = await stage.api.ask(
        ROME_TILL, "query($id: ID!) { order(id: $id) { pickupCode } }", {"id": order["id"]}
    )
    assert errors == ["FORBIDDEN"]
    wrong = await collect(stage, order, code="AAAAAA")
    assert (wrong["code"], wrong["triesLeft"]) == ("PICKUP_CODE_WRONG", 4)
    assert (await collect(stage, order, MILAN_TILL, code=mine["pickupCode"]))["code"] == "NOT_FOUND"
    typed = f" {mine['pickupCode'][:3].lower()}-{mine['pickupCode'][3:]}"
    both = await asyncio.gather(
        collect(stage, order, code=typed), collect(stage, order, code=typed)
    )
    kinds = sorted(each["__typename"] for each in both)
    assert kinds == ["ChangeOrderPayload", "IllegalTransitionError"]
    assert (await stage.level("HAT")).on_hand == 1
    await stage.check()


async def test_wrong_codes_are_counted_until_a_document_helps(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 2}})
    order, _ = await ready(stage)
    assert (await collect(stage, order))["code"] == "VALIDATION_FAILED"
    left = [(await collect(stage, order, code="AAAAAA"))["triesLeft"] for _ in range(6)]
    assert left == [4, 3, 2, 1, 0, 0]
    right = await stage.shop.scalar(sa.select(order_pickup.c.code))
    assert (await collect(stage, order, code=right))["code"] == "PICKUP_CODE_WRONG"
    done = await collect(stage, order, identityChecked=True, idempotencyKey="k")
    assert done["order"]["status"] == "CLOSED"
    assert await collect(stage, order, identityChecked=True, idempotencyKey="k") == done
    await stage.check()


async def test_s38_what_nobody_collects_goes_back_to_that_store(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 2}})
    order, _ = await ready(stage, lines={"HAT": 2})
    assert await stage.tick() == 0
    more = {"orderId": order["id"], "days": 3}
    kind = "ExtendPickupInput"
    first = await stage.order(order["id"], "pickup { collectUntil }")
    await stage.do(AGENT, "extendPickup", kind, CHANGED, **more)
    later = await stage.order(order["id"], "pickup { collectUntil }")
    assert later["pickup"]["collectUntil"] > first["pickup"]["collectUntil"]
    refused = await stage.do(AGENT, "extendPickup", kind, CHANGED, **(more | {"days": 15}))
    assert refused["code"] == "VALIDATION_FAILED"
    for _ in range(2):
        await stage.do(AGENT, "extendPickup", kind, CHANGED, **(more | {"days": 14}))
    too_long = await stage.do(AGENT, "extendPickup", kind, CHANGED, **(more | {"days": 14}))
    assert too_long["code"] == "VALIDATION_FAILED"
    await stage.make_due("order_pickup", "collect_until")
    await asyncio.gather(stage.tick(), stage.tick())
    seen = await stage.order(order["id"], f"{ORDER} notices {{ kind }}")
    assert (seen["status"], seen["paymentStatus"]) == ("CANCELLED", "VOIDED")
    assert groups_of(seen) == {"PICKUP_EXPIRED": 2}
    assert [n["kind"] for n in seen["notices"]] == ["READY_FOR_PICKUP", "PICKUP_EXPIRED"]
    assert (await stage.level("HAT")).available == 2
    await stage.check()


async def test_collecting_and_expiry_at_once_have_one_winner(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1}})
    order, _ = await ready(stage)
    await stage.make_due("order_pickup", "collect_until")
    answer, _ = await asyncio.gather(collect(stage, order, identityChecked=True), stage.tick())
    state = groups_of(await stage.order(order["id"]))
    collected = answer["__typename"] == "ChangeOrderPayload"
    assert state == ({"COLLECTED": 1} if collected else {"PICKUP_EXPIRED": 1})
    await stage.tick()
    await stage.check()


async def to_store(stage: Stage, quantity: int) -> tuple[Any, str]:
    """An order that Milan has packed for the store in Rome."""
    delivery = {"mode": "SHIP_TO_STORE", "locationId": location_id("ROME")}
    return await packed(stage, "MILAN", delivery=delivery, lines={"HAT": quantity})


async def receive(stage: Stage, work: str, actor: Actor = ROME_TILL, **given: Any) -> Any:
    given["fulfillmentOrderId"] = work
    kind = "ReceivePickupTransferInput"
    return await stage.do(actor, "receivePickupTransfer", kind, WORKED, **given)


async def test_s30_a_store_is_supplied_and_a_part_is_missing(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"MILAN": 3}})
    order, work = await to_store(stage, 3)
    await stock.stock_up(engine, 3, "HAT", code="MADRID")
    early = await stage.do(
        ADMIN, "markReadyForPickup", "FulfillmentOrderInput", "", fulfillmentOrderId=work
    )
    assert early["code"] == "ILLEGAL_TRANSITION"
    sent = await stage.work("dispatchPickupTransfer", work, MILAN_TILL)
    assert groups_of(sent) == {"TRANSFER_IN_TRANSIT": 3}
    assert (await stage.level("HAT", "MILAN")).on_hand == 0
    line = order["lines"][0]["id"]
    before = await everything(engine)
    many = await receive(stage, work, lines=[{"orderLineId": line, "quantity": 4}])
    assert many["code"] == "QUANTITY_EXCEEDED"
    assert (await receive(stage, work, MILAN_TILL))["code"] == "NOT_FOUND"
    after = await everything(engine)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"fulfillment_exception", "outbox"}
    got = await receive(stage, work, lines=[{"orderLineId": line, "quantity": 2}])
    assert groups_of(got["order"]) == {"READY_FOR_PICKUP": 2, "RELEASED": 1}
    assert work_at(got["order"], "MADRID")["status"] == "RELEASED"
    rome = await stage.level("HAT")
    assert (rome.on_hand, rome.allocated) == (2, 2)
    done = await collect(stage, order, identityChecked=True)
    assert done["order"]["status"] == "CONFIRMED"
    assert groups_of(done["order"]) == {"COLLECTED": 2, "RELEASED": 1}
    await stage.check()


async def test_only_the_pickup_store_may_try_codes(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1}})
    till = {"actor": MILAN_TILL, "channel": "POS", "payment": {"tender": "TERMINAL"}}
    order, _ = await ready(stage, **till)
    before = await everything(engine)
    right = await stage.shop.scalar(sa.select(order_pickup.c.code))
    for code in ("AAAAAA", right):
        elsewhere = await collect(stage, order, MILAN_TILL, code=code)
        assert elsewhere["code"] == "NOT_FOUND"
    assert await everything(engine) == before
    assert (await collect(stage, order, code="AAAAAA"))["triesLeft"] == 4
    assert (await collect(stage, order, code=right))["order"]["status"] == "CLOSED"
    await stage.check()


async def test_a_transfer_is_received_once(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"MILAN": 2}})
    _, work = await to_store(stage, 2)
    await stage.work("dispatchPickupTransfer", work)
    both = await asyncio.gather(receive(stage, work), receive(stage, work))
    kinds = sorted(each["__typename"] for each in both)
    assert kinds == ["FulfillmentOrderPayload", "IllegalTransitionError"]
    reasons = await stage.shop.rows(
        sa.select(stock_movement.c.reason, stock_movement.c.quantity).where(
            stock_movement.c.reason.like("TRANSFER%")
        )
    )
    assert sorted(tuple(row) for row in reasons) == [("TRANSFER_IN", 2), ("TRANSFER_OUT", 2)]
    await stage.check()


async def test_a_till_orders_for_a_customer_from_another_store(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"MILAN": 2}})
    delivery = {"mode": "SHIP_TO_STORE", "locationId": location_id("ROME")}
    card = {"tender": "TERMINAL"}
    order = await stage.placed(ROME_TILL, channel="POS", delivery=delivery, payment=card)
    assert work_at(order, "MILAN")["status"] == "PLANNED"


def test_the_deadline_is_a_closing_time() -> None:
    hours = tuple(OpeningHours(day, time(9), time(19, 30)) for day in range(1, 7))

    def until(day: int, days: int, open_at: tuple[OpeningHours, ...] = hours) -> datetime:
        noon = datetime(2026, 10, day, 10, tzinfo=UTC)
        return closing_time("Europe/Rome", open_at, noon, days)

    assert until(19, 7) == datetime(2026, 10, 26, 18, 30, tzinfo=UTC)
    assert until(18, 7) == datetime(2026, 10, 26, 18, 30, tzinfo=UTC)  # a Sunday: closed
    assert until(19, 1, ()) == datetime(2026, 10, 20, 22, 0, tzinfo=UTC)
