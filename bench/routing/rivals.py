"""Policies that other systems use, over the same questions."""

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations

from domain.sourcing.model import Assignment, Candidate, Question, distance_km

Policy = Callable[[Question], list[Assignment]]
MAX_ENUMERATED_SPLIT = 3
MAX_ENUMERATED = 40


def nearest_first(question: Question) -> list[Assignment]:
    """Each location, the nearest first, serves all it can."""
    return _filled(question, _by_distance(question))


def priority_first(question: Question) -> list[Assignment]:
    """Each location, by its priority and then its code, serves all it can."""
    return _filled(question, sorted(question.candidates, key=lambda c: (c.priority, c.code)))


def fewest_splits(question: Question) -> list[Assignment]:
    """The fewest locations that serve everything, the nearest of them; else the nearest first."""
    ranked = _by_distance(question)
    wanted = sum(line.quantity for line in question.wanted)
    for size in range(1, MAX_ENUMERATED_SPLIT + 1):
        for chosen in combinations(ranked[:MAX_ENUMERATED], size):
            served = _filled(question, chosen)
            if sum(part.quantity for part in served) == wanted:
                return served
    return _filled(question, ranked)


def _by_distance(question: Question) -> list[Candidate]:
    near = question.circumstances.near
    assert near is not None
    return sorted(question.candidates, key=lambda c: (distance_km(c.place, near), c.code))


def _filled(question: Question, ranked: Iterable[Candidate]) -> list[Assignment]:
    """What the locations serve, each all it can, in this order. Lines are of one SKU each."""
    left = {line.line_id: line.quantity for line in question.wanted}
    given: list[Assignment] = []
    for candidate in ranked:
        for line in question.wanted:
            units = min(left[line.line_id], candidate.available.get(line.sku, 0))
            if units:
                given.append(Assignment(line.line_id, candidate.location_id, units))
                left[line.line_id] -= units
    return given


RIVALS: Sequence[tuple[str, Policy]] = (
    ("nearest first", nearest_first),
    ("priority first", priority_first),
    ("fewest splits", fewest_splits),
)
