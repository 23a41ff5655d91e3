"""What the rules say to a question: who may not serve what, preferences and limits. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from domain.common.ids import LocationId, OrderLineId
from domain.sourcing.model import Question
from domain.sourcing.rules.asking import Bits, Lines, Places, matched, numbers, union
from domain.sourcing.rules.explaining import explained
from domain.sourcing.rules.model import DEFAULT_TIME_ZONE, EffectKind, Rule

V = TypeVar("V")
Pair = tuple[LocationId, OrderLineId]


@dataclass(frozen=True, slots=True)
class Bar:
    """The rule by which a location may not serve a line: `value` is what was found of the location,
    `threshold` what the rule compares it with.
    """

    rule: str
    value: str
    threshold: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say; pairs and locations about which they say nothing are absent.

    `preferences` and `markdowns` are minor units that a unit is worth there, summed over the rules.
    `max_parcels_rule` names the rule that `max_parcels` is from. `capacities` are fulfillment
    orders a day, `max_share` percent of the order's units; of several limits the lowest counts.
    """

    barred: Mapping[Pair, Bar] = field(default_factory=dict[Pair, Bar])
    preferences: Mapping[Pair, int] = field(default_factory=dict[Pair, int])
    markdowns: Mapping[Pair, int] = field(default_factory=dict[Pair, int])
    max_parcels: int | None = None
    max_parcels_rule: str | None = None
    capacities: Mapping[LocationId, int] = field(default_factory=dict[LocationId, int])
    max_share: Mapping[LocationId, int] = field(default_factory=dict[LocationId, int])


@dataclass(frozen=True, slots=True)
class _Applied:
    """A rule with the lines and the candidates that it matches."""

    rule: Rule
    lines: Bits
    places: Bits


def judge(rules: Sequence[Rule], question: Question, zone: str = DEFAULT_TIME_ZONE) -> Verdict:
    """What the rules say to the question; dates and weekdays are those of the zone.

    A pair is barred by a FORBID that matches it, and by a REQUIRE or FORCE that matches the line
    but not the location; the first such rule is named. No FORBID counts for a pair that a FORCE
    matches.
    """
    if not rules:
        return Verdict()
    lines, places = Lines(question, zone), Places(question)
    applied: list[_Applied] = []
    for rule in rules:
        these = matched(rule.when, lines.asked, lines.all)
        if these:
            here = matched(rule.where, places.asked, places.all)
            applied.append(_Applied(rule, these, here))
    parcels = _least(applied, EffectKind.CAP_PARCELS)
    return Verdict(
        barred=_barred(applied, question, places.all),
        preferences=_sums(applied, EffectKind.PREFER, question),
        markdowns=_sums(applied, EffectKind.MARKDOWN, question),
        max_parcels=None if parcels is None else parcels.effect.value,
        max_parcels_rule=None if parcels is None else parcels.name,
        capacities=_limits(applied, EffectKind.CAP_CAPACITY, question),
        max_share=_limits(applied, EffectKind.CAP_SHARE, question),
    )


class _ByPair(Mapping[Pair, V], Generic[V]):
    """Values of some pairs of a candidate and a line, by their numbers: `rows` has one for each
    line. Most are never asked for, so `shown` makes what is seen of one only then.
    """

    def __init__(
        self, question: Question, rows: Sequence[Mapping[int, Any]], shown: Callable[[Any, int], V]
    ) -> None:
        self._places = [each.location_id for each in question.candidates]
        self._place_numbers = {key: number for number, key in enumerate(self._places)}
        self._rows = {
            line.line_id: row for line, row in zip(question.wanted, rows, strict=True) if row
        }
        self._shown = shown

    def __getitem__(self, pair: Pair) -> V:
        number = self._place_numbers[pair[0]]
        return self._shown(self._rows[pair[1]][number], number)

    def __contains__(self, pair: object) -> bool:
        location_id, line_id = cast("Pair", pair)
        row = self._rows.get(line_id)
        return row is not None and self._place_numbers.get(location_id) in row

    def __iter__(self) -> Iterator[Pair]:
        for line_id, row in self._rows.items():
            for number in row:
                yield self._places[number], line_id

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))


def _barred(
    applied: Sequence[_Applied], question: Question, everywhere: Bits
) -> Mapping[Pair, Bar]:
    kinds = (EffectKind.FORBID, EffectKind.REQUIRE, EffectKind.FORCE)
    barring = [each for each in applied if each.rule.effect.kind in kinds]
    if not barring:
        return {}
    rows = [_bars(barring, 1 << number, everywhere) for number in range(len(question.wanted))]

    def shown(each: _Applied, place: int) -> Bar:
        forbids = each.rule.effect.kind is EffectKind.FORBID
        candidate, circumstances = question.candidates[place], question.circumstances
        found = explained(each.rule.where, candidate, circumstances, holds=forbids)
        return Bar(each.rule.name, *found)

    return _ByPair(question, rows, shown)


def _bars(barring: Sequence[_Applied], line: Bits, everywhere: Bits) -> dict[int, _Applied]:
    """The first rule that bars the line from a candidate, by the candidate's number."""
    for_line = [each for each in barring if each.lines & line]
    free = union(each.places for each in for_line if each.rule.effect.kind is EffectKind.FORCE)
    left, row = everywhere, dict[int, _Applied]()
    for each in for_line:
        forbids = each.rule.effect.kind is EffectKind.FORBID
        out = left & (each.places & ~free if forbids else ~each.places)
        left &= ~out
        row.update(dict.fromkeys(numbers(out), each))
    return row


def _sums(applied: Sequence[_Applied], kind: EffectKind, question: Question) -> Mapping[Pair, int]:
    worth: dict[tuple[Bits, Bits], int] = {}
    for each in applied:
        if each.rule.effect.kind is kind:
            area = (each.lines, each.places)
            worth[area] = worth.get(area, 0) + (each.rule.effect.value or 0)
    if not worth:
        return {}
    rows: list[dict[int, int]] = [{} for _ in question.wanted]
    for (lines, places), amount in worth.items():
        there = numbers(places)
        for line in numbers(lines):
            row = rows[line]
            for place in there:
                row[place] = row.get(place, 0) + amount
    return _ByPair(question, rows, lambda amount, _: amount)


def _least(applied: Sequence[_Applied], kind: EffectKind) -> Rule | None:
    """The rule of that kind with the lowest value, the first of equal ones."""
    rules = [each.rule for each in applied if each.rule.effect.kind is kind]
    return min(rules, key=lambda rule: rule.effect.value or 0, default=None)


def _limits(
    applied: Sequence[_Applied], kind: EffectKind, question: Question
) -> dict[LocationId, int]:
    rules = [each for each in applied if each.rule.effect.kind is kind]
    limits: dict[LocationId, int] = {}
    limited = 0
    for each in sorted(rules, key=lambda each: each.rule.effect.value or 0):
        for place in numbers(each.places & ~limited):
            limits[question.candidates[place].location_id] = each.rule.effect.value or 0
        limited |= each.places
    return limits
