"""From a question and the rules of the moment to the cheapest plan, with how it came about. Pure,
but for the clock that ends a search which takes too long.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter, perf_counter_ns

from domain.carriers.rating import RateRow
from domain.common.ids import LocationId, OrderLineId, Sku
from domain.sourcing.carriage import Rates, with_carriage
from domain.sourcing.costing import Prices, late_days, prices_of, summed, times, total
from domain.sourcing.decision import (
    CostKind,
    CostTerm,
    Parcel,
    ParcelLine,
    RuleSetUsed,
    Trace,
    TracedPlan,
)
from domain.sourcing.eliminating import is_busy, parted, ranked_of
from domain.sourcing.model import (
    Assignment,
    Candidate,
    Plan,
    Question,
    SourcingReason,
    Wanted,
)
from domain.sourcing.problem import Demand, Problem, Proposal, Solution, Supply
from domain.sourcing.recording import plan_hash
from domain.sourcing.rules.choosing import the_one_for
from domain.sourcing.rules.judging import Verdict, judge
from domain.sourcing.rules.model import STANDARD_COSTS, CostSettings, RuleSetVersion
from domain.sourcing.search.exact import solve

MAX_SECONDS = 1.0
"""A search that takes longer ends with the best plan so far and what is proved of it."""
MAX_PARCELS = "MAX_PARCELS"


@dataclass(frozen=True, slots=True)
class RuledPolicy:
    """Chooses by the rule sets that count at one moment, else by the standard costs alone."""

    versions: Sequence[RuleSetVersion] = ()
    rates: Rates = field(default_factory=dict[str, Sequence[RateRow]])
    """What carriers ask; needed for versions that go by it."""

    def plan(self, question: Question) -> Plan:
        """See `SourcingPolicy.plan`."""
        version = the_one_for(self.versions, question.circumstances)
        return decided(self._priced(question, version), version)

    def forced(self, question: Question, location_id: LocationId) -> Plan:
        """See `SourcingPolicy.forced`."""
        version = the_one_for(self.versions, question.circumstances)
        return decided(self._priced(question, version), version, forced=location_id)

    def _priced(self, question: Question, version: RuleSetVersion | None) -> Question:
        if version is None or not version.costs.carrier_rates:
            return question
        return with_carriage(question, self.rates, version.costs.currency)


def decided(
    question: Question, version: RuleSetVersion | None, *, forced: LocationId | None = None
) -> Plan:
    """The cheapest plan of the question by that version of the rules, with its trace. When one
    location is `forced`, all that it can serve comes from there, and rules and capacities are not
    asked.

    A location with all the fulfillment orders that its own capacity allows is passed over, unless
    units would stay unfilled: no sale is refused because people are busy today. A capacity that a
    rule sets is never exceeded.

    What ships complete is served in full, if anybody can; otherwise what there is is kept for it.
    """
    began = perf_counter_ns()
    costs = version.costs if version else STANDARD_COSTS
    verdict = judge(version.rules, question, version.time_zone) if version else Verdict()
    ranked = ranked_of(question)
    if forced is not None:
        verdict = replace(verdict, barred={}, max_parcels=None, capacities={}, max_share={})
        ranked = [
            replace(each, daily_capacity=None)
            for each in ranked
            if each.location_id == forced and each.expected_at is None
        ]
    open_ones, eliminated = parted(question, ranked, verdict)
    case, solution = _solved(question, open_ones, verdict, costs)
    if any(solution.best.unfilled) and any(is_busy(question, each, verdict) for each in ranked):
        ranked = [replace(each, daily_capacity=None) for each in ranked]
        open_ones, eliminated = parted(question, ranked, verdict)
        case, solution = _solved(question, open_ones, verdict, costs)
    used = RuleSetUsed(str(version.id), version.name, version.number) if version else None
    chosen = case.traced(solution.best)
    binding = _binding(question, ranked, verdict, costs, case, solution.best)
    trace = Trace(
        rule_set=used,
        currency=costs.currency,
        chosen=chosen,
        others=tuple(case.traced(each) for each in solution.others),
        eliminated=tuple(eliminated),
        binding=tuple(binding),
        proof=solution.proof,
        plan_hash=plan_hash(question, used, chosen),
        microseconds=(perf_counter_ns() - began) // 1000,
        max_parcels_rule=verdict.max_parcels_rule if MAX_PARCELS in binding else None,
    )
    return _plan(case, solution.best, trace)


def _deadline() -> Callable[[], bool]:
    end = perf_counter() + MAX_SECONDS
    return lambda: perf_counter() > end


@dataclass(frozen=True, slots=True)
class _Case:
    """A question as arithmetic, and the way back. `lines` are the numbers of the lines that a
    demand stands for: those that take the same goods at the same costs are one demand.
    """

    question: Question
    candidates: Sequence[Candidate]
    prices: Prices
    lines: Sequence[Sequence[int]]
    problem: Problem
    unfilled_minor: int

    def assigned(self, proposal: Proposal) -> tuple[list[tuple[int, int, int]], dict[int, int]]:
        """(candidate, line, units) as the proposal serves them, and units left by line: earlier
        candidates serve earlier lines.
        """
        wanted = self.question.wanted
        left = {number: line.quantity for number, line in enumerate(wanted) if line.quantity}
        given: list[tuple[int, int, int]] = []
        for serving in proposal.servings:
            units = serving.quantity
            for line in self.lines[serving.demand]:
                part = min(units, left.get(line, 0))
                if part:
                    given.append((serving.supply, line, part))
                    left[line] -= part
                    units -= part
        return given, {line: units for line, units in left.items() if units}

    def traced(self, proposal: Proposal) -> TracedPlan:
        """The proposal in the words of the question, with all its costs."""
        given, left = self.assigned(proposal)
        numbers = sorted({supply for supply, _, _ in given})
        parcels = [
            self._parcel(
                number, [(line, units) for supply, line, units in given if supply == number]
            )
            for number in numbers
        ]
        missing = CostTerm(CostKind.UNFILLED, sum(left.values()) * self.unfilled_minor)
        terms = summed([*(term for each in parcels for term in each.terms), missing])
        unfilled = tuple(self._line(line, units) for line, units in left.items())
        return TracedPlan(tuple(parcels), unfilled, terms, total(terms))

    def _parcel(self, number: int, given: Sequence[tuple[int, int]]) -> Parcel:
        terms = list(self.prices.parcels[number])
        for line, units in given:
            terms += times(units, self.prices.unit_terms(number, line))
        return Parcel(
            location_id=self.candidates[number].location_id,
            code=self.candidates[number].code,
            lines=tuple(self._line(line, units) for line, units in given),
            terms=summed(terms),
            distance_km=self.prices.distances[number],
            late_days=late_days(self.candidates[number], self.question.circumstances.deliver_by),
            expected_at=self.candidates[number].expected_at,
        )

    def _line(self, number: int, units: int) -> ParcelLine:
        line = self.question.wanted[number]
        return ParcelLine(line.line_id, line.sku, units)


def _case(
    question: Question, candidates: Sequence[Candidate], verdict: Verdict, costs: CostSettings
) -> _Case:
    wanted = question.wanted
    prices = prices_of(
        candidates,
        wanted,
        question.circumstances,
        costs,
        preferences=verdict.preferences,
        markdowns=verdict.markdowns,
    )
    columns = _unit_costs(wanted, candidates, prices, verdict)
    lines = _alike(wanted, columns)
    units = sum(line.quantity for line in wanted)
    problem = Problem(
        demands=tuple(
            Demand(
                sum(wanted[line].quantity for line in alike),
                wanted[alike[0]].components,
                costs.unfilled_minor,
            )
            for alike in lines
        ),
        supplies=tuple(
            Supply(
                each.available,
                total(prices.parcels[number]),
                tuple(columns[alike[0]][number] for alike in lines),
                _share(each, units, verdict),
            )
            for number, each in enumerate(candidates)
        ),
        max_parcels=verdict.max_parcels,
        all_or_nothing=question.circumstances.ship_complete,
    )
    return _Case(question, candidates, prices, lines, problem, costs.unfilled_minor)


def _solved(
    question: Question, candidates: Sequence[Candidate], verdict: Verdict, costs: CostSettings
) -> tuple[_Case, Solution]:
    """The cheapest plan; of an order that ships complete one that serves all, if there is one."""
    case = _case(question, candidates, verdict, costs)
    solution = solve(case.problem, out_of_time=_deadline())
    if case.problem.all_or_nothing and any(solution.best.unfilled):
        case = replace(case, problem=replace(case.problem, all_or_nothing=False))
        solution = solve(case.problem, out_of_time=_deadline())
    return case, solution


def _unit_costs(
    wanted: Sequence[Wanted], candidates: Sequence[Candidate], prices: Prices, verdict: Verdict
) -> list[tuple[int | None, ...]]:
    """For each line what a unit costs from each candidate; None where a rule forbids it."""
    rows = [prices.unit_costs(number) for number in range(len(candidates))]
    barred = verdict.barred
    return [
        tuple(
            None if barred and (each.location_id, line.line_id) in barred else row[number]
            for each, row in zip(candidates, rows, strict=True)
        )
        for number, line in enumerate(wanted)
    ]


def _alike(wanted: Sequence[Wanted], columns: Sequence[tuple[int | None, ...]]) -> list[list[int]]:
    found: dict[tuple[tuple[tuple[Sku, int], ...], tuple[int | None, ...]], list[int]] = {}
    for number, line in enumerate(wanted):
        key = (tuple(sorted(line.components.items())), columns[number])
        found.setdefault(key, []).append(number)
    return list(found.values())


def _share(candidate: Candidate, units: int, verdict: Verdict) -> int | None:
    percent = verdict.max_share.get(candidate.location_id)
    return None if percent is None else units * percent // 100


def _binding(
    question: Question,
    ranked: Sequence[Candidate],
    verdict: Verdict,
    costs: CostSettings,
    case: _Case,
    best: Proposal,
) -> list[str]:
    """The limits without which a cheaper plan would have been possible, one by one."""

    def cheaper(candidates: Sequence[Candidate], without: Verdict) -> bool:
        free = _case(question, candidates, without, costs)
        return solve(free.problem, others=0, out_of_time=_deadline()).best.cost < best.cost

    found: list[str] = []
    if verdict.max_parcels is not None and cheaper(
        case.candidates, replace(verdict, max_parcels=None)
    ):
        found.append(MAX_PARCELS)
    if verdict.max_share and cheaper(case.candidates, replace(verdict, max_share={})):
        found.append("SHARE")
    if verdict.barred:
        unruled = replace(verdict, barred={})
        if cheaper(parted(question, ranked, unruled)[0], unruled):
            found.append("RULES")
    if any(is_busy(question, each, verdict) for each in ranked):
        unlimited = replace(verdict, capacities={})
        idle = [replace(each, daily_capacity=None) for each in ranked]
        if cheaper(parted(question, idle, unlimited)[0], unlimited):
            found.append("CAPACITY")
    return found


def _plan(case: _Case, best: Proposal, trace: Trace) -> Plan:
    """Units that are planned from stock that is only expected are not assigned: they wait."""
    given, left = case.assigned(best)
    wanted = case.question.wanted
    unfilled = {wanted[line].line_id: units for line, units in left.items()}
    assignments: list[Assignment] = []
    for supply, line, units in sorted(given, key=lambda part: (part[1], part[0])):
        line_id, place = wanted[line].line_id, case.candidates[supply]
        if place.expected_at is None:
            assignments.append(Assignment(line_id, place.location_id, units))
        else:
            unfilled[line_id] = unfilled.get(line_id, 0) + units
    reason = _reason(assignments, unfilled)
    return Plan(tuple(assignments), unfilled, reason, case.question, trace)


def _reason(
    assignments: Sequence[Assignment], unfilled: Mapping[OrderLineId, int]
) -> SourcingReason:
    if not assignments:
        return SourcingReason.NOTHING_AVAILABLE
    if unfilled:
        return SourcingReason.PARTIAL
    single = len({part.location_id for part in assignments}) == 1
    return SourcingReason.SINGLE_LOCATION if single else SourcingReason.SPLIT
