"""A decision of sourcing in sentences for whoever runs the operations. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from domain.common.ids import LocationId, Sku
from domain.sourcing.decision import (
    CostKind,
    CostTerm,
    Elimination,
    Override,
    Parcel,
    ParcelLine,
    Trace,
    TracedPlan,
)
from domain.sourcing.model import Trigger
from domain.sourcing.problem import ProofStatus
from domain.sourcing.wording.english import English
from domain.sourcing.wording.italian import Italian
from domain.sourcing.wording.spanish import Spanish
from domain.sourcing.wording.voice import Comparison, Goods, LeftOut, Price, Voice

Names = Mapping[LocationId, str]


class Language(StrEnum):
    """The languages that decisions are told in."""

    EN = "en"
    IT = "it"
    ES = "es"


_VOICES: Mapping[Language, type[Voice]] = {
    Language.EN: English,
    Language.IT: Italian,
    Language.ES: Spanish,
}


def sentences(
    trace: Trace,
    names: Names,
    language: Language,
    *,
    trigger: Trigger = Trigger.NEW,
    override: Override | None = None,
    ships_complete: bool = False,
) -> tuple[str, ...]:
    """Who serves what and why, in this order: who chose, parcels, cost of the whole, what nobody
    serves, other plans, who was left out, binding limits, what is proved, the rules.

    `names` are those of the locations; one without a name is called by its code.
    """
    voice = _VOICES[language](trace.currency)
    return (
        *_why_now(voice, trigger, override),
        *_plan(voice, trace.chosen, names),
        *([voice.leaves_complete()] if ships_complete and trace.chosen.unfilled else ()),
        *(voice.compared(_comparison(trace.chosen, each, names)) for each in trace.others),
        *(voice.left_out(each) for each in _left_out(trace.eliminated, names)),
        *(_limit(voice, name, trace.max_parcels_rule) for name in trace.binding),
        _proof(voice, trace),
        _rules(voice, trace),
    )


def places_in(trace: Trace) -> frozenset[LocationId]:
    """All locations that the sentences may name."""
    parcels = {each.location_id for plan in (trace.chosen, *trace.others) for each in plan.parcels}
    return frozenset(parcels | {each.location_id for each in trace.eliminated})


def _why_now(voice: Voice, trigger: Trigger, override: Override | None) -> Iterable[str]:
    if override is not None:
        yield voice.overridden(_person(override.by), override.reason)
        if override.delta_minor is not None:
            yield voice.override_costs(override.delta_minor)
    elif trigger is Trigger.RETRY:
        yield voice.again()


def _person(actor_key: str) -> str:
    """The subject of an actor's key such as OPERATIONS:olga."""
    return actor_key.partition(":")[2] or actor_key


def _plan(voice: Voice, plan: TracedPlan, names: Names) -> Iterable[str]:
    if not plan.parcels:
        yield voice.nobody_serves()
    for each in plan.parcels:
        price = _price(_total(each.terms), each.terms)
        yield voice.serves(name_of(each, names), _goods(each.lines), each.distance_km, price)
        if each.expected_at is not None:
            yield voice.waits(name_of(each, names), each.expected_at.date())
        if each.late_days:
            yield voice.late(name_of(each, names), each.late_days)
    if _has_more_to_say(plan):
        yield voice.whole_plan(len(plan.parcels), _price(plan.cost_minor, plan.terms))
    if plan.unfilled:
        yield voice.unfilled(_goods(plan.unfilled))


def _has_more_to_say(plan: TracedPlan) -> bool:
    """Whether the whole costs something that its only parcel has not said."""
    said = plan.parcels[0].terms if len(plan.parcels) == 1 else ()
    return _price(plan.cost_minor, plan.terms) != _price(_total(said), said)


def _total(terms: Sequence[CostTerm]) -> int:
    return sum(term.amount_minor for term in terms)


def _price(amount_minor: int, terms: Sequence[CostTerm]) -> Price:
    return Price(amount_minor, _nonzero(terms))


def _nonzero(terms: Sequence[CostTerm]) -> tuple[CostTerm, ...]:
    return tuple(term for term in terms if term.amount_minor)


def _goods(lines: Sequence[ParcelLine]) -> tuple[Goods, ...]:
    """Units by SKU: lines of the same SKU are one."""
    units: dict[Sku, int] = {}
    for line in lines:
        units[line.sku] = units.get(line.sku, 0) + line.quantity
    return tuple(Goods(sku, quantity) for sku, quantity in units.items())


def _comparison(chosen: TracedPlan, other: TracedPlan, names: Names) -> Comparison:
    delta = other.cost_minor - chosen.cost_minor
    only = other.parcels[0] if len(other.parcels) == 1 else None
    return Comparison(
        places=[name_of(each, names) for each in other.parcels],
        delta_minor=delta,
        main=main_difference(chosen, other),
        parcels=len(other.parcels),
        chosen_parcels=len(chosen.parcels),
        distance_km=only.distance_km if only is not None else None,
    )


def main_difference(chosen: TracedPlan, other: TracedPlan) -> CostKind | None:
    """The term that explains most of what `other` costs more, or less; None when none does."""
    delta = other.cost_minor - chosen.cost_minor
    direction = 1 if delta > 0 else -1
    differences = dict.fromkeys(CostKind, 0)
    for sign, plan in ((direction, other), (-direction, chosen)):
        for term in plan.terms:
            differences[term.kind] += sign * term.amount_minor
    kind = max(differences, key=lambda each: differences[each])
    return kind if delta and differences[kind] > 0 else None


def _left_out(eliminated: Sequence[Elimination], names: Names) -> Iterable[LeftOut]:
    """Those left out for the same reason together, in the order of the first of them."""
    together: dict[tuple[object, ...], list[Elimination]] = {}
    for each in eliminated:
        key = (each.reason, each.rule, each.value, each.threshold)
        together.setdefault(key, []).append(each)
    for group in together.values():
        places = [name_of(each, names) for each in group]
        first = group[0]
        yield LeftOut(places, first.reason, first.rule, first.value, first.threshold)


def _limit(voice: Voice, name: str, parcels_rule: str | None) -> str:
    if name == "MAX_PARCELS" and parcels_rule is not None:
        return voice.parcels_ruled(parcels_rule)
    return voice.limit(name)


def name_of(at: Parcel | Elimination, names: Names) -> str:
    """What the location is called: its name, else its code, else its id."""
    return names.get(at.location_id) or at.code or str(at.location_id)


def _proof(voice: Voice, trace: Trace) -> str:
    proof, cost = trace.proof, trace.chosen.cost_minor
    if proof.status is ProofStatus.GAP:
        return voice.out_of_time(max(0, cost - proof.bound), proof.nodes)
    return voice.proved(proof.bound if proof.bound < cost else None, proof.nodes)


def _rules(voice: Voice, trace: Trace) -> str:
    used = trace.rule_set
    return voice.ruled(used.name, used.number) if used is not None else voice.by_costs_alone()
