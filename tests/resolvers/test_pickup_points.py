"""Orders to a carrier's pickup point: the point stands with the order and on the label."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.carriers import (
    ADDRESS,
    ScriptedCarrier,
    created,
    label,
    packed,
)
from tests.support.mutations import everything
from tests.support.shop import ADMIN
from tests.support.stage import open_stage, wish

pytestmark = pytest.mark.usefixtures("clean_database")

POINT = {"pickupPointId": "P-17", "pickupPointName": "Bar Sport"}
SEEN = "version address { street pickupPointId pickupPointName }"
SCRIPTED = {"carrier": "SCRIPT", "service": "FAST"}


def delivery(mode: str = "PICKUP_POINT", **changes: Any) -> dict[str, Any]:
    address = wish()["delivery"]["address"]
    return {"mode": mode, "address": address | POINT | changes}


async def test_a_pickup_point_is_kept_and_goes_onto_the_label(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    carrier = ScriptedCarrier()
    stage.services.carriers = {"SCRIPT": carrier}
    order, work = await packed(stage, delivery=delivery())
    seen = await stage.order(order["id"], SEEN)
    assert seen["address"] == {"street": "Via Roma 1", **POINT}
    made = await created(stage, work, **SCRIPTED)
    there = carrier.bought[0].recipient
    assert (there.pickup_point_id, there.pickup_point_name) == ("P-17", "Bar Sport")
    other = ADDRESS | {"pickupPointId": "P-18", "pickupPointName": "Tabacchi"}
    await label(stage, "editLabel", labelId=made["id"], address=other)
    assert carrier.bought[1].recipient.pickup_point_id == "P-18"
    await stage.check()


async def test_another_point_before_something_is_packed(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order = await stage.placed(delivery=delivery())
    given = {"orderId": order["id"], "address": ADDRESS | {"pickupPointId": "P-18"}}
    selection = f"... on ChangeOrderPayload {{ order {{ {SEEN} }} }}"
    answer = await stage.do(ADMIN, "editOrderAddress", "EditOrderAddressInput", selection, **given)
    assert answer["order"]["address"] == {
        "street": ADDRESS["street"], "pickupPointId": "P-18", "pickupPointName": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "given",
    [
        delivery("SHIP"),
        delivery(pickupPointId=None),
        delivery(pickupPointId=" "),
        delivery(pickupPointId=" P"),
        delivery(pickupPointId="x" * 65),
        delivery(pickupPointId="4111 1111 1111 1111"),
        delivery(pickupPointName="x" * 201),
    ],
)
async def test_malformed_points_change_nothing(engine: AsyncEngine, given: dict[str, Any]) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    before = await everything(engine)
    answer = await stage.place(delivery=given)
    assert answer["code"] == "VALIDATION_FAILED"
    assert await everything(engine) == before


async def test_orders_that_are_shipped_have_no_points(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    stage.services.carriers = {"SCRIPT": ScriptedCarrier()}
    _, work = await packed(stage)
    made = await created(stage, work, **SCRIPTED)
    fresh = await stage.placed()
    before = await everything(engine)
    wrong = await label(stage, "editLabel", labelId=made["id"], address=ADDRESS | POINT)
    assert wrong["code"] == "VALIDATION_FAILED"
    edit = {"orderId": fresh["id"], "address": ADDRESS | POINT}
    answer = await stage.do(ADMIN, "editOrderAddress", "EditOrderAddressInput", "", **edit)
    assert answer["code"] == "VALIDATION_FAILED"
    assert await everything(engine) == before
