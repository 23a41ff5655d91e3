"""S09, S12 and their kin: several tenders, gift cards, credit, cheques and transfers."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.orders.tables import sales_order
from domain.payments.tables import sandbox_charge
from domain.vouchers.model import check_symbol
from domain.vouchers.tables import lookup_allowance, voucher
from tests.support.actors import FINANCE
from tests.support.mutations import everything
from tests.support.shop import ADMIN, AGENT, ROME_TILL, WEB_SHOP, customer
from tests.support.stage import TO_PACKED, Stage, gid, location_id, open_stage, wish

pytestmark = pytest.mark.usefixtures("clean_database")

CARD = {"tender": "CARD", "token": "tok_approve"}
ORDER = """id number status holds version paymentStatus payments { id tender state declineReason
  authorised { amount } captured { amount } refunded { amount } refundDue { amount } }"""


def eur(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


async def issued(stage: Stage, amount: str = "10.00", currency: str = "EUR") -> dict[str, Any]:
    selection = (
        "... on IssueGiftCardPayload { giftCardCode giftCard { id lastFour balance { amount } } }"
    )
    given = {"amount": {"amount": amount, "currency": currency}}
    answer = await stage.do(FINANCE, "issueGiftCard", "IssueGiftCardInput", selection, **given)
    assert answer["__typename"] == "IssueGiftCardPayload", answer
    return answer | {"code": answer["giftCardCode"]}


async def left_on(stage: Stage, code: str) -> str | None:
    document = "query($code: String!) { giftCardBalance(code: $code) { balance { amount } } }"
    found = await stage.api.do(FINANCE, document, code=code)
    return found["balance"]["amount"] if found else None


async def only_order(stage: Stage) -> str:
    return gid("Order", await stage.shop.scalar(sa.select(sales_order.c.id)))


async def buyer(stage: Stage) -> str:
    """The id of the customer of all orders, known before they order."""
    await stage.placed(payment=CARD)
    found = await stage.shop.scalar(sa.select(sales_order.c.customer_id))
    return gid("Customer", found)


async def limited(stage: Stage, who: str, amount: str) -> dict[str, Any]:
    selection = "... on CreditAccountPayload { creditAccount { used { amount } version } }"
    given = {"customerId": who, "limit": eur(amount)}
    return await stage.do(FINANCE, "setCreditLimit", "SetCreditLimitInput", selection, **given)


def paid(order: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {
        each["tender"]: (each["state"], each["authorised"]["amount"]) for each in order["payments"]
    }


async def shipped(stage: Stage, order_id: str) -> Any:
    order = await stage.change("releaseOrder", order_id)
    for work in order["fulfillmentOrders"]:
        for step in TO_PACKED:
            await stage.work(step, work["id"])
        parcels = [{"trackingNumber": uuid4().hex}]
        given = {"fulfillmentOrderId": work["id"], "carrier": "DHL", "parcels": parcels}
        kind = "ShipFulfillmentOrderInput"
        answer = await stage.do(ADMIN, "shipFulfillmentOrder", kind, "", **given)
        assert answer["__typename"] == "ShipFulfillmentOrderPayload", answer
    return await stage.order(order_id, ORDER)


async def test_a_gift_card_pays_what_it_has_and_the_card_the_rest(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    code = (await issued(stage))["code"]
    gift = {"tender": "GIFT_CARD", "code": code.lower().replace("-", " ")}
    order = await stage.placed(payment=None, payments=[gift, CARD], idempotencyKey="k")
    seen = await stage.order(order["id"], ORDER)
    assert paid(seen) == {"GIFT_CARD": ("AUTHORISED", "10.00"), "CARD": ("AUTHORISED", "9.90")}
    assert await left_on(stage, code) == "0.00"
    again = await stage.placed(payment=None, payments=[gift, CARD], idempotencyKey="k")
    assert again["id"] == order["id"]
    await stage.check()
    seen = await shipped(stage, order["id"])
    assert paid(seen) == {"GIFT_CARD": ("CAPTURED", "10.00"), "CARD": ("CAPTURED", "9.90")}
    await refunded(stage, order["id"], "12.00")
    assert await left_on(stage, code) == "2.10"
    assert await stage.shop.scalar(sa.select(sandbox_charge.c.refunded_minor)) == 990
    await stage.check()


async def refunded(stage: Stage, order_id: str, amount: str, **given: Any) -> Any:
    selection = f"... on ChangeOrderPayload {{ order {{ {ORDER} }} }}"
    given = {"orderId": order_id, "amount": eur(amount), "reason": "sorry", **given}
    return await stage.do(FINANCE, "refundOrder", "RefundOrderInput", selection, **given)


async def test_s09_a_declined_card_gives_the_gift_card_back(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    code = (await issued(stage))["code"]
    gift = {"tender": "GIFT_CARD", "code": code, "amount": eur("4.00")}
    declined = {"tender": "CARD", "token": "tok_decline"}
    answer = await stage.place(payment=None, payments=[declined, gift])
    assert answer["code"] == "PAYMENT_DECLINED"
    order_id = await only_order(stage)
    assert (await stage.order(order_id))["status"] == "PENDING_PAYMENT"
    assert await left_on(stage, code) == "6.00"
    await stage.check()
    await stage.make_due("sales_order", "pay_until")
    await stage.tick()
    seen = await stage.order(order_id, ORDER)
    assert (seen["status"], paid(seen)["GIFT_CARD"][0]) == ("EXPIRED", "VOIDED")
    assert await left_on(stage, code) == "10.00"
    await stage.check()


async def test_units_that_are_cancelled_give_their_part_back(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    code = (await issued(stage, "30.00"))["code"]
    gift = {"tender": "GIFT_CARD", "code": code}
    order = await stage.placed(lines={"HAT": 3}, payment=None, payments=[gift, CARD])
    lines = [{"orderLineId": order["lines"][0]["id"], "quantity": 2}]
    given = {"orderId": order["id"], "lines": lines}
    await stage.do(AGENT, "cancelOrderLines", "CancelOrderLinesInput", "", **given)
    assert await left_on(stage, code) == "10.10"
    await stage.check()
    seen = await shipped(stage, order["id"])
    assert paid(seen)["GIFT_CARD"] == ("CAPTURED", "19.90")
    await stage.check()


async def test_after_a_decline_another_card_pays_what_the_gift_card_does_not(
    engine: AsyncEngine,
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    code = (await issued(stage))["code"]
    declined = {"tender": "CARD", "token": "tok_decline"}
    gift = {"tender": "GIFT_CARD", "code": code}
    await stage.place(payment=None, payments=[gift, declined])
    order_id = await only_order(stage)
    selection = f"... on PayOrderPayload {{ order {{ {ORDER} }} }}"
    payments = [CARD | {"amount": eur("5.00")}, CARD]
    answer = await stage.do(
        WEB_SHOP, "payOrder", "PayOrderInput", selection, orderId=order_id, payments=payments
    )
    assert answer["order"]["status"] == "CONFIRMED"
    amounts = sorted(each["authorised"]["amount"] for each in answer["order"]["payments"])
    assert amounts == ["0.00", "10.00", "4.90", "5.00"]
    await stage.check()


async def test_gift_cards_that_cannot_pay_change_nothing(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    small, over, gone = [await issued(stage) for _ in range(3)]
    far = await issued(stage, "50.00", "CHF")
    cancel = {"voucherId": gone["giftCard"]["id"], "reason": "stolen"}
    await stage.do(FINANCE, "cancelGiftCard", "CancelGiftCardInput", "", **cancel)
    async with engine.begin() as connection:
        past = sa.func.now() - sa.text("interval '1 second'")
        await connection.execute(
            sa.update(voucher).where(voucher.c.id == over["giftCard"]["id"]).values(expires_at=past)
        )
    selection = "... on TenderRefusedError { refusal available { amount } }"
    last = small["code"][-1]
    wrong = small["code"][:-1] + ("0" if last != "0" else "1")
    before = await everything(engine)
    cases = [
        ([{"code": small["code"]}], "INSUFFICIENT_BALANCE", "10.00"),
        ([{"code": small["code"], "amount": eur("19.90")}], "INSUFFICIENT_BALANCE", "10.00"),
        ([{"code": over["code"]}], "EXPIRED", None),
        ([{"code": gone["code"]}], "CANCELLED", None),
        ([{"code": far["code"]}], "OTHER_CURRENCY", None),
        ([{"code": small["code"]}, {"code": small["code"]}], "VALIDATION_FAILED", None),
        ([{"code": wrong}], "VALIDATION_FAILED", None),
    ]
    for cards, refusal, available in cases:
        payments = [{"tender": "GIFT_CARD", **card} for card in cards]
        given = wish(payment=None, payments=payments)
        answer = await stage.do(WEB_SHOP, "placeOrder", "PlaceOrderInput", selection, **given)
        assert refusal in (answer.get("refusal"), answer["code"]), answer
        left = answer.get("available")
        assert (left["amount"] if left else None) == available
    assert await everything(engine) == before
    body = "ABCDEFGHJKMNPQR"
    nobodys = {"tender": "GIFT_CARD", "code": body + check_symbol(body)}
    answer = await stage.place(payment=nobodys)
    assert answer["code"] == "TENDER_REFUSED"
    after = await everything(engine)
    assert {key for key in after if after[key] != before[key]} == {lookup_allowance.name}
    await stage.tick()
    assert await left_on(stage, over["code"]) == "0.00"
    await stage.check()


async def test_a_gift_card_cannot_be_spent_twice_at_once(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    code = (await issued(stage, "50.00"))["code"]
    gift = {"tender": "GIFT_CARD", "code": code, "amount": eur("19.90")}
    answers = await asyncio.gather(*[stage.place(payment=gift) for _ in range(5)])
    assert sorted(answer["__typename"] for answer in answers) == [
        *["PlaceOrderPayload"] * 2,
        *["TenderRefusedError"] * 3,
    ]
    assert await left_on(stage, code) == "10.20"
    await stage.check()


async def test_codes_cannot_be_found_by_trying(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    code = (await issued(stage))["code"]
    document = "query($code: String!) { giftCardBalance(code: $code) { usable lastFour } }"
    for _ in range(20):
        found = await stage.api.do(AGENT, document, code=code)
        assert found == {"usable": True, "lastFour": code[-4:]}
    _, errors = await stage.api.ask(AGENT, document, {"code": code})
    assert errors == ["TOO_MANY_LOOKUPS"]
    answer = await stage.place(AGENT, payment={"tender": "GIFT_CARD", "code": code})
    assert answer["code"] == "TOO_MANY_LOOKUPS"
    assert await left_on(stage, code) == "10.00"
    hashes = await stage.shop.scalar(sa.select(voucher.c.code_hash))
    assert len(hashes) == 64


async def test_store_credit_pays_and_comes_back(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    who = await buyer(stage)
    selection = "... on VoucherPayload { voucher { version balance { amount } } }"
    grant = {"customerId": who, "amount": eur("15.00"), "reason": "late parcel"}
    kind = "GrantStoreCreditInput"
    await stage.do(AGENT, "grantStoreCredit", kind, selection, **grant)
    granted = await stage.do(AGENT, "grantStoreCredit", kind, selection, **grant)
    assert granted["voucher"] == {"version": 2, "balance": {"amount": "30.00"}}
    order = await stage.placed(payment={"tender": "STORE_CREDIT"})
    credit = "query($id: ID!) { customer(id: $id) { storeCredit { amount } } }"
    assert (await stage.api.do(FINANCE, credit, id=who)) == {"storeCredit": [{"amount": "10.10"}]}
    await stage.change("cancelOrder", order["id"])
    assert (await stage.api.do(FINANCE, credit, id=who)) == {"storeCredit": [{"amount": "30.00"}]}
    await stage.check()


@pytest.mark.parametrize("tender", ["CHEQUE", "BANK_TRANSFER"])
async def test_an_order_waits_until_finance_has_seen_the_money(
    engine: AsyncEngine, tender: str
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 2}})
    payment = {"tender": tender} | ({"number": "4711"} if tender == "CHEQUE" else {})
    order = await stage.placed(AGENT, payment=payment)
    assert (order["status"], order["paymentStatus"]) == ("PENDING_PAYMENT", "PENDING")
    await stage.make_due("reservation", "created_at")
    await stage.tick()
    seen = await stage.order(order["id"], ORDER)
    assert seen["status"] == "PENDING_PAYMENT"
    given = {"orderId": order["id"], "paymentId": seen["payments"][0]["id"]}
    if tender == "CHEQUE":
        kind = "ReportPaymentBouncedInput"
        await stage.do(FINANCE, "reportPaymentBounced", kind, "", **given)
        seen = await stage.order(order["id"], ORDER)
        assert (seen["holds"], seen["payments"][0]["state"]) == (["PAYMENT"], "DECLINED")
        answer = await stage.do(
            AGENT, "payOrder", "PayOrderInput", "", orderId=order["id"],
            payment={"tender": "CHEQUE", "number": "4712"},
        )  # fmt: skip
        assert answer["__typename"] == "PayOrderPayload", answer
        seen = await stage.order(order["id"], ORDER)
        given["paymentId"] = next(p["id"] for p in seen["payments"] if p["state"] == "PENDING")
    selection = f"... on ChangeOrderPayload {{ order {{ {ORDER} }} }}"
    kind, key = "ConfirmPaymentReceivedInput", {"idempotencyKey": "k"}
    for _ in range(2):
        done = await stage.do(FINANCE, "confirmPaymentReceived", kind, selection, **given, **key)
        assert (done["order"]["status"], done["order"]["holds"]) == ("CONFIRMED", [])
    late = await stage.do(FINANCE, "confirmPaymentReceived", kind, selection, **given)
    assert late["code"] == "ILLEGAL_TRANSITION"
    assert (await stage.level("HAT")).allocated == 1
    await stage.check()


async def test_a_transfer_that_comes_too_late_is_owed(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 2}})
    order = await stage.placed(payment={"tender": "BANK_TRANSFER"})
    await stage.make_due("sales_order", "pay_until")
    await stage.tick()
    seen = await stage.order(order["id"], ORDER)
    assert (seen["status"], seen["payments"][0]["state"]) == ("EXPIRED", "VOIDED")
    given = {"orderId": order["id"], "paymentId": seen["payments"][0]["id"]}
    selection = f"... on ChangeOrderPayload {{ order {{ {ORDER} }} }}"
    kind = "ConfirmPaymentReceivedInput"
    done = await stage.do(FINANCE, "confirmPaymentReceived", kind, selection, **given)
    assert done["order"]["status"] == "EXPIRED"
    assert done["order"]["payments"][0]["refundDue"]["amount"] == "19.90"
    await stage.check()


async def test_s12_over_the_credit_limit_finance_must_agree(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    who = await buyer(stage)
    selection = "... on TenderRefusedError { refusal }"
    account = {"tender": "ON_ACCOUNT"}
    given = wish(payment=account)
    refused = await stage.do(WEB_SHOP, "placeOrder", "PlaceOrderInput", selection, **given)
    assert refused["refusal"] == "NO_ACCOUNT"
    await limited(stage, who, "30.00")
    both = await asyncio.gather(*[stage.placed(payment=account) for _ in range(2)])
    within, beyond = sorted(both, key=lambda order: len(order["holds"]))
    assert (within["status"], within["holds"]) == ("CONFIRMED", [])
    assert (beyond["status"], beyond["holds"]) == ("CONFIRMED", ["PAYMENT"])
    held = await stage.do(ADMIN, "releaseOrder", "ChangeOrderInput", "", orderId=beyond["id"])
    assert held["code"] == "ORDER_ON_HOLD"
    given = {"orderId": beyond["id"], "hold": "PAYMENT"}
    before = await everything(engine)
    not_hers = await stage.do(AGENT, "releaseHold", "OrderHoldInput", "", **given)
    assert not_hers["code"] == "FORBIDDEN"
    assert await everything(engine) == before
    freed = await stage.do(FINANCE, "releaseHold", "OrderHoldInput", "", **given)
    assert freed["__typename"] == "ChangeOrderPayload"
    seen = await shipped(stage, beyond["id"])
    assert paid(seen) == {"ON_ACCOUNT": ("CAPTURED", "19.90")}
    await refunded(stage, beyond["id"], "5.00")
    await stage.change("cancelOrder", within["id"])
    used = """query($id: ID!) { customer(id: $id) {
      creditAccounts { used { amount } available { amount } } } }"""
    expected = {"used": {"amount": "14.90"}, "available": {"amount": "15.10"}}
    assert await stage.api.do(FINANCE, used, id=who) == {"creditAccounts": [expected]}
    paying = {"customerId": who, "amount": eur("14.90")}
    selection = "... on CreditAccountPayload { creditAccount { used { amount } } }"
    kind = "RecordAccountPaymentInput"
    done = await stage.do(FINANCE, "recordAccountPayment", kind, selection, **paying)
    assert done["creditAccount"]["used"]["amount"] == "0.00"
    await stage.check()


async def test_goods_at_the_till_by_gift_card_and_cash(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 2}})
    code = (await issued(stage))["code"]
    sale = {
        "channel": "POS",
        "delivery": {"mode": "TAKE_AWAY", "locationId": location_id("ROME")},
        "payment": None,
        "payments": [{"tender": "GIFT_CARD", "code": code}, {"tender": "CASH"}],
    }
    order = await stage.placed(ROME_TILL, **sale)
    seen = await stage.order(order["id"], ORDER)
    assert seen["status"] == "CLOSED"
    assert paid(seen) == {"GIFT_CARD": ("CAPTURED", "10.00"), "CASH": ("CAPTURED", "9.90")}
    assert (await stage.level("HAT")).on_hand == 1
    transfer = await stage.place(ROME_TILL, **{**sale, "payments": [{"tender": "BANK_TRANSFER"}]})
    assert transfer["code"] == "VALIDATION_FAILED"
    await stage.check()


async def test_amounts_that_do_not_fit(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 2}})
    before = await everything(engine)
    cases: list[dict[str, Any]] = [
        {"payments": [CARD, CARD]},
        {"payments": [CARD | {"amount": eur("20.00")}]},
        {"payments": [CARD | {"amount": eur("19.89")}]},
        {"payments": [CARD | {"amount": eur("0.00")}]},
        {"payments": [CARD | {"amount": {"amount": "19.90", "currency": "CHF"}}]},
        {"payments": [{"tender": "GIFT_CARD"}]},
        {"payments": [{"tender": "CARD", "token": "t", "code": "X"}]},
        {"payments": []},
        {"payment": CARD, "payments": [CARD]},
    ]
    for case in cases:
        answer = await stage.place(WEB_SHOP, **{"payment": None, **case})
        assert answer["code"] == "VALIDATION_FAILED", case
    forbidden = await stage.place(
        customer(UUID(int=7)), payment={"tender": "CHEQUE", "number": "1"}
    )
    assert forbidden["code"] == "FORBIDDEN"
    assert await everything(engine) == before
