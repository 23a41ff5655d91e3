"""Use cases: ask for a simulation, and cancel one."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from domain.common.errors import Forbidden, NotFound, ValidationFailed
from domain.common.idempotency import once
from domain.common.ids import new_id
from domain.common.sql import alone
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.identity.model import Actor
from domain.sourcing.rules.bodies import Body, body_form
from domain.sourcing.rules.model import RuleSetStatus, RuleSetVersion
from domain.sourcing.rules.repository import rule_set_by_id, versions_of
from domain.trials.commands import CancelSimulation, SimulateRuleSet, SimulationChange
from domain.trials.errors import SimulationEnded, TooManySimulations
from domain.trials.events import simulation_changed
from domain.trials.model import (
    MAX_LIMIT,
    MAY_SIMULATE,
    MOST_UNFINISHED,
    UNFINISHED,
    SimulationStatus,
)
from domain.trials.repository import SIMULATION_COLUMNS, simulation_of
from domain.trials.saving import changed
from domain.trials.tables import sourcing_simulation


async def simulate_rule_set(tx: Tx, actor: Actor, command: SimulateRuleSet) -> SimulationChange:
    """The new simulation, QUEUED, with the rules as they are now; orders that are placed from now
    on are not looked at. Publishes SourcingSimulationChanged.

    Raises:
        Forbidden: the actor's role does not try rules. NotFound: no such rule set or version.
        ValidationFailed: the period or the limit is none. TooManySimulations: see there.
        IdempotencyConflict: see `once`.
    """
    _check_actor(actor)
    _check(command)

    async def work() -> SimulationChange:
        rule_set_id = command.rule_set_id
        if await rule_set_by_id(tx.connection, rule_set_id) is None:
            raise NotFound("rule set", str(rule_set_id))
        versions = (await versions_of(tx.connection, [rule_set_id])).get(rule_set_id, [])
        version = _wanted(versions, command.version_number)
        await tx.connection.execute(alone("sourcing simulations"))
        if await _unfinished(tx) >= MOST_UNFINISHED:
            raise TooManySimulations(MOST_UNFINISHED)
        row = await _row(tx, command, version)
        query = sa.insert(sourcing_simulation).values(row).returning(*SIMULATION_COLUMNS)
        made = simulation_of((await tx.connection.execute(query)).mappings().one())
        await publish(tx, simulation_changed(made))
        return SimulationChange(made.id, made.version)

    return await once(tx, "simulateRuleSet", command, SimulationChange, work)


async def cancel_simulation(tx: Tx, actor: Actor, command: CancelSimulation) -> SimulationChange:
    """The simulation, CANCELLED; what it came to stays. Publishes SourcingSimulationChanged.

    Raises:
        Forbidden: the actor's role does not try rules. NotFound: no such simulation.
        SimulationEnded: it has ended already. IdempotencyConflict: see `once`.

    Locks: the simulation.
    """
    _check_actor(actor)

    async def work() -> SimulationChange:
        c = sourcing_simulation.c
        mine = c.id == command.simulation_id
        ended = await changed(
            tx,
            sa.and_(mine, c.status.in_(UNFINISHED)),
            status=SimulationStatus.CANCELLED.value,
            worker=None,
            finished_at=sa.func.now(),
        )
        if ended is not None:
            return SimulationChange(ended.id, ended.version)
        status = await tx.connection.scalar(sa.select(c.status).where(mine))
        if status is None:
            raise NotFound("simulation", str(command.simulation_id))
        raise SimulationEnded(status)

    return await once(tx, "cancelSourcingSimulation", command, SimulationChange, work)


def _check_actor(actor: Actor) -> None:
    if actor.role not in MAY_SIMULATE:
        raise Forbidden("this role does not try rules")


def _check(command: SimulateRuleSet) -> None:
    if command.until <= command.since:
        raise ValidationFailed("until", "must be later than from")
    if not 1 <= command.limit <= MAX_LIMIT:
        raise ValidationFailed("limit", f"must be 1 to {MAX_LIMIT:,}")


def _wanted(versions: Sequence[RuleSetVersion], number: int | None) -> RuleSetVersion:
    """The version of that number; of none the draft, else the newest."""
    drafts = [each for each in versions if each.status is RuleSetStatus.DRAFT]
    fitting = [*drafts, *versions]
    if number is not None:
        fitting = [each for each in versions if each.number == number]
    if not fitting:
        raise NotFound("rule set version", "" if number is None else str(number))
    return fitting[0]


async def _unfinished(tx: Tx) -> int:
    query = sa.select(sa.func.count()).where(sourcing_simulation.c.status.in_(UNFINISHED))
    return await tx.connection.scalar(query) or 0


async def _row(tx: Tx, command: SimulateRuleSet, version: RuleSetVersion) -> dict[str, Any]:
    now = await tx.now()
    body = Body(version.rules, version.costs, version.time_zone)
    return {
        "id": new_id(),
        "status": SimulationStatus.QUEUED.value,
        "rule_set_id": version.rule_set_id,
        "version_id": version.id,
        "name": version.name,
        "number": version.number,
        "scope": asdict(version.scope),
        "body": body_form(body),
        "since": command.since,
        "until": min(command.until, now),
        "limit": command.limit,
        "total": 0,
        "done": 0,
        "requested_by": tx.actor_key,
        "created_at": now,
        "updated_at": now,
        "version": 1,
    }
