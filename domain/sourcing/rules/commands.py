"""What can be asked of rule sets."""

from dataclasses import dataclass
from datetime import datetime

from domain.sourcing.rules.model import (
    ANY_ORDER,
    STANDARD_COSTS,
    CostSettings,
    Rule,
    RuleSetId,
    Scope,
)


@dataclass(frozen=True, slots=True)
class CreateRuleSet:
    """A rule set for the orders of a scope, without rules yet."""

    idempotency_key: str
    name: str
    scope: Scope = ANY_ORDER


@dataclass(frozen=True, slots=True)
class SaveRuleSetDraft:
    """The rules that shall count next, in place of those drafted before."""

    idempotency_key: str
    rule_set_id: RuleSetId
    rules: tuple[Rule, ...]
    costs: CostSettings = STANDARD_COSTS
    note: str = ""
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class ScheduleRuleSet:
    """The draft counts from `valid_from` on, until `valid_until` if that is given. Moments without
    an offset are local times of the merchant.
    """

    idempotency_key: str
    rule_set_id: RuleSetId
    valid_from: datetime
    valid_until: datetime | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class ActivateRuleSet:
    """The draft counts from now on."""

    idempotency_key: str
    rule_set_id: RuleSetId
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class RollbackRuleSet:
    """The rules that counted before those of now count again."""

    idempotency_key: str
    rule_set_id: RuleSetId
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class RetireRuleSet:
    """No rules of the set count from now on."""

    idempotency_key: str
    rule_set_id: RuleSetId
    expected_version: int | None = None


TimingCommand = ScheduleRuleSet | ActivateRuleSet | RollbackRuleSet | RetireRuleSet


@dataclass(frozen=True, slots=True)
class RuleSetChange:
    """A rule set with the version that a change gave it."""

    rule_set_id: RuleSetId
    version: int
