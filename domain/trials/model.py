"""A rule set that is tried on past orders, and how far the trial has come. Pure values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NewType
from uuid import UUID

from domain.identity.model import Role
from domain.sourcing.rules.model import RuleSetId, RuleSetVersionId

SimulationId = NewType("SimulationId", UUID)

MAY_SIMULATE = frozenset({Role.OPERATIONS, Role.ADMIN})
"""Roles that try rules and see what came of it."""

MOST_UNFINISHED = 3
"""At most so many simulations wait or run in the house."""
DEFAULT_LIMIT = 10_000
MAX_LIMIT = 100_000
"""Orders that one simulation replays at most."""
LEASE = timedelta(seconds=30)
"""A running simulation of which nothing was heard for so long is taken over."""


class SimulationStatus(StrEnum):
    """QUEUED, then RUNNING; the others are final."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


UNFINISHED = (SimulationStatus.QUEUED, SimulationStatus.RUNNING)


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the list of decisions, sorted by (`at`, `id`): the last one that was looked at."""

    at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Simulation:
    """A version of a rule set that is tried on the orders decided from `since` until just before
    `until`, the earliest `limit` of those in its scope.

    The rules are those of the moment of asking (`scope` and `body` as JSON values), whatever
    becomes of the draft. `total` are the decisions of the period, `done` those that were looked at,
    up to `position`; `sums` is what they came to (`domain.trials.sums`), None before the first.
    `worker` names who is at it.
    """

    id: SimulationId
    status: SimulationStatus
    rule_set_id: RuleSetId
    version_id: RuleSetVersionId
    name: str
    number: int
    scope: Mapping[str, Any]
    body: Mapping[str, Any]
    since: datetime
    until: datetime
    limit: int
    total: int
    done: int
    position: Position | None
    sums: Mapping[str, Any] | None
    worker: UUID | None
    failure: str | None
    requested_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime
    version: int

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status not in UNFINISHED

    @property
    def currency(self) -> str:
        """ISO 4217 code of all costs by the rules that are tried."""
        currency: str = self.body["costs"]["currency"]
        return currency
