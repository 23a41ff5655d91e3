"""What simulations of sourcing rules come to, as clients see it."""

from datetime import datetime

import strawberry
from strawberry import relay

from domain.sourcing.decision import CostKind
from domain.trials import sums
from domain.trials.model import MAY_SIMULATE
from schema.access import access
from schema.ids import global_id
from schema.money import Money
from schema.sourcing_decisions import SourcingCostTerm

READERS = sorted(MAY_SIMULATE)


@access(*READERS)
@strawberry.type(
    description="The plans of all orders, priced by the rules that are tried so that they can be "
    "compared."
)
class SourcingSimulationPlans:
    """Twin of domain PlanSums."""

    cost: Money = strawberry.field(description="What all plans cost.")
    cost_per_order: Money | None = strawberry.field(
        description="On average, rounded half up; null without orders."
    )
    terms: list[SourcingCostTerm] = strawberry.field(description="The cost by what it is for.")
    parcels: int = strawberry.field(description="One per order and location that serves it.")
    split_orders: int = strawberry.field(description="Orders that several locations serve.")
    distance_km: float = strawberry.field(
        description="Great-circle distances of all parcels, one decimal; those to addresses whose "
        "point is not known are left out."
    )
    unfilled_units: int = strawberry.field(description="Units that nobody serves at first.")
    marked_down_units: int = strawberry.field(
        description="Units served from where the rules give a markdown."
    )

    @staticmethod
    def of(given: sums.PlanSums, orders: int, currency: str) -> "SourcingSimulationPlans":
        """The twin."""
        average = (
            Money.of((2 * given.cost_minor + orders) // (2 * orders), currency) if orders else None
        )
        return SourcingSimulationPlans(
            cost=Money.of(given.cost_minor, currency),
            cost_per_order=average,
            terms=[
                SourcingCostTerm(kind=kind, amount=Money.of(given.terms[kind], currency))
                for kind in CostKind
                if kind in given.terms
            ],
            parcels=given.parcels,
            split_orders=given.split,
            distance_km=round(given.distance_km, 1),
            unfilled_units=given.unfilled,
            marked_down_units=given.marked_down,
        )


@access(*READERS)
@strawberry.type(description="What really happened to the orders until they were replayed.")
class SourcingSimulationActual:
    """Twin of domain ActualSums."""

    orders: int = strawberry.field(
        description="Orders of which goods were sent, collected, or lie ready for that."
    )
    as_before: int = strawberry.field(
        description="Those of them that exactly the locations of the plan of then served."
    )
    as_after: int = strawberry.field(
        description="Those of them that exactly the locations of the simulated plan served."
    )
    parcels: int = strawberry.field(description="Parcels that were handed to carriers.")
    split_orders: int = strawberry.field(description="Orders that several locations served.")
    units: int = strawberry.field(description="Units that were served.")
    measured: int = strawberry.field(
        description="Fulfillment orders with a due date that are done."
    )
    on_time: int = strawberry.field(
        description="Those of them that were shipped, or ready to be collected, by then: the "
        "cut-off of the location, or the date promised against inbound stock if that is later."
    )

    @strawberry.field(description="Share of `onTime` in `measured`, 0 to 1; null without any.")
    def on_time_share(self) -> float | None:
        """The share."""
        return self.on_time / self.measured if self.measured else None

    @staticmethod
    def of(given: sums.ActualSums) -> "SourcingSimulationActual":
        """The twin."""
        return SourcingSimulationActual(
            orders=given.orders,
            as_before=given.as_before,
            as_after=given.as_after,
            parcels=given.parcels,
            split_orders=given.split,
            units=given.units,
            measured=given.measured,
            on_time=given.on_time,
        )


@access(*READERS)
@strawberry.type(description="How much a location serves.")
class SourcingSimulationLoad:
    units: int = strawberry.field(description="Units of orders.")
    parcels: int = strawberry.field(
        description="Orders that it serves in plans; really: parcels that it handed to carriers."
    )


@access(*READERS)
@strawberry.type(description="How much a location serves by which plans.")
class SourcingSimulationLocation:
    """Twin of domain Load."""

    location_id: relay.GlobalID = strawberry.field(description="Id of the location.")
    location_code: str = strawberry.field(description="Its code.")
    before: SourcingSimulationLoad = strawberry.field(description="By the plans of then.")
    after: SourcingSimulationLoad = strawberry.field(description="By the rules that are tried.")
    actual: SourcingSimulationLoad = strawberry.field(description="What it really served.")

    @staticmethod
    def of(given: sums.Load) -> "SourcingSimulationLocation":
        """The twin."""
        return SourcingSimulationLocation(
            location_id=global_id("Location", given.location_id),
            location_code=given.code,
            before=SourcingSimulationLoad(units=given.before_units, parcels=given.before_parcels),
            after=SourcingSimulationLoad(units=given.after_units, parcels=given.after_parcels),
            actual=SourcingSimulationLoad(units=given.actual_units, parcels=given.actual_parcels),
        )


@access(*READERS)
@strawberry.type(description="What a location serves of an example.")
class SourcingSimulationPlace:
    """Twin of domain PlaceInExample."""

    location_id: relay.GlobalID = strawberry.field(description="Id of the location.")
    location_code: str = strawberry.field(description="Its code.")
    units: int = strawberry.field(description="Units that it serves.")
    distance_km: float | None = strawberry.field(
        description="Great-circle distance to the address, km; null when its point is not known."
    )


@access(*READERS)
@strawberry.type(description="A plan of an example.")
class SourcingSimulationExamplePlan:
    """Twin of domain ExamplePlan."""

    cost: Money = strawberry.field(description="What it costs by the rules that are tried.")
    unfilled_units: int = strawberry.field(description="Units that nobody serves at first.")
    places: list[SourcingSimulationPlace] = strawberry.field(description="Who serves.")

    @staticmethod
    def of(given: sums.ExamplePlan, currency: str) -> "SourcingSimulationExamplePlan":
        """The twin."""
        return SourcingSimulationExamplePlan(
            cost=Money.of(given.cost_minor, currency),
            unfilled_units=given.unfilled,
            places=[
                SourcingSimulationPlace(
                    location_id=global_id("Location", each.location_id),
                    location_code=each.code,
                    units=each.units,
                    distance_km=each.distance_km,
                )
                for each in given.places
            ],
        )


@access(*READERS)
@strawberry.type(description="An order whose plan changes.")
class SourcingSimulationExample:
    """Twin of domain Example."""

    order_id: relay.GlobalID = strawberry.field(description="The order.")
    order_number: str = strawberry.field(description="Its number.")
    at: datetime = strawberry.field(description="When it was decided (UTC).")
    delta: Money = strawberry.field(
        description="What the simulated plan costs more; below 0 for less."
    )
    cause: CostKind | None = strawberry.field(
        description="The part of the cost that explains most of the difference."
    )
    before: SourcingSimulationExamplePlan = strawberry.field(description="The plan of then.")
    after: SourcingSimulationExamplePlan = strawberry.field(description="The simulated plan.")

    @staticmethod
    def of(given: sums.Example, currency: str) -> "SourcingSimulationExample":
        """The twin."""
        return SourcingSimulationExample(
            order_id=global_id("Order", given.order_id),
            order_number=given.number,
            at=given.at,
            delta=Money.of(given.delta_minor, currency),
            cause=given.cause,
            before=SourcingSimulationExamplePlan.of(given.before, currency),
            after=SourcingSimulationExamplePlan.of(given.after, currency),
        )


@access(*READERS)
@strawberry.type(
    description="What the replayed orders come to. Each order is decided with the stock of its own "
    "moment: what the simulated plans of earlier orders would have used up is not carried over."
)
class SourcingSimulationReport:
    """Twin of domain Sums."""

    orders: int = strawberry.field(description="Orders that were replayed.")
    changed_orders: int = strawberry.field(
        description="Those of them that other locations would serve, or with other units."
    )
    before: SourcingSimulationPlans = strawberry.field(description="The plans of then.")
    after: SourcingSimulationPlans = strawberry.field(
        description="The plans by the rules that are tried."
    )
    actual: SourcingSimulationActual = strawberry.field(description="What really happened.")
    delta: Money = strawberry.field(
        description="What the simulated plans cost more in all; below 0 for less."
    )
    stored_cost: list[Money] = strawberry.field(
        description="What the plans of then cost by the rules of then, by currency."
    )
    locations: list[SourcingSimulationLocation] = strawberry.field(
        description="The locations whose units change most, 50 at most."
    )
    examples: list[SourcingSimulationExample] = strawberry.field(
        description="The orders whose cost changes most, 20 at most."
    )

    @staticmethod
    def of(given: sums.Sums, currency: str) -> "SourcingSimulationReport":
        """The twin."""
        delta = given.after.cost_minor - given.before.cost_minor
        return SourcingSimulationReport(
            orders=given.orders,
            changed_orders=given.changed,
            before=SourcingSimulationPlans.of(given.before, given.orders, currency),
            after=SourcingSimulationPlans.of(given.after, given.orders, currency),
            actual=SourcingSimulationActual.of(given.actual),
            delta=Money.of(delta, currency),
            stored_cost=[
                Money.of(minor, code) for code, minor in sorted(given.stored_minor.items())
            ],
            locations=[SourcingSimulationLocation.of(each) for each in given.largest_changes()],
            examples=[SourcingSimulationExample.of(each, currency) for each in given.examples],
        )
