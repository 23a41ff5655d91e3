"""Why a rule's question about a location has its answer: what was found, and compared with what."""

from domain.sourcing.model import Candidate, Circumstances, distance_km
from domain.sourcing.rules.conditions import (
    All,
    AtDestination,
    Destination,
    Distant,
    Either,
    IsHome,
    LocationAmong,
    LocationAsked,
    LocationCondition,
    Match,
    Not,
    Tagged,
    Trusted,
)

_WORDS = {Match.HAS_ANY: "any of", Match.HAS_ALL: "all of", Match.HAS_NONE: "none of"}
_FEW = 5


def explained(
    where: LocationCondition, candidate: Candidate, circumstances: Circumstances, *, holds: bool
) -> tuple[str, str]:
    """What was found of the location, and what the condition compares it with, by the first
    predicate that makes the condition true (`holds`) or false.
    """
    asked, negated = _deciding(where, candidate, circumstances, holds=holds, negated=False)
    if asked is None:
        return candidate.code, "every location"
    value, threshold = _compared(asked, candidate, circumstances)
    return value, f"not {threshold}" if negated else threshold


def true_of(where: LocationCondition, candidate: Candidate, circumstances: Circumstances) -> bool:
    """Whether the condition is true of the location."""
    match where:
        case All(parts):
            return all(true_of(part, candidate, circumstances) for part in parts)
        case Either(parts):
            return any(true_of(part, candidate, circumstances) for part in parts)
        case Not(part):
            return not true_of(part, candidate, circumstances)
        case _:
            return _true(where, candidate, circumstances)


def _deciding(
    where: LocationCondition,
    candidate: Candidate,
    circumstances: Circumstances,
    *,
    holds: bool,
    negated: bool,
) -> tuple[LocationAsked | None, bool]:
    match where:
        case All(parts) | Either(parts):
            for part in parts:
                if true_of(part, candidate, circumstances) is holds:
                    return _deciding(part, candidate, circumstances, holds=holds, negated=negated)
            return None, negated
        case Not(part):
            return _deciding(part, candidate, circumstances, holds=not holds, negated=not negated)
        case _:
            return where, negated


def _true(asked: LocationAsked, candidate: Candidate, circumstances: Circumstances) -> bool:
    match asked:
        case LocationAmong(fact, values, negated):
            return (getattr(candidate, fact) in values) is not negated
        case Tagged(match, tags):
            if match is Match.HAS_ALL:
                return candidate.tags.issuperset(tags)
            return candidate.tags.isdisjoint(tags) is (match is Match.HAS_NONE)
        case AtDestination(where):
            same = candidate.country == circumstances.country
            return same is (where is Destination.SAME_COUNTRY)
        case Trusted(least, below):
            return (least is None or candidate.trust >= least) and (
                below is None or candidate.trust < below
            )
        case Distant(least, most):
            if circumstances.near is None:
                return False
            km = distance_km(candidate.place, circumstances.near)
            return (least is None or km >= least) and (most is None or km <= most)
        case IsHome(yes):
            return candidate.is_home is yes


def _compared(
    asked: LocationAsked, candidate: Candidate, circumstances: Circumstances
) -> tuple[str, str]:
    match asked:
        case LocationAmong(fact, values, negated):
            listed = _listed(values)
            return f"{getattr(candidate, fact)}", f"not in {listed}" if negated else f"in {listed}"
        case Tagged(match, tags):
            return _listed(sorted(candidate.tags)) or "no tags", f"{_WORDS[match]} {_listed(tags)}"
        case AtDestination(where):
            same = where is Destination.SAME_COUNTRY
            country = circumstances.country
            return candidate.country, country if same else f"other than {country}"
        case Trusted(least, below):
            return f"trust {candidate.trust}", _range(least, below, "below")
        case Distant(least, most):
            near = circumstances.near
            far = "unknown" if near is None else f"{distance_km(candidate.place, near):.0f}"
            return f"{far} km", f"{_range(least, most, 'at most')} km"
        case IsHome(yes):
            return candidate.code, "where it is collected" if yes else "elsewhere"


def _listed(values: "tuple[str, ...] | list[str]") -> str:
    more = len(values) - _FEW
    return ", ".join(values[:_FEW]) + (f" and {more} more" if more > 0 else "")


def _range(least: object, most: object, word: str) -> str:
    parts = [f"at least {least}"] if least is not None else []
    return " and ".join([*parts, *([f"{word} {most}"] if most is not None else [])])
