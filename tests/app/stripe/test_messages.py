"""What Stripe tells by itself: signed, stored once, applied in any order, or parked until then."""

import asyncio
import random
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from app.stripe.wiring import PROVIDER
from domain.common.transaction import Tx
from domain.payments.inbox import apply_waiting
from domain.payments.news import PspMessage
from domain.payments.payouts import store_lines
from domain.payments.psp_tables import psp_message, psp_payout, psp_payout_line
from tests.support.carriers import packed, ship
from tests.support.mutations import events, everything
from tests.support.shop import ADMIN, AGENT, ROME_TILL
from tests.support.stage import ORDER, gid, groups_of, location_id
from tests.support.stripe_desk import (
    OLD_SECRET,
    StripeDesk,
    open_stripe_desk,
    serving_stripe_desk,
    sign,
)
from tests.support.stripe_fake import APPROVED, NO_MONEY, SECRET, SILENCE


@pytest.fixture
async def desk(
    clean_database: str, clean_redis: str, tmp_path: Path, engine: AsyncEngine
) -> AsyncGenerator[StripeDesk]:
    async with open_stripe_desk(clean_database, clean_redis, tmp_path, engine) as desk:
        yield desk
        await desk.stage.check()


@pytest.fixture
async def whole(
    clean_database: str, clean_redis: str, tmp_path: Path, engine: AsyncEngine
) -> AsyncGenerator[StripeDesk]:
    async with serving_stripe_desk(clean_database, clean_redis, tmp_path, engine) as desk:
        yield desk
        await desk.stage.check()


async def books(engine: AsyncEngine) -> dict[str, str]:
    """A digest of all tables but those in which the relay moves events on."""
    road = {"outbox", "event_log", "sequencer_state"}
    digests = await everything(engine)
    return {name: rows for name, rows in digests.items() if name not in road}


async def unknown(
    desk: StripeDesk, key: str, token: str = APPROVED, mishap: int | str = 500
) -> str:
    """The id of an order whose payment got no answer."""
    desk.fake.mishaps["payment_intents"] = [mishap]
    answer = await desk.place(token=token, idempotencyKey=key)
    assert answer["code"] == "PAYMENT_OUTCOME_UNKNOWN", answer
    order = sa.text("SELECT id FROM sales_order ORDER BY placed_at DESC LIMIT 1")
    return gid("Order", await desk.stage.shop.scalar(order))


def intents(desk: StripeDesk) -> list[dict[str, Any]]:
    return list(desk.fake.intents.values())


async def test_s08_a_time_out_after_charging_is_one_charge(desk: StripeDesk) -> None:
    order_id = await unknown(desk, "k", mishap=SILENCE)
    again = await desk.placed(idempotencyKey="k")
    assert (again["id"], again["status"]) == (order_id, "CONFIRMED")
    assert len(desk.fake.intents) == 1
    assert await desk.tell_all() == ["APPLIED"]  # and says what is known
    assert (await desk.seen(order_id))["version"] == again["version"]


async def test_an_answer_that_was_not_heard_comes_by_webhook(whole: StripeDesk) -> None:
    order_id = await unknown(whole, "k")
    answers = await asyncio.gather(*[whole.tell(whole.fake.events[0]) for _ in range(3)])
    assert sorted(answers) == [(200, "APPLIED"), (200, "DUPLICATE"), (200, "DUPLICATE")]
    seen = await whole.seen(order_id)
    assert (seen["status"], seen["paymentStatus"]) == ("CONFIRMED", "AUTHORISED")
    assert groups_of(seen) == {"ALLOCATED": 1}
    again = await whole.placed(idempotencyKey="k")  # the buyer asks again and learns of it
    assert (again["id"], again["version"]) == (order_id, seen["version"])
    assert len(intents(whole)) == 1


async def test_a_webhook_and_a_retry_at_once_settle_the_order_once(whole: StripeDesk) -> None:
    order_id = await unknown(whole, "k")
    event = whole.fake.events[0]
    again, *_ = await asyncio.gather(
        whole.placed(idempotencyKey="k"), whole.tell(event), whole.tell(event)
    )
    assert (again["id"], again["status"]) == (order_id, "CONFIRMED")
    seen = await whole.seen(order_id)
    assert [each["action"] for each in seen["history"]].count("CONFIRM") == 1
    assert len(intents(whole)) == 1


