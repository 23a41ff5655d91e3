"""Decisions that are easy to read."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.common.ids import ChannelCode, LocationId, OrderId, OrderLineId, Sku, new_id
from domain.sourcing.decision import (
    CostKind,
    CostTerm,
    Elimination,
    EliminationReason,
    Override,
    Parcel,
    ParcelLine,
    RuleSetUsed,
    Trace,
    TracedPlan,
)
from domain.sourcing.decisions import Decision
from domain.sourcing.model import Candidate, Circumstances, Place, Question, Trigger, Wanted
from domain.sourcing.problem import Proof, ProofStatus

LINE = OrderLineId(UUID(int=1))
ROME, MILAN, MADRID, IBIZA, BARI = (LocationId(UUID(int=number)) for number in range(11, 16))
NAMES: Mapping[LocationId, str] = {
    ROME: "Roma Corso",
    MILAN: "Milano",
    MADRID: "Madrid",
    IBIZA: "Ibiza",
}
AT = datetime(2026, 10, 1, 12, tzinfo=UTC)


def terms(**amounts: int) -> tuple[CostTerm, ...]:
    """Terms by kind."""
    return tuple(CostTerm(CostKind[kind], amount) for kind, amount in amounts.items())


def units(**by_sku: int) -> tuple[ParcelLine, ...]:
    """Units by SKU, of one line."""
    return tuple(ParcelLine(LINE, Sku(sku), quantity) for sku, quantity in by_sku.items())


def parcel(
    place: LocationId, lines: tuple[ParcelLine, ...], km: float | None, **amounts: int
) -> Parcel:
    """What a location serves."""
    return Parcel(place, NAMES.get(place, "?").upper(), lines, terms(**amounts), km)


def plan(*parcels: Parcel, unfilled: tuple[ParcelLine, ...] = (), **more: int) -> TracedPlan:
    """A plan of these parcels, with more terms of its own."""
    sums: dict[CostKind, int] = {}
    for term in (*(term for each in parcels for term in each.terms), *terms(**more)):
        sums[term.kind] = sums.get(term.kind, 0) + term.amount_minor
    made = tuple(CostTerm(kind, sums[kind]) for kind in CostKind if kind in sums)
    return TracedPlan(parcels, unfilled, made, sum(sums.values()))


def left_out(place: LocationId, reason: EliminationReason, *facts: str) -> Elimination:
    """A location that was not considered; facts are rule, value, threshold."""
    rule, value, threshold = (*facts, None, None, None)[:3]
    return Elimination(place, NAMES[place].upper(), reason, rule, value, threshold)


def trace(chosen: TracedPlan, **changes: Any) -> Trace:
    """A trace of the plan, proved the best of 1234 combinations."""
    given: dict[str, Any] = {
        "rule_set": RuleSetUsed(str(UUID(int=99)), "Stores first", 3),
        "currency": "EUR",
        "others": (),
        "eliminated": (),
        "binding": (),
        "proof": Proof(ProofStatus.OPTIMAL, chosen.cost_minor, 1234),
        "plan_hash": "ab" * 32,
    }
    return Trace(chosen=chosen, **{**given, **changes})


def decision(order_id: OrderId, made: Trace, **changes: Any) -> Decision:
    """A decision for units of that order."""
    wanted = Wanted(LINE, 2, {Sku("HAT"): 1}, Sku("HAT"))
    candidate = Candidate(ROME, "ROME", Place(41.9028, 12.4964), 1, {Sku("HAT"): 5})
    where = Place(41.8905, 12.4942)
    asked = Circumstances(ChannelCode("WEB"), "WEB", "IT", "SHIP", AT, where)
    given: dict[str, Any] = {
        "id": new_id(),
        "order_id": order_id,
        "trigger": Trigger.NEW,
        "at": AT,
        "question": Question(asked, (wanted,), (candidate,)),
        "trace": made,
    }
    return Decision(**{**given, **changes})


ONE = plan(parcel(ROME, units(HAT=2), 1.37, PARCEL=500, DISTANCE=20, MARKDOWN=-100))
TWO = plan(
    parcel(ROME, units(HAT=2), 1.37, PARCEL=500, DISTANCE=20),
    parcel(MADRID, units(SCARF=1), 1364.2, PARCEL=500, DISTANCE=310),
)
SIMPLE = trace(
    ONE,
    others=(
        plan(parcel(MADRID, units(HAT=2), 1364.2, PARCEL=500, DISTANCE=330)),
        plan(
            parcel(MADRID, units(HAT=1), 1364.2, PARCEL=500, DISTANCE=165),
            parcel(IBIZA, units(HAT=1), 896.0, PARCEL=500, DISTANCE=100),
        ),
    ),
    eliminated=(left_out(MILAN, EliminationReason.AT_CAPACITY, "", "40", "40"),),
)
PARTIAL = trace(
    plan(*TWO.parcels, unfilled=units(SCARF=3), UNFILLED=300_000),
    rule_set=None,
    others=(plan(TWO.parcels[0], unfilled=units(SCARF=4), UNFILLED=400_000),),
    eliminated=(
        left_out(MILAN, EliminationReason.NO_STOCK),
        left_out(IBIZA, EliminationReason.NO_STOCK),
    ),
    binding=("MAX_PARCELS", "ODD"),
    proof=Proof(ProofStatus.GAP, 301_290, 12_345),
)
CHOSEN_BY_HAND = trace(
    TWO,
    others=(plan(parcel(MILAN, units(HAT=2, SCARF=1), 476.9, PARCEL=500, DISTANCE=110)),),
    eliminated=(
        left_out(IBIZA, EliminationReason.RULE, "Only trusted", "trust 0.7", "at least 0.9"),
        Elimination(BARI, "BARI-1", EliminationReason.FAILED_BEFORE),
    ),
    proof=Proof(ProofStatus.OPTIMAL, 610, 1),
)
OVERRIDE = Override("OPERATIONS:olga", "the customer is in Madrid", 720)
