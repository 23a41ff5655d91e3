"""Simulations on stage: past orders that the warehouse served, and rules to try on them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from domain.identity.model import Actor, Role
from domain.locations.tables import location
from domain.sourcing.rules.model import RuleSetId
from domain.trials.asking import simulate_rule_set
from domain.trials.commands import SimulateRuleSet
from domain.trials.model import Simulation, SimulationId
from domain.trials.repository import simulation_by_id
from tests.support.sourcing_stage import drafted
from tests.support.stage import Stage, open_stage

OPERATIONS = Actor("olga", Role.OPERATIONS)
SINCE = datetime(2020, 1, 1, tzinfo=UTC)
UNTIL = datetime(2100, 1, 1, tzinfo=UTC)
STORES_FIRST = {
    "name": "stores first",
    "effect": {"kind": "REQUIRE"},
    "where": {"kind": {"in": ["STORE"]}},
}


async def warehouse_stage(engine: AsyncEngine) -> Stage:
    """A stage where MILAN is a store, and ROME and MADRID are warehouses; Rome is the nearest."""
    stage = await open_stage(engine, {"HAT": {"ROME": 90, "MILAN": 90}})
    async with engine.begin() as connection:
        await connection.execute(sa.update(location).values(kind="DC"))
        await connection.execute(
            sa.update(location).where(location.c.code == "MILAN").values(kind="STORE")
        )
    return stage


async def stores_first(stage: Stage, **given: Any) -> str:
    """The id of a rule set that is drafted to serve from stores only."""
    return await drafted(stage, "Stores first", STORES_FIRST, **given)


def rule_set_id(global_id: str) -> RuleSetId:
    return RuleSetId(UUID(relay.GlobalID.from_id(global_id).node_id))


async def asked(stage: Stage, rule_set: str, **changes: Any) -> Simulation:
    """The simulation of all orders that OPERATIONS asks for."""
    given: dict[str, Any] = {"since": SINCE, "until": UNTIL, **changes}
    command = SimulateRuleSet(uuid4().hex, rule_set_id(rule_set), **given)
    made = await stage.shop.database.run(
        lambda tx: simulate_rule_set(tx, OPERATIONS, command), actor_key=OPERATIONS.key
    )
    return await simulation_now(stage, made.simulation_id)


async def simulation_now(stage: Stage, simulation_id: SimulationId) -> Simulation:
    """The simulation as it is committed now."""
    found = await stage.shop.database.read(lambda c: simulation_by_id(c, simulation_id))
    assert found is not None
    return found
