"""Decisions of sourcing, made again."""

import strawberry

from domain.sourcing.replaying import Replay
from domain.sourcing.wording.sentences import Language, sentences
from schema.access import access
from schema.money import Money
from schema.sourcing_decisions import (
    READERS,
    Names,
    SourcingDecision,
    SourcingPlan,
    SourcingProof,
)


@access(*READERS)
@strawberry.type(
    description="A stored decision made again from the facts that were kept with it. Nothing is "
    "changed by it."
)
class SourcingReplay:
    """Twin of Replay."""

    decision: SourcingDecision = strawberry.field(description="The decision of then.")
    plan: SourcingPlan = strawberry.field(description="The plan that comes out now.")
    plan_hash: str = strawberry.field(description="Its hash, as `SourcingDecision.planHash`.")
    is_identical: bool = strawberry.field(
        description="Whether plan, question and rules are those of then, by their hash."
    )
    delta: Money = strawberry.field(
        description="What the plan costs more than the one of then; below 0 for less."
    )
    proof: SourcingProof = strawberry.field(description="What is proved of the plan.")
    explanation: list[str] = strawberry.field(
        description="The plan in sentences, one per entry, in the language asked for."
    )

    @staticmethod
    def of(replay: Replay, names: Names, language: Language) -> "SourcingReplay":
        """The twin; `names` are those of the locations."""
        trace = replay.trace
        told = sentences(
            trace,
            names,
            language,
            trigger=replay.decision.trigger,
            ships_complete=replay.decision.question.circumstances.ship_complete,
        )
        return SourcingReplay(
            decision=SourcingDecision.of(replay.decision, names),
            plan=SourcingPlan.of(trace.chosen, trace.currency, names),
            plan_hash=trace.plan_hash,
            is_identical=replay.is_identical,
            delta=Money.of(replay.delta_minor, trace.currency),
            proof=SourcingProof.of(trace.proof, trace.currency),
            explanation=list(told),
        )
