"""S51, S52: money back that a PSP refuses or that would be too much, and what finance does then."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.accounting.tables import journal_entry, journal_transaction
from domain.payments.tables import sandbox_charge
from tests.support.actors import ADMIN as ADA
from tests.support.actors import EVERYBODY_AND_A_CUSTOMER, FINANCE
from tests.support.mutations import everything
from tests.support.shop import ADMIN, ROME_TILL
from tests.support.stage import TO_PACKED, Stage, location_id, open_stage

pytestmark = pytest.mark.usefixtures("clean_database")

ORDER = """id status version paymentStatus closedAt
  payments { tender captured { amount } refunded { amount } refundDue { amount } }"""
CHANGED = f"... on ChangeOrderPayload {{ order {{ {ORDER} }} }}"
MOST = "... on RefundExceededError { most { amount } }"


def eur(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


async def delivered(stage: Stage, **wish: Any) -> str:
    """The id of an order that is captured and CLOSED."""
    order = await stage.released(**wish)
    for work in order["fulfillmentOrders"]:
        for step in TO_PACKED:
            await stage.work(step, work["id"])
        number = f"N-{order['number']}"
        parcels = [{"trackingNumber": number}]
        shipped = await stage.do(
            ADMIN, "shipFulfillmentOrder", "ShipFulfillmentOrderInput",
            "... on ShipFulfillmentOrderPayload { shipment { id } }",
            fulfillmentOrderId=work["id"], carrier="DHL", parcels=parcels,
        )  # fmt: skip
        given = {"shipmentId": shipped["shipment"]["id"]}
        answer = await stage.do(ADMIN, "deliverShipment", "DeliverShipmentInput", "", **given)
        assert answer["__typename"].endswith("Payload"), answer
    return order["id"]


async def refund(stage: Stage, order_id: str, amount: str, **given: Any) -> Any:
    given = {"orderId": order_id, "amount": eur(amount), "reason": "sorry", **given}
    selection = CHANGED + MOST
    return await stage.do(FINANCE, "refundOrder", "RefundOrderInput", selection, **given)


async def pay_due(stage: Stage, order_id: str, tender: str, **given: Any) -> Any:
    given = {"orderId": order_id, "tender": tender, **given}
    selection = CHANGED + MOST
    return await stage.do(FINANCE, "payRefundDue", "PayRefundDueInput", selection, **given)


async def owed(stage: Stage) -> list[tuple[str, str]]:
    """The queue of finance."""
    document = "{ refundsDue { totalCount edges { node { tender amount { amount } } } } }"
    found = await stage.api.do(FINANCE, document)
    assert found["totalCount"] == len(found["edges"])
    return [(e["node"]["tender"], e["node"]["amount"]["amount"]) for e in found["edges"]]


async def test_s51_a_refund_that_the_card_refuses_is_paid_by_other_means(
    engine: AsyncEngine,
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order_id = await delivered(stage, token="tok_refund_fail")
    assert (await stage.order(order_id))["status"] == "CLOSED"
    answer = await refund(stage, order_id, "5.00")
    seen = answer["order"]
    assert (seen["status"], seen["closedAt"]) == ("CONFIRMED", None)
    assert seen["payments"][0]["refundDue"]["amount"] == "5.00"
    assert await owed(stage) == [("CARD", "5.00")]
    await stage.tick()
    assert (await stage.order(order_id))["status"] == "CONFIRMED"
    await stage.check()
    before = await everything(engine)
    too_much = await pay_due(stage, order_id, "CASH", amount=eur("5.01"))
    assert (too_much["code"], too_much["most"]["amount"]) == ("REFUND_EXCEEDED", "5.00")
    by_card = await pay_due(stage, order_id, "CARD")
    assert by_card["code"] == "VALIDATION_FAILED"
    secret = await pay_due(stage, order_id, "CASH", note="card 4111 1111 1111 1111")
    assert secret["code"] == "VALIDATION_FAILED"
    assert await everything(engine) == before
    first = await pay_due(stage, order_id, "BANK_TRANSFER", amount=eur("2.00"), note="TRX 1")
    assert first["order"]["status"] == "CONFIRMED"
    last = await pay_due(stage, order_id, "STORE_CREDIT", idempotencyKey="k")
    assert await pay_due(stage, order_id, "STORE_CREDIT", idempotencyKey="k") == last
    assert last["order"]["status"] == "CLOSED"
    assert last["order"]["payments"][0]["refunded"]["amount"] == "5.00"
    assert await owed(stage) == []
    credit = "query($id: ID!) { order(id: $id) { customer { storeCredit { amount } } } }"
    found = await stage.api.do(FINANCE, credit, id=order_id)
    assert found["customer"]["storeCredit"] == [{"amount": "3.00"}]
    e, t = journal_entry.c, journal_transaction.c
    moved = sa.select(e.account, e.amount_minor).join(journal_transaction, t.id == e.transaction_id)
    rows = await stage.shop.rows(moved.where(t.kind == "REFUND_TENDER").order_by(e.amount_minor))
    assert [tuple(row) for row in rows] == [
        ("STORE_CREDIT_LIABILITY", -300), ("BANK", -200), ("PSP_CLEARING", 200),
        ("PSP_CLEARING", 300),
    ]  # fmt: skip
    await stage.check()


async def test_s52_refunds_never_exceed_what_was_captured(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order_id = await delivered(stage)
    answers = await asyncio.gather(*[refund(stage, order_id, "6.00") for _ in range(5)])
    assert sorted(answer["__typename"] for answer in answers) == [
        *["ChangeOrderPayload"] * 3,
        *["RefundExceededError"] * 2,
    ]
    before = await everything(engine)
    refused = await refund(stage, order_id, "1.91")
    assert (refused["code"], refused["most"]["amount"]) == ("REFUND_EXCEEDED", "1.90")
    for amount in ("0.00", "-1.00"):
        assert (await refund(stage, order_id, amount))["code"] == "VALIDATION_FAILED"
    assert await everything(engine) == before
    done = await refund(stage, order_id, "1.90", idempotencyKey="k")
    assert await refund(stage, order_id, "1.90", idempotencyKey="k") == done
    assert done["order"]["paymentStatus"] == "REFUNDED"
    assert done["order"]["status"] == "CLOSED"
    charged = sa.select(sandbox_charge.c.captured_minor, sandbox_charge.c.refunded_minor)
    assert [tuple(row) for row in await stage.shop.rows(charged)] == [(1990, 1990)]
    await stage.check()


async def test_goodwill_before_all_is_captured_lowers_what_is_captured(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1, "MILAN": 1}})
    order = await stage.released(lines={"HAT": 2})
    refused = await refund(stage, order["id"], "1.00")
    assert refused["code"] == "REFUND_EXCEEDED"  # nothing was taken yet
    for number, work in enumerate(order["fulfillmentOrders"]):
        for step in TO_PACKED:
            await stage.work(step, work["id"])
        parcels = [{"trackingNumber": f"N{number}"}]
        await stage.do(
            ADMIN, "shipFulfillmentOrder", "ShipFulfillmentOrderInput", "",
            fulfillmentOrderId=work["id"], carrier="DHL", parcels=parcels,
        )  # fmt: skip
        if number == 0:
            assert "order" in await refund(stage, order["id"], "3.00")
    await stage.tick()
    charged = sa.select(sandbox_charge.c.captured_minor, sandbox_charge.c.refunded_minor)
    taken, given = (await stage.shop.rows(charged))[0]
    assert taken - given == 2 * 1990 - 300
    await stage.check()


async def test_cash_back_is_owed_until_the_till_pays_it(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    sale = {
        "channel": "POS",
        "delivery": {"mode": "TAKE_AWAY", "locationId": location_id("ROME")},
        "payment": {"tender": "CASH"},
    }
    order = await stage.placed(ROME_TILL, **sale)
    answer = await refund(stage, order["id"], "9.90")
    assert answer["order"]["status"] == "CONFIRMED"
    assert await owed(stage) == [("CASH", "9.90")]
    twice = await asyncio.gather(*[pay_due(stage, order["id"], "CASH") for _ in range(2)])
    assert sorted(answer["__typename"] for answer in twice) == [
        "ChangeOrderPayload",
        "RefundExceededError",
    ]
    seen = await stage.order(order["id"], ORDER)
    assert (seen["status"], seen["payments"][0]["refunded"]["amount"]) == ("CLOSED", "9.90")
    await stage.check()


async def test_only_finance_gives_money_back(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order_id = await delivered(stage)
    given = {"idempotencyKey": "k", "orderId": order_id}
    money = {"amount": eur("1.00"), "reason": "sorry"}
    kinds = {
        "refundOrder": given | money,
        "payRefundDue": given | {"tender": "CASH"},
        "confirmPaymentReceived": given | {"paymentId": "x"},
        "reportPaymentBounced": given | {"paymentId": "x"},
        "setCreditLimit": {"idempotencyKey": "k", "customerId": order_id, "limit": eur("1.00")},
        "recordAccountPayment": {"idempotencyKey": "k", "customerId": order_id}
        | {"amount": eur("1.00")},
        "adjustVoucher": {"idempotencyKey": "k", "voucherId": "x"} | money,
        "cancelGiftCard": {"idempotencyKey": "k", "voucherId": "x", "reason": "x"},
    }
    callers = [each for each in EVERYBODY_AND_A_CUSTOMER if each not in (FINANCE, ADA)]
    before = await everything(engine)
    for name, wanted in kinds.items():
        kind = f"{name[0].upper()}{name[1:]}Input"
        document = f"mutation($input: {kind}!) {{ {name}(input: $input) {{ __typename }} }}"
        for caller in callers:
            _, errors = await stage.api.ask(caller, document, {"input": wanted})
            assert errors == ["UNAUTHENTICATED" if caller is None else "FORBIDDEN"], (name, caller)
    assert await everything(engine) == before


@pytest.mark.parametrize(("currency", "price"), [("EUR", "0.07"), ("JPY", "333"), ("KWD", "1.235")])
async def test_any_split_sums_to_what_is_paid(
    engine: AsyncEngine, currency: str, price: str
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1, "MILAN": 1, "MADRID": 1}})

    def money(amount: Decimal) -> dict[str, str]:
        return {"amount": str(amount), "currency": currency}

    unit = Decimal(price)
    least = Decimal(1).scaleb(-len(price.partition(".")[2]))
    issued = await stage.do(
        FINANCE, "issueGiftCard", "IssueGiftCardInput",
        "... on IssueGiftCardPayload { giftCardCode }", amount=money(unit + least),
    )  # fmt: skip
    gift = {"tender": "GIFT_CARD", "code": issued["giftCardCode"]}
    lines = [{"sku": "HAT", "quantity": 3, "unitPrice": money(unit)}]
    cards = [
        {"tender": "CARD", "token": "tok_approve", "amount": money(least)},
        {"tender": "CARD", "token": "tok_approve"},
    ]
    order = await stage.released(
        lines=lines, currency=currency, payment=None, payments=[gift, *cards]
    )
    assert len(order["fulfillmentOrders"]) == 3
    line = order["lines"][0]["id"]
    for number, work in enumerate(order["fulfillmentOrders"]):
        if number == 2:
            await stage.do(
                ADMIN, "rejectFulfillmentOrder", "RejectFulfillmentOrderInput", "",
                fulfillmentOrderId=work["id"], reason="NOT_IN_STOCK",
            )  # fmt: skip
            await stage.do(
                ADMIN, "cancelOrderLines", "CancelOrderLinesInput", "", orderId=order["id"],
                lines=[{"orderLineId": line, "quantity": 1}],
            )  # fmt: skip
            continue
        for step in TO_PACKED:
            await stage.work(step, work["id"])
        await stage.do(
            ADMIN, "shipFulfillmentOrder", "ShipFulfillmentOrderInput",
            "... on ShipFulfillmentOrderPayload { shipment { id } }",
            fulfillmentOrderId=work["id"], carrier="DHL",
            parcels=[{"trackingNumber": f"N{number}"}],
        )  # fmt: skip
        given = {"orderId": order["id"], "amount": money(least), "reason": "sorry"}
        done = await stage.do(FINANCE, "refundOrder", "RefundOrderInput", CHANGED, **given)
        assert done["__typename"] == "ChangeOrderPayload", done
    await stage.tick()
    fields = "presentTotal { amount } payments { captured { amount } refunded { amount } }"
    seen = await stage.order(order["id"], fields)
    kept = sum(
        Decimal(each["captured"]["amount"]) - Decimal(each["refunded"]["amount"])
        for each in seen["payments"]
    )
    assert kept == Decimal(seen["presentTotal"]["amount"]) == 2 * unit - 2 * least
    await stage.check()
