"""Trials of sourcing rules on past orders: asking for them, cancelling and reading them."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.paging import PageRequest
from domain.common.transaction import Tx
from domain.trials.asking import cancel_simulation, simulate_rule_set
from domain.trials.commands import SimulationChange
from domain.trials.model import MAY_SIMULATE, SimulationId
from domain.trials.repository import (
    count_of_simulations,
    page_of_simulations,
    simulation_by_id,
)
from resolvers.answering import answer
from schema.access import Allow
from schema.connections import Connection, connection_of
from schema.context import Context, Info
from schema.ids import id_of
from schema.inputs import INPUT, After, First
from schema.refusals import checked
from schema.sourcing_trials import (
    CancelSourcingSimulationInput,
    CancelSourcingSimulationPayload,
    CancelSourcingSimulationResult,
    SimulateRuleSetInput,
    SimulateRuleSetPayload,
    SimulateRuleSetResult,
    SourcingSimulation,
)

READERS = sorted(MAY_SIMULATE)


@strawberry.type
class SourcingTrialsQuery:
    """Root fields that read simulations."""

    @strawberry.field(
        description="A simulation of a rule set on past orders; null when unknown.",
        extensions=[Allow(*READERS)],
    )
    async def sourcing_simulation(
        self, info: Info, id: Annotated[relay.GlobalID, strawberry.argument(description="Its id.")]
    ) -> SourcingSimulation | None:
        """The simulation or null."""
        wanted = checked(lambda: SimulationId(id_of(id, "SourcingSimulation")))
        found = await info.context.read(lambda c: simulation_by_id(c, wanted))
        return SourcingSimulation.of(found) if found else None

    @strawberry.field(
        description="Simulations of rule sets on past orders, the newest first.",
        extensions=[Allow(*READERS)],
    )
    async def sourcing_simulations(
        self, info: Info, first: First = 20, after: After = None
    ) -> Connection[SourcingSimulation]:
        """A page of simulations."""
        request = checked(lambda: PageRequest.of(first, after))
        read = info.context.read
        page = await read(lambda c: page_of_simulations(c, request))
        return connection_of(page, SourcingSimulation.of, lambda: read(count_of_simulations))


@strawberry.type
class SourcingTrialsMutation:
    """Root fields that begin and end simulations."""

    @strawberry.mutation(
        description="Try a version of a rule set on past orders before it counts: the orders of "
        "the period in its scope are decided again, in the background, each with the stock of its "
        "own moment. What the simulated plans of earlier orders would have used up is not carried "
        "over. At most 3 simulations wait or run at once.",
        extensions=[Allow(*READERS)],
    )
    async def simulate_rule_set(
        self, info: Info, input: Annotated[SimulateRuleSetInput, INPUT]
    ) -> SimulateRuleSetResult:
        """The simulation, or why not."""
        actor = info.context.caller

        async def run() -> SimulateRuleSetPayload:
            command = input.to_domain()
            made = await _change(info.context, lambda tx: simulate_rule_set(tx, actor, command))
            return SimulateRuleSetPayload(simulation=made)

        return await answer(run())

    @strawberry.mutation(
        description="End a simulation that waits or runs; what it came to stays.",
        extensions=[Allow(*READERS)],
    )
    async def cancel_sourcing_simulation(
        self, info: Info, input: Annotated[CancelSourcingSimulationInput, INPUT]
    ) -> CancelSourcingSimulationResult:
        """The simulation, or why not."""
        actor = info.context.caller

        async def run() -> CancelSourcingSimulationPayload:
            command = input.to_domain()
            ended = await _change(info.context, lambda tx: cancel_simulation(tx, actor, command))
            return CancelSourcingSimulationPayload(simulation=ended)

        return await answer(run())


async def _change(
    context: Context, work: Callable[[Tx], Awaitable[SimulationChange]]
) -> SourcingSimulation:
    done = await context.run(work)
    found = await context.read_primary(lambda c: simulation_by_id(c, done.simulation_id))
    assert found is not None  # simulations are never deleted
    return SourcingSimulation.of(found)
