"""S65: the lines of a placed order are edited, and the money follows."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.catalog.tables import variant_channel
from domain.identity.model import Actor, Role
from domain.payments.tables import payment, sandbox_charge
from tests.support.edits import (
    add,
    authorised,
    edit,
    edited,
    owner_of,
    refused,
    remove,
    set_price,
    to,
)
from tests.support.shop import ADMIN, AGENT, MILAN_TILL, ROME_MANAGER, ROME_TILL, WEB_SHOP
from tests.support.stage import TO_PACKED, groups_of, open_stage

pytestmark = pytest.mark.usefixtures("clean_database")


def lines_of(order: Any) -> list[tuple[str, int]]:
    return [(line["sku"], line["orderedQuantity"]) for line in order["lines"]]


async def test_units_are_added_allocated_and_authorised_first(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}, "SCARF": {"ROME": 2}})
    order = await stage.placed()
    done = await edited(stage, order, to(order, 3), add("SCARF", 1), reason="called")
    assert lines_of(done) == [("HAT", 3), ("SCARF", 1)]
    assert groups_of(done) == {"ALLOCATED": 4}
    assert done["version"] == order["version"] + 1
    assert done["total"]["amount"] == "94.70"
    assert await authorised(stage) == [(1990, 0, False), (7480, 0, False)]
    assert (await stage.level("HAT")).allocated == 3
    assert (await stage.level("HAT")).reserved == 0
    seen = await stage.order(order["id"], "history { action reason } notices { kind detail }")
    assert seen["history"][-1] == {"action": "EDIT_LINES", "reason": "called"}
    assert seen["notices"] == [
        {"kind": "ORDER_EDITED", "detail": {"added": 3, "given_up": 0, "difference_minor": 7480}}
    ]
    await stage.check()


async def test_units_are_lowered_and_lines_removed(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}, "SCARF": {"ROME": 2}})
    order = await stage.placed(lines={"HAT": 3, "SCARF": 1})
    done = await edited(stage, order, to(order, 1), remove(order, 1))
    assert lines_of(done) == [("HAT", 3), ("SCARF", 1)]
    assert groups_of(done) == {"ALLOCATED": 1, "CANCELLED": 3}
    assert (await stage.level("HAT")).available == 4
    assert (await stage.level("SCARF")).available == 2
    assert await authorised(stage) == [(9470, 0, False)]
    raised = await edited(stage, done, to(done, 2))
    assert groups_of(raised) == {"ALLOCATED": 2, "CANCELLED": 3}
    assert await authorised(stage) == [(9470, 0, False)]
    await stage.check()


async def test_what_was_paid_in_cash_is_owed_and_counts_no_more(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    paid = "presentTotal { amount } total { amount } lines { presentQuantity orderedQuantity }"
    money = "payments { captured { amount } refundDue { amount } }"
    cash = {"tender": "CASH"}
    order = await stage.placed(ROME_TILL, channel="POS", lines={"HAT": 3}, payment=cash)
    fewer = await edited(stage, order, to(order, 1), actor=ROME_TILL)
    assert await stage.order(order["id"], f"{paid} {money}") == {
        "presentTotal": {"amount": "19.90"},
        "total": {"amount": "59.70"},
        "lines": [{"presentQuantity": 1, "orderedQuantity": 3}],
        "payments": [{"captured": {"amount": "59.70"}, "refundDue": {"amount": "39.80"}}],
    }
    await edited(stage, fewer, to(fewer, 2), actor=ROME_TILL)
    seen = await stage.order(order["id"], money)
    assert seen["payments"][1] == {
        "captured": {"amount": "19.90"},
        "refundDue": {"amount": "0.00"},
    }
    await stage.check()


async def test_what_a_marketplace_was_paid_and_is_given_up_is_owed(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}, "SCARF": {"MILAN": 2}})
    shipping = {"amount": "5.00", "currency": "EUR"}
    order = await stage.placed(
        lines={"HAT": 2}, channel="WEB", shipping=shipping, payment={"tender": "EXTERNAL"}
    )
    more = await edited(stage, order, add("SCARF", 1), actor=WEB_SHOP)
    fewer = await edited(stage, more, remove(more, 1), to(more, 1), actor=WEB_SHOP)
    seen = await stage.order(
        order["id"], "presentTotal { amount } payments { captured { amount } refundDue { amount } }"
    )
    captured = sum(Decimal(each["captured"]["amount"]) for each in seen["payments"])
    owed = sum(Decimal(each["refundDue"]["amount"]) for each in seen["payments"])
    assert captured == Decimal("79.80")
    assert captured - owed == Decimal(seen["presentTotal"]["amount"])
    assert groups_of(fewer) == {"ALLOCATED": 1, "CANCELLED": 2}
    await stage.check()


async def test_both_at_once_count_as_their_difference(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}, "SCARF": {"ROME": 2}})
    order = await stage.placed(lines={"HAT": 2})
    done = await edited(stage, order, remove(order), add("SCARF", 2))
    assert groups_of(done) == {"ALLOCATED": 2, "CANCELLED": 2}
    assert await authorised(stage) == [(3020, 0, False), (3980, 0, False)]
    await stage.check()


async def test_old_units_keep_their_price_and_new_ones_cost_what_they_do_now(
    engine: AsyncEngine,
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order = await stage.placed(lines={"HAT": 2})
    await set_price(stage, "HAT", 2500)
    done = await edited(stage, order, to(order, 3))
    seen = await stage.order(
        order["id"], "lines { orderedQuantity position unitPrice { amount } } total { amount }"
    )
    assert seen == {
        "lines": [
            {"orderedQuantity": 2, "position": 1, "unitPrice": {"amount": "19.90"}},
            {"orderedQuantity": 1, "position": 2, "unitPrice": {"amount": "25.00"}},
        ],
        "total": {"amount": "64.80"},
    }
    again = await edited(stage, done, add("HAT", 1))
    assert lines_of(again) == [("HAT", 2), ("HAT", 2)]
    await stage.check()


async def test_what_has_no_stock_waits_or_is_refused_by_the_orders_policy(
    engine: AsyncEngine,
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 3}, "SCARF": {"ROME": 1}})
    waits = await stage.placed(unfilledPolicy="BACKORDER_REST")
    done = await edited(stage, waits, to(waits, 4))
    assert groups_of(done) == {"ALLOCATED": 3, "BACKORDERED": 1}
    strict = await stage.placed(lines={"SCARF": 1})
    short = await refused(stage, strict, to(strict, 2))
    assert short["code"] == "INSUFFICIENT_STOCK"
    await stage.check()


async def test_the_rest_is_dropped_if_the_order_says_so(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 3}})
    order = await stage.placed(unfilledPolicy="CANCEL_REST")
    done = await edited(stage, order, to(order, 9))
    assert lines_of(done) == [("HAT", 3)]
    assert (await refused(stage, done, to(done, 4)))["code"] == "INSUFFICIENT_STOCK"
    assert await authorised(stage) == [(1990, 0, False), (3980, 0, False)]
    await stage.check()


async def test_released_units_cannot_be_lowered_but_more_can_be_added(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order = await stage.placed(lines={"HAT": 2})
    order = await stage.change("releaseOrder", order["id"])
    late = await refused(stage, order, to(order, 1))
    assert (late["code"], late["lowest"]) == ("QUANTITY_NOT_EDITABLE", 2)
    assert (await refused(stage, order, remove(order)))["code"] == "QUANTITY_NOT_EDITABLE"
    more = await edited(stage, order, to(order, 3))
    assert groups_of(more) == {"ALLOCATED": 1, "RELEASED": 2}
    fewer = await edited(stage, more, to(more, 2))
    assert groups_of(fewer) == {"CANCELLED": 1, "RELEASED": 2}
    again = await edited(stage, fewer, to(fewer, 3))
    released = await stage.change("releaseOrder", again["id"])
    assert groups_of(released) == {"CANCELLED": 1, "RELEASED": 3}
    await stage.check()


async def test_a_refused_edit_changes_nothing(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}, "SCARF": {"ROME": 5}})
    order = await stage.placed(lines={"HAT": 2})
    async with engine.begin() as connection:
        withdrawn = sa.update(variant_channel).where(variant_channel.c.sku == "SCARF")
        await connection.execute(withdrawn.values(sellable=False))
    other = {"setQuantity": {"orderLineId": str(uuid4()), "quantity": 1}}
    for changes, code in (
        ([add("SCARF", 1)], "PRODUCT_NOT_SELLABLE"),
        ([add("NOPE", 1)], "PRODUCT_NOT_FOUND"),
        ([add("HAT", 0)], "VALIDATION_FAILED"),
        ([add("HAT", 100_001)], "VALIDATION_FAILED"),
        ([to(order, -1)], "VALIDATION_FAILED"),
        ([to(order, 2)], "VALIDATION_FAILED"),
        ([to(order, 0)], "VALIDATION_FAILED"),
        ([], "VALIDATION_FAILED"),
        ([{}], "VALIDATION_FAILED"),
        ([to(order, 1), remove(order)], "VALIDATION_FAILED"),
        ([{**add("HAT", 1), **remove(order)}], "VALIDATION_FAILED"),
        ([other], "NOT_FOUND"),
        ([add("HAT", 1, unitPrice={"amount": "1.00", "currency": "EUR"})], "FORBIDDEN"),
    ):
        assert (await refused(stage, order, *changes))["code"] == code, changes
    text = await refused(stage, order, to(order, 1), reason="4111 1111 1111 1111")
    assert text["code"] == "VALIDATION_FAILED"
    payment = {"tender": "CASH"}
    assert (await refused(stage, order, to(order, 3), payment=payment))["code"] == "FORBIDDEN"
    await stage.change("cancelOrder", order["id"])
    dead = await stage.order(order["id"])
    answer = await refused(stage, dead, add("HAT", 1))
    assert (answer["code"], answer["reason"]) == ("ORDER_NOT_EDITABLE", "CANCELLED")


async def test_who_may_edit_which_order(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9, "MILAN": 9}})
    order = await stage.placed(pickup="ROME")
    mine = await owner_of(stage, order)
    stranger = Actor("x", Role.CUSTOMER)
    other = Actor("other", Role.CHANNEL, channel_codes=frozenset())
    for actor, code in (
        (stranger, "NOT_FOUND"), (other, "NOT_FOUND"), (MILAN_TILL, "NOT_FOUND"),
        (ROME_TILL, "FORBIDDEN"),
    ):  # fmt: skip
        assert (await refused(stage, order, to(order, 2), actor=actor))["code"] == code, actor
    for units, actor in enumerate((mine, WEB_SHOP, AGENT, ROME_MANAGER), start=2):
        order = await edited(stage, order, to(order, units), actor=actor)
    till = await stage.placed(
        ROME_TILL, channel="POS", payment={"tender": "CASH"}, lines={"HAT": 1}
    )
    done = await edited(stage, till, to(till, 2), actor=ROME_TILL)
    assert [paid["captured"]["amount"] for paid in done["payments"]] == ["19.90", "19.90"]
    await stage.check()


async def test_a_declined_difference_leaves_the_order_as_it_was(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order = await stage.placed(lines={"HAT": 2})
    before = await stage.order(order["id"])
    given: dict[str, Any] = {
        "payment": {"tender": "CARD", "token": "tok_decline"},
        "idempotencyKey": "k",
    }
    first = await edit(stage, order, to(order, 4), **given)
    assert first["code"] == "PAYMENT_DECLINED"
    assert await stage.order(order["id"]) == before
    level = await stage.level("HAT")
    assert (level.allocated, level.reserved) == (2, 0)
    replayed = await refused(stage, order, to(order, 4), **given)
    assert replayed == first
    assert groups_of(await edited(stage, order, to(order, 4))) == {"ALLOCATED": 4}
    await stage.check()


async def test_an_unknown_outcome_keeps_the_old_lines_until_asked_again(
    engine: AsyncEngine,
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order = await stage.placed(lines={"HAT": 2})
    before = await stage.order(order["id"])
    given: dict[str, Any] = {
        "payment": {"tender": "CARD", "token": "tok_timeout"},
        "idempotencyKey": "k",
    }
    unknown = await edit(stage, order, to(order, 4), **given)
    assert unknown["code"] == "PAYMENT_OUTCOME_UNKNOWN"
    assert await stage.order(order["id"]) == before
    assert (await stage.level("HAT")).reserved == 2
    done = await edited(stage, order, to(order, 4), **given)
    assert groups_of(done) == {"ALLOCATED": 4}
    assert await authorised(stage) == [(3980, 0, False), (3980, 0, False)]
    await stage.check()


async def test_an_unknown_outcome_that_nobody_asks_for_is_voided(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order = await stage.placed(lines={"HAT": 2})
    before = await stage.order(order["id"])
    given: dict[str, Any] = {
        "payment": {"tender": "CARD", "token": "tok_timeout"},
        "idempotencyKey": "k",
    }
    await edit(stage, order, to(order, 4), **given)
    assert await stage.tick() == 0
    await stage.make_due("order_edit", "apply_until")
    assert sum(await asyncio.gather(stage.tick(), stage.tick())) >= 1
    assert await stage.order(order["id"]) == before
    assert await authorised(stage) == [(3980, 0, False), (3980, 0, True)]
    assert (await stage.level("HAT")).available == 3
    late = await refused(stage, order, to(order, 4), **given)
    assert late["code"] == "EDIT_EXPIRED"
    assert await stage.tick() == 0
    await stage.check()


async def test_the_same_key_gives_the_same_answer(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    order = await stage.placed(lines={"HAT": 2})
    both = await asyncio.gather(
        *[edit(stage, order, to(order, 3), idempotencyKey="k") for _ in range(4)]
    )
    assert all(each == both[0] for each in both), both
    assert groups_of(both[0]["order"]) == {"ALLOCATED": 3}
    assert await authorised(stage) == [(1990, 0, False), (3980, 0, False)]
    conflict = await refused(stage, order, to(order, 4), idempotencyKey="k")
    assert conflict["code"] == "IDEMPOTENCY_CONFLICT"
    again = await refused(stage, order, to(order, 3), idempotencyKey="k")
    assert again == both[0]
    await stage.check()


async def test_s65_two_edits_of_one_version_have_one_winner(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    order = await stage.placed(lines={"HAT": 3})
    both = await asyncio.gather(
        edit(stage, order, to(order, 5)), edit(stage, order, to(order, 6)),
        edit(stage, order, to(order, 1)),
    )  # fmt: skip
    won = [each for each in both if each["__typename"] == "EditOrderLinesPayload"]
    lost = [each for each in both if each["__typename"] == "StaleOrderError"]
    assert (len(won), len(lost)) == (1, 2), both
    assert all(each["order"]["version"] == order["version"] + 1 for each in lost)
    now = await stage.order(order["id"])
    assert now["version"] == order["version"] + 1
    held = await stage.shop.rows(sa.select(payment.c.psp_reference))
    kept = {row.psp_reference for row in held}
    charges = await stage.shop.rows(sa.select(sandbox_charge))
    assert {row.reference for row in charges if not row.voided} == kept
    await stage.check()


async def test_edits_never_oversell(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 12}})
    orders = [await stage.placed() for _ in range(8)]
    answers = await asyncio.gather(*[edit(stage, each, to(each, 2)) for each in orders])
    kinds = [each["__typename"] for each in answers]
    assert kinds.count("EditOrderLinesPayload") == 4
    assert kinds.count("InsufficientStockError") == 4
    level = await stage.level("HAT")
    assert (level.allocated, level.reserved, level.available) == (12, 0, 0)
    await stage.check()


async def test_edit_and_release_at_once(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    for units in (1, 4):
        order = await stage.placed(lines={"HAT": 2})
        answer, _ = await asyncio.gather(
            edit(stage, order, to(order, units)), stage.change("releaseOrder", order["id"])
        )
        now = await stage.order(order["id"])
        if answer["__typename"] == "EditOrderLinesPayload":
            assert now["version"] == order["version"] + 2
        else:
            assert answer["code"] == "STALE_VERSION"
            assert groups_of(now) == {"RELEASED": 2}
    await stage.check()


async def test_an_edited_order_ships_and_is_paid_whole(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    order = await stage.placed(lines={"HAT": 2})
    order = await edited(stage, order, to(order, 3))
    order = await stage.change("releaseOrder", order["id"])
    for work in order["fulfillmentOrders"]:
        for step in TO_PACKED:
            await stage.work(step, work["id"])

    async def ship(work: Any) -> Any:
        return await stage.do(
            ADMIN, "shipFulfillmentOrder", "ShipFulfillmentOrderInput", "",
            fulfillmentOrderId=work["id"], carrier="DHL",
            parcels=[{"trackingNumber": uuid4().hex[:8]}],
        )  # fmt: skip

    first, *rest = order["fulfillmentOrders"]
    now = await stage.order(order["id"])
    answer, shipped = await asyncio.gather(edit(stage, now, to(now, 4)), ship(first))
    assert shipped["__typename"] == "ShipFulfillmentOrderPayload"
    assert answer["__typename"] in ("EditOrderLinesPayload", "StaleOrderError")
    for work in rest:
        await ship(work)
    captured = sum(row[1] for row in await authorised(stage))
    assert captured == 3 * 1990
    await stage.check()
