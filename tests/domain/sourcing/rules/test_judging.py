"""What rules come to for a question: each predicate, each effect, and all of them at random."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.common.ids import LocationId
from domain.sourcing.model import Candidate, Question, Wanted
from domain.sourcing.rules.conditions import (
    ALWAYS,
    All,
    Among,
    Asked,
    AtDestination,
    Condition,
    Destination,
    Distant,
    Either,
    Fact,
    IsHome,
    LocationAmong,
    LocationCondition,
    LocationFact,
    Match,
    Measure,
    Measured,
    Not,
    OnDates,
    OnWeekdays,
    Tagged,
    Trusted,
)
from domain.sourcing.rules.explaining import explained, true_of
from domain.sourcing.rules.judging import Bar, Pair, Verdict, judge
from domain.sourcing.rules.model import EffectKind, Rule
from tests.domain.sourcing.rules.making import (
    MADRID,
    MILAN,
    conditions,
    line,
    location_conditions,
    place,
    question,
    questions,
    rule,
)

K = EffectKind


def matched_lines(when: Condition, asked: Question, zone: str = "Europe/Rome") -> set[int]:
    """The numbers of the lines that the condition is true of."""
    found = judge([rule(K.PREFER, 1, when=when)], asked, zone).preferences
    return {line_id.int for _, line_id in found}


def matched_places(where: LocationCondition, asked: Question) -> set[int]:
    """The numbers of the candidates that the condition is true of."""
    found = judge([rule(K.PREFER, 1, where=where)], asked).preferences
    return {location_id.int for location_id, _ in found}


HEAVY = line(1, "HAT", 3, weight_g=900, tags=("hot", "new"))
LIGHT = line(2, "SCARF", 1, weight_g=100, tags=("new",))


@pytest.mark.parametrize(
    ("when", "numbers"),
    [
        (Among(Fact.CHANNEL, ("POS", "WEB-IT")), {1, 2}),
        (Among(Fact.CHANNEL, ("WEB-IT",), negated=True), set()),
        (Among(Fact.COUNTRY, ("ES",)), set()),
        (Among(Fact.COUNTRY, ("ES",), negated=True), {1, 2}),
        (Among(Fact.ORDER_TYPE, ("WEB",)), {1, 2}),
        (Among(Fact.DELIVERY_MODE, ("PICKUP",)), set()),
        (Among(Fact.SKU, ("HAT", "SOCK")), {1}),
        (Among(Fact.SKU, ("HAT",), negated=True), {2}),
        (Tagged(Match.HAS_ANY, ("hot", "old")), {1}),
        (Tagged(Match.HAS_ALL, ("hot", "new")), {1}),
        (Tagged(Match.HAS_ALL, ("new",)), {1, 2}),
        (Tagged(Match.HAS_NONE, ("hot", "old")), {2}),
        (Measured(Measure.WEIGHT_G, at_least=101), {1}),
        (Measured(Measure.WEIGHT_G, at_most=100), {2}),
        (Measured(Measure.QUANTITY, at_least=1, at_most=2), {2}),
        (Measured(Measure.ORDER_UNITS, at_least=4), {1, 2}),
        (Measured(Measure.ORDER_UNITS, at_least=5), set()),
        (OnWeekdays((4,)), {1, 2}),
        (OnWeekdays((5,)), set()),
        (OnDates(date(2026, 10, 1), date(2026, 10, 1)), {1, 2}),
        (OnDates(date(2026, 10, 2)), set()),
        (OnDates(last=date(2026, 9, 30)), set()),
        (All(()), {1, 2}),
        (All((Tagged(Match.HAS_ANY, ("new",)), Among(Fact.SKU, ("HAT",)))), {1}),
        (Either((Among(Fact.SKU, ("HAT",)), Among(Fact.SKU, ("SCARF",)))), {1, 2}),
        (Not(Among(Fact.SKU, ("HAT",))), {2}),
    ],
)
def test_what_is_asked_of_lines(when: Condition, numbers: set[int]) -> None:
    assert matched_lines(when, question([HEAVY, LIGHT])) == numbers


def test_dates_and_weekdays_are_those_of_the_zone() -> None:
    late = question(at=datetime(2026, 9, 30, 22, 0, tzinfo=UTC))
    october = OnDates(date(2026, 10, 1))
    assert matched_lines(october, late) == {1}
    assert matched_lines(october, late, "UTC") == set()
    assert matched_lines(OnWeekdays((4,)), late) == {1}
    assert matched_lines(OnWeekdays((3,)), late, "Europe/London") == {1}


STORE = place(1, "ROMA", tags=("end", "big"), trust=Decimal("0.80"), is_home=True)
CENTRE = place(2, "MILANO", MILAN, kind="DC")
ABROAD = place(3, "MADRID", MADRID, country="ES", tags=("big",), trust=Decimal("0.50"))


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        (LocationAmong(LocationFact.CODE, ("MILANO", "ROMA")), {1, 2}),
        (LocationAmong(LocationFact.CODE, ("ROMA",), negated=True), {2, 3}),
        (LocationAmong(LocationFact.KIND, ("DC",)), {2}),
        (LocationAmong(LocationFact.COUNTRY, ("ES", "FR")), {3}),
        (AtDestination(Destination.SAME_COUNTRY), {1, 2}),
        (AtDestination(Destination.OTHER_COUNTRY), {3}),
        (Tagged(Match.HAS_ANY, ("big",)), {1, 3}),
        (Tagged(Match.HAS_ALL, ("big", "end")), {1}),
        (Tagged(Match.HAS_NONE, ("end",)), {2, 3}),
        (Trusted(at_least=Decimal("0.80")), {1, 2}),
        (Trusted(below=Decimal("0.80")), {3}),
        (Distant(at_most=477), {1, 2}),
        (Distant(at_least=476, at_most=478), {2}),
        (IsHome(yes=True), {1}),
        (IsHome(yes=False), {2, 3}),
        (Not(All((AtDestination(Destination.SAME_COUNTRY), IsHome(yes=False)))), {1, 3}),
    ],
)
def test_what_is_asked_of_locations(where: LocationCondition, numbers: set[int]) -> None:
    assert matched_places(where, question(candidates=[STORE, CENTRE, ABROAD])) == numbers


def test_no_distance_is_known_without_a_point() -> None:
    nowhere = question(candidates=[STORE, CENTRE], near=None)
    assert matched_places(Distant(at_most=20_000), nowhere) == set()
    assert matched_places(Not(Distant(at_least=0)), nowhere) == {1, 2}


IN_ROME = LocationAmong(LocationFact.CODE, ("ROMA",))
IN_MILAN = LocationAmong(LocationFact.CODE, ("MILANO",))
HATS = Among(Fact.SKU, ("HAT",))
ASKED = question([HEAVY, LIGHT], [STORE, CENTRE, ABROAD])


def barred(*rules: Rule) -> set[tuple[int, int, str]]:
    """(location, line, rule) by their numbers."""
    found = judge(rules, ASKED).barred
    return {(key.int, line_id.int, bar.rule) for (key, line_id), bar in found.items()}


def test_without_rules_nothing_is_said() -> None:
    assert judge([], ASKED) == Verdict()
    assert judge([rule(K.FORBID, when=Among(Fact.CHANNEL, ("POS",)))], ASKED) == Verdict()


def test_forbid_bars_matched_lines_from_matched_locations() -> None:
    assert barred(rule(K.FORBID, when=HATS, where=IN_ROME)) == {(1, 1, "R")}


def test_require_bars_matched_lines_from_all_others() -> None:
    assert barred(rule(K.REQUIRE, when=HATS, where=IN_ROME)) == {(2, 1, "R"), (3, 1, "R")}
    both = (rule(K.REQUIRE, name="A", where=IN_ROME), rule(K.REQUIRE, name="B", where=IN_MILAN))
    assert {(1, 1, "B"), (2, 1, "A"), (3, 1, "A")} <= barred(*both)


def test_the_first_rule_that_bars_is_named() -> None:
    first = rule(K.FORBID, name="A", where=IN_ROME)
    again = rule(K.FORBID, name="B", where=Not(IN_MILAN))
    assert barred(first, again) == {(1, 1, "A"), (1, 2, "A"), (3, 1, "B"), (3, 2, "B")}


def test_force_bars_others_and_overrides_forbid() -> None:
    never = rule(K.FORBID, name="never")
    force = rule(K.FORCE, name="force", when=HATS, where=IN_ROME)
    for rules in ((never, force), (force, never)):
        found = barred(*rules)
        assert {(number, units) for number, units, _ in found} == {
            (2, 1), (3, 1), (1, 2), (2, 2), (3, 2),
        }  # fmt: skip


def test_preferences_and_markdowns_are_summed() -> None:
    rules = [
        rule(K.PREFER, 500, where=IN_ROME),
        rule(K.PREFER, -200, when=HATS),
        rule(K.MARKDOWN, 30, when=HATS, where=IN_ROME),
        rule(K.MARKDOWN, 12, where=IN_ROME),
    ]
    verdict = judge(rules, ASKED)
    short = {(key.int, units.int): amount for (key, units), amount in verdict.preferences.items()}
    assert short == {(1, 1): 300, (1, 2): 500, (2, 1): -200, (3, 1): -200}
    short = {(key.int, units.int): amount for (key, units), amount in verdict.markdowns.items()}
    assert short == {(1, 1): 42, (1, 2): 12}
    assert not verdict.barred


def test_of_several_limits_the_lowest_counts() -> None:
    rules = [
        rule(K.CAP_PARCELS, 3, name="three", when=HATS),
        rule(K.CAP_PARCELS, 2, name="two"),
        rule(K.CAP_PARCELS, 1, name="never", when=Among(Fact.SKU, ("SOCK",))),
        rule(K.CAP_CAPACITY, 40),
        rule(K.CAP_CAPACITY, 0, where=IN_ROME),
        rule(K.CAP_SHARE, 50, where=Not(IN_MILAN)),
        rule(K.CAP_SHARE, 80, where=IN_ROME),
    ]
    verdict = judge(rules, ASKED)
    assert (verdict.max_parcels, verdict.max_parcels_rule) == (2, "two")
    one, two, three = (LocationId(each.location_id) for each in (STORE, CENTRE, ABROAD))
    assert verdict.capacities == {one: 0, two: 40, three: 40}
    assert verdict.max_share == {one: 50, three: 50}


@pytest.mark.parametrize(
    ("kind", "where", "value", "threshold"),
    [
        (K.FORBID, Trusted(below=Decimal("0.90")), "trust 0.80", "below 0.90"),
        (K.FORBID, All(()), "ROMA", "every location"),
        (K.FORBID, IN_ROME, "ROMA", "in ROMA"),
        (K.FORBID, Not(IN_MILAN), "ROMA", "not in MILANO"),
        (K.FORBID, Not(All((IN_ROME, IsHome(yes=False)))), "ROMA", "not elsewhere"),
        (K.FORBID, Tagged(Match.HAS_ANY, ("end",)), "big, end", "any of end"),
        (K.FORBID, IsHome(yes=True), "ROMA", "where it is collected"),
        (K.FORBID, AtDestination(Destination.SAME_COUNTRY), "IT", "IT"),
        (K.REQUIRE, AtDestination(Destination.OTHER_COUNTRY), "IT", "other than IT"),
        (K.REQUIRE, IsHome(yes=False), "ROMA", "elsewhere"),
        (K.REQUIRE, Distant(100, 400), "0 km", "at least 100 and at most 400 km"),
        (K.REQUIRE, LocationAmong(LocationFact.KIND, ("STORE",), negated=True), "STORE",
         "not in STORE"),
        (K.REQUIRE, All((IN_ROME, Tagged(Match.HAS_ALL, ("x", "y")))), "big, end",
         "all of x, y"),
        (K.REQUIRE, Either((IN_MILAN, IsHome(yes=False))), "ROMA", "in MILANO"),
        (K.FORCE, LocationAmong(LocationFact.CODE, ("A", "B", "C", "D", "E", "F")), "ROMA",
         "in A, B, C, D, E and 1 more"),
    ],
)  # fmt: skip
def test_a_bar_says_what_was_compared(
    kind: EffectKind, where: LocationCondition, value: str, threshold: str
) -> None:
    asked = question(candidates=[STORE])
    (bar,) = judge([rule(kind, where=where)], asked).barred.values()
    assert bar == Bar("R", value, threshold)


def test_a_location_without_tags_or_distance_is_explained() -> None:
    bare = place(1)
    nowhere = question(candidates=[bare], near=None).circumstances
    assert explained(Tagged(Match.HAS_NONE, ("x",)), bare, nowhere, holds=True) == (
        "no tags",
        "none of x",
    )
    assert explained(Distant(at_most=5), bare, nowhere, holds=False) == (
        "unknown km",
        "at most 5 km",
    )


@given(questions, conditions, location_conditions)
def test_random_conditions_are_true_where_a_naive_reading_says_so(
    asked: Question, when: Condition, where: LocationCondition
) -> None:
    matched = [each for each in asked.wanted if lines_with(when, each, asked)]
    there = [each for each in asked.candidates if true_of(where, each, asked.circumstances)]
    elsewhere = [each for each in asked.candidates if each not in there]

    def said(kind: EffectKind, value: int | None = None) -> Verdict:
        return judge([rule(kind, value, when=when, where=where)], asked)

    assert set(said(K.PREFER, 7).preferences) == pairs(there, matched)
    assert set(said(K.FORBID).barred) == pairs(there, matched)
    assert set(said(K.REQUIRE).barred) == pairs(elsewhere, matched)


def pairs(candidates: list[Candidate], wanted: list[Wanted]) -> set[Pair]:
    """Each with each."""
    return {(each.location_id, units.line_id) for each in candidates for units in wanted}


_BARRING = st.tuples(
    st.sampled_from([K.FORBID, K.REQUIRE, K.FORCE]), conditions, location_conditions
)


@given(questions, st.lists(_BARRING, max_size=4))
def test_random_rules_bar_what_a_naive_reading_bars(
    asked: Question, drawn: list[tuple[EffectKind, Condition, LocationCondition]]
) -> None:
    rules = [
        rule(kind, name=str(number), when=when, where=where)
        for number, (kind, when, where) in enumerate(drawn)
    ]
    expected = {
        (candidate.location_id, wanted.line_id)
        for wanted in asked.wanted
        for candidate in asked.candidates
        if is_barred(rules, wanted, candidate, asked)
    }
    assert set(judge(rules, asked).barred) == expected


def is_barred(rules: list[Rule], wanted: Wanted, candidate: Candidate, asked: Question) -> bool:
    """Said as the documentation says it."""
    for_line = [each for each in rules if lines_with(each.when, wanted, asked)]
    here = {each.name: true_of(each.where, candidate, asked.circumstances) for each in for_line}
    forced = any(each.effect.kind is K.FORCE and here[each.name] for each in for_line)
    return any(
        (each.effect.kind is K.FORBID and here[each.name] and not forced)
        or (each.effect.kind in (K.REQUIRE, K.FORCE) and not here[each.name])
        for each in for_line
    )


def lines_with(tree: Condition, wanted: Wanted, of: Question) -> bool:
    """A condition read part by part, for one line."""
    match tree:
        case All(parts):
            return all(lines_with(part, wanted, of) for part in parts)
        case Either(parts):
            return any(lines_with(part, wanted, of) for part in parts)
        case Not(part):
            return not lines_with(part, wanted, of)
        case _:
            return line_is(tree, wanted, of)


def line_is(asked: Asked, wanted: Wanted, of: Question) -> bool:
    """A predicate read for one line."""
    order = of.circumstances
    day = order.at.astimezone(ZoneInfo("Europe/Rome")).date()
    match asked:
        case Among(fact, values, negated):
            facts = {
                Fact.CHANNEL: order.channel, Fact.COUNTRY: order.country, Fact.SKU: wanted.sku,
                Fact.ORDER_TYPE: order.order_type, Fact.DELIVERY_MODE: order.delivery_mode,
            }  # fmt: skip
            return (facts[fact] in values) != negated
        case Tagged(match, tags):
            have = [tag in wanted.tags for tag in tags]
            return {"hasAny": any(have), "hasAll": all(have), "hasNone": not any(have)}[match]
        case Measured(measure, least, most):
            value = {
                Measure.WEIGHT_G: wanted.weight_g, Measure.QUANTITY: wanted.quantity,
                Measure.ORDER_UNITS: sum(each.quantity for each in of.wanted),
            }[measure]  # fmt: skip
            return (least or 0) <= value <= (10**9 if most is None else most)
        case OnWeekdays(days):
            return day.weekday() + 1 in days
        case OnDates(first, last):
            return (first or date.min) <= day <= (last or date.max)


def test_a_line_is_looked_at_once_for_each_condition() -> None:
    many = question([HEAVY, LIGHT], [place(n, f"S{n}") for n in range(60)])
    looks: list[object] = []

    class Counted(tuple[str, ...]):
        __slots__ = ()

        def __contains__(self, value: object) -> bool:
            looks.append(value)
            return super().__contains__(value)

    hats = Among(Fact.SKU, Counted(("HAT",)))
    judge([rule(K.PREFER, 1, when=hats), rule(K.FORBID, when=ALWAYS)], many)
    assert looks == ["HAT", "SCARF"]
