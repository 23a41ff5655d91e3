"""A whole simulation: its servers are there, its days go by, its books are read."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import httpx2

from app.auth.tokens import development_issuer
from app.client import Caller
from app.duties import duties_of
from app.main import create_app
from app.migrate import upgrade_async
from app.resources import Resources
from app.settings import Settings
from app.simulation.agenda import Agenda
from app.simulation.cast import Cast
from app.simulation.clock import Clock
from app.simulation.collecting import Collecting
from app.simulation.delivering import Delivering
from app.simulation.floor import Floor
from app.simulation.office import Office
from app.simulation.rates import Rates
from app.simulation.scene import Builder
from app.simulation.shelves import Shelves
from app.simulation.shopping import Shopping
from app.simulation.summary import Summary, summarise
from app.simulation.world import Tally, World

ZONE = ZoneInfo("Europe/Rome")
START = datetime(2030, 3, 5, 6, tzinfo=ZONE)
"""A Tuesday without anything special."""
DAYS = 12
"""Long enough for every parcel, timer and deadline of the first day's orders."""
_BUYING_DAYS = 4
_BUSY_DAYS = 2
_ADDRESS = "http://unico.simulated"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to simulate: the orders of one day and all that follows from them."""

    stores: int
    orders: int
    seed: int
    rates: Rates = field(default_factory=Rates)


@dataclass(frozen=True, slots=True)
class Result:
    """What happened, and what the books say afterwards."""

    tally: Tally
    summary: Summary

    @property
    def is_sound(self) -> bool:
        """Whether the oracle is empty and no call failed inside."""
        return not self.summary.violations and not self.tally.defects


async def simulate(settings: Settings, plan: Plan, said: Callable[[str], None]) -> Result:
    """Play the plan on servers of its own, whose database is empty; `said` is told each day."""
    clock = await Clock.install(settings.database_url, START)
    try:
        await upgrade_async(settings.database_url)
        quiet = settings.model_copy(update={"housekeeping": False})
        async with _service(quiet) as (resources, http):
            issuer = development_issuer(quiet)
            cast = Cast(issuer, lambda token: Caller(http, _ADDRESS, token))
            random = Random(plan.seed)
            builder = Builder(cast.admin, random)
            await builder.channels()
            places = await builder.places(plan.stores)
            skus = await builder.products()
            shelves = await builder.stock(places, skus, plan.orders)
            agenda = Agenda(clock, duties_of(resources.services))
            world = World(agenda, cast, places, skus, shelves, random, plan.rates, ZONE)
            await _play(world, plan, said)
            summary = await resources.services.database.read_primary(summarise)
            return Result(world.tally, summary)
    finally:
        await clock.close()


async def _play(world: World, plan: Plan, said: Callable[[str], None]) -> None:
    office = Office(world)
    floor = Floor(world, Delivering(world, office), Collecting(world), office)
    Shopping(world, plan.orders).plan()
    Shelves(world).plan()
    office.plan_buying(_BUYING_DAYS)
    office.plan_reviews(DAYS, patience=_BUYING_DAYS)
    for day in range(DAYS):
        every = timedelta(minutes=30 if day < _BUSY_DAYS else 120)
        for place in world.places:
            opens = world.on(0, time(8 if place.is_store else 6))
            floor.plan(place, opens, world.on(0, time(21)), every)
        await world.agenda.run(world.on(1, time(6)))
        said(f"day {day + 1}: {world.tally.calls:,} calls so far")


@asynccontextmanager
async def _service(settings: Settings) -> AsyncGenerator[tuple[Resources, httpx2.AsyncClient]]:
    """The service as it is, called in this process: everything but the socket is real."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        app.state.lifecycle.serve()
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, timeout=60) as http:
            yield app.state.resources, http
