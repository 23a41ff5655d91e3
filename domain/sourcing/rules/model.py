"""Rules of sourcing, what plans cost, and versions of rule sets. Pure values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.sourcing.rules.conditions import ALWAYS, EVERYWHERE, Condition, LocationCondition

RuleSetId = NewType("RuleSetId", UUID)
RuleSetVersionId = NewType("RuleSetVersionId", UUID)

MAX_RULES = 100
MAX_MINOR = 1_000_000_000
"""Largest amount of a cost or an effect, in minor units."""
MAX_PARCELS = 100
MAX_CAPACITY = 1_000_000
MAX_LATE_DAYS = 90
"""Days after the wanted date that cost something: a date long ago makes no order worthless."""
DELIVERY_MODES = frozenset({"SHIP", "PICKUP", "TAKE_AWAY", "SHIP_TO_STORE", "PICKUP_POINT"})
"""How goods reach customers; `orders.DeliveryMode` by its values."""
DEFAULT_TIME_ZONE = "Europe/Rome"


class EffectKind(StrEnum):
    """What follows for the lines and locations that a rule matches."""

    FORBID = "FORBID"
    """The lines are not served from the locations."""
    REQUIRE = "REQUIRE"
    """The lines are served from the locations only."""
    PREFER = "PREFER"
    """A unit served there is worth so many minor units; below 0 it is avoided."""
    MARKDOWN = "MARKDOWN"
    """A unit sold there saves so many minor units of a markdown."""
    CAP_PARCELS = "CAP_PARCELS"
    """The order is served from so many locations at most."""
    CAP_CAPACITY = "CAP_CAPACITY"
    """Each location takes so many fulfillment orders a day at most."""
    CAP_SHARE = "CAP_SHARE"
    """Each location serves so many percent of the order's units at most."""
    FORCE = "FORCE"
    """As REQUIRE, and no FORBID counts for the lines at the locations."""


BARE = frozenset({EffectKind.FORBID, EffectKind.REQUIRE, EffectKind.FORCE})
"""Effects that take no value."""


@dataclass(frozen=True, slots=True)
class Effect:
    """`value` is what `kind` says: minor units, parcels, fulfillment orders or percent."""

    kind: EffectKind
    value: int | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """The orders that a rule set is for; None is any. `order_type` is the kind of the channel."""

    channel: str | None = None
    country: str | None = None
    order_type: str | None = None
    delivery_mode: str | None = None


ANY_ORDER = Scope()


@dataclass(frozen=True, slots=True)
class Rule:
    """For lines that `when` is true of, at locations that `where` is true of, `effect` follows.

    An effect on the order as a whole follows when `when` is true of one of its lines.
    """

    name: str
    effect: Effect
    when: Condition = ALWAYS
    where: LocationCondition = EVERYWHERE


@dataclass(frozen=True, slots=True)
class CostSettings:
    """What a plan costs, in minor units of `currency`; plans are compared by it.

    `parcel_abroad_minor` is for a destination in another country than the location. `per_kg_minor`
    and `per_100km_minor` are in proportion. `handling_minor` is per unit, by kind of location (0
    unless given). `risk_minor` is per unit at a location without any trust, less in proportion to
    the trust. `late_minor` is per unit and begun day after the date that is wanted, at most
    `MAX_LATE_DAYS` of them. `unfilled_minor` is per unit that nobody serves.
    With `carrier_rates` a parcel costs what the carriers' rates say, where there is one.
    """

    currency: str = "EUR"
    parcel_minor: int = 500
    parcel_abroad_minor: int = 1_500
    per_kg_minor: int = 50
    per_100km_minor: int = 50
    handling_minor: Mapping[str, int] = field(default_factory=dict[str, int])
    risk_minor: int = 100
    late_minor: int = 200
    unfilled_minor: int = 1_000_000
    carrier_rates: bool = False


STANDARD_COSTS = CostSettings()


class RuleSetStatus(StrEnum):
    """Where a version stands; it follows from its period and the moment of asking."""

    DRAFT = "DRAFT"
    SCHEDULED = "SCHEDULED"
    ACTIVE = "ACTIVE"
    RETIRED = "RETIRED"


@dataclass(frozen=True, slots=True)
class RuleSetVersion:
    """A version of a rule set; it never changes once it has a period, which can only end sooner.

    It counts from `valid_from` until just before `valid_until` (None: until further notice). A
    draft has no period; nor has a version that was withdrawn before it began, which has
    `retired_at`. Dates and weekdays in its rules are those of `time_zone`.
    """

    id: RuleSetVersionId
    rule_set_id: RuleSetId
    name: str
    scope: Scope
    number: int
    rules: tuple[Rule, ...]
    costs: CostSettings
    status: RuleSetStatus
    valid_from: datetime | None
    valid_until: datetime | None
    author: str
    note: str
    created_at: datetime
    retired_at: datetime | None = None
    time_zone: str = DEFAULT_TIME_ZONE


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A named set of rules for the orders of its scope. `version` counts its changes."""

    id: RuleSetId
    name: str
    scope: Scope
    created_by: str
    created_at: datetime
    updated_at: datetime
    version: int


def status_at(
    at: datetime,
    valid_from: datetime | None,
    valid_until: datetime | None,
    retired_at: datetime | None,
) -> RuleSetStatus:
    """The status at the moment `at` of a version with that period (None: it has none)."""
    if valid_from is None:
        return RuleSetStatus.DRAFT if retired_at is None else RuleSetStatus.RETIRED
    if valid_until is not None and valid_until <= at:
        return RuleSetStatus.RETIRED
    return RuleSetStatus.SCHEDULED if at < valid_from else RuleSetStatus.ACTIVE
