"""Why a location does not serve, by what was kept of the decision. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from domain.common.ids import LocationId
from domain.sourcing.decision import Elimination, Trace, TracedPlan


class WhyNotKind(StrEnum):
    """What became of a location in a decision."""

    SERVES = "SERVES"
    """It does serve."""
    ELIMINATED = "ELIMINATED"
    """It was not considered."""
    RUNNER_UP = "RUNNER_UP"
    """It serves in one of the other plans that were kept."""
    NOT_NEEDED = "NOT_NEEDED"
    """It could serve, but no plan that was kept needs it: those with it are dearer, or it was no
    candidate at all.
    """


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why a location does not serve. `elimination` says why it was not considered; `plan` is the
    cheapest one in which it serves, `delta_minor` what that costs more than the chosen one.
    """

    kind: WhyNotKind
    elimination: Elimination | None = None
    plan: TracedPlan | None = None
    delta_minor: int | None = None


def why_not(trace: Trace, location_id: LocationId) -> WhyNot:
    """What became of the location in that decision."""
    if serves_in(trace.chosen, location_id):
        return WhyNot(WhyNotKind.SERVES)
    for each in trace.eliminated:
        if each.location_id == location_id:
            return WhyNot(WhyNotKind.ELIMINATED, elimination=each)
    with_it = [plan for plan in trace.others if serves_in(plan, location_id)]
    if not with_it:
        return WhyNot(WhyNotKind.NOT_NEEDED)
    cheapest = min(with_it, key=lambda plan: plan.cost_minor)
    delta = cheapest.cost_minor - trace.chosen.cost_minor
    return WhyNot(WhyNotKind.RUNNER_UP, plan=cheapest, delta_minor=delta)


def serves_in(plan: TracedPlan, location_id: LocationId) -> bool:
    """Whether the location serves anything in the plan."""
    return any(parcel.location_id == location_id for parcel in plan.parcels)
