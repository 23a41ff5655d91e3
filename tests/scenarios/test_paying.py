"""S02, S04, S07, S08, S10, S11: stock, reservations and payments while an order is placed."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.catalog.tables import variant_channel
from domain.orders.tables import sales_order
from domain.payments.tables import sandbox_charge
from tests.support.mutations import everything
from tests.support.shop import AGENT, ROME_TILL, WEB_SHOP
from tests.support.stage import Stage, gid, groups_of, location_id, open_stage

pytestmark = pytest.mark.usefixtures("clean_database")


async def pay(stage: Stage, order_id: str, token: str | None = None, **given: Any) -> Any:
    payment = {"tender": "CARD", "token": token} if token else None
    selection = "... on PayOrderPayload { order { id status paymentStatus } }"
    given |= {"orderId": order_id, "payment": payment}
    return await stage.do(WEB_SHOP, "payOrder", "PayOrderInput", selection, **given)


async def only_order(stage: Stage) -> Any:
    return await stage.shop.scalar(sa.select(sales_order.c.id))


async def test_s02_a_sku_withdrawn_before_submitting(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}, "SCARF": {"ROME": 5}})
    async with engine.begin() as connection:
        withdrawn = sa.update(variant_channel).where(variant_channel.c.sku == "SCARF")
        await connection.execute(withdrawn.values(sellable=False))
    before = await everything(engine)
    answer = await stage.place(lines={"HAT": 1, "SCARF": 1})
    assert answer["code"] == "PRODUCT_NOT_SELLABLE"
    assert await everything(engine) == before
    assert groups_of(await stage.placed(lines={"HAT": 1})) == {"ALLOCATED": 1}


async def test_s04_fifty_buyers_of_one_unit_on_three_channels(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1}})
    take_away = {"mode": "TAKE_AWAY", "locationId": location_id("ROME")}
    cash = {"tender": "CASH"}

    async def buy(number: int) -> str:
        match number % 3:
            case 0:
                answer = await stage.place()
            case 1:
                answer = await stage.place(AGENT)
            case _:
                answer = await stage.place(
                    ROME_TILL, channel="POS", delivery=take_away, payment=cash
                )
        return answer["__typename"]

    answers = await asyncio.gather(*[buy(number) for number in range(50)])
    assert answers.count("PlaceOrderPayload") == 1
    assert answers.count("InsufficientStockError") == 49
    assert await stage.shop.scalar(sa.select(sa.func.count()).select_from(sales_order)) == 1
    assert (await stage.level("HAT")).available == 0
    await stage.check()


async def test_s07_a_declined_payment_holds_until_the_window_ends(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1}})
    assert (await stage.place(token="tok_decline"))["code"] == "PAYMENT_DECLINED"
    order_id = await only_order(stage)
    waiting = await stage.order(gid("Order", order_id))
    assert (waiting["status"], waiting["holds"]) == ("PENDING_PAYMENT", ["PAYMENT"])
    assert (await stage.level("HAT")).reserved == 1
    assert await stage.tick() == 0
    await stage.make_due("sales_order", "pay_until")
    await stage.tick()
    seen = await stage.order(waiting["id"], "status notices { kind }")
    assert seen == {"status": "EXPIRED", "notices": [{"kind": "PAYMENT_WINDOW_ENDED"}]}
    assert (await stage.level("HAT")).available == 1
    await stage.check()


async def test_s08_a_time_out_after_charging_is_one_charge(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    first = await stage.place(token="tok_timeout", idempotencyKey="k")
    assert first["code"] == "PAYMENT_OUTCOME_UNKNOWN"
    again = await stage.placed(token="tok_timeout", idempotencyKey="k")
    assert again["status"] == "CONFIRMED"
    charges = await stage.shop.rows(sa.select(sandbox_charge.c.attempts))
    assert [row.attempts for row in charges] == [2]
    await stage.check()


async def test_s10_stock_sold_while_the_customer_pays(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1}})
    assert (await stage.place(token="tok_decline"))["code"] == "PAYMENT_DECLINED"
    late = gid("Order", await only_order(stage))
    await stage.make_due("reservation", "expires_at")
    bought = await stage.placed(customer={"email": "bruno@example.com"})
    assert bought["status"] == "CONFIRMED"
    answer = await pay(stage, late, "tok_approve")
    assert answer["code"] == "ORDER_EXPIRED"
    assert (await stage.order(late))["paymentStatus"] == "VOIDED"
    level = await stage.level("HAT")
    assert (level.allocated, level.available) == (1, 0)
    await stage.check()


async def test_s11_a_terminal_that_lost_the_answer_replays(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 2}})
    sale = {
        "channel": "POS",
        "delivery": {"mode": "TAKE_AWAY", "locationId": location_id("ROME")},
        "payment": {"tender": "TERMINAL"},
        "idempotencyKey": "till-1:42",
    }
    first = await stage.placed(ROME_TILL, **sale)
    assert await stage.placed(ROME_TILL, **sale) == first
    assert first["status"] == "CLOSED"
    assert (await stage.level("HAT")).on_hand == 1
    await stage.check()