async def test_a_decline_that_was_not_heard_comes_by_webhook(desk: StripeDesk) -> None:
    order_id = await unknown(desk, "k", NO_MONEY)
    assert await desk.tell_all() == ["APPLIED"]
    seen = await desk.seen(order_id)
    assert (seen["status"], seen["paymentStatus"]) == ("PENDING_PAYMENT", "DECLINED")
    assert seen["holds"] == ["PAYMENT"]


async def test_s11_a_till_that_lost_the_answer_replays(desk: StripeDesk) -> None:
    selection = f"... on PlaceOrderPayload {{ order {{ {ORDER} }} }}"
    sale = {
        "channel": "POS", "idempotencyKey": "till-1:42",
        "customer": {"email": "ada@example.com"}, "lines": [{"sku": "HAT", "quantity": 1}],
        "delivery": {"mode": "TAKE_AWAY", "locationId": location_id("ROME")},
        "payment": {"tender": "CARD", "token": APPROVED},
    }  # fmt: skip

    async def buy() -> Any:
        return await desk.stage.do(ROME_TILL, "placeOrder", "PlaceOrderInput", selection, **sale)

    desk.fake.mishaps["payment_intents"] = [503]
    assert (await buy())["code"] == "PAYMENT_OUTCOME_UNKNOWN"
    first = (await buy())["order"]
    assert (await buy())["order"] == first
    assert (first["status"], first["paymentStatus"]) == ("CLOSED", "CAPTURED")
    assert [(each["status"], each["amount_received"]) for each in intents(desk)] == [
        ("succeeded", intents(desk)[0]["amount"])
    ]


async def test_a_capture_that_was_not_heard_of(desk: StripeDesk) -> None:
    order, work = await packed(desk.stage, token=APPROVED)
    desk.fake.mishaps["capture"] = [500]
    assert (await ship(desk.stage, work, "T1"))["code"] == "CAPTURE_FAILED"
    assert set(await desk.tell_all()) == {"APPLIED"}
    assert (await desk.seen(order["id"]))["paymentStatus"] == "CAPTURED"
    shipped = await ship(desk.stage, work, "T1")
    assert shipped["__typename"] == "ShipFulfillmentOrderPayload", shipped
    assert desk.fake.calls.count(f"POST /v1/payment_intents/{intents(desk)[0]['id']}/capture") == 1


async def life(desk: StripeDesk, key: str) -> tuple[str, list[dict[str, Any]]]:
    """An order of which nothing was heard, and the events of all that happened to its money."""
    order_id = await unknown(desk, key)
    intent = intents(desk)[-1]["id"]
    amount = desk.fake.intents[intent]["amount"]
    client = desk.stage.services.gateway
    assert (await client.capture(f"other-{key}", intent, amount - 500)).reference == intent
    assert (await client.capture(f"rest-{key}", intent, 500)).reference == intent
    desk.fake.refund(intent, 300)
    desk.fake.refund(intent, 200)
    desk.fake.dispute(intent)
    desk.fake.dispute(intent, "lost")
    desk.fake.payout(intent)
    events = [e for e in desk.fake.events if intent in orjson.dumps(e).decode()]
    return order_id, [*events, desk.fake.events[-1]]


async def test_events_in_any_order_three_times_and_late_have_one_effect(desk: StripeDesk) -> None:
    results: list[Any] = []
    for seed in range(3):
        order_id, events = await life(desk, f"k{seed}")
        told = events * 3
        random.Random(seed).shuffle(told) if seed else None
        states = [(await desk.tell(event))[1] for event in told]
        assert states.count("DUPLICATE") == 2 * len(events)
        seen = await desk.seen(order_id)
        results.append(
            [seen["status"], seen["paymentStatus"], seen["holds"], seen["payments"],
             [each["state"] for each in seen["disputes"]]]
        )  # fmt: skip
    stored = sa.select(psp_message.c.state, sa.func.count()).group_by(psp_message.c.state)
    assert [row[0] for row in await desk.stage.shop.rows(stored)] == ["APPLIED"]
    assert results == [results[0]] * 3
    status, payment, _, (paid,), disputes = results[0]
    assert (status, payment, disputes) == ("CONFIRMED", "PARTIALLY_REFUNDED", ["LOST"])
    assert paid["refunded"]["amount"] == "5.00"


