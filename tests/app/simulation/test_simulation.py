"""A small chain, simulated: everybody acts, and the books are sound."""

from pathlib import Path

import pytest

from app.settings import Settings
from app.simulation.rates import Rates
from app.simulation.running import DAYS, Plan, simulate
from tests.support.api import settings_for
from tests.support.servers import ServerUrls, create_database

RATES = Rates(
    declined=0.2, timed_out=0.1, cancelled_soon=0.15, cancel_asked=0.3, held=0.2, rejected=0.2,
    silent=0.15, short=0.3, delayed=0.3, lost=0.1, damaged=0.1, refused=0.3, repeated=0.5,
    transfer_short=0.5, no_show=0.3,
)  # fmt: skip
"""Everything goes wrong often, so that a few orders meet all of it."""


@pytest.fixture
async def settings(
    servers: ServerUrls, clean_redis: str, worker_number: int, tmp_path: Path
) -> Settings:
    url = await create_database(servers, f"unico_simulation_{worker_number}")
    return settings_for(url, clean_redis, tmp_path / "home")


@pytest.mark.slow
@pytest.mark.repetitive
@pytest.mark.timeout(300)
async def test_a_day_and_what_follows_leave_sound_books(settings: Settings) -> None:
    said: list[str] = []
    plan = Plan(stores=2, orders=40, seed=3, rates=RATES)
    result = await simulate(settings, plan, said.append)
    summary, tally = result.summary, result.tally
    assert summary.violations == []
    assert tally.defects == 0
    assert len(said) == DAYS
    assert summary.placed > 20
    assert summary.open == 0
    assert summary.placed == summary.closed + summary.cancelled + summary.expired
    assert 0 < summary.fill_rate.part < summary.fill_rate.whole
    assert summary.captured > summary.refunded > 0
    assert {name for name, number in tally.events.items() if number} >= {
        "payments not approved", "works rejected", "short picks", "parcels sent",
        "parcels delayed", "pickups collected", "shelves counted", "WMS snapshots",
        "orders given up in part or whole",
    }  # fmt: skip
