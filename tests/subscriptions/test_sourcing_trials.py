"""A simulation of sourcing rules, live."""

from collections.abc import AsyncGenerator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.schema import build_schema
from app.settings import load_settings
from domain.trials.working import work_off
from schema.context import Services
from subscriptions.fields import Subscription
from tests.subscriptions.watching import LiveApi
from tests.support.road import Road, running_road
from tests.support.shop import ADMIN, AGENT, ROME_TILL
from tests.support.sourcing_trials import OPERATIONS, asked, stores_first, warehouse_stage
from tests.support.stage import NOBODY, gid

CHANGED = """subscription($id: ID!, $after: String) {
  sourcingSimulationChanged(id: $id, after: $after) {
  kind cursor complete reason simulations { simulationId version status total done orders
    changedOrders costBefore { amount } costAfter { amount currency } parcelsBefore parcelsAfter
    failure } } }"""


@pytest.fixture
async def road(clean_database: str, clean_redis: str) -> AsyncGenerator[Road]:
    async with running_road(clean_database, clean_redis) as road:
        yield road


async def test_a_simulation_is_followed_until_it_is_done(engine: AsyncEngine, road: Road) -> None:
    stage = await warehouse_stage(engine)
    for _ in range(3):
        await stage.placed(lines={"HAT": 1})
    simulation = await asked(stage, await stores_first(stage))
    key = gid("SourcingSimulation", simulation.id)
    services = Services(road.database, stage.shop.gateway, stage.shop.terms, road.hub)
    api = LiveApi(build_schema(load_settings(), subscription=Subscription), services)

    async with api.watch(OPERATIONS, CHANGED, id=key) as watching:
        first = await watching.next()
        assert await work_off(road.database, save_every_s=0) == 1
        states = list(first["simulations"])
        while states[-1]["status"] != "DONE":
            states += (await watching.next())["simulations"]

    assert (first["kind"], first["complete"], len(first["simulations"])) == ("SNAPSHOT", True, 1)
    assert [each["version"] for each in states] == list(range(1, len(states) + 1))
    assert [(each["status"], each["done"]) for each in states] == [
        ("QUEUED", 0),
        ("RUNNING", 0),
        ("RUNNING", 1),
        ("RUNNING", 2),
        ("RUNNING", 3),
        ("DONE", 3),
    ]
    last = states[-1]
    assert (last["simulationId"], last["total"], last["orders"]) == (key, 3, 3)
    assert (last["changedOrders"], last["parcelsBefore"], last["parcelsAfter"]) == (3, 3, 3)
    assert last["costBefore"] == {"amount": "15.15"}
    assert last["costAfter"] == {"amount": "22.29", "currency": "EUR"}

    async with api.watch(ADMIN, CHANGED, id=key, after=first["cursor"]) as watching:
        missed = [await watching.next()]
        while missed[-1]["simulations"][-1]["status"] != "DONE":
            missed.append(await watching.next())
    again = [state for payload in missed for state in payload["simulations"]]
    assert [each["version"] for each in again] == [each["version"] for each in states[1:]]

    for actor in (AGENT, ROME_TILL):
        assert await api.refusal(actor, CHANGED, id=key) == ["FORBIDDEN"]
    assert await api.refusal(None, CHANGED, id=key) == ["UNAUTHENTICATED"]
    unknown = gid("SourcingSimulation", NOBODY)
    assert await api.refusal(ADMIN, CHANGED, id=unknown) == ["NOT_FOUND"]
    assert await api.refusal(ADMIN, CHANGED, id=gid("Order", NOBODY)) == ["VALIDATION_FAILED"]
