"""Decisions of sourcing as clients see them. Costs are internal: for staff only."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.ids import LocationId
from domain.identity.model import AT_LOCATION, Role
from domain.sourcing import decision as domain
from domain.sourcing.decision import CostKind, EliminationReason
from domain.sourcing.decisions import Decision
from domain.sourcing.model import Trigger
from domain.sourcing.problem import Proof, ProofStatus
from domain.sourcing.wording.sentences import Language, name_of, sentences
from schema.access import access
from schema.enums import described
from schema.ids import global_id
from schema.money import Money

READERS = tuple(sorted(AT_LOCATION | {Role.CALL_CENTER, Role.OPERATIONS, Role.ADMIN}))
"""Who may read decisions on the orders that they see."""
Names = Mapping[LocationId, str]

described(
    Trigger,
    "What made sourcing decide.",
    {
        "NEW": "The order was placed.",
        "RETRY": "Units waited: rejected, short picked, lost, backordered, or added by an edit.",
        "OVERRIDE": "An operator chose the locations.",
    },
    name="SourcingTrigger",
)
described(
    CostKind,
    "A part of a plan's cost.",
    {
        "PARCEL": "A fixed amount for each parcel.",
        "SHIPPING": "What the carrier asks for the weight.",
        "DISTANCE": "The way to the address.",
        "HANDLING": "Picking and packing at the location.",
        "RISK": "Doubt in the location's stock figures.",
        "MARKDOWN": "Below 0: markdowns that are avoided by selling from there.",
        "PREFERENCE": "Below 0: what rules give for a location that they prefer.",
        "LATENESS": "Days after the date that the order is wanted by.",
        "UNFILLED": "Units that no location serves.",
    },
    name="SourcingCostKind",
)
described(
    EliminationReason,
    "Why a location was not considered.",
    {
        "NO_STOCK": "It has nothing of what is wanted.",
        "RULE": "A rule forbids it.",
        "AT_CAPACITY": "It has all the fulfillment orders of its day.",
        "FAILED_BEFORE": "It could not serve these units before.",
    },
    name="SourcingEliminationReason",
)
described(
    ProofStatus,
    "What is known of a plan's cost.",
    {
        "OPTIMAL": "No plan costs less than the bound, and one costs just that.",
        "GAP": "Time ran out: no plan costs less than the bound.",
    },
    name="SourcingProofStatus",
)
described(
    Language,
    "A language that decisions are told in.",
    {"EN": "English.", "IT": "Italian.", "ES": "Spanish."},
    name="SourcingLanguage",
)


@access(*READERS)
@strawberry.type(description="A part of a cost.")
class SourcingCostTerm:
    """Twin of domain CostTerm."""

    kind: CostKind = strawberry.field(description="What it is for.")
    amount: Money = strawberry.field(description="How much; below 0 for an advantage.")

    @staticmethod
    def all(terms: Iterable[domain.CostTerm], currency: str) -> "list[SourcingCostTerm]":
        """The twins."""
        return [
            SourcingCostTerm(kind=term.kind, amount=Money.of(term.amount_minor, currency))
            for term in terms
        ]


@access(*READERS)
@strawberry.type(description="Units of an order line.")
class SourcingLine:
    """Twin of domain ParcelLine."""

    order_line_id: strawberry.ID = strawberry.field(description="Id of the order line.")
    sku: str = strawberry.field(description="SKU of the variant.")
    quantity: int = strawberry.field(description="Units.")

    @staticmethod
    def all(lines: Iterable[domain.ParcelLine]) -> "list[SourcingLine]":
        """The twins."""
        return [
            SourcingLine(
                order_line_id=strawberry.ID(str(line.line_id)),
                sku=line.sku,
                quantity=line.quantity,
            )
            for line in lines
        ]


@access(*READERS)
@strawberry.type(description="What one location serves in a plan, and what that costs.")
class SourcingParcel:
    """Twin of domain Parcel."""

    location_id: relay.GlobalID = strawberry.field(description="Id of the location.")
    location_name: str = strawberry.field(description="Its name.")
    lines: list[SourcingLine] = strawberry.field(description="What it serves.")
    distance_km: float | None = strawberry.field(
        description="Great-circle distance to the address, km; null when its point is not known."
    )
    late_days: int = strawberry.field(
        description="Begun days by which it comes after the date that the order is wanted by."
    )
    expected_at: datetime | None = strawberry.field(
        description="When the location has the stock that these units wait for (UTC); null when it "
        "has it now."
    )
    cost: Money = strawberry.field(description="All its terms summed.")
    terms: list[SourcingCostTerm] = strawberry.field(description="Its cost by what it is for.")

    @staticmethod
    def of(parcel: domain.Parcel, currency: str, names: Names) -> "SourcingParcel":
        """The twin."""
        cost_minor = sum(term.amount_minor for term in parcel.terms)
        return SourcingParcel(
            location_id=global_id("Location", parcel.location_id),
            location_name=name_of(parcel, names),
            lines=SourcingLine.all(parcel.lines),
            distance_km=parcel.distance_km,
            late_days=parcel.late_days,
            expected_at=parcel.expected_at,
            cost=Money.of(cost_minor, currency),
            terms=SourcingCostTerm.all(parcel.terms, currency),
        )


@access(*READERS)
@strawberry.type(description="A plan: who serves what.")
class SourcingPlan:
    """Twin of domain TracedPlan."""

    parcels: list[SourcingParcel] = strawberry.field(description="One per location that serves.")
    unfilled: list[SourcingLine] = strawberry.field(description="What nobody serves now.")
    cost: Money = strawberry.field(description="All its terms summed.")
    terms: list[SourcingCostTerm] = strawberry.field(description="Its cost by what it is for.")

    @staticmethod
    def of(plan: domain.TracedPlan, currency: str, names: Names) -> "SourcingPlan":
        """The twin."""
        return SourcingPlan(
            parcels=[SourcingParcel.of(each, currency, names) for each in plan.parcels],
            unfilled=SourcingLine.all(plan.unfilled),
            cost=Money.of(plan.cost_minor, currency),
            terms=SourcingCostTerm.all(plan.terms, currency),
        )


@access(*READERS)
@strawberry.type(description="One of the best plans with other locations.")
class SourcingAlternative:
    """A runner-up."""

    plan: SourcingPlan = strawberry.field(description="The plan.")
    delta: Money = strawberry.field(
        description="What it costs more than the chosen plan; below 0 for less."
    )

    @staticmethod
    def of(
        plan: domain.TracedPlan, chosen: domain.TracedPlan, currency: str, names: Names
    ) -> "SourcingAlternative":
        """The twin."""
        return SourcingAlternative(
            plan=SourcingPlan.of(plan, currency, names),
            delta=Money.of(plan.cost_minor - chosen.cost_minor, currency),
        )


@access(*READERS)
@strawberry.type(description="A location that was not considered, and why.")
class SourcingElimination:
    """Twin of domain Elimination."""

    location_id: relay.GlobalID = strawberry.field(description="Id of the location.")
    location_name: str = strawberry.field(description="Its name.")
    reason: EliminationReason = strawberry.field(description="Why.")
    rule: str | None = strawberry.field(description="Name of the rule; null for other reasons.")
    value: str | None = strawberry.field(description="What was found, such as 40.")
    threshold: str | None = strawberry.field(description="What it was compared with, such as 40.")

    @staticmethod
    def of(given: domain.Elimination, names: Names) -> "SourcingElimination":
        """The twin."""
        return SourcingElimination(
            location_id=global_id("Location", given.location_id),
            location_name=name_of(given, names),
            reason=given.reason,
            rule=given.rule,
            value=given.value,
            threshold=given.threshold,
        )


@access(*READERS)
@strawberry.type(description="What is proved of the best plan.")
class SourcingProof:
    """Twin of domain Proof."""

    status: ProofStatus = strawberry.field(description="How far the proof goes.")
    bound: Money = strawberry.field(description="No plan costs less than this.")
    combinations: int = strawberry.field(description="Sets of locations that were looked at.")

    @staticmethod
    def of(proof: Proof, currency: str) -> "SourcingProof":
        """The twin."""
        return SourcingProof(
            status=proof.status,
            bound=Money.of(proof.bound, currency),
            combinations=proof.nodes,
        )


@access(*READERS)
@strawberry.type(description="The immutable version of a rule set that a decision went by.")
class SourcingRuleSetUsed:
    """Twin of domain RuleSetUsed."""

    version_id: strawberry.ID = strawberry.field(description="Id of the version.")
    name: str = strawberry.field(description="Name of the rule set.")
    number: int = strawberry.field(description="Number of the version within the rule set.")

    @staticmethod
    def of(used: domain.RuleSetUsed) -> "SourcingRuleSetUsed":
        """The twin."""
        return SourcingRuleSetUsed(
            version_id=strawberry.ID(used.version_id), name=used.name, number=used.number
        )


@access(*READERS)
@strawberry.type(description="Who chose the locations instead, and why.")
class SourcingOverride:
    """Twin of domain Override."""

    by: str = strawberry.field(description="Role and name of the operator, as in ADMIN:anna.")
    reason: str = strawberry.field(description="The reason that was given.")
    delta: Money | None = strawberry.field(
        description="What the choice costs more than the best plan; null when that is not known."
    )

    @staticmethod
    def of(override: domain.Override, currency: str) -> "SourcingOverride":
        """The twin."""
        delta = override.delta_minor
        return SourcingOverride(
            by=override.by,
            reason=override.reason,
            delta=None if delta is None else Money.of(delta, currency),
        )


@access(*READERS)
@strawberry.type(
    description="Which locations serve units of an order, why, and what else was possible. It "
    "never changes."
)
class SourcingDecision:
    """Twin of domain Decision."""

    id: relay.GlobalID = strawberry.field(description="Its id.")
    order_id: relay.GlobalID = strawberry.field(description="The order.")
    trigger: Trigger = strawberry.field(description="What made sourcing decide.")
    at: datetime = strawberry.field(description="When it was decided (UTC).")
    rule_set: SourcingRuleSetUsed | None = strawberry.field(
        description="The rules that it went by; null when it went by the standard costs alone."
    )
    plan: SourcingPlan = strawberry.field(description="The chosen plan.")
    alternatives: list[SourcingAlternative] = strawberry.field(
        description="The best plans with other locations, the cheapest first."
    )
    eliminations: list[SourcingElimination] = strawberry.field(
        description="Locations that were not considered."
    )
    binding: list[str] = strawberry.field(
        description="Limits without which a cheaper plan would have been possible: MAX_PARCELS, "
        "SHARE (of one location), RULES (that forbid locations), CAPACITY."
    )
    max_parcels_rule: str | None = strawberry.field(
        description="Name of the rule that MAX_PARCELS comes from, when that binds."
    )
    proof: SourcingProof = strawberry.field(description="What is proved of the best plan.")
    plan_hash: str = strawberry.field(
        description="SHA-256 in hexadecimal: equal for equal plans of equal questions by equal "
        "rules."
    )
    override: SourcingOverride | None = strawberry.field(
        description="Who chose the locations instead; null when nobody did."
    )
    microseconds: int = strawberry.field(description="How long it took to decide.")
    source: strawberry.Private[Decision]
    names: strawberry.Private[Names]

    @strawberry.field(description="The decision in sentences, one per entry.")
    def explanation(
        self,
        language: Annotated[
            Language, strawberry.argument(description="The language of the sentences.")
        ] = Language.EN,
    ) -> list[str]:
        """The sentences, only made when asked for."""
        made = self.source
        told = sentences(
            made.trace,
            self.names,
            language,
            trigger=made.trigger,
            override=made.override,
            ships_complete=made.question.circumstances.ship_complete,
        )
        return list(told)

    @staticmethod
    def of(made: Decision, names: Names) -> "SourcingDecision":
        """The twin; `names` are those of the locations."""
        trace = made.trace
        currency = trace.currency
        return SourcingDecision(
            id=global_id("SourcingDecision", made.id),
            order_id=global_id("Order", made.order_id),
            trigger=made.trigger,
            at=made.at,
            rule_set=SourcingRuleSetUsed.of(trace.rule_set) if trace.rule_set else None,
            plan=SourcingPlan.of(trace.chosen, currency, names),
            alternatives=[
                SourcingAlternative.of(each, trace.chosen, currency, names) for each in trace.others
            ],
            eliminations=[SourcingElimination.of(each, names) for each in trace.eliminated],
            binding=list(trace.binding),
            max_parcels_rule=trace.max_parcels_rule,
            proof=SourcingProof.of(trace.proof, currency),
            plan_hash=trace.plan_hash,
            override=SourcingOverride.of(made.override, currency) if made.override else None,
            microseconds=trace.microseconds,
            source=made,
            names=names,
        )
