"""What mutations of rule sets answer."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.identity.model import STAFF
from domain.sourcing.rules import errors
from schema.access import access
from schema.errors import CommonError, Error, twin_of
from schema.sourcing.types import RuleSet


@access(*STAFF)
@strawberry.type(description="The rule set after the change.")
class RuleSetPayload:
    """Answer of the mutations of rule sets."""

    rule_set: RuleSet = strawberry.field(description="The rule set as it is now.")


@twin_of(errors.RuleSetNameTaken)
@access()
@strawberry.type(description="Another rule set has this name.")
class RuleSetNameTakenError(Error):
    """Twin of RuleSetNameTaken."""

    name: str = strawberry.field(description="The name that is in use.")

    @staticmethod
    def of(error: errors.RuleSetNameTaken) -> "RuleSetNameTakenError":
        """The twin."""
        return RuleSetNameTakenError(code=error.code, message=error.message, name=error.name)


@twin_of(errors.RuleSetOverlap)
@access()
@strawberry.type(description="Another version counts for the same scope in a part of the period.")
class RuleSetOverlapError(Error):
    """Twin of RuleSetOverlap."""

    name: str | None = strawberry.field(description="Name of its rule set, if known.")
    valid_from: datetime | None = strawberry.field(description="When it begins (UTC), if known.")
    valid_until: datetime | None = strawberry.field(
        description="When it ends (UTC); null until further notice, or if not known."
    )

    @staticmethod
    def of(error: errors.RuleSetOverlap) -> "RuleSetOverlapError":
        """The twin."""
        return RuleSetOverlapError(
            code=error.code,
            message=error.message,
            name=error.name,
            valid_from=error.valid_from,
            valid_until=error.valid_until,
        )


@twin_of(errors.IllegalRuleSetStep)
@access()
@strawberry.type(description="The step does not fit what the rule set has.")
class IllegalRuleSetStepError(Error):
    """Twin of IllegalRuleSetStep."""

    action: str = strawberry.field(description="What was asked for.")

    @staticmethod
    def of(error: errors.IllegalRuleSetStep) -> "IllegalRuleSetStepError":
        """The twin."""
        return IllegalRuleSetStepError(code=error.code, message=error.message, action=error.action)


RuleSetResult = Annotated[
    RuleSetPayload
    | RuleSetNameTakenError
    | RuleSetOverlapError
    | IllegalRuleSetStepError
    | CommonError,
    strawberry.union("RuleSetResult", description="What changes of rule sets answer."),
]
