"""What locations expect is weighed against what is farther away now, through GraphQL."""

from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.locations.tables import location
from tests.support import stock
from tests.support.purchasing import day, open_supplier, ordered, step, took_in
from tests.support.shop import ADMIN
from tests.support.sourcing_stage import decision, in_force, served_by
from tests.support.stage import Stage, groups_of, open_stage

EXPECTED = """query($id: ID!) { sourcingDecisions(orderId: $id) { id
  plan { parcels { locationName expectedAt lateDays } unfilled { quantity } }
  alternatives { plan { parcels { locationName expectedAt } } }
  explanation(language: EN) } }"""


async def waiting_stage(engine: AsyncEngine, units: int = 10) -> tuple[Stage, Any]:
    """HATs are in MILAN; ROME, where orders go to, expects some in 4 days: this purchase order."""
    stage = await open_stage(engine, {"HAT": {"MILAN": 5}, "SCARF": {"ROME": 5}})
    supplier = await open_supplier(stage)
    lines = [{"sku": "HAT", "quantity": units}]
    return stage, (await ordered(stage, supplier, lines=lines, eta=day(4)))["purchaseOrder"]


async def weighed(stage: Stage, order_id: str) -> Any:
    """The newest decision about an order, as far as expected stock is concerned."""
    return (await stage.api.do(ADMIN, EXPECTED, id=order_id))[0]


async def test_an_order_that_may_wait_waits_for_the_nearer_stock_in_time(
    engine: AsyncEngine, clean_database: str
) -> None:
    stage, purchase = await waiting_stage(engine)
    order = await stage.placed(unfilledPolicy="BACKORDER_REST", deliverBy=day(12))
    assert groups_of(order) == {"BACKORDERED": 1}
    made = await weighed(stage, order["id"])
    (parcel,) = made["plan"]["parcels"]
    assert (parcel["locationName"], parcel["lateDays"]) == ("Rome", 0)
    assert datetime.fromisoformat(parcel["expectedAt"]) == datetime.fromisoformat(day(4))
    assert made["plan"]["unfilled"] == []
    (farther,) = made["alternatives"][0]["plan"]["parcels"]
    assert (farther["locationName"], farther["expectedAt"]) == ("Milan", None)
    assert any("these units wait until then" in each for each in made["explanation"])
    assert (await stage.order(order["id"], "promisedAt"))["promisedAt"] == day(4)
    document = """query($id: ID!) { replaySourcingDecision(id: $id) { isIdentical } }"""
    assert await stage.api.do(ADMIN, document, id=made["id"]) == {"isIdentical": True}
    await stage.tick()
    assert groups_of(await stage.order(order["id"])) == {"BACKORDERED": 1}
    await took_in(stage, purchase, 10)
    assert groups_of(await stage.order(order["id"])) == {"ALLOCATED": 1}
    assert served_by(await decision(stage, order["id"])) == ["Rome"]
    await stage.check()


async def test_what_slips_is_not_waited_for_any_longer(
    engine: AsyncEngine, clean_database: str
) -> None:
    stage, purchase = await waiting_stage(engine)
    order = await stage.placed(unfilledPolicy="BACKORDER_REST", deliverBy=day(12))
    assert groups_of(order) == {"BACKORDERED": 1}
    slipped = await step(stage, "changePurchaseOrder", purchase, eta=day(30))
    assert slipped["__typename"] == "PurchaseOrderPayload", slipped
    await stage.tick()
    after = await stage.order(order["id"])
    assert groups_of(after) == {"ALLOCATED": 1}
    assert served_by(await decision(stage, order["id"])) == ["Milan"]
    assert (await stage.order(order["id"], "promisedAt"))["promisedAt"] is None
    await stage.check()


async def test_nobody_waits_who_may_not_or_for_whom_it_comes_too_late(
    engine: AsyncEngine, clean_database: str
) -> None:
    stage, _ = await waiting_stage(engine, units=2)
    wishes: list[dict[str, Any]] = [
        {"deliverBy": day(12)},
        {"deliverBy": day(12), "unfilledPolicy": "CANCEL_REST"},
        {"deliverBy": day(4), "unfilledPolicy": "BACKORDER_REST"},
        {"unfilledPolicy": "BACKORDER_REST"},
    ]
    for wish in wishes:
        order = await stage.placed(**wish)
        assert groups_of(order) == {"ALLOCATED": 1}
        assert served_by(await decision(stage, order["id"])) == ["Milan"]
    await stage.check()


async def test_what_is_promised_to_others_is_not_waited_for(
    engine: AsyncEngine, clean_database: str
) -> None:
    stage, _ = await waiting_stage(engine, units=1)
    patient: dict[str, Any] = {"unfilledPolicy": "BACKORDER_REST", "deliverBy": day(12)}
    first, second = await stage.placed(**patient), await stage.placed(**patient)
    assert [groups_of(order) for order in (first, second)] == [{"BACKORDERED": 1}, {"ALLOCATED": 1}]
    assert served_by(await decision(stage, second["id"])) == ["Milan"]
    await stage.check()


@pytest.mark.parametrize("kind", ["SUPPLIER", "MARKETPLACE", "RESELLER", "DARK_STORE"])
async def test_stock_of_others_is_chosen_like_that_of_the_house(
    engine: AsyncEngine, clean_database: str, kind: str
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5, "MILAN": 5}})
    async with engine.begin() as connection:
        place = location.c.id == stock.place("MILAN")
        await connection.execute(sa.update(location).where(place).values(kind=kind))
    rule = {"name": "theirs", "where": {"kind": {"in": [kind]}}, "effect": {"kind": "REQUIRE"}}
    assert served_by(await decision(stage, (await stage.placed())["id"])) == ["Rome"]
    await in_force(stage, "theirs", rule)
    assert served_by(await decision(stage, (await stage.placed())["id"])) == ["Milan"]