async def pass_time(desk: StripeDesk, interval: str) -> None:
    """The messages came so long ago, and were not tried since."""
    past = sa.text(f"now() - interval '{interval}'")
    change = sa.update(psp_message).values(received_at=past, tried_at=past)
    async with desk.stage.engine.begin() as connection:
        await connection.execute(change)


async def test_what_comes_too_early_is_parked(desk: StripeDesk) -> None:
    order_id, events = await life(desk, "k")
    refund = next(each for each in events if each["type"] == "refund.created")
    assert await desk.tell(refund) == (202, "PARKED")
    assert await desk.tell(refund) == (200, "DUPLICATE")
    await pass_time(desk, "2 minutes")
    assert await desk.stage.tick() == 0  # tried again, in vain
    await desk.tell(events[0])  # authorised, and not captured yet: there is nothing to refund
    assert (await desk.seen(order_id))["paymentStatus"] == "AUTHORISED"
    for event in events[1:3]:
        await desk.tell(event)
    paid = (await desk.seen(order_id))["payments"][0]
    assert paid["refunded"]["amount"] == "3.00"


async def test_what_was_stored_and_not_applied_is_tried_again(
    desk: StripeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await unknown(desk, "k1"), await unknown(desk, "k2")
    with monkeypatch.context() as patched:
        patched.setattr("app.webhooks.payments.apply_news", out_of_order)
        assert await desk.tell(desk.fake.events[0]) == (202, "RECEIVED")
    database = desk.stage.services.database
    with pytest.raises(RuntimeError):
        await apply_waiting(database, out_of_order)
    with monkeypatch.context() as patched:
        patched.setattr("app.webhooks.payments.apply_news", out_of_order)
        assert await desk.tell(desk.fake.events[1]) == (202, "RECEIVED")
    assert await desk.stage.tick() >= 2
    assert (await desk.seen(first))["status"] == "CONFIRMED"
    assert (await desk.seen(second))["status"] == "CONFIRMED"
    assert await desk.stage.tick() == 0


async def out_of_order(tx: Tx, message: PspMessage, *, stock_is_gone: bool = False) -> bool:
    raise RuntimeError("a defect")


async def test_what_never_becomes_known_is_dropped(desk: StripeDesk) -> None:
    _, events = await life(desk, "k")
    dispute = next(each for each in events if each["type"] == "charge.dispute.created")
    assert await desk.tell(dispute) == (202, "PARKED")
    await pass_time(desk, "31 days")
    assert await desk.stage.tick() == 1
    assert await desk.stage.shop.scalar(sa.select(psp_message.c.state)) == "DROPPED"


async def test_messages_that_are_not_stripes_change_nothing(
    desk: StripeDesk, engine: AsyncEngine
) -> None:
    await unknown(desk, "k")
    event = desk.fake.events[0]
    body = orjson.dumps(event)
    good = sign(body)
    bad = [
        "", "t=1", "v1=00", "t=x,v1=00", good.replace("v1=", "v0="), f"{good},t=1",
        sign(body, secrets=("whsec_other",)), sign(body, age_s=301), sign(body, age_s=-330),
        sign(body + b" "), good.replace("t=", "t=9999999"),
    ]  # fmt: skip
    before = await books(engine)
    for header in bad:
        assert await desk.post(body, {"stripe-signature": header}) == (401, "UNAUTHENTICATED")
    assert await desk.post(body, {"stripe-signature": good}, "adyen") == (404, "NOT_FOUND")
    for junk in (b"", b"[]", b"{", b"\xff", b'{"id":"e","type":"t","created":1,"data":{}}'):
        headers = {"stripe-signature": sign(junk)}
        assert await desk.post(junk, headers) == (400, "BAD_REQUEST"), junk
    broken = event | {"data": {"object": event["data"]["object"] | {"amount": "much"}}}
    assert await desk.tell(broken) == (400, "BAD_REQUEST")
    assert await books(engine) == before
    assert await desk.tell(event, secrets=("whsec_other", OLD_SECRET)) == (200, "APPLIED")
    assert await desk.tell(event, secrets=(SECRET,)) == (200, "DUPLICATE")


async def test_a_payment_intent_that_was_only_created_says_nothing(desk: StripeDesk) -> None:
    order_id = await unknown(desk, "k")
    before = await desk.seen(order_id)
    event = desk.fake.events[0]
    fresh = {"status": "requires_payment_method", "amount_capturable": 0}
    data = {"object": event["data"]["object"] | fresh}
    created = {"id": "evt_new", "type": "payment_intent.created", "data": data}
    assert await desk.tell(event | created) == (200, "APPLIED")
    assert await desk.seen(order_id) == before


async def test_events_about_nothing_of_ours_are_ignored(desk: StripeDesk) -> None:
    await unknown(desk, "k")
    event = desk.fake.events[0]
    other = event["data"]["object"] | {"metadata": {}}
    assert await desk.tell(event | {"data": {"object": other}}) == (200, "IGNORED")
    customer = {"id": "evt_c", "type": "customer.created", "data": {"object": {"id": "cus_1"}}}
    assert await desk.tell(event | customer) == (200, "IGNORED")
    assert await desk.stage.shop.scalar(sa.select(psp_message.c.news)) is None


async def test_an_answer_that_comes_when_the_stock_is_sold(desk: StripeDesk) -> None:
    lost = await unknown(desk, "k")
    await desk.stage.make_due("reservation", "expires_at")
    await desk.placed(lines={"HAT": 50})
    assert (await desk.tell(desk.fake.events[0])) == (200, "APPLIED")
    assert (await desk.seen(lost))["status"] == "CANCELLED"
    await desk.stage.tick()
    assert (await desk.seen(lost))["paymentStatus"] == "VOIDED"
    assert intents(desk)[0]["status"] == "canceled"


async def test_an_authorisation_that_the_psp_gave_up_holds_the_order(desk: StripeDesk) -> None:
    order = await desk.placed()
    await desk.stage.services.gateway.void("expired-there", intents(desk)[0]["id"])
    assert await desk.tell_all() == ["APPLIED", "APPLIED"]
    seen = await desk.seen(order["id"])
    assert (seen["paymentStatus"], seen["holds"]) == ("VOIDED", ["PAYMENT"])


async def test_a_refund_that_fails_after_all_is_owed(desk: StripeDesk) -> None:
    order, work = await packed(desk.stage, token=APPROVED)
    await ship(desk.stage, work, "T1")
    desk.fake.refund(intents(desk)[0]["id"], 500)
    assert set(await desk.tell_all()) == {"APPLIED"}
    made = desk.fake.events[-1]
    seen = await desk.seen(order["id"])
    assert seen["paymentStatus"] == "PARTIALLY_REFUNDED"
    assert await desk.stage.tick() == 0  # nobody takes it back, and nobody gives more
    refund = made["data"]["object"] | {"status": "failed", "failure_reason": "expired_card"}
    failed = made | {"id": "evt_f", "type": "refund.failed", "data": {"object": refund}}
    assert await desk.tell(failed) == (200, "APPLIED")
    paid = (await desk.seen(order["id"]))["payments"][0]
    assert (paid["refunded"]["amount"], paid["refundDue"]["amount"]) == ("0.00", "5.00")


DISPUTES = """query($states: [DisputeState!]) { disputes(states: $states) {
  totalCount edges { node { id provider reference state reason amount { amount currency }
  evidenceDueAt closedAt orderId order { number } } } } }"""


async def test_s53_a_chargeback_after_delivery(desk: StripeDesk) -> None:
    order, work = await packed(desk.stage, token=APPROVED)
    await ship(desk.stage, work, "T1")
    intent = intents(desk)[0]["id"]
    stock = await desk.stage.level("HAT")
    before = await desk.seen(order["id"])
    opened = desk.fake.dispute(intent)
    assert await desk.tell(opened) == (200, "APPLIED")
    seen = await desk.seen(order["id"])
    assert seen["version"] == before["version"] + 1  # an event: who follows the order sees it
    assert (seen["holds"], groups_of(seen)) == ([], groups_of(before))
    assert await desk.stage.level("HAT") == stock
    assert seen["history"][-1] == {"action": "DISPUTE_OPENED"}
    told = (await events(desk.stage.engine))[-1]
    payload, topics = told["payload"], told["topics"]
    assert (payload["action"], payload["version"]) == ("DISPUTE_OPENED", seen["version"])
    assert f"order:{payload['order_id']}" in topics
    (listed,) = (await listed_by(desk, ["NEEDS_RESPONSE"]))["edges"]
    assert listed["node"] | {"id": "", "amount": None} == {
        "id": "", "provider": "STRIPE", "reference": "dp_1", "state": "NEEDS_RESPONSE",
        "reason": "product_not_received", "amount": None, "orderId": order["id"],
        "evidenceDueAt": "2026-01-08T10:00:00+00:00", "closedAt": None,
        "order": {"number": order["number"]},
    }  # fmt: skip
    lost = desk.fake.dispute(intent, "lost")
    assert await desk.tell(lost) == (200, "APPLIED")
    late = opened | {"id": "evt_late", "created": lost["created"] + 1}
    assert await desk.tell(late) == (200, "APPLIED")  # what is closed stays closed
    assert (await listed_by(desk, ["LOST"]))["totalCount"] == 1
    assert (await listed_by(desk, ["NEEDS_RESPONSE", "WON"]))["totalCount"] == 0
    assert [each["action"] for each in (await desk.seen(order["id"]))["history"]][-1] == (
        "DISPUTE_LOST"
    )
    _, codes = await desk.stage.api.ask(ROME_TILL, DISPUTES)
    assert codes == ["FORBIDDEN"]
    _, codes = await desk.stage.api.ask(AGENT, DISPUTES)
    assert codes == ["FORBIDDEN"]


async def listed_by(desk: StripeDesk, states: list[str]) -> Any:
    return await desk.stage.api.do(ADMIN, DISPUTES, states=states)


async def test_a_dispute_holds_an_order_that_has_not_left(desk: StripeDesk) -> None:
    order = await desk.placed()
    intent = intents(desk)[0]["id"]
    await desk.tell(desk.fake.dispute(intent))
    assert (await desk.seen(order["id"]))["holds"] == ["PAYMENT"]
    await desk.tell(desk.fake.dispute(intent, "won"))
    seen = await desk.seen(order["id"])
    assert (seen["holds"], seen["disputes"][0]["state"]) == ([], "WON")


async def test_a_payout_and_its_lines(desk: StripeDesk) -> None:
    _, work = await packed(desk.stage, token=APPROVED)
    await ship(desk.stage, work, "T1")
    intent = intents(desk)[0]
    event = desk.fake.payout(intent["id"])
    old = event | {"id": "evt_old", "created": event["created"] - 1}
    old |= {"data": {"object": event["data"]["object"] | {"status": "pending"}}}
    assert [await desk.tell(each) for each in (event, old)] == [(200, "APPLIED")] * 2
    source: Any = desk.stage.services.gateway
    database = desk.stage.services.database
    desk.fake.mishaps["balance_transactions"] = [500]
    assert [await store_lines(database, PROVIDER, source) for _ in range(3)] == [0, 1, 0]
    (payout,) = await desk.stage.shop.rows(sa.select(psp_payout))
    received = intent["amount_received"]
    assert (payout.state, payout.amount_minor, payout.fee_minor) == ("PAID", received - 30, 30)
    assert payout.arrives_on.isoformat() == "2026-01-03"
    (line,) = await desk.stage.shop.rows(sa.select(psp_payout_line))
    assert (line.payment_reference, line.amount_minor) == (intent["id"], received)
    assert (line.kind, line.net_minor) == ("charge", received - 30)
