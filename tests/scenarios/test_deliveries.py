"""S33 to S37, S41: what carriers report, and what follows; labels."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.identity.model import Actor, Role
from tests.support import carriers
from tests.support.mutations import events, everything
from tests.support.shop import ADMIN, AGENT, MILAN_TILL, ROME_TILL
from tests.support.stage import ORDER, TO_PACKED, Stage, groups_of, open_stage

pytestmark = pytest.mark.usefixtures("clean_database")

CHANGED = f"... on ChangeOrderPayload {{ order {{ {ORDER} }} }}"


async def shipped(stage: Stage, *parcels: int, **wish: Any) -> Any:
    """An order shipped from Rome in parcels T1, T2, ... with so many units of its only line."""
    order, work = await carriers.packed(stage, **wish)
    line = order["lines"][0]["id"]
    given = [
        {"trackingNumber": f"T{n}", "lines": [{"orderLineId": line, "quantity": units}]}
        for n, units in enumerate(parcels or (1,), start=1)
    ]
    selection = f"... on ShipFulfillmentOrderPayload {{ order {{ {ORDER} }} }}"
    answer = await stage.do(
        ADMIN, "shipFulfillmentOrder", "ShipFulfillmentOrderInput", selection,
        fulfillmentOrderId=work, carrier="DHL", parcels=given,
    )  # fmt: skip
    return answer["order"]


async def report(stage: Stage, status: str, number: str = "T1", **given: Any) -> Any:
    given = {"externalId": uuid4().hex, "occurredAt": "2026-01-01T10:00:00Z"} | given
    return await stage.do(
        ADMIN, "recordTrackingEvent", "RecordTrackingEventInput",
        "... on RecordTrackingEventPayload { event { applied } shipment { status version } }",
        **{"carrier": "DHL", "trackingNumber": number, "status": status, **given},
    )  # fmt: skip


async def resolve(stage: Stage, order: Any, choice: str, actor: Actor = AGENT, **given: Any) -> Any:
    given |= {"orderId": order["id"], "resolution": choice}
    kind = "ResolveFailedDeliveryInput"
    return await stage.do(actor, "resolveFailedDelivery", kind, CHANGED, **given)


async def come_back(stage: Stage, actor: Actor = ROME_TILL, **given: Any) -> Any:
    given = {"carrier": "DHL", "trackingNumber": "T1"} | given
    return await stage.do(
        actor, "receiveReturnedParcel", "ReceiveReturnedParcelInput",
        f"""... on ReceiveReturnedParcelPayload {{ order {{ {ORDER} }}
          shipment {{ status parcels {{ returnedAt }} }} }}""",
        **given,
    )  # fmt: skip


async def notices(stage: Stage, order: Any) -> list[str]:
    seen = await stage.order(order["id"], "notices { kind }")
    return [each["kind"] for each in seen["notices"]]


async def test_s33_the_first_of_two_parcels_is_delivered(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order = await shipped(stage, 1, 2, lines={"HAT": 3})
    await report(stage, "DELIVERED", "T1")
    seen = await stage.order(
        order["id"], f"{ORDER} shipments {{ status parcels {{ trackingNumber status }} }}"
    )
    assert seen["fulfillmentStatus"] == "PARTIALLY_DELIVERED"
    assert groups_of(seen) == {"DELIVERED": 1, "SHIPPED": 2}
    assert seen["shipments"] == [
        {
            "status": "PARTIALLY_DELIVERED",
            "parcels": [
                {"trackingNumber": "T1", "status": "DELIVERED"},
                {"trackingNumber": "T2", "status": "HANDED_OVER"},
            ],
        }
    ]
    await stage.check()


async def test_s34_a_delay_is_told_once_and_shown(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order = await shipped(stage)
    late = {"externalId": "d1", "expectedAt": "2026-01-09T12:00:00Z"}
    both = await asyncio.gather(report(stage, "DELAYED", **late), report(stage, "DELAYED", **late))
    assert {each["event"]["applied"] for each in both} == {True}
    seen = await stage.order(
        order["id"], "notices { kind detail } shipments { parcels { notice expectedAt } }"
    )
    assert seen["shipments"][0]["parcels"] == [
        {"notice": "DELAYED", "expectedAt": "2026-01-09T12:00:00+00:00"}
    ]
    assert [each["kind"] for each in seen["notices"]] == ["DELIVERY_DELAYED"]
    assert seen["notices"][0]["detail"]["expectedAt"] == "2026-01-09T12:00:00+00:00"
    outbox = [e for e in await events(engine) if e["type"] == "ShipmentChanged"]
    assert outbox[-1]["payload"]["parcels"][0]["expected_at"] == "2026-01-09T12:00:00+00:00"
    await stage.check()


async def test_s35_a_late_report_never_downgrades(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order = await shipped(stage)
    await report(stage, "DELIVERED")
    done = await stage.order(order["id"])
    for status in ("IN_TRANSIT", "LOST", "RETURNED_TO_ORIGIN", "DELAYED"):
        assert (await report(stage, status))["event"] == {"applied": False}
    assert await stage.order(order["id"]) == done
    assert await notices(stage, order) == []
    await stage.check()


async def test_s36_a_lost_parcel_is_shipped_again_without_a_charge(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order = await shipped(stage, 2, lines={"HAT": 2})
    assert (await resolve(stage, order, "RESHIP"))["code"] == "ILLEGAL_TRANSITION"
    await report(stage, "LOST")
    lost = await stage.order(order["id"])
    assert (groups_of(lost), lost["fulfillmentStatus"]) == ({"LOST": 2}, "DELIVERY_FAILED")
    assert (await stage.level("HAT")).on_hand == 3
    again = (await resolve(stage, order, "RESHIP"))["order"]
    assert groups_of(again) == {"RELEASED": 2}
    work = again["fulfillmentOrders"][-1]["id"]
    for step in TO_PACKED:
        await stage.work(step, work)
    second = await stage.do(
        ADMIN, "shipFulfillmentOrder", "ShipFulfillmentOrderInput",
        f"... on ShipFulfillmentOrderPayload {{ order {{ {ORDER} }} }}",
        fulfillmentOrderId=work, carrier="DHL", parcels=[{"trackingNumber": "T9"}],
    )  # fmt: skip
    assert second["order"]["payments"][0]["captured"]["amount"] == "39.80"
    await report(stage, "DELIVERED", "T9")
    assert (await stage.order(order["id"]))["status"] == "CLOSED"
    assert await notices(stage, order) == ["DELIVERY_FAILED"]
    await stage.check()


async def test_s36_a_lost_parcel_is_refunded_and_written_off(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order = await shipped(stage, 2, lines={"HAT": 2})
    await report(stage, "LOST")
    before = await everything(engine)
    stranger = await resolve(stage, order, "REFUND", Actor("x", Role.CUSTOMER))
    assert stranger["code"] == "NOT_FOUND"
    stale = await resolve(stage, order, "REFUND", expectedVersion=1)
    assert stale["code"] == "VERSION_CONFLICT"
    assert await everything(engine) == before
    both = await asyncio.gather(resolve(stage, order, "REFUND"), resolve(stage, order, "REFUND"))
    kinds = sorted(each["__typename"] for each in both)
    assert kinds == ["ChangeOrderPayload", "IllegalTransitionError"]
    seen = await stage.order(order["id"], "status paymentStatus payments { refunded { amount } }")
    assert seen == {
        "status": "CANCELLED",
        "paymentStatus": "REFUNDED",
        "payments": [{"refunded": {"amount": "39.80"}}],
    }
    level = await stage.level("HAT")
    assert (level.on_hand, level.allocated) == (3, 0)
    await stage.check()


async def test_s37_a_refused_parcel_comes_back(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order = await shipped(stage, 2, lines={"HAT": 2})
    await report(stage, "REFUSED")
    assert groups_of(await stage.order(order["id"])) == {"REFUSED": 2}
    line = order["lines"][0]["id"]
    before = await everything(engine)
    other = {"orderLineId": str(uuid4()), "disposition": "DAMAGED"}
    wrong = await come_back(stage, dispositions=[other])
    assert wrong["code"] == "VALIDATION_FAILED"
    assert (await come_back(stage, MILAN_TILL))["code"] == "NOT_FOUND"
    assert await everything(engine) == before
    given: dict[str, Any] = {"dispositions": [{"orderLineId": line, "disposition": "DAMAGED"}]}
    both = await asyncio.gather(come_back(stage, **given), come_back(stage, **given))
    kinds = sorted(each["__typename"] for each in both)
    assert kinds == ["IllegalTransitionError", "ReceiveReturnedParcelPayload"]
    level = await stage.level("HAT")
    assert (level.on_hand, level.damaged, level.available) == (5, 2, 3)
    assert await notices(stage, order) == ["DELIVERY_FAILED", "PARCEL_RETURNED"]
    done = (await resolve(stage, order, "REFUND"))["order"]
    assert (done["status"], done["paymentStatus"]) == ("CANCELLED", "REFUNDED")
    await stage.check()


async def test_a_parcel_refunded_on_its_way_back_is_restocked_once(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order = await shipped(stage, 1)
    await report(stage, "REFUSED")
    await resolve(stage, order, "REFUND")
    back = await come_back(stage, idempotencyKey="k")
    assert groups_of(back["order"]) == {"CANCELLED": 1}
    assert await come_back(stage, idempotencyKey="k") == back
    assert (await stage.level("HAT")).available == 5
    await report(stage, "RETURNED_TO_ORIGIN")
    assert await notices(stage, order) == [
        "DELIVERY_FAILED", "UNITS_CANCELLED", "PARCEL_RETURNED",
    ]  # fmt: skip
    await stage.check()


async def test_s41_a_label_with_the_wrong_address_is_edited(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    await carriers.set_rates(stage, carriers.rate(), carriers.rate("EXPRESS", price="9.90"))
    order, work = await carriers.packed(stage)
    old = await carriers.created(stage, work)
    sent = await carriers.ship(stage, work, old["trackingNumber"])
    edit: dict[str, Any] = {
        "labelId": old["id"], "address": carriers.ADDRESS, "service": "EXPRESS",
        "expectedVersion": old["version"] + 1, "idempotencyKey": "e", "actor": ROME_TILL,
    }  # fmt: skip
    new = (await carriers.label(stage, "editLabel", **edit))["label"]
    assert (new["replacesId"], new["service"], new["recipient"], new["price"]["amount"]) == (
        old["id"], "EXPRESS", "Eva Neri", "9.90",
    )  # fmt: skip
    assert new["trackingNumber"] != old["trackingNumber"]
    before = await everything(engine)
    assert (await carriers.label(stage, "editLabel", **edit))["label"] == new
    assert await everything(engine) == before
    parcel = sent["shipment"]["parcels"][0]["id"]
    assert await carriers.labels_of(stage, order["id"], "id state parcelId") == [
        {"id": old["id"], "state": "VOIDED", "parcelId": parcel},
        {"id": new["id"], "state": "BOUGHT", "parcelId": parcel},
    ]
    seen = await stage.order(
        order["id"], "shipments { version parcels { trackingNumber } } history { action }"
    )
    assert seen["shipments"] == [
        {"version": 2, "parcels": [{"trackingNumber": new["trackingNumber"]}]}
    ]
    actions = [each["action"] for each in seen["history"]]
    assert actions[-4:] == ["CREATE_LABEL", "SHIP", "EDIT_LABEL", "VOID_LABEL"]
    told = await report(stage, "IN_TRANSIT", old["trackingNumber"], carrier="GLS")
    assert told["event"] == {"applied": True}  # an old number still names the goods
    told = await report(stage, "DELIVERED", new["trackingNumber"], carrier="GLS")
    assert told["shipment"]["status"] == "DELIVERED"
    await stage.check()


@pytest.mark.parametrize("choice", ["REFUND", "RESHIP"])
@pytest.mark.parametrize("late", ["RETURNED_TO_ORIGIN", "DELIVERED", "LOST"])
async def test_what_a_carrier_says_of_settled_units_is_kept(
    engine: AsyncEngine, choice: str, late: str
) -> None:
    """A refused parcel was paid back or replaced: its later fate is the parcel's alone."""
    stage = await open_stage(engine, {"HAT": {"ROME": 5, "MILAN": 5}})
    order = await shipped(stage, 1)
    await report(stage, "REFUSED")
    settled = (await resolve(stage, order, choice))["order"]
    told = await report(stage, late)
    assert told["event"]["applied"]
    seen = await stage.order(order["id"], f"{ORDER} shipments {{ parcels {{ status }} }}")
    assert seen["shipments"][0]["parcels"] == [{"status": late}]
    assert seen["lines"] == settled["lines"]
    await stage.check()
