"""Parcels of which nothing is heard: the carrier is asked once a day."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.carriers.model import CarrierReport, TrackingStatus
from domain.shipments.asking import ask_about_silent
from domain.shipments.tables import parcel, shipment
from tests.support.carriers import ScriptedCarrier, packed, ship
from tests.support.mutations import everything
from tests.support.stage import Stage, open_stage

pytestmark = pytest.mark.usefixtures("clean_database")


async def sent(engine: AsyncEngine, days_ago: float = 2, number: str = "T1") -> tuple[Stage, Any]:
    """A stage and an order, shipped so many days ago with SCRIPT."""
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    stage.services.carriers = {"SCRIPT": ScriptedCarrier()}
    order, work = await packed(stage)
    await ship(stage, work, number, "SCRIPT")
    async with engine.begin() as connection:
        past = sa.func.now() - sa.literal(timedelta(days=days_ago), sa.Interval)
        await connection.execute(sa.update(shipment).values(shipped_at=past))
    return stage, order


def report(status: TrackingStatus, number: str = "T1", day: int = 1) -> CarrierReport:
    return CarrierReport(f"{status}@{day}", number, status, datetime(2026, 1, day, tzinfo=UTC))


def carrier_of(stage: Stage) -> ScriptedCarrier:
    carrier = stage.services.carriers["SCRIPT"]
    assert isinstance(carrier, ScriptedCarrier)
    return carrier


async def parcels(stage: Stage, order: Any) -> Any:
    seen = await stage.order(
        order["id"], "shipments { parcels { status events { externalId applied } } }"
    )
    return seen["shipments"][0]["parcels"]


async def test_what_the_carrier_tells_is_recorded_once(engine: AsyncEngine) -> None:
    stage, order = await sent(engine)
    carrier = carrier_of(stage)
    carrier.told["T1"] = [report(TrackingStatus.IN_TRANSIT), report(TrackingStatus.LOST, "T9")]
    assert await stage.tick() == 1
    expected = [{"externalId": "IN_TRANSIT@1", "applied": True}]
    assert await parcels(stage, order) == [{"status": "IN_TRANSIT", "events": expected}]
    assert await stage.tick() == 0
    assert carrier.asked == ["T1"]
    await stage.check()


async def test_a_day_later_it_is_asked_again_and_known_reports_change_nothing(
    engine: AsyncEngine,
) -> None:
    stage, order = await sent(engine)
    carrier = carrier_of(stage)
    assert await stage.tick() == 1
    async with engine.begin() as connection:
        day = sa.literal(timedelta(hours=25), sa.Interval)
        await connection.execute(sa.update(parcel).values(asked_at=sa.func.now() - day))
    carrier.told["T1"] = [report(TrackingStatus.DELIVERED, day=2)]
    assert await stage.tick() == 1
    assert (await parcels(stage, order))[0]["status"] == "DELIVERED"
    assert await stage.tick() == 0
    assert carrier.asked == ["T1", "T1"]
    await stage.check()


@pytest.mark.parametrize("days_ago", [0.5, 61])
async def test_fresh_and_old_parcels_are_left_alone(engine: AsyncEngine, days_ago: float) -> None:
    stage, _ = await sent(engine, days_ago)
    await stage.tick()
    before = await everything(engine)
    assert await stage.tick() == 0
    assert await everything(engine) == before


async def test_other_carriers_cannot_be_asked(engine: AsyncEngine) -> None:
    stage, _ = await sent(engine)
    database = stage.services.database
    assert await ask_about_silent(database, {}) == 0
    assert await ask_about_silent(database, {"OTHER": ScriptedCarrier()}) == 0


async def test_a_report_that_cannot_be_true_is_passed_over(engine: AsyncEngine) -> None:
    stage, order = await sent(engine)
    future = datetime.now(UTC) + timedelta(days=2)
    wrong = CarrierReport("x", "T1", TrackingStatus.DELIVERED, future)
    carrier_of(stage).told["T1"] = [wrong]
    assert await stage.tick() == 1
    assert await parcels(stage, order) == [{"status": "HANDED_OVER", "events": []}]
    await stage.check()
