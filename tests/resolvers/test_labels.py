"""Labels: bought between two transactions, edited, voided; silence and refusal of carriers."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.carriers.model import Outcome
from tests.support.carriers import (
    ADDRESS,
    ScriptedCarrier,
    created,
    label,
    labels_of,
    packed,
    rate,
    set_rates,
    ship,
)
from tests.support.mutations import everything
from tests.support.shop import ADMIN, AGENT, MILAN_TILL, ROME_TILL, WEB_SHOP
from tests.support.stage import NOBODY, TO_PACKED, Stage, gid, open_stage

pytestmark = pytest.mark.usefixtures("clean_database")

SCRIPTED = {"carrier": "SCRIPT", "service": "FAST"}


async def open_packed(engine: AsyncEngine, carrier: ScriptedCarrier | None = None) -> Any:
    """A stage, an order and the id of its packed work."""
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    if carrier is not None:
        stage.services.carriers = {"SCRIPT": carrier}
    await set_rates(stage, rate(), rate("EXPRESS", price="9.90"))
    return stage, *await packed(stage, lines={"HAT": 2})


async def history(stage: Stage, order: Any) -> list[str]:
    seen = await stage.order(order["id"], "history { action }")
    return [each["action"] for each in seen["history"]]


async def test_a_label_is_bought_for_packed_goods_and_shipped(engine: AsyncEngine) -> None:
    stage, order, work = await open_packed(engine)
    made = await created(stage, work, idempotencyKey="k", actor=ROME_TILL)
    assert made["url"].startswith("/labels/")
    assert made["trackingNumber"].startswith("LA")
    known = {name: made[name] for name in ("state", "price", "weightG", "recipient", "parcelId")}
    assert known == {
        "state": "BOUGHT",
        "price": {"amount": "5.90", "currency": "EUR"},
        "weightG": 800,
        "recipient": "Ada Verdi",
        "parcelId": None,
    }
    before = await everything(engine)
    again = await created(stage, work, idempotencyKey="k", actor=ROME_TILL)
    assert again == made
    other = await label(
        stage, "createLabel", idempotencyKey="k", fulfillmentOrderId=work, carrier="GLS",
        service="EXPRESS", actor=ROME_TILL,
    )  # fmt: skip
    assert other["code"] == "IDEMPOTENCY_CONFLICT"
    assert await everything(engine) == before
    sent = await ship(stage, work, made["trackingNumber"])
    parcel = sent["shipment"]["parcels"][0]
    assert await labels_of(stage, order["id"], "state parcelId") == [
        {"state": "BOUGHT", "parcelId": parcel["id"]}
    ]
    assert (await history(stage, order)).count("CREATE_LABEL") == 1
    await stage.check()


@pytest.mark.parametrize(
    ("changes", "actor", "code"),
    [
        ({}, MILAN_TILL, "NOT_FOUND"),
        ({"fulfillmentOrderId": gid("FulfillmentOrder", NOBODY)}, ADMIN, "NOT_FOUND"),
        ({"fulfillmentOrderId": gid("Order", NOBODY)}, ADMIN, "VALIDATION_FAILED"),
        ({"fulfillmentOrderId": None}, ADMIN, "VALIDATION_FAILED"),
        ({"parcelId": gid("Parcel", NOBODY)}, ADMIN, "VALIDATION_FAILED"),
        ({"fulfillmentOrderId": None, "parcelId": gid("Parcel", NOBODY)}, ADMIN, "NOT_FOUND"),
        ({"direction": "RETURN"}, ADMIN, "VALIDATION_FAILED"),
        ({"service": " "}, ADMIN, "VALIDATION_FAILED"),
        ({"carrier": "?"}, ADMIN, "VALIDATION_FAILED"),
        ({"weightG": 0}, ADMIN, "VALIDATION_FAILED"),
    ],
)
async def test_refused_labels_change_nothing(
    engine: AsyncEngine, changes: dict[str, Any], actor: Any, code: str
) -> None:
    stage, _, work = await open_packed(engine)
    before = await everything(engine)
    given = {"fulfillmentOrderId": work, "carrier": "GLS", "service": "STANDARD"} | changes
    answer = await label(stage, "createLabel", actor=actor, **given)
    assert answer["code"] == code
    assert await everything(engine) == before


async def test_only_packed_goods_without_a_hold_get_a_label(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    await set_rates(stage, rate())
    order = await stage.released()
    work = order["fulfillmentOrders"][0]["id"]
    given = {"fulfillmentOrderId": work, "carrier": "GLS", "service": "STANDARD", "weightG": 1}
    early = await label(stage, "createLabel", **given)
    assert early["code"] == "ILLEGAL_TRANSITION"
    for step in TO_PACKED:
        await stage.work(step, work)
    hold: dict[str, Any] = {"orderId": order["id"], "hold": "FRAUD"}
    await stage.do(ADMIN, "holdOrder", "OrderHoldInput", "", **hold)
    assert (await label(stage, "createLabel", **given))["code"] == "ORDER_ON_HOLD"


async def test_roles_that_do_not_handle_goods_have_no_labels(engine: AsyncEngine) -> None:
    stage, order, work = await open_packed(engine)
    made = await created(stage, work)
    before = await everything(engine)
    create = "mutation($i: CreateLabelInput!) { createLabel(input: $i) { __typename } }"
    void = "mutation($i: VoidLabelInput!) { voidLabel(input: $i) { __typename } }"
    edit = "mutation($i: EditLabelInput!) { editLabel(input: $i) { __typename } }"
    given = {"idempotencyKey": "x", "carrier": "GLS", "service": "S", "fulfillmentOrderId": work}
    mine = {"idempotencyKey": "x", "labelId": made["id"]}
    for actor in (AGENT, WEB_SHOP):
        for document, value in ((create, given), (void, mine), (edit, mine)):
            assert (await stage.api.ask(actor, document, {"i": value}))[1] == ["FORBIDDEN"]
    assert await everything(engine) == before
    document = "query($id: ID!) { label(id: $id) { state } }"
    assert (await stage.api.ask(WEB_SHOP, document, {"id": made["id"]}))[1] == ["FORBIDDEN"]
    assert await stage.api.do(AGENT, document, id=made["id"]) == {"state": "BOUGHT"}
    assert await stage.api.do(MILAN_TILL, document, id=made["id"]) is None
    listed = "query($id: ID!) { labels(orderId: $id) { state } }"
    assert await stage.api.do(MILAN_TILL, listed, id=order["id"]) == []


async def test_the_weight_comes_from_the_catalogue_or_somebody_weighs(engine: AsyncEngine) -> None:
    stage, _, work = await open_packed(engine)
    await stage.weigh("HAT", 0)
    answer = await label(
        stage, "createLabel", fulfillmentOrderId=work, carrier="GLS", service="STANDARD"
    )
    assert answer["code"] == "VALIDATION_FAILED"  # the variant weighs 0 g: nobody knows
    await stage.weigh("HAT", 300)
    answer = await label(
        stage, "createLabel", fulfillmentOrderId=work, carrier="GLS", service="STANDARD"
    )
    assert answer["label"]["weightG"] == 600


async def test_a_carrier_that_does_not_sell_leaves_a_failed_label(engine: AsyncEngine) -> None:
    stage, order, work = await open_packed(engine)
    given = {"fulfillmentOrderId": work, "carrier": "GLS", "service": "NONE", "weightG": 1}
    first = await label(stage, "createLabel", idempotencyKey="k", **given)
    assert (first["__typename"], first["code"]) == ("CarrierRefusedError", "CARRIER_REFUSED")
    before = await everything(engine)
    assert await label(stage, "createLabel", idempotencyKey="k", **given) == first
    assert await everything(engine) == before
    assert await labels_of(stage, order["id"], "state trackingNumber url") == [
        {"state": "FAILED", "trackingNumber": None, "url": None}
    ]
    assert await stage.tick() == 0
    await stage.check()


async def test_a_silent_carrier_is_asked_again_with_the_same_key(engine: AsyncEngine) -> None:
    carrier = ScriptedCarrier(buys=[Outcome.UNKNOWN, Outcome.UNKNOWN])
    stage, order, work = await open_packed(engine, carrier)
    given = {"fulfillmentOrderId": work, "weightG": 500, "idempotencyKey": "k", **SCRIPTED}
    first = await label(stage, "createLabel", **given)
    assert (first["label"]["state"], first["label"]["url"]) == ("BUYING", None)
    assert await stage.tick() == 0  # not due yet
    await stage.make_due("label", "next_try_at")
    assert await stage.tick() == 1
    assert await labels_of(stage, order["id"]) == [{"state": "BUYING"}]
    again = await label(stage, "createLabel", **given)
    assert (again["label"]["id"], again["label"]["state"]) == (first["label"]["id"], "BOUGHT")
    assert len({wanted.key for wanted in carrier.bought}) == 1
    assert len(carrier.bought) == 3
    assert await label(stage, "createLabel", **given) == again
    assert len(carrier.bought) == 3
    await stage.check()


async def test_the_scheduler_ends_what_a_dead_worker_began(engine: AsyncEngine) -> None:
    carrier = ScriptedCarrier(buys=[Outcome.UNKNOWN], voids=[Outcome.UNKNOWN])
    stage, order, work = await open_packed(engine, carrier)
    given = {"fulfillmentOrderId": work, "weightG": 500, "idempotencyKey": "k", **SCRIPTED}
    made = (await label(stage, "createLabel", **given))["label"]
    await stage.make_due("label", "next_try_at")
    assert await stage.tick() == 1
    assert (await label(stage, "createLabel", **given))["label"]["state"] == "BOUGHT"
    gone: dict[str, Any] = {"labelId": made["id"], "idempotencyKey": "v"}
    assert (await label(stage, "voidLabel", **gone))["label"]["state"] == "VOIDING"
    await stage.make_due("label", "next_try_at")
    assert await stage.tick() == 1
    assert (await label(stage, "voidLabel", **gone))["label"]["state"] == "VOIDED"
    assert (await history(stage, order))[-2:] == ["CREATE_LABEL", "VOID_LABEL"]
    await stage.check()


async def test_a_worker_that_dies_while_it_asks_leaves_an_intent(engine: AsyncEngine) -> None:
    carrier = ScriptedCarrier(broken=True)
    stage, order, work = await open_packed(engine, carrier)
    document = "mutation($i: CreateLabelInput!) { createLabel(input: $i) { __typename } }"
    given = {"idempotencyKey": "k", "fulfillmentOrderId": work, "weightG": 500, **SCRIPTED}
    assert (await stage.api.ask(ADMIN, document, {"i": given}))[1] != []
    assert await labels_of(stage, order["id"]) == [{"state": "BUYING"}]
    await stage.make_due("label", "next_try_at")
    with pytest.raises(RuntimeError, match="a defect of the adapter"):
        await stage.tick()
    carrier.broken = False
    assert await stage.tick() == 0  # its next try was put off: others have their turn
    await stage.make_due("label", "next_try_at")
    assert await stage.tick() == 1
    again = await label(stage, "createLabel", **given)
    assert again["label"]["state"] == "BOUGHT"
    assert len({wanted.key for wanted in carrier.bought}) == 1
    await stage.check()


async def test_a_void_label_cannot_be_shipped_or_voided_again(engine: AsyncEngine) -> None:
    stage, _, work = await open_packed(engine)
    made = await created(stage, work)
    stale = await label(stage, "voidLabel", labelId=made["id"], expectedVersion=7)
    assert stale["code"] == "VERSION_CONFLICT"
    void = {"labelId": made["id"], "expectedVersion": made["version"], "idempotencyKey": "v"}
    done = await label(stage, "voidLabel", **void)
    assert (done["label"]["state"], done["label"]["url"]) == ("VOIDED", None)
    before = await everything(engine)
    assert await label(stage, "voidLabel", **void) == done
    assert (await label(stage, "voidLabel", labelId=made["id"]))["code"] == "ILLEGAL_LABEL_STEP"
    assert (await label(stage, "voidLabel", labelId=gid("Label", NOBODY)))["code"] == "NOT_FOUND"
    other = await label(stage, "voidLabel", labelId=made["id"], actor=MILAN_TILL)
    assert other["code"] == "NOT_FOUND"
    assert (await ship(stage, work, made["trackingNumber"]))["code"] == "LABEL_NOT_USABLE"
    assert await everything(engine) == before
    await stage.check()


async def test_a_carrier_may_refuse_to_take_a_label_back(engine: AsyncEngine) -> None:
    carrier = ScriptedCarrier(voids=[Outcome.REFUSED, Outcome.UNKNOWN, Outcome.REFUSED])
    stage, order, work = await open_packed(engine, carrier)
    made = await created(stage, work, **SCRIPTED)
    refused = await label(stage, "voidLabel", labelId=made["id"], idempotencyKey="1")
    assert refused["code"] == "CARRIER_REFUSED"
    assert await label(stage, "voidLabel", labelId=made["id"], idempotencyKey="1") == refused
    assert await labels_of(stage, order["id"], "state reason") == [
        {"state": "BOUGHT", "reason": "scanned already"}
    ]
    waiting = await label(stage, "voidLabel", labelId=made["id"], idempotencyKey="2")
    assert waiting["label"]["state"] == "VOIDING"
    await stage.make_due("label", "next_try_at")
    assert await stage.tick() == 1
    again = await label(stage, "voidLabel", labelId=made["id"], idempotencyKey="2")
    assert again["code"] == "CARRIER_REFUSED"
    await stage.check()


async def test_labels_of_other_goods_cannot_be_shipped(engine: AsyncEngine) -> None:
    stage, _, work = await open_packed(engine)
    _, other_work = await packed(stage)
    made = await created(stage, other_work)
    assert (await ship(stage, work, made["trackingNumber"]))["code"] == "LABEL_NOT_USABLE"
    sent = await ship(stage, other_work, made["trackingNumber"])
    back = await label(
        stage, "createLabel", parcelId=sent["shipment"]["parcels"][0]["id"], carrier="GLS",
        service="STANDARD", direction="RETURN", weightG=500,
    )  # fmt: skip
    assert (back["label"]["direction"], back["label"]["recipient"]) == ("RETURN", "Rome")
    number = back["label"]["trackingNumber"]
    assert (await ship(stage, work, number))["code"] == "LABEL_NOT_USABLE"
    await stage.check()


async def test_labels_of_work_that_is_over_are_voided(engine: AsyncEngine) -> None:
    stage, order, work = await open_packed(engine)
    used, spare = await created(stage, work), await created(stage, work)
    await ship(stage, work, used["trackingNumber"])
    assert await stage.tick() == 1
    assert await labels_of(stage, order["id"], "id state") == [
        {"id": used["id"], "state": "BOUGHT"},
        {"id": spare["id"], "state": "VOIDED"},
    ]
    assert await stage.tick() == 0
    await stage.check()


async def test_two_edits_of_one_label_buy_one_more(engine: AsyncEngine) -> None:
    carrier = ScriptedCarrier()
    stage, order, work = await open_packed(engine, carrier)
    made = await created(stage, work, **SCRIPTED)
    edit: dict[str, Any] = {"labelId": made["id"], "address": ADDRESS}
    both = await asyncio.gather(*[label(stage, "editLabel", **edit) for _ in range(2)])
    assert sorted(each["__typename"] for each in both) == ["IllegalLabelStepError", "LabelPayload"]
    states = await labels_of(stage, order["id"])
    assert [each["state"] for each in states] == ["VOIDED", "BOUGHT"]
    assert carrier.cancelled == [f"ref-{made['trackingNumber']}"]
    await stage.check()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "VALIDATION_FAILED"),
        ({"service": "FAST"}, "VALIDATION_FAILED"),
        ({"address": ADDRESS | {"country": "FR"}}, "VALIDATION_FAILED"),
        ({"address": ADDRESS | {"street": " "}}, "VALIDATION_FAILED"),
        ({"address": ADDRESS, "expectedVersion": 9}, "VERSION_CONFLICT"),
        ({"address": ADDRESS, "actor": MILAN_TILL}, "NOT_FOUND"),
        ({"address": ADDRESS, "labelId": gid("Label", NOBODY)}, "NOT_FOUND"),
    ],
)
async def test_refused_edits_change_nothing(
    engine: AsyncEngine, changes: dict[str, Any], code: str
) -> None:
    stage, _, work = await open_packed(engine, ScriptedCarrier())
    made = await created(stage, work, **SCRIPTED)
    before = await everything(engine)
    answer = await label(stage, "editLabel", **{"labelId": made["id"]} | changes)
    assert answer["code"] == code
    assert await everything(engine) == before


async def test_a_label_that_cannot_be_bought_anew_stays(engine: AsyncEngine) -> None:
    carrier = ScriptedCarrier(buys=[Outcome.DONE, Outcome.REFUSED])
    stage, order, work = await open_packed(engine, carrier)
    made = await created(stage, work, **SCRIPTED)
    answer = await label(stage, "editLabel", labelId=made["id"], address=ADDRESS)
    assert (answer["code"], carrier.cancelled) == ("CARRIER_REFUSED", [])
    assert [each["state"] for each in await labels_of(stage, order["id"])] == ["BOUGHT", "FAILED"]
    assert "shipment" in await ship(stage, work, made["trackingNumber"], "SCRIPT")
    await stage.check()


async def test_a_parcel_that_left_meanwhile_keeps_its_label(engine: AsyncEngine) -> None:
    carrier = ScriptedCarrier(buys=[Outcome.DONE, Outcome.UNKNOWN])
    stage, order, work = await open_packed(engine, carrier)
    made = await created(stage, work, **SCRIPTED)
    await ship(stage, work, made["trackingNumber"], "SCRIPT")
    edit: dict[str, Any] = {"labelId": made["id"], "address": ADDRESS, "idempotencyKey": "e"}
    assert (await label(stage, "editLabel", **edit))["label"]["state"] == "BUYING"
    await stage.do(
        ADMIN, "recordTrackingEvent", "RecordTrackingEventInput", "", carrier="SCRIPT",
        trackingNumber=made["trackingNumber"], externalId="1", status="IN_TRANSIT",
        occurredAt="2026-01-01T10:00:00Z",
    )  # fmt: skip
    answer = await label(stage, "editLabel", **edit)
    assert answer["code"] == "CARRIER_REFUSED"
    assert [each["state"] for each in await labels_of(stage, order["id"])] == ["BOUGHT", "VOIDED"]
    late = await label(stage, "editLabel", labelId=made["id"], address=ADDRESS)
    assert late["code"] == "ILLEGAL_LABEL_STEP"
    void = await label(stage, "voidLabel", labelId=made["id"])
    assert void["code"] == "ILLEGAL_LABEL_STEP"
    await stage.check()


async def test_a_parcel_gets_a_label_of_its_own_after_shipping(engine: AsyncEngine) -> None:
    stage, order, work = await open_packed(engine)
    sent = await ship(stage, work, "BY-HAND")
    parcel = sent["shipment"]["parcels"][0]["id"]
    given = {"parcelId": parcel, "service": "STANDARD", "weightG": 700}
    other = await label(stage, "createLabel", carrier="DHL", **given)
    assert other["code"] == "VALIDATION_FAILED"
    made = (await label(stage, "createLabel", carrier="GLS", **given))["label"]
    seen = await stage.order(order["id"], "shipments { parcels { id trackingNumber } }")
    assert seen["shipments"][0]["parcels"] == [
        {"id": parcel, "trackingNumber": made["trackingNumber"]}
    ]
    again = await label(stage, "createLabel", carrier="GLS", **given)
    assert again["code"] == "ILLEGAL_LABEL_STEP"
    await stage.check()
