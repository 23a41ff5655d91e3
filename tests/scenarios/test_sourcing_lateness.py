"""Orders that are wanted by a date, through GraphQL: cut-offs and opening hours are weighed."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.locations.tables import location
from tests.support import stock
from tests.support.carriers import rate, set_rates
from tests.support.shop import ADMIN
from tests.support.sourcing_stage import decision, in_force, served_by
from tests.support.stage import Stage, groups_of, location_id, open_stage

LATE = """query($id: ID!) { sourcingDecisions(orderId: $id) { maxParcelsRule
  plan { parcels { locationName lateDays terms { kind amount { amount } } } }
  alternatives { plan { parcels { locationName lateDays } } }
  explanation(language: EN) } }"""


@pytest.fixture
async def stage(engine: AsyncEngine, clean_database: str) -> Stage:
    """ROME, where orders go to, opens for a minute a week (see `_opening`); MILAN always works."""
    stage = await open_stage(engine, {"HAT": {"ROME": 5, "MILAN": 5}})
    hours = [
        {
            "weekday": _opening().isoweekday(),
            "opens": time(0).isoformat(),
            "closes": time(0, 1).isoformat(),
        }
    ]
    for code, rows in (("ROME", hours), ("MILAN", [])):
        values = {"opening_hours": rows, "cut_off": None, "time_zone": "UTC"}
        async with engine.begin() as connection:
            place = location.c.id == stock.place(code)
            await connection.execute(sa.update(location).where(place).values(values))
    return stage


def _opening() -> datetime:
    """A midnight in five to six days."""
    day = datetime.now(UTC) + timedelta(days=6)
    return day.replace(hour=0, minute=0, second=0, microsecond=0)


def days_before_rome(days: float) -> str:
    """A moment so many days before goods from ROME can be there: two hours and two days after it
    opens.
    """
    return (_opening() + timedelta(days=2, hours=2) - timedelta(days=days)).isoformat()


async def late(stage: Stage, order_id: str) -> Any:
    """The newest decision about an order, as far as dates are concerned."""
    return (await stage.api.do(ADMIN, LATE, id=order_id))[0]


async def test_a_location_that_comes_too_late_is_passed_over(stage: Stage) -> None:
    whenever = await stage.placed()
    assert served_by(await decision(stage, whenever["id"])) == ["Rome"]
    wish = days_before_rome(3.5)
    order = await stage.placed(deliverBy=wish)
    made = await late(stage, order["id"])
    assert [each["locationName"] for each in made["plan"]["parcels"]] == ["Milan"]
    assert made["plan"]["parcels"][0]["lateDays"] == 0
    rome = made["alternatives"][0]["plan"]["parcels"][0]
    assert (rome["locationName"], rome["lateDays"]) == ("Rome", 4)
    assert any("from there it comes later" in each for each in made["explanation"])
    seen = await stage.order(order["id"], "deliverBy")
    assert datetime.fromisoformat(seen["deliverBy"]) == datetime.fromisoformat(wish)
    await stage.check()


async def test_late_from_there_when_nobody_else_has_it(stage: Stage) -> None:
    await stage.placed(lines={"HAT": 5}, deliverBy=days_before_rome(3.5))
    made = await late(stage, (await stage.placed(deliverBy=days_before_rome(3.5)))["id"])
    (parcel,) = made["plan"]["parcels"]
    assert (parcel["locationName"], parcel["lateDays"]) == ("Rome", 4)
    assert {"kind": "LATENESS", "amount": {"amount": "8.00"}} in parcel["terms"]
    assert "From Rome the goods come up to 4 days late." in made["explanation"]


async def test_a_decision_with_a_date_replays_and_is_repeated_for_waiting_units(
    stage: Stage,
) -> None:
    order = await stage.placed(deliverBy=days_before_rome(3.5))
    made = await decision(stage, order["id"])
    document = """query($id: ID!) { replaySourcingDecision(id: $id) { isIdentical } }"""
    assert await stage.api.do(ADMIN, document, id=made["id"]) == {"isIdentical": True}
    waits = await stage.placed(
        lines={"HAT": 12}, deliverBy=days_before_rome(3.5), unfilledPolicy="BACKORDER_REST"
    )
    answer = await stage.do(
        ADMIN, "receiveStock", "ReceiveStockInput", "", locationId=location_id("ROME"),
        lines=[{"sku": "HAT", "quantity": 3}], reference="PO-7",
    )  # fmt: skip
    assert answer["__typename"] == "ReceiveStockPayload", answer
    again = await late(stage, waits["id"])
    assert again["plan"]["parcels"][0]["lateDays"] == 4


async def test_a_date_needs_an_offset(stage: Stage) -> None:
    answer = await stage.place(deliverBy="2026-12-24T18:00:00")
    assert answer["code"] == "VALIDATION_FAILED"
    assert "deliverBy" in answer["message"]


async def test_another_date_with_the_same_key_is_another_wish(stage: Stage) -> None:
    first = await stage.placed(idempotencyKey="dated", deliverBy=days_before_rome(3.5))
    again = await stage.placed(idempotencyKey="dated", deliverBy=days_before_rome(3.5))
    assert again["id"] == first["id"]
    other = await stage.place(idempotencyKey="dated", deliverBy=days_before_rome(1))
    assert other["code"] == "IDEMPOTENCY_CONFLICT"


async def test_ship_complete_keeps_what_there_is_and_says_so(stage: Stage) -> None:
    rule = {"name": "one parcel", "effect": {"kind": "CAP_PARCELS", "value": 1}}
    await in_force(stage, "capped", rule)
    order = await stage.placed(lines={"HAT": 8}, unfilledPolicy="SHIP_COMPLETE")
    assert groups_of(order) == {"ALLOCATED": 5, "BACKORDERED": 3}
    made = await late(stage, order["id"])
    assert made["maxParcelsRule"] == "one parcel"
    assert any("“one parcel”" in each for each in made["explanation"])
    assert any("before all of it can" in each for each in made["explanation"])
    await stage.check()


async def test_carriers_rates_price_the_parcels_of_rules_that_go_by_them(stage: Stage) -> None:
    rates = (
        rate(price="6.00", maxWeightG=500),
        rate(price="8.00"),
        rate(price="9.10", postalPrefix="00"),
    )
    assert (await set_rates(stage, *rates))["__typename"] == "SetCarrierRatesPayload"
    by_costs = await decision(stage, (await stage.placed())["id"])
    assert by_costs["plan"]["cost"] != {"amount": "9.10"}
    await in_force(stage, "by rates", costs={"carrierRates": True})
    order = await stage.placed(lines={"HAT": 2})
    made = await decision(stage, order["id"])
    assert made["plan"]["cost"] == {"amount": "9.10"}
    assert [term["kind"] for term in made["plan"]["parcels"][0]["terms"]] == ["PARCEL"]
    document = """query($id: ID!) { replaySourcingDecision(id: $id) { isIdentical } }"""
    assert await stage.api.do(ADMIN, document, id=made["id"]) == {"isIdentical": True}
