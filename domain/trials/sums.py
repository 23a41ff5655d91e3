"""What the orders of a simulation come to: sums that grow by one order at a time, and can be stored
and gone on with. Pure, but that they are changed in place.
"""

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from domain.common.ids import LocationId
from domain.sourcing.decision import CostKind, TracedPlan
from domain.sourcing.wording.sentences import main_difference
from domain.trials.comparing import Outcome, units_of

MOST_EXAMPLES = 20
MOST_LOCATIONS = 50


@dataclass(slots=True)
class PlanSums:
    """The plans of all orders. `terms` are minor units by kind of cost; `split` are orders that
    several locations serve; `distance_km` is summed over parcels whose way is known.
    """

    cost_minor: int = 0
    terms: dict[CostKind, int] = field(default_factory=dict[CostKind, int])
    parcels: int = 0
    split: int = 0
    distance_km: float = 0.0
    unfilled: int = 0
    marked_down: int = 0

    def add(self, plan: TracedPlan, marked_down: int) -> None:
        """One more plan, with its units for which there is a markdown."""
        self.cost_minor += plan.cost_minor
        for term in plan.terms:
            self.terms[term.kind] = self.terms.get(term.kind, 0) + term.amount_minor
        self.parcels += len(plan.parcels)
        self.split += len(plan.parcels) > 1
        self.distance_km += sum(each.distance_km or 0.0 for each in plan.parcels)
        self.unfilled += units_of(plan.unfilled)
        self.marked_down += marked_down


@dataclass(slots=True)
class ActualSums:
    """What really happened. `orders` are those of which something was served; `as_before` and
    `as_after` those of them that exactly the locations of that plan served. `measured` are works
    with a due date that are done, `on_time` those done by then.
    """

    orders: int = 0
    as_before: int = 0
    as_after: int = 0
    parcels: int = 0
    split: int = 0
    units: int = 0
    measured: int = 0
    on_time: int = 0


@dataclass(slots=True)
class Load:
    """What one location serves: units and parcels in the plans of then, in those of the tried
    rules, and really.
    """

    location_id: UUID
    code: str
    before_units: int = 0
    before_parcels: int = 0
    after_units: int = 0
    after_parcels: int = 0
    actual_units: int = 0
    actual_parcels: int = 0


@dataclass(frozen=True, slots=True)
class PlaceInExample:
    """What one location serves in an example; `distance_km` is None when it is not known."""

    location_id: UUID
    code: str
    units: int
    distance_km: float | None


@dataclass(frozen=True, slots=True)
class ExamplePlan:
    """A plan of an example, in minor units by the tried rules."""

    cost_minor: int
    unfilled: int
    places: tuple[PlaceInExample, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """An order whose plan changes; `cause` is the kind of cost that explains most of it."""

    order_id: UUID
    number: str
    at: datetime
    delta_minor: int
    cause: CostKind | None
    before: ExamplePlan
    after: ExamplePlan


@dataclass(slots=True)
class Sums:
    """All of it. `stored_minor` is what the plans of then cost then, by currency; `examples` are
    the orders with the largest changes of cost, those first.
    """

    orders: int = 0
    changed: int = 0
    before: PlanSums = field(default_factory=PlanSums)
    after: PlanSums = field(default_factory=PlanSums)
    actual: ActualSums = field(default_factory=ActualSums)
    stored_minor: dict[str, int] = field(default_factory=dict[str, int])
    loads: dict[str, Load] = field(default_factory=dict[str, Load])
    examples: list[Example] = field(default_factory=list[Example])

    def add(self, outcome: Outcome) -> None:
        """One more order."""
        trace = outcome.order.trace
        stored = self.stored_minor.get(trace.currency, 0)
        self.orders += 1
        self.stored_minor[trace.currency] = stored + trace.chosen.cost_minor
        self.before.add(outcome.before, outcome.before_marked)
        self.after.add(outcome.after, outcome.after_marked)
        for parcel in outcome.before.parcels:
            load = self._load(parcel.location_id, parcel.code)
            load.before_units += units_of(parcel.lines)
            load.before_parcels += 1
        for parcel in outcome.after.parcels:
            load = self._load(parcel.location_id, parcel.code)
            load.after_units += units_of(parcel.lines)
            load.after_parcels += 1
        self._add_what_happened(outcome)
        if outcome.is_changed:
            self.changed += 1
            insort(self.examples, _example(outcome), key=_rank)
            del self.examples[MOST_EXAMPLES:]

    def record(self) -> dict[str, Any]:
        """The sums as JSON values."""
        stored: dict[str, Any] = _adapter().dump_python(self, mode="json")
        return stored

    @staticmethod
    def of(record: Mapping[str, Any] | None) -> "Sums":
        """The sums that the record was made of; none yet for None."""
        return Sums() if record is None else _adapter().validate_python(record)

    def largest_changes(self) -> Sequence[Load]:
        """Locations by how many units more or less they serve by the tried rules; 50 at most."""

        def rank(each: Load) -> tuple[int, int, str]:
            units = abs(each.after_units - each.before_units)
            parcels = abs(each.after_parcels - each.before_parcels)
            return -units, -parcels, each.code

        return sorted(self.loads.values(), key=rank)[:MOST_LOCATIONS]

    def _load(self, location_id: UUID, code: str) -> Load:
        return self.loads.setdefault(str(location_id), Load(location_id, code))

    def _add_what_happened(self, outcome: Outcome) -> None:
        happened, sums = outcome.order.happened, self.actual
        sums.measured += happened.measured
        sums.on_time += happened.on_time
        if not happened.served:
            return
        places = frozenset(happened.served)
        sums.orders += 1
        sums.as_before += places == _places(outcome.before)
        sums.as_after += places == _places(outcome.after)
        sums.split += len(places) > 1
        for place, served in happened.served.items():
            sums.units += served.units
            sums.parcels += served.parcels
            load = self._load(place, served.code)
            load.actual_units += served.units
            load.actual_parcels += served.parcels


@cache
def _adapter() -> TypeAdapter[Sums]:
    return TypeAdapter(Sums)


def _places(plan: TracedPlan) -> frozenset[LocationId]:
    return frozenset(parcel.location_id for parcel in plan.parcels)


def _example(outcome: Outcome) -> Example:
    order = outcome.order
    return Example(
        order_id=order.id,
        number=order.number,
        at=order.at.astimezone(UTC),
        delta_minor=outcome.delta_minor,
        cause=main_difference(outcome.before, outcome.after),
        before=_example_plan(outcome.before),
        after=_example_plan(outcome.after),
    )


def _example_plan(plan: TracedPlan) -> ExamplePlan:
    places: Iterable[PlaceInExample] = (
        PlaceInExample(each.location_id, each.code, units_of(each.lines), each.distance_km)
        for each in plan.parcels
    )
    return ExamplePlan(plan.cost_minor, units_of(plan.unfilled), tuple(places))


def _rank(example: Example) -> tuple[int, datetime, UUID]:
    return -abs(example.delta_minor), example.at, example.order_id
