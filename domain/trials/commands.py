"""What can be asked of simulations."""

from dataclasses import dataclass
from datetime import datetime

from domain.sourcing.rules.model import RuleSetId
from domain.trials.model import DEFAULT_LIMIT, SimulationId


@dataclass(frozen=True, slots=True)
class SimulateRuleSet:
    """A version of the rule set is tried on the orders decided in the period; without a number the
    draft, else the newest version.
    """

    idempotency_key: str
    rule_set_id: RuleSetId
    since: datetime
    until: datetime
    version_number: int | None = None
    limit: int = DEFAULT_LIMIT


@dataclass(frozen=True, slots=True)
class CancelSimulation:
    """The simulation ends early."""

    idempotency_key: str
    simulation_id: SimulationId


@dataclass(frozen=True, slots=True)
class SimulationChange:
    """A simulation with the version that a change gave it."""

    simulation_id: SimulationId
    version: int
