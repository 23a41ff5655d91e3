"""What is kept of a decision, so that it can be explained and made again. Pure values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.common.ids import LocationId, OrderLineId, Sku
from domain.sourcing.problem import Proof


class CostKind(StrEnum):
    """The parts of a plan's cost."""

    PARCEL = "PARCEL"
    SHIPPING = "SHIPPING"
    DISTANCE = "DISTANCE"
    HANDLING = "HANDLING"
    RISK = "RISK"
    MARKDOWN = "MARKDOWN"
    PREFERENCE = "PREFERENCE"
    LATENESS = "LATENESS"
    UNFILLED = "UNFILLED"


class EliminationReason(StrEnum):
    """Why a location serves nothing of what it was asked for."""

    NO_STOCK = "NO_STOCK"
    RULE = "RULE"
    AT_CAPACITY = "AT_CAPACITY"
    FAILED_BEFORE = "FAILED_BEFORE"


@dataclass(frozen=True, slots=True)
class Elimination:
    """A location that was not considered. For RULE `rule` names it; `value` and `threshold` are
    what was compared, such as 40 of 40 fulfillment orders.
    """

    location_id: LocationId
    code: str
    reason: EliminationReason
    rule: str | None = None
    value: str | None = None
    threshold: str | None = None


@dataclass(frozen=True, slots=True)
class CostTerm:
    """A part of a cost, in minor units; below 0 for an advantage."""

    kind: CostKind
    amount_minor: int


@dataclass(frozen=True, slots=True)
class ParcelLine:
    """Units of an order line in a parcel."""

    line_id: OrderLineId
    sku: Sku
    quantity: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one location serves in a plan, and what that costs. `distance_km` is None when the
    address has no known point. `late_days` are days after the date that is wanted.
    With `expected_at` it waits for stock that the location expects then.
    """

    location_id: LocationId
    code: str
    lines: tuple[ParcelLine, ...]
    terms: tuple[CostTerm, ...]
    distance_km: float | None = None
    late_days: int = 0
    expected_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TracedPlan:
    """A plan as it is kept: parcels, units left per line, and all terms summed."""

    parcels: tuple[Parcel, ...]
    unfilled: tuple[ParcelLine, ...]
    terms: tuple[CostTerm, ...]
    cost_minor: int


@dataclass(frozen=True, slots=True)
class RuleSetUsed:
    """The immutable version of a rule set that a decision went by."""

    version_id: str
    name: str
    number: int


@dataclass(frozen=True, slots=True)
class Trace:
    """How a plan came about.

    `others` are the best plans with other locations, the cheapest first. `binding` names the limits
    without which a cheaper plan would have been possible, such as MAX_PARCELS; then
    `max_parcels_rule` names the rule. `plan_hash` is equal
    for equal plans of equal questions by equal rules.
    """

    rule_set: RuleSetUsed | None
    currency: str
    chosen: TracedPlan
    others: Sequence[TracedPlan]
    eliminated: Sequence[Elimination]
    binding: Sequence[str]
    proof: Proof
    plan_hash: str
    microseconds: int = 0
    max_parcels_rule: str | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """An operator's choice. `by` is the key of the actor; `delta_minor` what the choice costs more
    than the best plan, below 0 for less, None when nobody knows.
    """

    by: str
    reason: str
    delta_minor: int | None = None
