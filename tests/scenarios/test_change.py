"""S31, S65: changing and cancelling after placing, and the money that follows."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.identity.model import Actor, Role
from domain.payments.tables import payment_refund, sandbox_charge
from tests.support.mutations import everything
from tests.support.shop import ADMIN, AGENT, MILAN_TILL, ROME_TILL
from tests.support.stage import ORDER, TO_PACKED, Stage, groups_of, open_stage, work_at

pytestmark = pytest.mark.usefixtures("clean_database")

CHANGED = f"... on ChangeOrderPayload {{ order {{ {ORDER} }} }}"
WORKED = f"""... on FulfillmentOrderPayload {{ order {{ {ORDER} }}
  fulfillmentOrder {{ status cancelRequested version }} }}"""


async def cancel_lines(
    stage: Stage, order: Any, quantity: int, actor: Actor = AGENT, **given: Any
) -> Any:
    units = [{"orderLineId": order["lines"][0]["id"], "quantity": quantity}]
    given = {"orderId": order["id"], "lines": units} | given
    return await stage.do(actor, "cancelOrderLines", "CancelOrderLinesInput", CHANGED, **given)


async def answer(stage: Stage, name: str, work: str, actor: Actor = ROME_TILL, **given: Any) -> Any:
    given["fulfillmentOrderId"] = work
    return await stage.do(actor, name, "AnswerCancelInput", WORKED, **given)


async def picking(stage: Stage, **wish: Any) -> tuple[Any, str]:
    """An order that is being picked in Rome, and that work."""
    order = await stage.released(**wish)
    work = work_at(order, "ROME")["id"]
    return await stage.work("startPicking", work), work


async def ship(stage: Stage, work: str) -> Any:
    return await stage.do(
        ADMIN, "shipFulfillmentOrder", "ShipFulfillmentOrderInput",
        f"... on ShipFulfillmentOrderPayload {{ order {{ {ORDER} }} }}",
        fulfillmentOrderId=work, carrier="DHL", parcels=[{"trackingNumber": "T1"}],
    )  # fmt: skip


async def charges(stage: Stage) -> list[tuple[int, int, int, bool]]:
    c = sandbox_charge.c
    query = sa.select(c.authorised_minor, c.captured_minor, c.refunded_minor, c.voided)
    return [tuple(row) for row in await stage.shop.rows(query)]


async def test_some_units_are_cancelled_and_never_charged(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 3}})
    order = await stage.placed(lines={"HAT": 3})
    done = await cancel_lines(stage, order, 2)
    assert groups_of(done["order"]) == {"ALLOCATED": 1, "CANCELLED": 2}
    assert (await stage.level("HAT")).available == 2
    released = await stage.change("releaseOrder", order["id"])
    work = work_at(released, "ROME")["id"]
    for step in TO_PACKED:
        await stage.work(step, work)
    shipped = (await ship(stage, work))["order"]
    assert shipped["payments"][0]["captured"]["amount"] == "19.90"
    await stage.do(
        ADMIN, "recordTrackingEvent", "RecordTrackingEventInput", "", carrier="DHL",
        trackingNumber="T1", externalId="1", status="DELIVERED",
        occurredAt="2026-01-01T10:00:00Z",
    )  # fmt: skip
    await stage.tick()
    assert (await stage.order(order["id"]))["status"] == "CLOSED"
    assert await charges(stage) == [(5970, 1990, 0, True)]
    await stage.check()


async def test_cancelling_all_units_cancels_the_order(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 3}})
    order = await stage.placed(lines={"HAT": 2})
    await cancel_lines(stage, order, 1)
    done = (await cancel_lines(stage, order, 1))["order"]
    assert (done["status"], done["paymentStatus"]) == ("CANCELLED", "VOIDED")
    seen = await stage.order(order["id"], "notices { kind }")
    assert seen["notices"] == [{"kind": "UNITS_CANCELLED"}] * 2
    await stage.check()


async def test_money_taken_in_cash_is_owed(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1, "MILAN": 3}})
    order = await stage.placed(
        ROME_TILL, channel="POS", lines={"HAT": 2}, payment={"tender": "CASH"}
    )
    await cancel_lines(stage, order, 1)
    seen = await stage.order(
        order["id"], "paymentStatus payments { refunded { amount } refundDue { amount } }"
    )
    assert seen == {
        "paymentStatus": "PARTIALLY_REFUNDED",
        "payments": [{"refunded": {"amount": "0.00"}, "refundDue": {"amount": "19.90"}}],
    }
    await stage.tick()
    assert await stage.order(order["id"], "paymentStatus") == {
        "paymentStatus": "PARTIALLY_REFUNDED"
    }
    await stage.check()


async def test_units_at_work_cannot_be_cancelled_without_asking(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 3}})
    order, _ = await picking(stage, lines={"HAT": 2})
    before = await everything(engine)
    refused = await cancel_lines(stage, order, 1)
    assert refused["code"] == "QUANTITY_EXCEEDED"
    assert (await cancel_lines(stage, order, 0))["code"] == "VALIDATION_FAILED"
    other = Actor("bruno", Role.CUSTOMER)
    assert (await cancel_lines(stage, order, 1, actor=other))["code"] == "NOT_FOUND"
    assert (await cancel_lines(stage, order, 1, expectedVersion=1))["code"] == "VERSION_CONFLICT"
    assert await everything(engine) == before


async def test_s31_cancel_while_picking_is_accepted(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 3}})
    order, work = await picking(stage, lines={"HAT": 2})
    asked = await stage.change("requestCancel", order["id"], AGENT)
    assert groups_of(asked) == {"PICKING": 2}
    await stage.work("confirmPick", work)
    await stage.work("packFulfillmentOrder", work)
    assert (await ship(stage, work))["code"] == "ILLEGAL_TRANSITION"
    assert (await answer(stage, "acceptCancelRequest", work, MILAN_TILL))["code"] == "NOT_FOUND"
    done = await answer(stage, "acceptCancelRequest", work, idempotencyKey="yes")
    assert done["order"]["status"] == "CANCELLED"
    assert done["fulfillmentOrder"]["status"] == "CANCELLED"
    assert (await stage.level("HAT")).available == 3
    assert await charges(stage) == [(3980, 0, 0, True)]
    seen = await stage.order(order["id"], "paymentStatus notices { kind detail }")
    assert seen["paymentStatus"] == "VOIDED"
    assert seen["notices"] == [{"kind": "CANCEL_ANSWERED", "detail": {"accepted": True}}]
    after = await everything(engine)
    again = await answer(stage, "acceptCancelRequest", work, idempotencyKey="yes")
    assert again["order"]["status"] == "CANCELLED"
    assert await everything(engine) == after
    await stage.check()


async def test_s31_cancel_while_picking_is_refused_and_ships(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 3}})
    order, work = await picking(stage)
    await stage.change("requestCancel", order["id"], AGENT)
    refused = await answer(stage, "refuseCancelRequest", work, reason="packed already")
    assert refused["fulfillmentOrder"]["cancelRequested"] is False
    for step in ("confirmPick", "packFulfillmentOrder"):
        await stage.work(step, work)
    assert groups_of((await ship(stage, work))["order"]) == {"SHIPPED": 1}
    assert (await answer(stage, "acceptCancelRequest", work))["code"] == "ILLEGAL_TRANSITION"
    await stage.check()


async def test_s31_no_answer_in_time_is_a_refusal(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 3}})
    order, _ = await picking(stage)
    await stage.change("requestCancel", order["id"], AGENT)
    assert await stage.tick() == 0
    await stage.make_due("fulfillment_order", "cancel_answer_by")
    assert sum(await asyncio.gather(stage.tick(), stage.tick())) == 1
    seen = await stage.order(
        order["id"], "fulfillmentOrders { cancelRequested } notices { detail }"
    )
    assert seen["fulfillmentOrders"] == [{"cancelRequested": False}]
    assert seen["notices"] == [{"detail": {"accepted": False}}]


async def test_a_request_cancels_at_once_what_nobody_works_on(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 3}})
    order = await stage.placed(lines={"HAT": 2})
    done = await stage.change("requestCancel", order["id"], AGENT)
    assert done["status"] == "CANCELLED"
    refused = await stage.do(
        AGENT, "requestCancel", "ChangeOrderInput", CHANGED, orderId=order["id"]
    )
    assert refused["code"] == "ILLEGAL_TRANSITION"
    await stage.check()


async def test_cancel_and_ship_at_once_have_one_winner(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 3}})
    order, work = await picking(stage)
    for step in ("confirmPick", "packFulfillmentOrder"):
        await stage.work(step, work)
    request = stage.do(AGENT, "requestCancel", "ChangeOrderInput", CHANGED, orderId=order["id"])
    asked, shipped = await asyncio.gather(request, ship(stage, work))
    if shipped["__typename"] == "ShipFulfillmentOrderPayload":
        assert asked["code"] == "ILLEGAL_TRANSITION"
    else:
        assert shipped["code"] == "ILLEGAL_TRANSITION"
        done = await answer(stage, "acceptCancelRequest", work)
        assert done["order"]["status"] == "CANCELLED"
    await stage.check()


async def test_a_refused_refund_is_owed(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 3}})
    order = await stage.placed(pickup="ROME", token="tok_refund_fail")
    await stage.change("releaseOrder", order["id"])
    work = work_at(order, "ROME")["id"]
    for step in (*TO_PACKED, "markReadyForPickup"):
        await stage.work(step, work)
    async with engine.begin() as connection:
        await connection.execute(
            sa.text("update payment set captured_minor = 1990, state = 'CAPTURED'")
        )
        await connection.execute(sa.text("update sandbox_charge set captured_minor = 1990"))
    await stage.change("requestCancel", order["id"], AGENT)
    await answer(stage, "acceptCancelRequest", work)
    states = await stage.shop.rows(sa.select(payment_refund.c.state))
    assert [row.state for row in states] == ["DECLINED"]
    seen = await stage.order(order["id"], "payments { refundDue { amount } }")
    assert seen["payments"] == [{"refundDue": {"amount": "19.90"}}]
    assert await stage.tick() == 0


async def test_s65_two_agents_edit_one_order(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 3}})
    order = await stage.placed(lines={"HAT": 3})
    both = await asyncio.gather(
        cancel_lines(stage, order, 1, expectedVersion=order["version"]),
        cancel_lines(stage, order, 2, expectedVersion=order["version"]),
    )
    kinds = sorted(each["__typename"] for each in both)
    assert kinds == ["ChangeOrderPayload", "VersionConflictError"]
    now = await stage.order(order["id"])
    assert now["version"] == order["version"] + 1
    await stage.check()


async def test_an_order_rests_until_its_moment(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 3}})
    order = await stage.placed()
    held = {"orderId": order["id"], "hold": "SCHEDULED"}
    kind = "OrderHoldInput"
    before = await everything(engine)
    for until in (None, "2020-01-01T00:00:00Z", "2099-01-01T00:00:00"):
        refused = await stage.do(AGENT, "holdOrder", kind, CHANGED, until=until, **held)
        assert refused["code"] == "VALIDATION_FAILED", until
    manual = {"orderId": order["id"], "hold": "MANUAL", "until": "2099-01-01T00:00:00Z"}
    assert (await stage.do(AGENT, "holdOrder", kind, "", **manual))["code"] == "VALIDATION_FAILED"
    assert await everything(engine) == before
    await stage.do(AGENT, "holdOrder", kind, CHANGED, until="2099-01-01T00:00:00Z", **held)
    blocked = await stage.do(ADMIN, "releaseOrder", "ChangeOrderInput", "", orderId=order["id"])
    assert blocked["code"] == "ORDER_ON_HOLD"
    assert await stage.tick() == 0
    await stage.make_due("sales_order", "hold_until")
    assert sum(await asyncio.gather(stage.tick(), stage.tick())) == 1
    seen = await stage.order(order["id"], "holds holdUntil")
    assert seen == {"holds": [], "holdUntil": None}
    assert groups_of(await stage.change("releaseOrder", order["id"])) == {"RELEASED": 1}
    await stage.check()


async def test_an_address_is_edited_until_something_is_packed(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 3}})
    order, work = await picking(stage)
    home = {
        "recipient": "Ada Verdi", "street": "Via Po 9", "city": "Rome", "postalCode": "00198",
        "country": "IT",
    }  # fmt: skip

    async def edit(actor: Actor = AGENT, **more: Any) -> Any:
        given = {"orderId": order["id"], "address": home} | more
        return await stage.do(actor, "editOrderAddress", "EditOrderAddressInput", CHANGED, **given)

    before = await everything(engine)
    abroad = await edit(address=home | {"country": "ES"})
    assert abroad["code"] == "VALIDATION_FAILED"
    assert (await edit(address=home | {"city": " "}))["code"] == "VALIDATION_FAILED"
    assert (await edit(Actor("x", Role.CUSTOMER)))["code"] == "NOT_FOUND"
    assert (await edit(expectedVersion=1))["code"] == "VERSION_CONFLICT"
    assert await everything(engine) == before
    both = await asyncio.gather(edit(idempotencyKey="k"), edit(idempotencyKey="k"))
    assert both[0] == both[1]
    seen = await stage.order(order["id"], "version address { street }")
    assert seen == {"version": order["version"] + 1, "address": {"street": "Via Po 9"}}
    for step in ("confirmPick", "packFulfillmentOrder"):
        await stage.work(step, work)
    assert (await edit())["code"] == "ILLEGAL_TRANSITION"
    await stage.check()
