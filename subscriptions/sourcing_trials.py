"""What `sourcingSimulationChanged` watches, and how it shows it."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.common.database import DbConnection
from domain.events.model import Topic
from domain.trials.events import payload_of
from domain.trials.model import SimulationId
from domain.trials.repository import simulation_by_id
from schema.live import LiveKind, ResyncReason
from schema.sourcing_trials import SourcingSimulationChange, SourcingSimulationState
from subscriptions.feed import Feed
from subscriptions.progress import State, progress_feed


def simulation_feed(simulation_id: SimulationId) -> Feed[State, SourcingSimulationChange]:
    """One simulation."""

    async def find(connection: DbConnection) -> State | None:
        found = await simulation_by_id(connection, simulation_id)
        return payload_of(found) if found else None

    return progress_feed(Topic.sourcing_simulation(simulation_id), find, _shown)


def _shown(
    kind: LiveKind,
    cursor: str,
    states: Sequence[Mapping[str, Any]],
    *,
    is_last: bool = True,
    reason: ResyncReason | None = None,
) -> SourcingSimulationChange:
    return SourcingSimulationChange(
        kind=kind,
        cursor=cursor,
        complete=is_last,
        reason=reason,
        simulations=[SourcingSimulationState.of_payload(each) for each in states],
    )
