"""News of simulations: how far one has come, and what it came to so far."""

from typing import Any

from domain.events.model import Aggregate, Event, Topic
from domain.trials.model import Simulation
from domain.trials.sums import Sums

SIMULATION_CHANGED = "SourcingSimulationChanged"
_NOTHING_YET = Sums().record()


def payload_of(simulation: Simulation) -> dict[str, Any]:
    """The public state of a simulation with its headline figures, as JSON values."""
    sums = simulation.sums or _NOTHING_YET
    before, after = sums["before"], sums["after"]
    return {
        "simulation_id": str(simulation.id),
        "status": simulation.status.value,
        "done": simulation.done,
        "total": simulation.total,
        "currency": simulation.currency,
        "orders": sums["orders"],
        "changed": sums["changed"],
        "cost_before_minor": before["cost_minor"],
        "cost_after_minor": after["cost_minor"],
        "parcels_before": before["parcels"],
        "parcels_after": after["parcels"],
        "failure": simulation.failure,
        "version": simulation.version,
        "updated_at": simulation.updated_at.isoformat(),
    }


def simulation_changed(simulation: Simulation) -> Event:
    """The event of a simulation's change to its present version."""
    return Event(
        type=SIMULATION_CHANGED,
        aggregate=Aggregate.SOURCING_SIMULATION,
        aggregate_id=simulation.id,
        version=simulation.version,
        topics=(Topic.sourcing_simulation(simulation.id),),
        payload=payload_of(simulation),
    )
