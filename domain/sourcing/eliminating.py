"""Which candidates come into question, in what order, and why the others do not. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.sourcing.decision import Elimination, EliminationReason
from domain.sourcing.model import Candidate, Question, Wanted, distance_km
from domain.sourcing.rules.judging import Bar, Verdict

NO_CAPACITY_NEEDED = "TAKE_AWAY"
"""Goods that the customer takes from the shelf are no work of the location."""


def ranked_of(question: Question) -> list[Candidate]:
    """The candidates, nearest first; then by priority (lower first) and code. What is there comes
    before what is expected.
    """
    near = question.circumstances.near
    now = question.circumstances.at

    def rank(each: Candidate) -> tuple[bool, float, int, str, datetime]:
        away = distance_km(each.place, near) if near else 0.0
        return (not each.is_home, away, each.priority, each.code, each.expected_at or now)

    return sorted(question.candidates, key=rank)


def parted(
    question: Question, ranked: Sequence[Candidate], verdict: Verdict
) -> tuple[list[Candidate], list[Elimination]]:
    """The candidates that can serve something, and why the others cannot."""
    open_ones: list[Candidate] = []
    eliminated = [
        Elimination(place, "", EliminationReason.FAILED_BEFORE) for place in question.failed
    ]
    for each in ranked:
        against = _against(question, each, verdict)
        if against is None:
            open_ones.append(each)
        else:
            eliminated.append(against)
    return open_ones, eliminated


def _against(question: Question, each: Candidate, verdict: Verdict) -> Elimination | None:
    stocked = [line for line in question.wanted if _has(each, line)]
    out = Elimination(each.location_id, each.code, EliminationReason.NO_STOCK)
    if not stocked:
        return out
    if verdict.barred:
        bars = [verdict.barred.get((each.location_id, line.line_id)) for line in stocked]
        first = bars[0]
        if first is not None and None not in bars:
            return _by_rule(out, first)
    if is_busy(question, each, verdict):
        return replace(
            out,
            reason=EliminationReason.AT_CAPACITY,
            value=str(each.used_today),
            threshold=str(_capacity(each, verdict)),
        )
    return None


def is_busy(question: Question, each: Candidate, verdict: Verdict) -> bool:
    """Whether the location has all the fulfillment orders of today that it can take; what is
    expected is no work of today.
    """
    if each.expected_at is not None:
        return False
    limit = _capacity(each, verdict)
    full = limit is not None and each.used_today >= limit
    return full and question.circumstances.delivery_mode != NO_CAPACITY_NEEDED


def _by_rule(out: Elimination, bar: Bar) -> Elimination:
    return replace(
        out,
        reason=EliminationReason.RULE,
        rule=bar.rule,
        value=bar.value,
        threshold=bar.threshold,
    )


def _has(candidate: Candidate, line: Wanted) -> bool:
    """Whether it has one unit of the line at least."""
    available = candidate.available
    return all(available.get(sku, 0) >= each for sku, each in line.components.items())


def _capacity(candidate: Candidate, verdict: Verdict) -> int | None:
    """Fulfillment orders of a day: the location's own limit, or a lower one of the rules."""
    own, ruled = candidate.daily_capacity, verdict.capacities.get(candidate.location_id)
    if own is None or ruled is None:
        return ruled if own is None else own
    return min(own, ruled)
