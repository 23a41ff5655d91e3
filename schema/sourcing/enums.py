"""Enums of sourcing rules, described."""

from domain.sourcing.rules.conditions import Destination
from domain.sourcing.rules.model import EffectKind, RuleSetStatus
from schema.enums import described

described(
    EffectKind,
    "What follows for the lines and locations that a rule matches.",
    {
        "FORBID": "The lines are not served from the locations.",
        "REQUIRE": "The lines are served from the locations only.",
        "PREFER": "A unit served there is worth `value` minor units, -1,000,000,000 to "
        "1,000,000,000; below 0 it is avoided.",
        "MARKDOWN": "A unit sold there saves `value` minor units of a markdown, 0 to "
        "1,000,000,000.",
        "CAP_PARCELS": "The order is served from `value` locations at most, 1 to 100.",
        "CAP_CAPACITY": "Each location takes `value` fulfillment orders a day at most, 0 to "
        "1,000,000.",
        "CAP_SHARE": "Each location serves `value` percent of the order's units at most, 1 to 100.",
        "FORCE": "As REQUIRE, and no FORBID counts for the lines at the locations.",
    },
    name="SourcingEffectKind",
)

described(
    Destination,
    "Where a location is, seen from where the goods go.",
    {
        "SAME_COUNTRY": "In the country where the goods go.",
        "OTHER_COUNTRY": "In another country.",
    },
    name="SourcingDestination",
)

described(
    RuleSetStatus,
    "Where a version of a rule set stands; it follows from its period and the present moment.",
    {
        "DRAFT": "It can still be changed, and never counts.",
        "SCHEDULED": "It will count from a moment on.",
        "ACTIVE": "It counts now.",
        "RETIRED": "It does not count any more, or was withdrawn before it did.",
    },
)

__all__ = ["Destination", "EffectKind", "RuleSetStatus"]
