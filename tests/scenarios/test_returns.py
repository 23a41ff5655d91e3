"""S37, S43, S45 to S48, S50: goods come back, and money is given back for them."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.identity.model import Actor
from domain.orders.tables import sales_order
from tests.support import carriers
from tests.support.mutations import everything
from tests.support.promotions import THREE_FOR_TWO, promote
from tests.support.returns import (
    PAID,
    ask,
    brought,
    call,
    delivered,
    inspect,
    lines_of,
    receive,
    refunded,
    set_policy,
    sold,
)
from tests.support.shop import ADMIN, MILAN_TILL, ROME_MANAGER, ROME_TILL, customer
from tests.support.stage import Stage, groups_of, location_id, open_stage

pytestmark = pytest.mark.usefixtures("clean_database")


async def owner(stage: Stage) -> Actor:
    """The customer of the only order."""
    return customer(await stage.shop.scalar(sa.select(sales_order.c.customer_id)))


async def test_s43_a_web_order_is_returned_in_another_store(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order = await delivered(stage)
    asked = (await ask(stage, order, await owner(stage)))["return"]
    assert (asked["state"], asked["method"]) == ("AUTHORISED", "STORE_DROP_OFF")
    codes = await stage.order(order["id"], "returns { code }", await owner(stage))
    assert len(codes["returns"][0]["code"]) == 6
    came = (await receive(stage, asked, "MILAN", MILAN_TILL))["return"]
    assert (came["state"], came["locationId"]) == ("RECEIVED", location_id("MILAN"))
    level = await stage.level("HAT", "MILAN")
    assert (level.on_hand, level.inspection, level.available) == (1, 1, 0)
    seen = await stage.order(order["id"], PAID)
    assert (seen["status"], seen["returnStatus"], seen["fulfillmentStatus"]) == (
        "CLOSED",
        "RETURNING",
        "DELIVERED",
    )
    done = (await inspect(stage, came, actor=MILAN_TILL, idempotencyKey="k"))["return"]
    assert done["state"] == "COMPLETED"
    assert str(done["credited"]["amount"]) == "19.90"
    seen = await stage.order(order["id"], PAID)
    assert refunded(seen) == ["19.90"]
    assert (seen["returnStatus"], seen["paymentStatus"]) == ("RETURNED", "REFUNDED")
    assert groups_of(seen) == {"RESTOCKED": 1}
    level = await stage.level("HAT", "MILAN")
    assert (level.on_hand, level.inspection, level.available) == (1, 0, 1)
    again = await inspect(stage, came, actor=MILAN_TILL, idempotencyKey="k")
    assert again["return"] == done
    await stage.check()


async def test_s37_an_undeliverable_parcel_is_inspected_and_paid_back_minus_policy(
    engine: AsyncEngine,
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    await set_policy(stage, restockingFee="0.1")
    order = await delivered_to_nobody(stage)
    back = {"carrier": "DHL", "trackingNumber": "T1", "locationId": location_id("ROME")}
    elsewhere = await call(stage, "receiveUndeliveredParcel", MILAN_TILL, **back)
    assert elsewhere["code"] == "NOT_FOUND"
    both = await asyncio.gather(
        *[call(stage, "receiveUndeliveredParcel", ROME_TILL, **back) for _ in range(2)]
    )
    assert sorted(each["__typename"] for each in both) == [
        "IllegalTransitionError",
        "ReturnPayload",
    ]
    came = next(each["return"] for each in both if "return" in each)
    assert (came["method"], came["state"]) == ("UNDELIVERED", "RECEIVED")
    assert (await stage.level("HAT")).inspection == 2
    done = (await inspect(stage, came, quantity=2))["return"]
    assert (done["state"], str(done["fee"]["amount"])) == ("COMPLETED", "3.98")
    seen = await stage.order(order["id"], f"{PAID} notices {{ kind }} presentTotal {{ amount }}")
    assert (seen["status"], refunded(seen)) == ("CLOSED", ["35.82"])
    assert [each["kind"] for each in seen["notices"]] == ["DELIVERY_FAILED", "PARCEL_RETURNED"]
    assert str(seen["presentTotal"]["amount"]) == "3.98"
    await stage.check()


async def delivered_to_nobody(stage: Stage) -> Any:
    """An order of two hats that was shipped as T1, and that the customer refused."""
    order, work = await carriers.packed(stage, lines={"HAT": 2})
    await stage.do(
        ADMIN, "shipFulfillmentOrder", "ShipFulfillmentOrderInput",
        "... on ShipFulfillmentOrderPayload { shipment { id } }",
        fulfillmentOrderId=work, carrier="DHL", parcels=[{"trackingNumber": "T1", "lines": []}],
    )  # fmt: skip
    await stage.do(
        ADMIN, "recordTrackingEvent", "RecordTrackingEventInput",
        "... on RecordTrackingEventPayload { event { applied } }",
        carrier="DHL", trackingNumber="T1", status="REFUSED", externalId="1",
        occurredAt="2026-01-01T10:00:00Z",
    )  # fmt: skip
    return order


async def test_s45_three_orders_in_one_bag(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}, "SCARF": {"ROME": 3}})
    orders = [
        await delivered(stage),
        await sold(stage, lines={"SCARF": 1}),
        await sold(stage, lines={"HAT": 2}),
    ]
    before = await everything(engine)
    for wrong in ([], [orders[0], orders[0]]):
        refused = await brought(stage, *wrong, code="MILAN", actor=MILAN_TILL)
        assert refused["code"] == "VALIDATION_FAILED"
    too_many = await brought(stage, *orders, orders[1] | {"number": "U-0000-0000"})
    assert too_many["code"] == "NOT_FOUND"
    assert await everything(engine) == before
    came = (await brought(stage, *orders, code="MILAN", actor=MILAN_TILL))["returns"]
    assert {each["state"] for each in came} == {"RECEIVED"}
    assert len({each["visitId"] for each in came}) == 1
    assert came[0]["visitId"] is not None
    assert (await stage.level("HAT", "MILAN")).inspection == 2
    for each in came:
        done = await inspect(stage, each, actor=MILAN_TILL)
        assert done["return"]["state"] == "COMPLETED"
    states = [await stage.order(order["id"], PAID) for order in orders]
    assert [refunded(each) for each in states] == [["19.90"], ["35.00"], ["19.90"]]
    assert [each["payments"][0]["tender"] for each in states] == ["CARD", "CASH", "CASH"]
    assert [each["returnStatus"] for each in states] == [
        "RETURNED",
        "RETURNED",
        "PARTIALLY_RETURNED",
    ]
    await stage.check()


async def test_s47_damaged_goods_are_quarantined_and_paid_back_by_policy(
    engine: AsyncEngine,
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    await set_policy(stage, damageDeduction="0.25", restockingFee="0.5")
    arrived, harmed = await sold(stage), await sold(stage)
    asked = await ask(
        stage, arrived, lines=[{**line, "reason": "DAMAGED"} for line in lines_of(arrived)]
    )
    for order, given, credited in (
        (arrived, await receive(stage, asked["return"]), "19.90"),
        (harmed, {"return": (await brought(stage, harmed))["returns"][0]}, "14.92"),
    ):
        done = (await inspect(stage, given["return"], "DAMAGED"))["return"]
        assert done["inspections"][0]["disposition"] == "QUARANTINE"
        assert str(done["credited"]["amount"]) == credited
        seen = await stage.order(order["id"], PAID)
        assert (groups_of(seen), refunded(seen)) == ({"QUARANTINED": 1}, [credited])
    level = await stage.level("HAT")
    assert (level.on_hand, level.available) == (5, 3)
    await stage.check()


async def test_s48_what_came_back_goes_to_a_store_that_ran_out(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5, "MILAN": 1}})
    await sold(stage, MILAN_TILL, delivery=taken_in("MILAN"))
    rules = {"locationId": location_id("ROME"), "transferToShort": True, "rules": []}
    answer = await stage.do(
        ROME_MANAGER, "setDispositionRules", "SetDispositionRulesInput",
        "... on DispositionRulesPayload { rules { version transferToShort } }", **rules,
    )  # fmt: skip
    assert answer["rules"] == {"version": 1, "transferToShort": True}
    order = await sold(stage)
    came = (await brought(stage, order))["returns"][0]
    done = (await inspect(stage, came, actor=ROME_TILL))["return"]
    found = done["inspections"][0]
    assert (found["disposition"], groups_of(await stage.order(order["id"]))) == (
        "TRANSFER",
        {"TRANSFERRED": 1},
    )
    transfer = await stage.api.do(
        ADMIN,
        "query($id: ID!) { transfer(id: $id) { state sourceId destinationId reference } }",
        id=found["transferId"],
    )
    assert transfer == {
        "state": "CREATED",
        "sourceId": location_id("ROME"),
        "destinationId": location_id("MILAN"),
        "reference": came["number"],
    }
    assert (await stage.level("HAT")).allocated == 1
    await stage.check()


def taken_in(code: str) -> dict[str, Any]:
    """Delivery of what is taken away in that store."""
    return {"mode": "TAKE_AWAY", "locationId": location_id(code)}


async def test_s50_two_clerks_take_the_same_unit_back(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order = await sold(stage)
    both = await asyncio.gather(
        brought(stage, order, code="ROME", actor=ROME_TILL),
        brought(stage, order, code="MILAN", actor=MILAN_TILL),
    )
    assert sorted(each["__typename"] for each in both) == [
        "QuantityExceededError",
        "ReturnBagPayload",
    ]
    came = next(each["returns"][0] for each in both if "returns" in each)
    twice = await asyncio.gather(inspect(stage, came), inspect(stage, came))
    assert sorted(each["__typename"] for each in twice) == [
        "QuantityExceededError",
        "ReturnPayload",
    ]
    assert refunded(await stage.order(order["id"], PAID)) == ["19.90"]
    asked = await asyncio.gather(ask(stage, order), ask(stage, order, ADMIN))
    assert {each["code"] for each in asked} == {"QUANTITY_EXCEEDED"}
    await stage.check()


async def test_a_return_that_staff_have_to_allow(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    await set_policy(stage, channel="WEB", authorises=False)
    order = await delivered(stage, lines={"HAT": 3})
    token = (await stage.order(order["id"], "trackingToken", await owner(stage)))["trackingToken"]
    guest = {"orderNumber": order["number"], "token": token}
    refused = await ask(stage, order, None, **(guest | {"token": "no"}))
    assert refused["code"] == "NOT_FOUND"
    first = (await ask(stage, order, None, **guest, idempotencyKey="guest"))["return"]
    assert first["state"] == "REQUESTED"
    assert (await ask(stage, order, None, **guest, idempotencyKey="guest"))["return"] == first
    allowed = await call(stage, "authoriseReturn", returnId=first["id"], expectedVersion=1)
    assert (allowed["return"]["state"], allowed["return"]["version"]) == ("AUTHORISED", 2)
    stale = await call(stage, "authoriseReturn", returnId=first["id"], expectedVersion=1)
    assert stale["code"] == "VERSION_CONFLICT"
    sent = {"carrier": "dhl", "trackingNumber": "back 1", "token": token}
    sent = await call(stage, "sendReturn", None, returnId=first["id"], **sent)
    assert sent["return"]["state"] == "IN_TRANSIT"
    second = (await ask(stage, order, None, **guest))["return"]
    no = await call(stage, "rejectReturn", returnId=second["id"], reason="worn")
    assert (no["return"]["state"], no["return"]["reason"]) == ("REJECTED", "worn")
    third = (await ask(stage, order, None, **guest, method="LABEL"))["return"]
    off = await call(stage, "cancelReturn", None, returnId=third["id"], token=token)
    assert off["return"]["state"] == "CANCELLED"
    for name in ("cancelReturn", "rejectReturn", "authoriseReturn"):
        over = await call(stage, name, returnId=third["id"])
        assert over["code"] == "ILLEGAL_TRANSITION"
    seen = await stage.order(order["id"], f"{PAID} returns {{ number state }}")
    assert groups_of(seen) == {"DELIVERED": 2, "RETURN_IN_TRANSIT": 1}
    assert [each["state"] for each in seen["returns"]] == ["IN_TRANSIT", "REJECTED", "CANCELLED"]
    await stage.check()


async def test_goods_that_do_not_come_in_time_stay_with_the_customer(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order = await sold(stage, lines={"HAT": 3})
    line = order["lines"][0]["id"]
    whole = [{"orderLineId": line, "quantity": 3, "reason": "OTHER"}]
    asked = (await ask(stage, order, lines=whole))["return"]
    some = [{"orderLineId": line, "quantity": 1}]
    came = (await receive(stage, asked, lines=some))["return"]
    assert came["state"] == "AUTHORISED"
    too_many = await receive(stage, asked, lines=[{"orderLineId": line, "quantity": 3}])
    assert too_many["code"] == "QUANTITY_EXCEEDED"
    elsewhere = await receive(stage, asked, "MILAN")
    assert elsewhere["code"] == "RECEIVED_ELSEWHERE"
    await stage.make_due("sales_return", "expires_at")
    assert await stage.tick() == 1
    assert await stage.tick() == 0
    seen = await stage.order(order["id"], f"{PAID} returns {{ state expiresAt }}")
    assert groups_of(seen) == {"COLLECTED": 2, "RETURN_RECEIVED": 1}
    assert seen["returns"] == [{"state": "RECEIVED", "expiresAt": None}]
    late = (await ask(stage, order))["return"]
    await stage.make_due("sales_return", "expires_at")
    await stage.tick()
    seen = await call(stage, "cancelReturn", returnId=late["id"])
    assert seen["code"] == "ILLEGAL_TRANSITION"
    seen = await stage.order(order["id"], "returns { state }")
    assert seen["returns"][1] == {"state": "EXPIRED"}
    await stage.check()


async def test_s46_one_of_three_for_two_gives_nothing_back_and_all_give_what_was_paid(
    engine: AsyncEngine,
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    await promote(stage, THREE_FOR_TWO)
    order = await sold(stage, lines={"HAT": 3})
    given: list[tuple[str, list[str]]] = []
    seen: Any = None
    for _ in range(3):
        came = (await brought(stage, order))["returns"][0]
        done = (await inspect(stage, came))["return"]
        seen = await stage.order(order["id"], PAID)
        given.append((str(done["credited"]["amount"]), refunded(seen)))
        await stage.check()
    assert given == [("0.00", ["0.00"]), ("19.90", ["19.90"]), ("19.90", ["39.80"])]
    assert str(seen["payments"][0]["captured"]["amount"]) == "39.80"
