"""Refusals about rule sets."""

from datetime import datetime

from domain.common.errors import DomainError


class RuleSetNameTaken(DomainError):
    """Another rule set has this name."""

    code = "RULE_SET_NAME_TAKEN"

    def __init__(self, name: str) -> None:
        super().__init__(f"a rule set with the name {name} exists")
        self.name = name


class RuleSetOverlap(DomainError):
    """Another version of the same scope counts in a part of the period; nothing was changed."""

    code = "RULE_SET_OVERLAP"

    def __init__(
        self,
        name: str | None = None,
        valid_from: datetime | None = None,
        valid_until: datetime | None = None,
    ) -> None:
        super().__init__(f"{name or 'another rule set'} counts for the same orders in that period")
        self.name = name
        self.valid_from = valid_from
        self.valid_until = valid_until


class IllegalRuleSetStep(DomainError):
    """The step does not fit what the rule set has; nothing was changed."""

    code = "ILLEGAL_RULE_SET_STEP"

    def __init__(self, action: str, reason: str) -> None:
        super().__init__(f"cannot {action} a rule set {reason}")
        self.action = action
        self.reason = reason
