"""What `sourcingSimulationChanged` watches, and how it shows it."""

from collections.abc import Sequence
from typing import Any

from domain.common.database import DbConnection
from domain.events.model import Topic
from domain.trials.events import payload_of
from domain.trials.model import SimulationId
from domain.trials.repository import simulation_by_id
from schema.live import LiveKind, ResyncReason
from schema.sourcing_trials import SourcingSimulationChange, SourcingSimulationState
from subscriptions.feed import Feed
from subscriptions.mailbox import Mode

State = dict[str, Any]


def simulation_feed(simulation_id: SimulationId) -> Feed[State, SourcingSimulationChange]:
    """One simulation."""

    async def snapshot(connection: DbConnection) -> list[State]:
        found = await simulation_by_id(connection, simulation_id)
        return [payload_of(found)] if found else []

    return Feed(
        topics=[Topic.sourcing_simulation(simulation_id)],
        mode=Mode.EVENTS,
        snapshot=snapshot,
        show_snapshot=lambda states, cursor, is_last: _shown(
            LiveKind.SNAPSHOT, cursor, states, is_last=is_last
        ),
        show_changes=lambda events, cursor: _shown(
            LiveKind.CHANGES, cursor, [event.payload for event in events]
        ),
        show_resync=lambda reason, cursor: _shown(
            LiveKind.RESYNC, cursor, [], is_last=False, reason=reason
        ),
    )


def _shown(
    kind: LiveKind,
    cursor: str,
    states: Sequence[Any],
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
