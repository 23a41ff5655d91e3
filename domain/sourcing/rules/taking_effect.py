"""Use cases: schedule a draft, put it into effect, go back to the rules before, retire a rule set.

A version counts while its period contains the moment of asking, so nothing has to run when it
begins or ends. Whoever gives a scope's versions a period waits for others who do.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError

from domain.catalog.periods import Overlapping, Period, fit
from domain.common.errors import ValidationFailed, check_version
from domain.common.faults import constraint_of
from domain.common.idempotency import once
from domain.common.sql import alone
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.sourcing.rules.bodies import Body
from domain.sourcing.rules.choosing import instant_of
from domain.sourcing.rules.commands import (
    ActivateRuleSet,
    RetireRuleSet,
    RollbackRuleSet,
    RuleSetChange,
    ScheduleRuleSet,
    TimingCommand,
)
from domain.sourcing.rules.drafting import (
    changed,
    check_writer,
    fresh_version,
    next_number,
    version_row,
)
from domain.sourcing.rules.errors import IllegalRuleSetStep, RuleSetOverlap
from domain.sourcing.rules.model import RuleSet, RuleSetVersion
from domain.sourcing.rules.repository import (
    locked_rule_set,
    scope_columns,
    versions_of,
    versions_of_scope,
)
from domain.sourcing.rules.standing import Standing
from domain.sourcing.tables import sourcing_rule_set_version

_V = sourcing_rule_set_version.c


async def schedule_rule_set(
    tx: Tx, actor: Actor, command: ScheduleRuleSet, time_zone: str
) -> RuleSetChange:
    """The rule set, whose draft counts in the period; publishes RuleSetChanged.

    A version of the set that is open-ended and begins earlier ends where the draft begins, and goes
    on as a new version where the draft ends. A version scheduled for the same period is withdrawn.
    Moments without an offset are local times of `time_zone` (see `instant_of`).

    Raises:
        Forbidden: the actor's role does not change rules. NotFound: no such rule set.
        IllegalRuleSetStep: it has no draft. RuleSetOverlap: the period is taken.
        ValidationFailed: the period begins in the past, or ends before it begins.
        VersionConflict, IdempotencyConflict: see there.

    Locks: the rule set, then its scope.
    """
    check_writer(actor)
    starts = instant_of(command.valid_from, time_zone)
    ends = command.valid_until and instant_of(command.valid_until, time_zone)
    if ends is not None and ends <= starts:
        raise ValidationFailed("validUntil", "must be later than validFrom")

    async def work() -> RuleSetChange:
        of, now, standing = await _standing(tx, command)
        draft = standing.draft_to("schedule")
        if starts < now:
            raise ValidationFailed("validFrom", "must not be in the past")
        if (taken := standing.taken_by_others(starts, ends)) is not None:
            raise _overlap(taken)
        try:
            fitting = fit([_period(each) for each in standing.own], starts, ends, now=now)
        except Overlapping as error:
            raise _overlap(standing.of_id(error.period.id)) from error
        numbers = next_number(standing.all_own)
        if fitting.replaced is not None:
            await _withdraw(tx, [standing.of_id(fitting.replaced)], now)
        if fitting.cut is not None:
            cut = standing.of_id(fitting.cut)
            await _end(tx, cut, starts, now)
            if ends is not None:
                again = _again(of, cut, numbers, now, tx.actor_key)
                await _begin(tx, again, ends, None)
        begun = replace(draft, valid_from=starts, valid_until=ends)
        await _give_period(tx, begun)
        return await changed(tx, of, "SCHEDULE", begun)

    return await once(tx, "scheduleRuleSet", command, RuleSetChange, work)


async def activate_rule_set(tx: Tx, actor: Actor, command: ActivateRuleSet) -> RuleSetChange:
    """The rule set, whose draft counts from now on, in place of the version that did until now; at
    the latest until the next version of the scope begins. Publishes RuleSetChanged.

    Raises:
        Forbidden: the actor's role does not change rules. NotFound: no such rule set.
        IllegalRuleSetStep: it has no draft.
        RuleSetOverlap: another rule set counts for the same scope now.
        VersionConflict, IdempotencyConflict: see there.

    Locks: the rule set, then its scope.
    """
    check_writer(actor)

    async def work() -> RuleSetChange:
        of, now, standing = await _standing(tx, command)
        draft = standing.draft_to("activate")
        begun = replace(draft, valid_from=now, valid_until=await _make_room(tx, standing, now))
        await _give_period(tx, begun)
        return await changed(tx, of, "ACTIVATE", begun)

    return await once(tx, "activateRuleSet", command, RuleSetChange, work)


async def rollback_rule_set(tx: Tx, actor: Actor, command: RollbackRuleSet) -> RuleSetChange:
    """The rule set with a new version, that counts from now on and says what the version before the
    present one said. Publishes RuleSetChanged. Doing it twice brings the present rules back.

    Raises:
        Forbidden: the actor's role does not change rules. NotFound: no such rule set.
        IllegalRuleSetStep: no version counts now, or none did before.
        VersionConflict, IdempotencyConflict: see there.

    Locks: the rule set, then its scope.
    """
    check_writer(actor)

    async def work() -> RuleSetChange:
        of, now, standing = await _standing(tx, command)
        before = standing.before_the_present()
        again = _again(of, before, next_number(standing.all_own), now, tx.actor_key)
        begun = replace(again, valid_from=now, valid_until=await _make_room(tx, standing, now))
        await _begin(tx, again, now, begun.valid_until)
        return await changed(tx, of, "ROLL_BACK", begun)

    return await once(tx, "rollbackRuleSet", command, RuleSetChange, work)


async def retire_rule_set(tx: Tx, actor: Actor, command: RetireRuleSet) -> RuleSetChange:
    """The rule set, none of whose versions counts from now on; those scheduled are withdrawn, the
    draft stays. Publishes RuleSetChanged.

    Raises:
        Forbidden: the actor's role does not change rules. NotFound: no such rule set.
        IllegalRuleSetStep: no version counts now or is scheduled.
        VersionConflict, IdempotencyConflict: see there.

    Locks: the rule set, then its scope.
    """
    check_writer(actor)

    async def work() -> RuleSetChange:
        of, now, standing = await _standing(tx, command)
        present, scheduled = standing.present, standing.scheduled
        if present is None and not scheduled:
            raise IllegalRuleSetStep("retire", "of which nothing counts or is scheduled")
        if present is not None:
            await _end(tx, present, now, now)
        await _withdraw(tx, scheduled, now)
        ended = present and replace(present, valid_until=now)
        return await changed(tx, of, "RETIRE", ended)

    return await once(tx, "retireRuleSet", command, RuleSetChange, work)


async def _standing(tx: Tx, command: TimingCommand) -> tuple[RuleSet, datetime, Standing]:
    """The locked rule set, the moment, and how the versions of its scope stand then.

    The moment is taken after the lock on the scope was obtained, so that it is later than the
    moments of all who had the lock before.
    """
    of = await locked_rule_set(tx.connection, command.rule_set_id)
    check_version(command.expected_version, of.version)
    scope = ":".join(scope_columns(of.scope).values())
    await tx.connection.execute(alone(f"sourcing_scope:{scope}"))
    now = (await tx.connection.execute(sa.select(sa.func.clock_timestamp()))).scalar_one()
    own = (await versions_of(tx.connection, [of.id])).get(of.id, [])
    others = [
        each
        for each in await versions_of_scope(tx.connection, of.scope)
        if each.rule_set_id != of.id
    ]
    return of, now, Standing(now, own, others)


async def _make_room(tx: Tx, standing: Standing, now: datetime) -> datetime | None:
    """The moment until which a version may count from now on; the present one of the set ends.

    Raises:
        RuleSetOverlap: another set's version counts now.
    """
    if (taken := standing.taken_by_others(now, now)) is not None:
        raise _overlap(taken)
    if standing.present is not None:
        await _end(tx, standing.present, now, now)
    return standing.next_start


async def _end(tx: Tx, version: RuleSetVersion, at: datetime, now: datetime) -> None:
    shorter = sa.func.tstzrange(sa.func.lower(_V.valid), at, "[)")
    await _update(tx, version, valid=shorter, retired_at=now)


async def _withdraw(tx: Tx, versions: Sequence[RuleSetVersion], now: datetime) -> None:
    for each in versions:
        await _update(tx, each, valid=sa.text("'empty'::tstzrange"), retired_at=now)


async def _give_period(tx: Tx, version: RuleSetVersion) -> None:
    await _update(tx, version, valid=Range(version.valid_from, version.valid_until, bounds="[)"))


async def _update(tx: Tx, version: RuleSetVersion, **values: Any) -> None:
    """Apart from other changes: constraints are checked in the order in which rows are written."""
    change = sa.update(sourcing_rule_set_version).where(_V.id == version.id).values(values)
    await _write(tx, change)


async def _begin(tx: Tx, version: RuleSetVersion, starts: datetime, ends: datetime | None) -> None:
    body = Body(version.rules, version.costs, version.time_zone)
    row = version_row(version, body) | {"valid": Range(starts, ends, bounds="[)")}
    await _write(tx, sa.insert(sourcing_rule_set_version).values(row))


async def _write(tx: Tx, statement: sa.Update | sa.Insert) -> None:
    try:
        await tx.connection.execute(statement)
    except IntegrityError as error:
        if constraint_of(error) == "ex_sourcing_rule_set_version_valid":
            raise RuleSetOverlap from error
        raise


def _again(
    of: RuleSet, version: RuleSetVersion, number: int, now: datetime, author: str
) -> RuleSetVersion:
    """A new version that says what the given one says."""
    body = Body(version.rules, version.costs, version.time_zone)
    fresh = fresh_version(of, body, number)
    return replace(fresh, note=f"Version {version.number} again.", author=author, created_at=now)


def _period(version: RuleSetVersion) -> Period:
    return Period(version.id, version.valid_from, version.valid_until)


def _overlap(version: RuleSetVersion) -> RuleSetOverlap:
    return RuleSetOverlap(version.name, version.valid_from, version.valid_until)
