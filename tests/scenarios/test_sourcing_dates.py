"""Rules that count from a local moment: S15 and the nights on which clocks change, two workers."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.migrate import upgrade_async
from app.simulation.clock import Clock
from domain.common.database import Database, write_engine
from domain.locations.tables import location
from schema.context import Services
from tests.support import stock
from tests.support.graphql import Api, remembering_schema
from tests.support.sourcing_stage import decision, drafted, redrafted, scheduled, served_by
from tests.support.stage import Stage, open_stage

START = datetime(2026, 9, 30, 20, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def only(kind: str) -> dict[str, Any]:
    """A rule: everything from locations of that kind."""
    return {
        "name": f"{kind} first",
        "where": {"kind": {"in": [kind]}},
        "effect": {"kind": "REQUIRE"},
    }


@dataclass
class House:
    """Two workers over one database whose clock is moved."""

    clock: Clock
    workers: tuple[Stage, Stage]

    async def orders(self) -> list[dict[str, Any]]:
        """The decision about an order placed now on each worker."""
        return [await decision(worker, (await worker.placed())["id"]) for worker in self.workers]


@pytest.fixture
async def house(new_database: Callable[[], Awaitable[str]]) -> AsyncGenerator[House]:
    """ROME is a store, MILAN the DC; it is the evening of 30 September."""
    url = await new_database()
    clock = await Clock.install(url, START)
    await upgrade_async(url)
    engines = write_engine(url), write_engine(url)
    first = await open_stage(engines[0], {"HAT": {"ROME": 50, "MILAN": 50}})
    async with engines[0].begin() as connection:
        await connection.execute(
            sa.update(location).where(location.c.id == stock.place("MILAN")).values(kind="DC")
        )
    services = Services(
        Database(engines[1], engines[1], lambda: None), first.services.gateway, first.shop.terms
    )
    second = Stage(engines[1], first.shop, services, Api(remembering_schema(), services))
    yield House(clock, (first, second))
    for engine in engines:
        await engine.dispose()
    await clock.close()


async def test_s15_stores_first_from_the_first_of_october(house: House) -> None:
    worker = house.workers[0]
    rule_set = await drafted(worker, "autumn", only("DC"))
    await scheduled(worker, rule_set, "2026-09-30T23:00:00")
    await redrafted(worker, rule_set, only("STORE"))
    await scheduled(worker, rule_set, "2026-10-01T00:00:00")
    midnight = datetime(2026, 9, 30, 22, 0, tzinfo=UTC)

    await house.clock.move(midnight - SECOND)
    before = await house.orders()
    await house.clock.move(midnight)
    after = await house.orders()

    assert [served_by(made) for made in before] == [["Milan"], ["Milan"]]
    assert [served_by(made) for made in after] == [["Rome"], ["Rome"]]
    assert [made["ruleSet"]["number"] for made in before + after] == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("local", "instant"),
    [
        ("2026-10-25T02:30:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # shown twice
        ("2027-03-28T02:30:00", datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),  # skipped
        ("2027-03-28T00:00:00", datetime(2027, 3, 27, 23, 0, tzinfo=UTC)),
    ],
)
async def test_s15_on_nights_when_the_clock_changes(
    house: House, local: str, instant: datetime
) -> None:
    rule_set = await drafted(house.workers[1], "dc", only("DC"))
    await scheduled(house.workers[1], rule_set, local)
    await house.clock.move(instant - SECOND)
    assert [served_by(made) for made in await house.orders()] == [["Rome"], ["Rome"]]
    await house.clock.move(instant)
    assert [served_by(made) for made in await house.orders()] == [["Milan"], ["Milan"]]
