"""S49: other goods instead of those that came back, even, up and down."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.returns import exchanging
from domain.returns.tables import sales_return
from tests.support.returns import PAID, RETURN, brought, call, delivered, inspect, refunded, sold
from tests.support.shop import ADMIN, MILAN_TILL, ROME_TILL
from tests.support.stage import ORDER, Stage, groups_of, location_id, open_stage

pytestmark = pytest.mark.usefixtures("clean_database")

CASH = {"tender": "CASH"}


async def exchange(stage: Stage, given: Any, lines: dict[str, int], **more: Any) -> Any:
    """What exchangeReturn answers for goods that are taken away in Rome."""
    actor = more.pop("actor", ROME_TILL)
    more = {
        "returnId": given["id"],
        "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()],
        "delivery": {"mode": "TAKE_AWAY", "locationId": location_id("ROME")},
    } | more
    selection = f"""... on ExchangeReturnPayload {{ return {{ {RETURN} }} order {{ {ORDER} }} }}
      ... on PaymentDeclinedError {{ orderId }}"""
    return await stage.do(actor, "exchangeReturn", "ExchangeReturnInput", selection, **more)


async def test_s49_an_even_exchange_moves_no_money(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order = await delivered(stage)
    came = (await brought(stage, order))["returns"][0]
    elsewhere = await exchange(stage, came, {"HAT": 1}, actor=MILAN_TILL)
    assert elsewhere["code"] == "NOT_FOUND"
    done = await exchange(stage, came, {"HAT": 1}, idempotencyKey="k")
    assert await exchange(stage, came, {"HAT": 1}, idempotencyKey="k") == done
    assert (await exchange(stage, came, {"HAT": 1}))["code"] == "ILLEGAL_TRANSITION"
    assert (done["return"]["state"], done["order"]["status"]) == ("RECEIVED", "CLOSED")
    assert done["return"]["exchangeOrderId"] == done["order"]["id"]
    assert groups_of(done["order"]) == {"COLLECTED": 1}
    await inspect(stage, came)
    seen = await stage.order(order["id"], PAID)
    assert (groups_of(seen), refunded(seen)) == ({"RESTOCKED": 1}, ["0.00"])
    new = await stage.order(done["order"]["id"], PAID)
    assert [each["tender"] for each in new["payments"]] == ["EXCHANGE_CREDIT"]
    level = await stage.level("HAT")
    assert (level.on_hand, level.available) == (4, 4)
    await stage.check()


async def test_s49_what_is_worth_less_gives_the_rest_back(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}, "SCARF": {"ROME": 5}})
    order = await delivered(stage, lines={"SCARF": 1})
    came = (await brought(stage, order))["returns"][0]
    done = await exchange(stage, came, {"HAT": 1})
    assert refunded(await stage.order(order["id"], PAID)) == ["0.00"]
    await inspect(stage, came)
    assert refunded(await stage.order(order["id"], PAID)) == ["15.10"]
    await stage.check()
    # The new goods come back too: what paid for them is given back to the first tender.
    again = (await brought(stage, done["order"]))["returns"][0]
    await inspect(stage, again)
    await stage.tick()
    seen = await stage.order(order["id"], PAID)
    assert (refunded(seen), seen["paymentStatus"]) == (["35.00"], "REFUNDED")
    await stage.check()


async def test_s49_without_the_difference_there_are_no_free_goods(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}, "SCARF": {"ROME": 1}})
    order = await delivered(stage)
    came = (await brought(stage, order))["returns"][0]
    short = await exchange(stage, came, {"SCARF": 1})
    assert short["code"] == "VALIDATION_FAILED"
    no = await exchange(
        stage, came, {"SCARF": 1}, payment={"tender": "CARD", "token": "tok_decline"}, actor=ADMIN
    )
    assert no["code"] == "PAYMENT_DECLINED"
    seen = await stage.api.do(
        ADMIN, f"query($id: ID!) {{ return(id: $id) {{ {RETURN} }} }}", id=came["id"]
    )
    assert (seen["state"], seen["lines"]) == ("RECEIVED", came["lines"])
    waiting = await stage.order(no["orderId"])
    assert (waiting["status"], groups_of(waiting)) == ("PENDING_PAYMENT", {"NEW": 1})
    await stage.make_due("sales_order", "pay_until", status="PENDING_PAYMENT")
    await stage.make_due("reservation", "expires_at")
    await stage.tick()
    assert (await stage.order(no["orderId"]))["status"] == "EXPIRED"
    await stage.tick()
    assert (await stage.level("SCARF")).available == 1
    done = await exchange(stage, came, {"SCARF": 1}, payment=CASH)
    assert done["order"]["status"] == "CLOSED"
    new = await stage.order(done["order"]["id"], PAID)
    paid = {each["tender"]: str(each["captured"]["amount"]) for each in new["payments"]}
    assert paid.keys() == {"EXCHANGE_CREDIT", "CASH"}
    assert paid["CASH"] == "15.10"
    await inspect(stage, came)
    assert refunded(await stage.order(order["id"], PAID)) == ["0.00"]
    await stage.check()


async def test_s49_what_is_sold_out_leads_to_the_refund(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 2}})
    order = await sold(stage)
    came = (await brought(stage, order))["returns"][0]
    gone = await exchange(stage, came, {"SCARF": 1}, payment=CASH)
    assert gone["code"] == "INSUFFICIENT_STOCK"
    await inspect(stage, came)
    assert refunded(await stage.order(order["id"], PAID)) == ["19.90"]
    late = await exchange(stage, came, {"HAT": 1})
    assert late["code"] == "ILLEGAL_TRANSITION"
    own = await call(stage, "receiveReturn", returnId=came["id"], locationId=location_id("ROME"))
    assert own["code"] == "ILLEGAL_TRANSITION"
    await stage.check()


async def test_nobody_pays_with_what_never_came_back(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 2}})
    credit = {"tender": "EXCHANGE_CREDIT", "amount": {"amount": "19.90", "currency": "EUR"}}
    answer = await stage.place(ADMIN, payment=credit)
    assert answer["code"] == "VALIDATION_FAILED"


async def test_an_exchange_that_was_cut_off_goes_on_or_is_given_up(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order = await delivered(stage, lines={"HAT": 2})
    came = (await brought(stage, order))["returns"][0]

    async def crash(*_: Any) -> Any:
        raise RuntimeError

    async def cut_off(step: str, given: Any, key: str) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(exchanging, step, crash)
            with pytest.raises(AssertionError):
                await exchange(stage, given, {"HAT": 1}, idempotencyKey=key)

    await cut_off("place_order", came, "a")
    assert await stage.tick() == 0
    done = await exchange(stage, came, {"HAT": 1}, idempotencyKey="a")
    assert groups_of(done["order"]) == {"COLLECTED": 1}
    await stage.check()

    second = (await brought(stage, order))["returns"][0]
    await cut_off("place_order", second, "b")
    async with engine.begin() as connection:
        past = sa.func.now() - sa.text("interval '1 hour'")
        await connection.execute(sa.update(sales_return).values(updated_at=past))
    assert await stage.tick() == 1
    late = await exchange(stage, second, {"HAT": 1}, idempotencyKey="b")
    assert late["code"] == "ILLEGAL_TRANSITION"
    await cut_off("_reconciled", second, "c")
    again = await exchange(stage, second, {"HAT": 1}, idempotencyKey="c")
    assert again["return"]["exchangeOrderId"] == again["order"]["id"]
    for each in (came, second):
        await inspect(stage, each)
    assert refunded(await stage.order(order["id"], PAID)) == ["0.00"]
    assert (await stage.level("HAT")).on_hand == 3
    await stage.check()
