"""Simulations among workers: claims, crashes in the middle, cancellation, defects."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.errors import DomainError
from domain.sourcing.tables import sourcing_decision
from domain.trials import past_orders
from domain.trials.asking import cancel_simulation
from domain.trials.commands import CancelSimulation
from domain.trials.errors import SimulationEnded, TooManySimulations
from domain.trials.model import LEASE, MOST_UNFINISHED, Simulation, SimulationStatus
from domain.trials.sums import Sums
from domain.trials.tables import sourcing_simulation
from domain.trials.working import claim, work_off, work_on
from tests.support.mutations import events
from tests.support.sourcing_trials import (
    OPERATIONS,
    asked,
    simulation_now,
    stores_first,
    warehouse_stage,
)
from tests.support.stage import Stage

pytestmark = pytest.mark.usefixtures("clean_database")
ORDERS = 7


class Killed(BaseException):
    """The worker's process ends here."""


def killed_after(saves: int) -> Callable[[Simulation], None]:
    """Progress that kills its worker when it has stored so many times."""
    left = [saves]

    def heard(_: Simulation) -> None:
        left[0] -= 1
        if not left[0]:
            raise Killed

    return heard


@pytest.fixture
async def stage(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Orders that the warehouse in Rome served; portions are small, so that there are several."""
    monkeypatch.setattr(past_orders, "PORTION", 3)
    stage = await warehouse_stage(engine)
    for number in range(ORDERS):
        await stage.placed(lines={"HAT": 1 + number % 3})
    return stage


async def silent(stage: Stage, simulation: Simulation) -> None:
    """Nothing was heard of its worker for longer than the lease."""
    c = sourcing_simulation.c
    old = c.heartbeat_at - LEASE - timedelta(seconds=1)
    async with stage.engine.begin() as connection:
        await connection.execute(
            sa.update(sourcing_simulation).where(c.id == simulation.id).values(heartbeat_at=old)
        )


async def changes_of(stage: Stage, simulation: Simulation) -> list[dict[str, Any]]:
    """What was published about the simulation, in order."""
    return [
        event["payload"]
        for event in await events(stage.engine)
        if event["aggregate_id"] == str(simulation.id)
    ]


async def finished(stage: Stage, rule_set: str) -> Simulation:
    """A simulation that nothing interrupted."""
    simulation = await asked(stage, rule_set)
    assert await work_off(stage.shop.database) == 1
    return await simulation_now(stage, simulation.id)


async def test_all_orders_of_the_period_are_replayed(stage: Stage) -> None:
    simulation = await finished(stage, await stores_first(stage))
    assert simulation.status is SimulationStatus.DONE
    assert (simulation.done, simulation.total, simulation.worker) == (ORDERS, ORDERS, None)
    assert simulation.finished_at is not None
    sums = Sums.of(simulation.sums)
    assert (sums.orders, sums.changed) == (ORDERS, ORDERS)
    units = sum(1 + number % 3 for number in range(ORDERS))
    loads = {each.code: (each.before_units, each.after_units) for each in sums.loads.values()}
    assert loads == {"ROME": (units, 0), "MILAN": (0, units)}
    assert await work_off(stage.shop.database) == 0
    await stage.check()


@pytest.mark.parametrize("saves", [1, 2, 4, 6])
async def test_what_a_crash_left_is_finished_by_the_next(stage: Stage, saves: int) -> None:
    database = stage.shop.database
    rule_set = await stores_first(stage)
    whole = await finished(stage, rule_set)
    simulation = await asked(stage, rule_set)

    with pytest.raises(Killed):
        await work_off(database, progress=killed_after(saves), save_every_s=0)
    broken = await simulation_now(stage, simulation.id)
    assert (broken.status, broken.done) == (SimulationStatus.RUNNING, saves - 1)
    assert await work_off(database) == 0  # its worker may be alive
    await silent(stage, simulation)
    assert await work_off(database, save_every_s=0) == 1

    after = await simulation_now(stage, simulation.id)
    assert (after.status, after.done) == (SimulationStatus.DONE, ORDERS)
    assert after.sums == whole.sums
    told = await changes_of(stage, simulation)
    assert [each["version"] for each in told] == list(range(1, after.version + 1))
    assert [each["done"] for each in told] == sorted(each["done"] for each in told)
    await stage.check()


async def test_a_worker_that_was_given_up_changes_nothing_any_more(stage: Stage) -> None:
    database = stage.shop.database
    simulation = await asked(stage, await stores_first(stage))
    slow = await claim(database)
    assert slow is not None
    await silent(stage, simulation)
    quick = await claim(database)
    assert quick is not None
    assert (quick.id, slow.id) == (simulation.id, simulation.id)
    assert quick.worker != slow.worker

    assert not await work_on(database, slow)
    assert (await simulation_now(stage, simulation.id)).version == quick.version
    assert await work_on(database, quick)
    assert (await simulation_now(stage, simulation.id)).done == ORDERS


async def test_two_workers_never_do_one_simulation_twice(stage: Stage) -> None:
    database = stage.shop.database
    rule_set = await stores_first(stage)
    simulations = [await asked(stage, rule_set) for _ in range(MOST_UNFINISHED)]
    counts = await asyncio.gather(*(work_off(database, save_every_s=0) for _ in range(4)))
    assert sum(counts) == MOST_UNFINISHED
    for each in simulations:
        told = await changes_of(stage, each)
        assert [change["status"] for change in told].count("DONE") == 1
        done = [change["done"] for change in told]
        assert done == [0, *range(ORDERS + 1), ORDERS]  # claimed once, then each order once
        assert (await simulation_now(stage, each.id)).sums is not None


async def test_the_rules_are_those_of_the_moment_of_asking(stage: Stage) -> None:
    rule_set = await stores_first(stage)
    whole = await finished(stage, rule_set)
    simulation = await asked(stage, rule_set)
    from_then = await stage.do(
        OPERATIONS,
        "saveRuleSetDraft",
        "SaveRuleSetDraftInput",
        "... on RuleSetPayload { ruleSet { id } }",
        ruleSetId=rule_set,
        rules=[],
    )
    assert from_then["__typename"] == "RuleSetPayload"
    assert await work_off(stage.shop.database) == 1
    assert (await simulation_now(stage, simulation.id)).sums == whole.sums


async def test_orders_out_of_the_scope_are_left_out(stage: Stage) -> None:
    rule_set = await stores_first(stage, scope={"country": "ES"})
    simulation = await finished(stage, rule_set)
    assert (simulation.status, simulation.done) == (SimulationStatus.DONE, ORDERS)
    assert Sums.of(simulation.sums).orders == 0


async def test_the_earliest_orders_come_within_the_limit(stage: Stage) -> None:
    simulation = await asked(stage, await stores_first(stage), limit=4)
    await work_off(stage.shop.database)
    after = await simulation_now(stage, simulation.id)
    assert (after.status, after.done, after.total) == (SimulationStatus.DONE, 4, 4)
    query = sa.select(sourcing_decision.c.id).order_by(sourcing_decision.c.at)
    places = [row.id for row in await stage.shop.rows(query)]
    assert after.position is not None
    assert after.position.id == places[3]


async def test_only_decisions_of_the_period_are_looked_at(stage: Stage) -> None:
    query = sa.select(sourcing_decision.c.at).order_by(sourcing_decision.c.at)
    moments = [row.at for row in await stage.shop.rows(query)]
    rule_set = await stores_first(stage)
    simulation = await asked(stage, rule_set, since=moments[2], until=moments[5])
    await work_off(stage.shop.database)
    after = await simulation_now(stage, simulation.id)
    assert (after.done, Sums.of(after.sums).orders) == (3, 3)


async def test_a_cancelled_simulation_stops(stage: Stage) -> None:
    database = stage.shop.database
    simulation = await asked(stage, await stores_first(stage))
    claimed = await claim(database)
    assert claimed is not None
    command = CancelSimulation("stop", simulation.id)
    await database.run(
        lambda tx: cancel_simulation(tx, OPERATIONS, command), actor_key=OPERATIONS.key
    )
    assert not await work_on(database, claimed, save_every_s=0)
    after = await simulation_now(stage, simulation.id)
    assert (after.status, after.done, after.sums) == (SimulationStatus.CANCELLED, 0, None)
    assert await work_off(database) == 0

    again = CancelSimulation("stop again", simulation.id)
    with pytest.raises(SimulationEnded, match="CANCELLED"):
        await database.run(
            lambda tx: cancel_simulation(tx, OPERATIONS, again), actor_key=OPERATIONS.key
        )


async def test_a_defect_fails_the_simulation_loudly_and_the_queue_goes_on(stage: Stage) -> None:
    database = stage.shop.database
    rule_set = await stores_first(stage)
    broken = await asked(stage, rule_set)
    form = sa.text("UPDATE sourcing_decision SET question = jsonb_set(question, '{form}', '99')")
    back = sa.text("UPDATE sourcing_decision SET question = jsonb_set(question, '{form}', '1')")
    async with stage.engine.begin() as connection:
        await connection.execute(form)
    with pytest.raises(ValueError, match="form 99"):
        await work_off(database)
    async with stage.engine.begin() as connection:
        await connection.execute(back)
    after = await simulation_now(stage, broken.id)
    assert (after.status, after.failure) == (SimulationStatus.FAILED, "INTERNAL: UnknownForm")
    assert (await finished(stage, rule_set)).status is SimulationStatus.DONE


async def test_only_so_many_wait_at_once_however_they_are_asked_for(stage: Stage) -> None:
    rule_set = await stores_first(stage)
    answers = await asyncio.gather(
        *(asked(stage, rule_set) for _ in range(MOST_UNFINISHED + 2)), return_exceptions=True
    )
    refused = [each for each in answers if isinstance(each, DomainError)]
    assert [type(each) for each in refused] == [TooManySimulations] * 2
    assert (
        await stage.shop.scalar(sa.select(sa.func.count()).select_from(sourcing_simulation))
        == MOST_UNFINISHED
    )
