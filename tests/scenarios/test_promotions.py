"""Promotions, coupons, campaigns: what was shown is charged, on every channel (S13, S46)."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from domain.catalog.tables import channel
from domain.identity.model import Actor, Role
from domain.orders.sweep import expire_unpaid
from domain.orders.tables import sales_order
from domain.payments.tables import sandbox_charge
from domain.promotions.tables import coupon, coupon_use
from tests.support.edits import edited, to
from tests.support.engines import PAID, engine_of, place_all
from tests.support.mutations import everything
from tests.support.promotions import PRICE, TENTH, THREE_FOR_TWO, change, create, price, promote
from tests.support.shop import ADMIN, AGENT, ROME_TILL, WEB_SHOP, customer, order
from tests.support.stage import NOBODY, Stage, gid, location_id, open_stage, wish
from tests.support.statements import counted_statements

pytestmark = pytest.mark.usefixtures("clean_database")

STOCK = {"HAT": {"ROME": 40}, "SCARF": {"ROME": 20}}
FEE = {"amount": "5.00", "currency": "EUR"}


async def charged(stage: Stage, order: Any) -> Any:
    return await stage.order(order["id"], PRICE)


def place(discount: Any) -> tuple[str, int]:
    return discount["promotionId"], discount["position"] or 0


async def uses(stage: Stage, code: str) -> int:
    return await stage.shop.scalar(sa.select(coupon.c.uses).where(coupon.c.code == code))


async def test_what_was_shown_is_charged_and_explained(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, STOCK)
    three = await promote(stage, {**THREE_FOR_TWO, "skus": ["HAT"], "priority": 5})
    tenth = await promote(stage, {**TENTH, "currency": "EUR"})
    free = await promote(
        stage,
        {
            "reward": {"kind": "FREE_SHIPPING"},
            "currency": "EUR",
            "minimum": {"amount": "50.00", "currency": "EUR"},
        },
    )
    other = await promote(stage, {**TENTH, "countries": ["ES"]})
    cart: dict[str, Any] = {"lines": {"HAT": 4, "SCARF": 1}, "shipping": FEE}
    shown = await price(stage, **cart)
    assert shown["discount"]["amount"] == "34.37"
    assert [
        (v["promotionId"], v["reason"], v["amount"]["amount"]) for v in shown["promotions"]
    ] == [
        (three, "APPLIED", "19.90"),
        (tenth, "APPLIED", "9.47"),
        (free, "APPLIED", "5.00"),
        (other, "OTHER_COUNTRY", "0.00"),
    ]
    order = await stage.placed(**cart)
    paid = await charged(stage, order)
    for each in (shown, paid):
        each["discounts"].sort(key=place)
    assert paid == {name: shown[name] for name in paid}
    assert paid["total"]["amount"] == "85.23"
    assert {d["labels"][1]["text"] for d in paid["discounts"]} == {"Offerta"}
    await stage.check()


async def test_s13_a_phone_order_with_the_source_code_costs_what_the_web_asks(
    engine: AsyncEngine,
) -> None:
    stage = await open_stage(engine, STOCK)
    await promote(
        stage, {**TENTH, "channels": ["WEB"], "sourceCodes": ["SPRING"]}, campaign="Spring"
    )
    web = await charged(stage, await stage.placed(lines={"HAT": 2}))
    async with engine.begin() as connection:
        kind = sa.update(channel).where(channel.c.code == "POS").values(kind="CALL_CENTER")
        await connection.execute(kind)
    phone = {"channel": "POS", "lines": {"HAT": 2}, "customer": {"phone": "+390612345678"}}
    dear = await charged(stage, await stage.placed(AGENT, **phone))
    order = await stage.placed(AGENT, **phone, sourceCode="SPRING")
    cheap = await charged(stage, order)
    assert (await stage.order(order["id"], "sourceCode"))["sourceCode"] == "SPRING"
    assert web["total"] == cheap["total"] == {"amount": "35.82", "currency": "EUR"}
    assert dear["total"]["amount"] == "39.80"
    day = datetime.now(UTC).date()
    report = await stage.api.do(
        ADMIN,
        """query($first: Date!, $last: Date!) { campaignReport(first: $first, last: $last) {
          bySourceCode { sourceCode campaignNames orders units revenue { amount }
            discount { amount } }
          byPromotion { campaign orders revenue { amount } discount { amount } } } }""",
        first=str(day - timedelta(days=1)),
        last=str(day + timedelta(days=1)),
    )
    assert report["bySourceCode"] == [
        {
            "sourceCode": "SPRING",
            "campaignNames": ["Spring"],
            "orders": 1,
            "units": 2,
            "revenue": {"amount": "35.82"},
            "discount": {"amount": "3.98"},
        }
    ]
    assert report["byPromotion"] == [
        {
            "campaign": "Spring",
            "orders": 2,
            "revenue": {"amount": "71.64"},
            "discount": {"amount": "7.96"},
        }
    ]


async def test_s46_one_of_three_for_two_is_cancelled(engine: AsyncEngine) -> None:
    """Before the goods leave: what is left is priced again, and never costs more."""
    stage = await open_stage(engine, STOCK)
    await promote(stage, THREE_FOR_TWO)
    order = await stage.placed(lines={"HAT": 3})
    due: list[str] = []
    for _ in range(3):
        answer = await stage.do(
            ADMIN,
            "cancelOrderLines",
            "CancelOrderLinesInput",
            "... on ChangeOrderPayload { order { presentTotal { amount } } }",
            orderId=order["id"],
            lines=[{"orderLineId": order["lines"][0]["id"], "quantity": 1}],
        )
        due.append(answer["order"]["presentTotal"]["amount"])
    assert due == ["39.80", "19.90", "0.00"]
    await stage.check()


async def test_an_edited_order_keeps_its_promotions(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, STOCK)
    key = await promote(stage, THREE_FOR_TWO)
    order = await stage.placed(lines={"HAT": 3})
    await change(stage, "endPromotion", "ChangePromotionInput", promotionId=key)
    assert (await price(stage, lines={"HAT": 3}))["total"]["amount"] == "59.70"
    done = await edited(stage, order, to(order, 6))
    assert (done["total"]["amount"], done["version"]) == ("79.60", order["version"] + 1)
    assert (await charged(stage, order))["discount"]["amount"] == "39.80"
    await stage.check()


async def test_a_coupon_is_used_and_given_back(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, STOCK)
    await promote(stage, TENTH, "hat-10", maxUses=1)
    assert (await price(stage))["total"]["amount"] == "19.90"
    shown = await price(stage, couponCodes=["Hat-10"])
    assert (shown["total"]["amount"], await uses(stage, "HAT-10")) == ("17.91", 0)
    order = await stage.placed(couponCodes=["hat-10"])
    paid = await charged(stage, order)
    assert paid["total"]["amount"] == "17.91"
    assert paid["discounts"][0]["couponCode"] == "HAT-10"
    answer = await stage.place(couponCodes=["HAT-10"])
    assert answer["code"] == "COUPON_NOT_USABLE"
    await stage.check()
    await stage.change("cancelOrder", order["id"])
    assert await uses(stage, "HAT-10") == 0
    await stage.check()
    waiting = await stage.place(couponCodes=["HAT-10"], token="tok_decline")
    assert waiting["code"] == "PAYMENT_DECLINED"
    assert await uses(stage, "HAT-10") == 1
    await stage.make_due("sales_order", "pay_until")
    await expire_unpaid(stage.shop.database, stage.shop.gateway)
    assert await uses(stage, "HAT-10") == 0
    await stage.check()


async def test_a_coupon_that_takes_nothing_off_is_refused(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, STOCK)
    await promote(stage, TENTH, "late", startsOn="2999-01-01")
    least = {"amount": "100.00", "currency": "EUR"}
    await promote(stage, {**TENTH, "currency": "EUR", "minimum": least}, "dear")
    before = await everything(engine)
    selection = "... on CouponNotUsableError { couponCode reason }"
    for code, reason in (
        ("NOBODY", "UNKNOWN"),
        ("LATE", "NOT_IN_FORCE"),
        ("DEAR", "DOES_NOT_APPLY"),
    ):
        given = wish(couponCodes=[code.lower()])
        answer = await stage.do(WEB_SHOP, "placeOrder", "PlaceOrderInput", selection, **given)
        assert (answer["couponCode"], answer["reason"]) == (code, reason)
        shown = await price(stage, couponCodes=[code])
        assert shown["refusedCoupons"] == [{"code": code, "reason": reason}]
    assert await everything(engine) == before


async def test_coupons_are_used_no_more_often_than_they_may_be(engine: AsyncEngine) -> None:
    """I14: many orders at the same moment, of several customers and of one."""
    stage = await open_stage(engine, STOCK)
    await promote(stage, TENTH, "FIVE", maxUses=5)
    await promote(stage, TENTH, "ONCE", maxUsesPerCustomer=1)
    many = [
        stage.place(couponCodes=["FIVE"], customer={"email": f"c{n}@example.com"}) for n in range(9)
    ]
    same = [stage.place(couponCodes=["ONCE"]) for _ in range(4)]
    answers = await asyncio.gather(*many, *same)
    codes = [answer.get("code", "PLACED") for answer in answers]
    assert codes[:9].count("PLACED") == 5
    assert codes[9:].count("PLACED") == 1
    assert set(codes) == {"PLACED", "COUPON_NOT_USABLE"}
    assert (await uses(stage, "FIVE"), await uses(stage, "ONCE")) == (5, 1)
    assert await stage.shop.scalar(sa.select(sa.func.count()).select_from(coupon_use)) == 6
    await stage.check()


async def test_an_order_is_placed_once_however_often_it_is_sent(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, STOCK)
    await promote(stage, TENTH, "X1")
    wishes: dict[str, Any] = {"couponCodes": ["X1"], "idempotencyKey": "same"}
    first = await stage.placed(**wishes)
    assert (await stage.placed(**wishes))["id"] == first["id"]
    assert await uses(stage, "X1") == 1


async def test_an_exclusive_promotion_counts_alone_and_only_if_it_is_worth_more(
    engine: AsyncEngine,
) -> None:
    stage = await open_stage(engine, STOCK)
    await promote(stage, TENTH)
    fifth = {"reward": {"kind": "PERCENTAGE", "rate": "0.2"}, "exclusive": True}
    key = await promote(stage, {**fifth, "skus": ["SCARF"]})
    mixed = await price(stage, lines={"HAT": 10, "SCARF": 1})
    assert {v["promotionId"]: v["reason"] for v in mixed["promotions"]}[key] == "NOT_COMBINED"
    alone = await price(stage, lines={"SCARF": 1})
    assert alone["total"]["amount"] == "28.00"


async def test_prices_that_a_channel_brings_are_left_alone(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, STOCK)
    await promote(stage, TENTH)
    own = {"amount": "7.77", "currency": "EUR"}
    lines = [{"sku": "HAT", "quantity": 1, "unitPrice": own}, {"sku": "SCARF", "quantity": 1}]
    shown = await price(stage, lines=lines)
    assert [line["discount"]["amount"] for line in shown["lines"]] == ["0.00", "3.50"]


async def test_customers_of_a_segment_have_their_promotion_and_their_price(
    engine: AsyncEngine,
) -> None:
    stage = await open_stage(engine, STOCK)
    await promote(stage, {**TENTH, "segments": ["gold"]})
    order = await stage.placed()
    owner = (await stage.order(order["id"], "customerId"))["customerId"]
    wanted = (
        "setCustomerSegments",
        "SetCustomerSegmentsInput",
        "... on SetCustomerSegmentsPayload { customer { segments } }",
    )
    given = {"customerId": owner, "segments": ["gold"]}
    with pytest.raises(AssertionError, match="FORBIDDEN"):
        await stage.do(Actor("x", Role.POS), *wanted, **given)
    answer = await stage.do(AGENT, *wanted, **given)
    assert answer["customer"]["segments"] == ["gold"]
    buyer = {"email": "ada@example.com"}
    assert (await price(stage, customer=buyer))["total"]["amount"] == "17.91"
    await stage.do(
        ADMIN,
        "setPrice",
        "SetPriceInput",
        "",
        sku="HAT",
        channel="WEB",
        segment="gold",
        amount={"amount": "10.00", "currency": "EUR"},
    )
    assert (await price(stage, customer=buyer))["total"]["amount"] == "9.00"
    assert (await price(stage))["total"]["amount"] == "19.90"
    paid = await charged(stage, await stage.placed(lines={"HAT": 2}))
    assert paid["total"]["amount"] == "18.00"


async def test_rules_are_checked(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    before = await everything(engine)
    one = {"amount": "1", "currency": "EUR"}
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"reward": {"kind": "PERCENTAGE", "rate": "1.1"}}, "rules.reward.rate"),
        ({"reward": {"kind": "PERCENTAGE"}}, "rules.reward.rate"),
        ({"reward": {"kind": "N_FOR_M", "buy": 2, "pay": 2}}, "rules.reward.pay"),
        ({"reward": {"kind": "AMOUNT", "amount": one}}, "rules.reward.amount"),
        ({"reward": {"kind": "BUNDLE_PRICE"}, "currency": "EUR"}, "rules.reward.bundle"),
        ({**TENTH, "countries": ["XX"]}, "rules.audience.countries"),
        ({**TENTH, "priority": 5000}, "rules.priority"),
    ]
    for rules, field in wrong:
        answer = await create(stage, rules)
        assert (answer["code"], answer["field"]) == ("VALIDATION_FAILED", field)
    assert await everything(engine) == before


async def test_who_may_change_promotions_and_how(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    before = await everything(engine)
    for role in set(Role) - {Role.OPERATIONS, Role.ADMIN}:
        with pytest.raises(AssertionError, match="FORBIDDEN"):
            await create(stage, TENTH, Actor("x", role))
    missing = await create(stage, {**TENTH, "skus": ["NONE"]})
    assert (missing["code"], await everything(engine)) == ("NOT_FOUND", before)
    given = {"name": "Spring", "idempotencyKey": "k"}
    made = await create(stage, TENTH, **given)
    assert await create(stage, TENTH, **given) == made
    assert (await create(stage, THREE_FOR_TWO, **given))["code"] == "IDEMPOTENCY_CONFLICT"
    assert (await create(stage, TENTH, name="Spring"))["code"] == "PROMOTION_NAME_TAKEN"
    key = made["promotion"]["id"]
    late = await change(
        stage, "updatePromotion", "UpdatePromotionInput", promotionId=key, expectedVersion=7
    )
    assert late["code"] == "VERSION_CONFLICT"
    done = await change(
        stage,
        "updatePromotion",
        "UpdatePromotionInput",
        promotionId=key,
        startsOn="2026-07-01",
        endsOn="2026-07-31",
    )
    assert done["promotion"]["validFrom"] == "2026-06-30T22:00:00+00:00"
    assert done["promotion"]["validUntil"] == "2026-07-31T22:00:00+00:00"
    wrong = await change(stage, "addCoupons", "AddCouponsInput", promotionId=key, codes=["A"])
    assert wrong["field"] == "promotionId"
    card = await change(
        stage, "addCoupons", "AddCouponsInput", promotionId=key, codes=["4242424242424242"]
    )
    assert card["field"] == "codes"
    for name, code in (("endPromotion", None), ("activatePromotion", "ILLEGAL_PROMOTION_STEP")):
        answer = await change(stage, name, "ChangePromotionInput", promotionId=key)
        assert answer.get("code") == code
    listed = await stage.api.do(ADMIN, "{ promotions(status: ENDED) { name rules { tags } } }")
    assert listed == [{"name": "Spring", "rules": {"tags": []}}]


async def test_a_plain_order_needs_no_more_statements(engine: AsyncEngine) -> None:
    """Promotions that do not change cost nothing: they are known by the stamp that offers bear."""
    stage = await open_stage(engine, STOCK)
    await stage.placed()

    async def count() -> int:
        with counted_statements(engine) as statements:
            await stage.placed()
        return len(statements)

    plain = await count()
    await promote(stage, {**TENTH, "countries": ["ES"]})
    assert await count() == plain + 1
    assert await count() == plain


async def test_orders_of_a_batch_have_the_same_promotions(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, STOCK)
    await promote(stage, {**TENTH, "sourceCodes": ["SPRING"]})
    await promote(stage, {**TENTH, "priority": -1}, "TEN", maxUses=1)
    wanted = [
        order("a", payment=PAID, source_code="SPRING"),
        order("b", payment=PAID),
        order("c", payment=PAID, source_code="SPRING", coupon_codes=("ten",)),
    ]
    async with engine_of(stage.shop) as orders:
        await place_all(stage.shop, wanted, orders)
    totals = sa.select(sales_order.c.total_minor, sales_order.c.discount_minor)
    rows = await stage.shop.rows(totals.order_by(sales_order.c.total_minor))
    assert rows == [(1612, 378), (1791, 199), (1990, 0)]
    assert await uses(stage, "TEN") == 1
    await stage.check()


async def test_who_may_price_a_cart(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    await promote(stage, {**TENTH, "segments": ["staff"]})
    key = (await stage.do(
        AGENT, "createCustomer", "CreateCustomerInput",
        "... on CreateCustomerPayload { customer { id } }", channel="WEB", email="b@example.com",
    ))["customer"]["id"]  # fmt: skip
    buyer = customer(UUID(relay.GlobalID.from_id(key).node_id))
    assert (await price(stage, buyer))["promotions"] == []
    assert (await price(stage))["promotions"][0]["reason"] == "OTHER_SEGMENT"
    store = {"country": None, "storeId": location_id("MADRID"), "channel": "POS"}
    assert (await price(stage, ROME_TILL, **store))["taxLines"][0]["rate"] == "0.21"
    refused: list[tuple[Actor, dict[str, Any], str]] = [
        (buyer, {"customer": {"id": gid("Customer", NOBODY)}}, "FORBIDDEN"),
        (buyer, {"shipping": FEE}, "FORBIDDEN"),
        (WEB_SHOP, {"channel": "POS"}, "FORBIDDEN"),
        (ADMIN, {"country": None}, "VALIDATION_FAILED"),
        (ADMIN, {"country": "FR"}, "VALIDATION_FAILED"),
        (ADMIN, {"lines": {"NONE": 1}}, "PRODUCT_NOT_FOUND"),
        (ADMIN, {"couponCodes": ["a", "A"]}, "VALIDATION_FAILED"),
        (Actor("w", Role.WAREHOUSE), {}, "FORBIDDEN"),
    ]
    for actor, given, code in refused:
        with pytest.raises(AssertionError, match=code):
            await price(stage, actor, **given)


@pytest.mark.parametrize("mode", ["SHIP", "TAKE_AWAY"])
async def test_what_costs_nothing_asks_no_payment_service(engine: AsyncEngine, mode: str) -> None:
    stage = await open_stage(engine, STOCK)
    gift = {"reward": {"kind": "PERCENTAGE", "rate": "1"}, "currency": "EUR"}
    await promote(stage, gift)
    given: dict[str, Any] = {"token": "tok_decline"}
    actor = WEB_SHOP
    if mode == "TAKE_AWAY":
        delivery = {"mode": mode, "locationId": location_id("ROME")}
        given, actor = given | {"channel": "POS", "delivery": delivery}, ROME_TILL
    order = await stage.placed(actor, **given)
    assert (order["status"], order["paymentStatus"]) == (
        ("CONFIRMED", "CAPTURED") if mode == "SHIP" else ("CLOSED", "CAPTURED")
    )
    assert await stage.shop.scalar(sa.select(sa.func.count()).select_from(sandbox_charge)) == 0
    await stage.check()


async def test_a_customer_cannot_find_coupons_by_trying(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, STOCK)
    await promote(stage, TENTH, "WELCOME")
    await stage.placed()
    buyer = customer(await stage.shop.scalar(sa.select(sales_order.c.customer_id)))
    document = """query($cart: PriceCartInput!) { priceCart(input: $cart) { total { amount } } }"""
    lines = [{"sku": "HAT", "quantity": 1}]
    cart = {"channel": "WEB", "country": "IT", "lines": lines, "couponCodes": ["GUESS"]}
    tries = [await stage.api.ask(buyer, document, {"cart": cart}) for _ in range(21)]
    assert [codes for _, codes in tries] == [[]] * 20 + [["TOO_MANY_LOOKUPS"]]
    plain = cart | {"couponCodes": []}
    assert (await stage.api.ask(buyer, document, {"cart": plain}))[1] == []
