"""S07, S34 and what else customers are told: once, in their language, where they want it."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from babel.dates import format_date
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.customers.tables import customer
from domain.events.audit import VIOLATIONS
from domain.locations.tables import location
from domain.notifications import telling as reading
from domain.notifications.port import Outcome, Senders, Sending
from domain.notifications.sending import Desk, send_due
from domain.notifications.tables import notification, notification_cursor
from domain.notifications.telling import tell_news
from domain.orders.tables import order_history, order_pickup, sales_order
from domain.returns.tables import sales_return
from tests.scenarios.test_deliveries import report, shipped
from tests.scenarios.test_pickup import collect, ready
from tests.scenarios.test_promises import bought, waiting
from tests.support import returns
from tests.support.purchasing import day, step
from tests.support.shop import ADMIN, AGENT, WEB_SHOP
from tests.support.shop import customer as shopper
from tests.support.stage import gid
from tests.support.telling import SHOP, Telling, open_telling

ADA: dict[str, Any] = {"email": "ada@example.com", "firstName": "Ada", "lastName": "Verdi"}
BOTH: dict[str, Any] = {"customer": {**ADA, "phone": "+390612345678"}}


@pytest.fixture
async def telling(engine: AsyncEngine, clean_database: str) -> AsyncGenerator[Telling]:
    async with open_telling(engine, clean_database) as telling:
        yield telling


async def prefer(telling: Telling, *channels: str, actor: Any = ADMIN, **given: Any) -> Any:
    key = await telling.stage.shop.scalar(sa.select(customer.c.id))
    return await telling.stage.do(
        actor, "setNotificationPreferences", "SetNotificationPreferencesInput",
        """... on SetNotificationPreferencesPayload { customerVersion
          preferences { channels muted } }""",
        **{"customerId": gid("Customer", key), "channels": list(channels), **given},
    )  # fmt: skip


async def test_s07_the_customer_is_told_once_that_a_payment_failed_and_that_it_is_over(
    telling: Telling,
) -> None:
    stage = telling.stage
    declined = await stage.place(token="tok_decline")
    assert declined["__typename"] != "PlaceOrderPayload"
    order_id = await stage.shop.scalar(sa.select(sales_order.c.id))
    order = {"id": gid("Order", order_id)}
    assert await telling.told() == 1
    await stage.make_due("sales_order", "pay_until")
    assert await stage.tick() >= 1
    assert await stage.tick() == 0
    assert await telling.told() == 1
    assert await telling.told() == 0
    assert telling.office.subjects == [
        "Payment for order did not work",
        "Your order has expired",
    ]
    assert await telling.kinds(order) == ["PAYMENT_DECLINED EMAIL", "ORDER_EXPIRED EMAIL"]
    await stage.check()


async def test_s34_a_delay_is_told_once_on_every_channel_that_the_customer_wants(
    telling: Telling,
) -> None:
    stage, office = telling.stage, telling.office
    order = await shipped(stage, language="it", **BOTH)
    await prefer(telling, "SMS", "EMAIL")
    await telling.told()
    office.mails.clear()
    office.texts.clear()
    late = {"externalId": "d1", "expectedAt": "2026-12-09T23:30:00Z"}
    await asyncio.gather(report(stage, "DELAYED", **late), report(stage, "DELAYED", **late))
    assert await telling.told() == 2
    await report(stage, "DELAYED", **late)
    await report(stage, "DELAYED", **{**late, "externalId": "said again"})
    assert await telling.told() == 0
    assert [mail.subject for mail in office.mails] == [
        f"Il pacco del tuo ordine {order['number']} è in ritardo"
    ]
    # The store that shipped it is in Rome, where it is the next day already.
    assert "Consegna prevista ora: 10 dicembre 2026." in office.mails[0].text
    assert "DHL T1" in office.mails[0].text
    assert [text.to for text in office.texts] == ["+390612345678"]
    assert len(office.texts[0].text) <= 160
    await report(stage, "DELAYED", externalId="d2", expectedAt="2026-12-11T12:00:00Z")
    assert await telling.told() == 2
    seen = await stage.order(order["id"], "shipments { parcels { notice expectedAt } }")
    assert seen["shipments"][0]["parcels"] == [
        {"notice": "DELAYED", "expectedAt": "2026-12-11T12:00:00+00:00"}
    ]
    assert (await telling.kinds(order)).count("DELIVERY_DELAYED SMS") == 2


async def test_s22_a_promise_that_moves_is_told_with_the_offer_to_cancel(
    telling: Telling,
) -> None:
    stage = telling.stage
    bill = await bought(stage, 10, day(4))
    order = await waiting(stage, 12, language="es")
    await telling.told()
    telling.office.mails.clear()
    await step(stage, "changePurchaseOrder", bill, eta=day(7))
    assert await telling.told() == 1
    (mail,) = telling.office.mails
    assert mail.subject == f"Nueva fecha para tu pedido {order['number']}"
    moved = datetime.fromisoformat(day(7)).astimezone(ZoneInfo("Europe/Rome"))
    assert format_date(moved.date(), "long", locale="es") in mail.text
    assert "puedes cancelarlos sin coste" in mail.text
    assert await stage.tick() == 0
    assert await telling.told() == 0


async def test_the_way_of_a_parcel_is_told_in_the_language_of_the_order(
    telling: Telling,
) -> None:
    order = await shipped(telling.stage, language="es")
    await report(telling.stage, "DELIVERED")
    assert await telling.told() == 3
    assert telling.office.subjects == [
        "Tu pedido está confirmado",
        "Tu pedido está en camino",
        "El paquete de tu pedido se ha entregado",
    ]
    confirmed = telling.office.mails[0]
    assert "Hola, Ada:" in confirmed.text
    assert "1 x HAT: 19,90" in confirmed.text.replace("\xa0", " ")
    assert f"https://bottega.example/orders/{order['number']}?t=" in confirmed.html
    seen = await telling.seen(order)
    assert {(each["state"], each["address"]) for each in seen} == {("SENT", "a***@e***.com")}


async def test_goods_in_a_store_are_told_with_code_place_and_deadline(
    telling: Telling, engine: AsyncEngine
) -> None:
    stage = telling.stage
    async with engine.begin() as connection:
        await connection.execute(sa.update(location).values(time_zone="Europe/Rome"))
    order, _ = await ready(stage, language="fr")
    code = await stage.shop.scalar(sa.select(order_pickup.c.code))
    await telling.told()
    mail = telling.office.mails[-1]
    assert mail.subject == f"Your order {order['number']} is ready to collect"
    assert code in mail.text
    assert code not in repr(mail)
    await collect(stage, order, code=code)
    assert await telling.told() == 1
    assert telling.office.subjects[-1] == "Your order was collected"
    await stage.check()


async def test_a_cancelled_order_and_the_money_back_are_told(telling: Telling) -> None:
    stage = telling.stage
    order = await stage.placed(lines={"HAT": 2}, language="it")
    await stage.change("cancelOrder", order["id"])
    await telling.told()
    assert (await telling.kinds(order))[:2] == ["ORDER_CONFIRMED EMAIL", "ORDER_CANCELLED EMAIL"]


async def test_a_return_is_told_from_its_code_to_the_money(telling: Telling) -> None:
    stage = telling.stage
    order = await returns.delivered(stage)
    await telling.told()
    telling.office.mails.clear()
    asked = (await returns.ask(stage, order))["return"]
    await telling.told()
    (mail,) = telling.office.mails
    assert telling.office.subjects == ["You can send back goods of your order"]
    code = await stage.shop.scalar(sa.select(sales_return.c.code))
    assert f"Please show this code in the store: {code}" in mail.text
    came = (await returns.receive(stage, asked, "MILAN"))["return"]
    await returns.inspect(stage, came)
    await telling.told()
    assert sorted(telling.office.subjects[1:]) == [
        "Money back for your order",
        "We have received your return for order",
        "Your return for order is settled",
    ]
    await stage.check()


async def test_two_workers_tell_and_send_everything_once(telling: Telling) -> None:
    stage, database = telling.stage, telling.stage.services.database
    order = await shipped(stage)
    while await telling.sequencer.move():
        pass
    made = await asyncio.gather(*[tell_news(database) for _ in range(4)])
    assert sum(made) == 2
    tried = await asyncio.gather(*[send_due(telling.desk, limit=1, batches=1) for _ in range(4)])
    assert sum(tried) == 2
    assert len(telling.office.mails) == 2
    assert [each["attempts"] for each in await telling.seen(order)] == [1, 1]


async def test_a_worker_that_dies_while_it_reads_leaves_nothing_out(
    telling: Telling, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await shipped(telling.stage)
    await report(telling.stage, "DELIVERED")
    place = sa.select(notification_cursor.c.seq)
    before = await telling.stage.shop.scalar(place)

    def die(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as broken:
        broken.setattr(reading, "targets", die)
        with pytest.raises(RuntimeError, match="killed"):
            await telling.tell()
    assert await telling.stage.shop.scalar(place) == before
    monkeypatch.setattr(reading, "PAGE", 1)
    assert await telling.told() == 3
    assert len(await telling.kinds(order)) == 3


async def test_who_dies_between_sending_and_recording_sends_again_under_the_same_key(
    telling: Telling,
) -> None:
    order = await telling.stage.placed()
    await telling.tell()

    def die(_: object) -> Sending:
        raise RuntimeError("killed")

    telling.office.answer = die
    with pytest.raises(RuntimeError, match="killed"):
        await telling.send()
    assert await telling.send() == 0, "another worker waits for the lease"
    telling.office.answer = lambda _: Sending(Outcome.SENT)
    await telling.stage.make_due("notification", "next_try_at")
    assert await telling.send() == 1
    first, second = telling.office.mails
    assert first.key == second.key
    seen = await telling.seen(order, "state attempts log { number outcome }")
    assert seen == [{"state": "SENT", "attempts": 2, "log": [{"number": 2, "outcome": "SENT"}]}]


async def test_a_refusal_for_now_is_tried_again_until_it_has_failed(telling: Telling) -> None:
    stage = telling.stage
    order = await stage.placed()
    telling.office.answer = lambda _: Sending(Outcome.TRY_AGAIN, "SMTP 450")
    await telling.told()
    waiting = await telling.seen(order, "state nextTryAt reason")
    assert waiting[0]["state"] == "WAITING"
    assert waiting[0]["reason"] == "SMTP 450"
    while (await telling.seen(order))[0]["state"] == "WAITING":
        await stage.make_due("notification", "next_try_at")
        assert await telling.send() == 1
    assert len(telling.office.mails) == 7
    failed = """{ failedNotifications { totalCount edges { node { id kind reason attempts } } } }"""
    found = await stage.api.do(ADMIN, failed)
    assert found["totalCount"] == 1
    node = found["edges"][0]["node"]
    assert (node["kind"], node["reason"], node["attempts"]) == ("ORDER_CONFIRMED", "SMTP 450", 7)
    _, refused = await stage.api.ask(WEB_SHOP, failed)
    assert refused == ["FORBIDDEN"]
    telling.office.answer = lambda _: Sending(Outcome.SENT)
    selection = "... on ResendNotificationPayload { notification { state attempts } }"
    kind, key = "ResendNotificationInput", uuid4().hex
    for _ in range(2):
        again = await stage.do(
            AGENT, "resendNotification", kind, selection,
            notificationId=node["id"], idempotencyKey=key,
        )  # fmt: skip
        assert again["notification"] == {"state": "WAITING", "attempts": 7}
    assert await telling.send() == 1
    seen = await telling.seen(order, "state log { number outcome actor }")
    assert seen[0]["state"] == "SENT"
    assert seen[0]["log"][-2:] == [
        {"number": 0, "outcome": "ASKED_AGAIN", "actor": AGENT.key},
        {"number": 8, "outcome": "SENT", "actor": None},
    ]


async def test_a_refusal_for_good_is_not_tried_again(telling: Telling) -> None:
    order = await telling.stage.placed()
    telling.office.answer = lambda _: Sending(Outcome.REFUSED, "SMTP 550")
    await telling.told()
    assert [each["state"] for each in await telling.seen(order)] == ["FAILED"]


async def test_what_cannot_be_sent_says_so(telling: Telling, engine: AsyncEngine) -> None:
    stage = telling.stage
    order = await stage.placed()
    await telling.tell()
    async with engine.begin() as connection:
        await connection.execute(sa.update(customer).values(email=None))
    await telling.send()
    guest = await stage.placed(customer={"firstName": "Nobody", "phone": "+390612345679"})
    nothing = replace(telling.desk, senders=Senders())
    await telling.tell()
    await send_due(nothing)
    assert [each["reason"] for each in await telling.seen(order)] == ["no address"]
    assert [
        (each["channel"], each["state"], each["reason"], each["address"])
        for each in await telling.seen(guest)
    ] == [("SMS", "SKIPPED", "channel not set up", "***79")]
    assert telling.office.mails == []


async def test_preferences_hold_from_then_on(telling: Telling) -> None:
    stage = telling.stage
    await stage.placed(**BOTH)
    await telling.told()
    answer = await prefer(telling, "SMS", muted=["SHIPPED"])
    assert answer["preferences"] == {"channels": ["SMS"], "muted": ["SHIPPED"]}
    order = await shipped(stage, **BOTH)
    await report(stage, "DELIVERED")
    await telling.told()
    assert await telling.kinds(order) == ["ORDER_CONFIRMED SMS", "DELIVERED SMS"]
    for given in ({"muted": ["REFUNDED"]}, {"expectedVersion": 1}):
        assert (await prefer(telling, "SMS", **given))["__typename"].endswith("Error")
    assert (await prefer(telling))["code"] == "VALIDATION_FAILED"
    assert (await prefer(telling, "WEBHOOK"))["code"] == "VALIDATION_FAILED"
    stranger = shopper(uuid4())
    assert (await prefer(telling, "SMS", actor=stranger))["code"] == "NOT_FOUND"
    key = await stage.shop.scalar(sa.select(customer.c.id))
    mine = "query($id: ID!) { notificationPreferences(customerId: $id) { channels updatedAt } }"
    found = await stage.api.do(shopper(key), mine, id=gid("Customer", key))
    assert found["channels"] == ["SMS"]
    _, errors = await stage.api.ask(stranger, mine, {"id": gid("Customer", key)})
    assert errors == ["NOT_FOUND"]


async def test_the_past_of_a_loaded_order_is_not_told(
    telling: Telling, engine: AsyncEngine
) -> None:
    order = await telling.stage.placed()
    async with engine.begin() as connection:
        # History is append-only; whoever loads the past writes it so at once.
        await connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        await connection.execute(sa.update(order_history).values(detail={"imported": True}))
        await connection.execute(
            sa.text(
                "UPDATE outbox SET events = (SELECT jsonb_agg(each || jsonb_build_object('at',"
                " '2026-03-01T00:00:00+00:00')) FROM jsonb_array_elements(events) AS each)"
            )
        )
    assert await telling.told() == 0
    assert await telling.seen(order) == []
    await telling.stage.change("cancelOrder", order["id"])
    await telling.told()
    assert "ORDER_CANCELLED EMAIL" in await telling.kinds(order)


async def test_nothing_personal_is_kept_and_the_log_has_no_gap(
    telling: Telling, engine: AsyncEngine
) -> None:
    await shipped(telling.stage, **BOTH)
    await telling.told()
    await prefer(telling, "EMAIL")
    while await telling.sequencer.move():
        pass
    async with engine.connect() as connection:
        rows = (await connection.execute(sa.select(sa.cast(notification.c.facts, sa.Text)))).all()
        kept = " ".join(str(row) for row in rows)
        assert (await connection.execute(sa.text(VIOLATIONS))).all() == []
    assert not any(word in kept for word in ("ada", "Verdi", "Via Roma", "39061"))


async def test_a_desk_of_another_shop_signs_with_its_name(telling: Telling) -> None:
    await telling.stage.placed()
    await telling.tell()
    other = Desk(telling.desk.database, telling.desk.senders, replace(SHOP, name="Tienda <b>"))
    await send_due(other)
    assert "Tienda &lt;b&gt;" in telling.office.mails[0].html
