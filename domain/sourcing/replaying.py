"""Making a stored decision again: to prove that it was no accident, or to ask what if."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.errors import ValidationFailed
from domain.common.ids import LocationId
from domain.sourcing.deciding import decided
from domain.sourcing.decision import Trace
from domain.sourcing.decisions import Decision
from domain.sourcing.rules.model import RuleSetVersion
from domain.sourcing.rules.repository import version_by_id


@dataclass(frozen=True, slots=True)
class Replay:
    """A decision made again, from the facts that were kept with it."""

    decision: Decision
    trace: Trace

    @property
    def is_identical(self) -> bool:
        """Whether it came to the same plan by the same question and rules."""
        return self.trace.plan_hash == self.decision.trace.plan_hash

    @property
    def delta_minor(self) -> int:
        """What the new plan costs more than the one of then."""
        return self.trace.chosen.cost_minor - self.decision.trace.chosen.cost_minor


async def replayed(
    connection: AsyncConnection,
    decision: Decision,
    *,
    without_rules: Collection[str] = (),
    without_locations: Collection[LocationId] = (),
) -> Replay:
    """The decision made again by the version of the rules that it went by, in the form of today's
    program; nothing is stored. Rules by name and locations may be left out, to see what they were
    worth; an override is not repeated then. One statement at most.

    Raises:
        ValidationFailed: a rule is not one of that version.
    """
    used = decision.rule_set_version_id
    version = await version_by_id(connection, used) if used is not None else None
    version = _without(version, without_rules)
    question = decision.question
    if without_locations:
        left = [c for c in question.candidates if c.location_id not in without_locations]
        question = replace(question, candidates=tuple(left))
    as_it_was = not without_rules and not without_locations
    forced = None
    if decision.override is not None and as_it_was:
        forced = decision.trace.chosen.parcels[0].location_id
    trace = decided(question, version, forced=forced).trace
    assert trace is not None
    return Replay(decision, trace)


def _without(version: RuleSetVersion | None, names: Collection[str]) -> RuleSetVersion | None:
    known = {rule.name for rule in version.rules} if version is not None else set[str]()
    unknown = sorted(set(names) - known)
    if unknown:
        raise ValidationFailed("withoutRules", f"the decision knew no rule {unknown[0]!r}")
    if version is None or not names:
        return version
    return replace(version, rules=tuple(rule for rule in version.rules if rule.name not in names))
