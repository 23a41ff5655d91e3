"""What becomes of one order: the plan of then, the plan of the rules that are tried, and what
really happened. Pure.

Both plans are priced by the rules that are tried, so that they can be compared: their costs, and
what they give for preferences and markdowns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.common.ids import LocationId, OrderId, OrderLineId
from domain.sourcing.costing import Prices, prices_of, summed, times, total
from domain.sourcing.deciding import decided
from domain.sourcing.decision import CostKind, CostTerm, Parcel, ParcelLine, Trace, TracedPlan
from domain.sourcing.model import Question
from domain.sourcing.rules.judging import judge
from domain.sourcing.rules.model import RuleSetVersion


@dataclass(frozen=True, slots=True)
class Served:
    """What one location really did for an order: units that it served, parcels that it sent."""

    code: str
    units: int = 0
    parcels: int = 0


@dataclass(frozen=True, slots=True)
class Happened:
    """What really happened to an order. `measured` are its works with a due date that are done,
    `on_time` those of them that were done by then.
    """

    served: Mapping[LocationId, Served]
    measured: int = 0
    on_time: int = 0


NOTHING_YET = Happened({})


@dataclass(frozen=True, slots=True)
class PastOrder:
    """An order with its decision of then."""

    id: OrderId
    number: str
    at: datetime
    question: Question
    trace: Trace
    happened: Happened = NOTHING_YET


@dataclass(frozen=True, slots=True)
class Outcome:
    """One order, compared. `before` and `after` are priced by the rules that are tried; `*_marked`
    are their units for which these rules give a markdown.
    """

    order: PastOrder
    before: TracedPlan
    after: TracedPlan
    before_marked: int
    after_marked: int

    @property
    def is_changed(self) -> bool:
        """Whether other locations serve, or other units."""
        return _assignments(self.before) != _assignments(self.after)

    @property
    def delta_minor(self) -> int:
        """What the plan of the tried rules costs more; below 0 for less."""
        return self.after.cost_minor - self.before.cost_minor


def compared(order: PastOrder, version: RuleSetVersion) -> Outcome:
    """The order as it was decided then and as that version of the rules decides, by the stock of
    then.
    """
    question = order.question
    trace = decided(question, version).trace
    assert trace is not None  # decided just now
    pricing = _pricing(question, version)
    before, before_marked = pricing.priced(order.trace.chosen)
    after, after_marked = pricing.priced(trace.chosen)
    return Outcome(order, before, after, before_marked, after_marked)


@dataclass(frozen=True, slots=True)
class _Pricing:
    """What candidates and lines cost by some rules; both by their number."""

    prices: Prices
    candidates: Mapping[tuple[LocationId, datetime | None], int]
    lines: Mapping[OrderLineId, int]
    unfilled_minor: int

    def priced(self, plan: TracedPlan) -> tuple[TracedPlan, int]:
        """The plan with these prices, and its units for which there is a markdown."""
        parcels = tuple(self._parcel(each) for each in plan.parcels)
        missing = units_of(plan.unfilled) * self.unfilled_minor
        unserved = CostTerm(CostKind.UNFILLED, missing)
        terms = summed([*(term for each in parcels for term in each.terms), unserved])
        priced = replace(plan, parcels=parcels, terms=terms, cost_minor=total(terms))
        return priced, sum(self._marked(each) for each in plan.parcels)

    def _parcel(self, parcel: Parcel) -> Parcel:
        number = self.candidates[parcel.location_id, parcel.expected_at]
        terms = list(self.prices.parcels[number])
        for line in parcel.lines:
            unit = self.prices.unit_terms(number, self.lines[line.line_id])
            terms += times(line.quantity, unit)
        return replace(parcel, terms=summed(terms), distance_km=self.prices.distances[number])

    def _marked(self, parcel: Parcel) -> int:
        number = self.candidates[parcel.location_id, parcel.expected_at]
        markdowns = self.prices.markdowns[number]
        return sum(each.quantity for each in parcel.lines if self.lines[each.line_id] in markdowns)


def _pricing(question: Question, version: RuleSetVersion) -> _Pricing:
    verdict = judge(version.rules, question, version.time_zone)
    prices = prices_of(
        question.candidates,
        question.wanted,
        question.circumstances,
        version.costs,
        preferences=verdict.preferences,
        markdowns=verdict.markdowns,
    )
    return _Pricing(
        prices,
        {
            (each.location_id, each.expected_at): number
            for number, each in enumerate(question.candidates)
        },
        {each.line_id: number for number, each in enumerate(question.wanted)},
        version.costs.unfilled_minor,
    )


def _assignments(
    plan: TracedPlan,
) -> Mapping[tuple[OrderLineId, LocationId, datetime | None], int]:
    """Units by line, location and when it expects them; what is unfilled follows from it."""
    return {
        (line.line_id, parcel.location_id, parcel.expected_at): line.quantity
        for parcel in plan.parcels
        for line in parcel.lines
    }


def units_of(lines: Sequence[ParcelLine]) -> int:
    """Their units."""
    return sum(line.quantity for line in lines)
