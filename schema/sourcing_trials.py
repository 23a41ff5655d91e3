"""Trials of sourcing rules on past orders, as clients see them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

import strawberry
from strawberry import relay

from domain.sourcing.rules.model import RuleSetId
from domain.trials import commands, errors, model
from domain.trials.sums import Sums
from schema.access import access
from schema.enums import described
from schema.errors import CommonError, Error, twin_of
from schema.ids import global_id, id_of
from schema.inputs import KEY, utc_moment
from schema.live import COMPLETE, CURSOR, KIND, REASON, VERSION, LiveKind, ResyncReason
from schema.money import Money
from schema.sourcing_trial_reports import READERS, SourcingSimulationReport

described(
    model.SimulationStatus,
    "How far a simulation has come.",
    {
        "QUEUED": "Earlier ones come first.",
        "RUNNING": "Orders are being replayed.",
        "DONE": "All orders were replayed.",
        "FAILED": "It ended early by a defect. What it came to stays.",
        "CANCELLED": "Somebody ended it early. What it came to stays.",
    },
    name="SourcingSimulationStatus",
)


@access(*READERS)
@strawberry.type(description="A version of a rule set that is tried on past orders.")
class SourcingSimulation:
    """Twin of domain Simulation."""

    id: relay.GlobalID = strawberry.field(description="Its id.")
    rule_set_id: relay.GlobalID = strawberry.field(description="The rule set.")
    rule_set_name: str = strawberry.field(description="Name of the rule set.")
    version_number: int = strawberry.field(
        description="The version that is tried; of a draft the rules when this was asked for."
    )
    from_: datetime = strawberry.field(
        name="from", description="The first moment of the period (UTC)."
    )
    until: datetime = strawberry.field(
        description="The end of the period (UTC), not included; at the latest when this was asked "
        "for."
    )
    limit: int = strawberry.field(description="At most so many orders, the earliest first.")
    status: model.SimulationStatus = strawberry.field(description="How far it has come.")
    total: int = strawberry.field(
        description="Decisions on new orders in the period, in the scope or not; 0 before it runs."
    )
    done: int = strawberry.field(description="Those that were looked at.")
    failure: str | None = strawberry.field(description="Why it failed; null unless it did.")
    requested_by: str = strawberry.field(description="Who asked for it, as in ADMIN:anna.")
    created_at: datetime = strawberry.field(description="When it was asked for (UTC).")
    started_at: datetime | None = strawberry.field(description="When its turn came (UTC).")
    finished_at: datetime | None = strawberry.field(description="When it ended (UTC).")
    version: int = strawberry.field(description=VERSION)
    source: strawberry.Private[model.Simulation]

    @strawberry.field(
        description="What it came to so far; final when it is DONE. Null before the first order."
    )
    def report(self) -> SourcingSimulationReport | None:
        """The report, only made when asked for."""
        given = self.source
        if given.sums is None:
            return None
        return SourcingSimulationReport.of(Sums.of(given.sums), given.currency)

    @staticmethod
    def of(given: model.Simulation) -> "SourcingSimulation":
        """The twin."""
        return SourcingSimulation(
            id=global_id("SourcingSimulation", given.id),
            rule_set_id=global_id("RuleSet", given.rule_set_id),
            rule_set_name=given.name,
            version_number=given.number,
            from_=given.since,
            until=given.until,
            limit=given.limit,
            status=given.status,
            total=given.total,
            done=given.done,
            failure=given.failure,
            requested_by=given.requested_by,
            created_at=given.created_at,
            started_at=given.started_at,
            finished_at=given.finished_at,
            version=given.version,
            source=given,
        )


@strawberry.input(description="A rule set is tried on past orders.")
class SimulateRuleSetInput:
    idempotency_key: str = strawberry.field(description=KEY)
    rule_set_id: relay.GlobalID = strawberry.field(description="The rule set.")
    from_: datetime = strawberry.field(
        name="from", description="The first moment of the period, with an offset from UTC."
    )
    until: datetime = strawberry.field(
        description="The end of the period, not included, with an offset from UTC. Orders that are "
        "placed after this call are not looked at."
    )
    version_number: int | None = strawberry.field(
        default=None, description="Its version; the draft, else the newest, when left out."
    )
    limit: int = strawberry.field(
        default=model.DEFAULT_LIMIT,
        description="At most so many orders, the earliest first: 1 to 100,000.",
    )

    def to_domain(self) -> commands.SimulateRuleSet:
        """The command.

        Raises:
            ValidationFailed: an id is none, or a moment has no offset.
        """
        since, until = utc_moment("from", self.from_), utc_moment("until", self.until)
        assert since is not None
        assert until is not None
        return commands.SimulateRuleSet(
            idempotency_key=self.idempotency_key,
            rule_set_id=RuleSetId(id_of(self.rule_set_id, "RuleSet", "ruleSetId")),
            since=since,
            until=until,
            version_number=self.version_number,
            limit=self.limit,
        )


@strawberry.input(description="A simulation ends early.")
class CancelSourcingSimulationInput:
    idempotency_key: str = strawberry.field(description=KEY)
    simulation_id: relay.GlobalID = strawberry.field(description="The simulation.")

    def to_domain(self) -> commands.CancelSimulation:
        """The command.

        Raises:
            ValidationFailed: the id is none.
        """
        key = id_of(self.simulation_id, "SourcingSimulation", "simulationId")
        return commands.CancelSimulation(self.idempotency_key, model.SimulationId(key))


@access(*READERS)
@strawberry.type(description="The simulation that was asked for.")
class SimulateRuleSetPayload:
    """Answer of simulateRuleSet."""

    simulation: SourcingSimulation = strawberry.field(description="The simulation as it is now.")


@access(*READERS)
@strawberry.type(description="The simulation that was cancelled.")
class CancelSourcingSimulationPayload:
    """Answer of cancelSourcingSimulation."""

    simulation: SourcingSimulation = strawberry.field(description="The simulation as it is now.")


@twin_of(errors.TooManySimulations)
@access()
@strawberry.type(description="As many simulations wait or run as the house allows.")
class TooManySimulationsError(Error):
    """Twin of TooManySimulations."""

    most: int = strawberry.field(description="So many may wait or run at once.")

    @staticmethod
    def of(error: errors.TooManySimulations) -> "TooManySimulationsError":
        """The twin."""
        return TooManySimulationsError(code=error.code, message=error.message, most=error.most)


@twin_of(errors.SimulationEnded)
@access()
@strawberry.type(description="The simulation has ended already.")
class SimulationEndedError(Error):
    """Twin of SimulationEnded."""

    status: model.SimulationStatus = strawberry.field(description="How it has ended.")

    @staticmethod
    def of(error: errors.SimulationEnded) -> "SimulationEndedError":
        """The twin."""
        status = model.SimulationStatus(error.status)
        return SimulationEndedError(code=error.code, message=error.message, status=status)


SimulateRuleSetResult = Annotated[
    SimulateRuleSetPayload | TooManySimulationsError | CommonError,
    strawberry.union("SimulateRuleSetResult", description="What simulateRuleSet answers."),
]
CancelSourcingSimulationResult = Annotated[
    CancelSourcingSimulationPayload | SimulationEndedError | CommonError,
    strawberry.union(
        "CancelSourcingSimulationResult", description="What cancelSourcingSimulation answers."
    ),
]


@access(*READERS)
@strawberry.type(description="A simulation after one of its changes, with its headline figures.")
class SourcingSimulationState:
    simulation_id: relay.GlobalID = strawberry.field(description="Id of the simulation.")
    version: int = strawberry.field(description=VERSION)
    status: model.SimulationStatus = strawberry.field(description="How far it has come.")
    total: int = strawberry.field(description="Decisions on new orders in the period.")
    done: int = strawberry.field(description="Those that were looked at.")
    orders: int = strawberry.field(description="Orders that were replayed.")
    changed_orders: int = strawberry.field(description="Those of them whose plan changes.")
    cost_before: Money = strawberry.field(description="What the plans of then cost.")
    cost_after: Money = strawberry.field(description="What the simulated plans cost.")
    parcels_before: int = strawberry.field(description="Parcels of the plans of then.")
    parcels_after: int = strawberry.field(description="Parcels of the simulated plans.")
    failure: str | None = strawberry.field(description="Why it failed; null unless it did.")
    updated_at: datetime = strawberry.field(description="When this change was made (UTC).")

    @classmethod
    def of_payload(cls, payload: Mapping[str, Any]) -> Self:
        """The simulation in the payload of a SourcingSimulationChanged event."""
        currency = payload["currency"]
        return cls(
            simulation_id=global_id("SourcingSimulation", payload["simulation_id"]),
            version=payload["version"],
            status=model.SimulationStatus(payload["status"]),
            total=payload["total"],
            done=payload["done"],
            orders=payload["orders"],
            changed_orders=payload["changed"],
            cost_before=Money.of(payload["cost_before_minor"], currency),
            cost_after=Money.of(payload["cost_after_minor"], currency),
            parcels_before=payload["parcels_before"],
            parcels_after=payload["parcels_after"],
            failure=payload["failure"],
            updated_at=datetime.fromisoformat(payload["updated_at"]),
        )


@access(*READERS)
@strawberry.type(description="A payload of `sourcingSimulationChanged`.")
class SourcingSimulationChange:
    kind: LiveKind = strawberry.field(description=KIND)
    cursor: str = strawberry.field(description=CURSOR)
    complete: bool = strawberry.field(description=COMPLETE)
    reason: ResyncReason | None = strawberry.field(description=REASON)
    simulations: list[SourcingSimulationState] = strawberry.field(
        description="The simulation after each change, oldest first; with SNAPSHOT: as it is."
    )
