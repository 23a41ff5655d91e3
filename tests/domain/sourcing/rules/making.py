"""Questions, rules and random conditions for tests of rules."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from domain.common.ids import ChannelCode, LocationId, OrderLineId, Sku
from domain.sourcing.model import Candidate, Circumstances, Place, Question, Wanted
from domain.sourcing.rules.conditions import (
    All,
    Among,
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
from domain.sourcing.rules.model import Effect, EffectKind, Rule

ROME, MILAN, MADRID = Place(41.9028, 12.4964), Place(45.4642, 9.19), Place(40.4168, -3.7038)
THURSDAY = datetime(2026, 10, 1, 10, tzinfo=UTC)


def line(number: int, sku: str = "HAT", units: int = 1, **given: Any) -> Wanted:
    """Units of a line; its id is the number."""
    tags = frozenset(given.pop("tags", ()))
    key = OrderLineId(UUID(int=number))
    return Wanted(key, units, {Sku(sku): 1}, sku=Sku(sku), tags=tags, **given)


def place(number: int, code: str = "ROMA", where: Place = ROME, **given: Any) -> Candidate:
    """A candidate; its id is the number."""
    values: dict[str, Any] = {"kind": "STORE", "country": "IT"} | given
    values["tags"] = frozenset(values.get("tags", ()))
    return Candidate(LocationId(UUID(int=number)), code, where, 100, {}, **values)


def question(
    wanted: Sequence[Wanted] = (), candidates: Sequence[Candidate] = (), **given: Any
) -> Question:
    """A question about an order of the web shop that goes to Rome."""
    values: dict[str, Any] = {
        "channel": ChannelCode("WEB-IT"),
        "order_type": "WEB",
        "country": "IT",
        "delivery_mode": "SHIP",
        "at": THURSDAY,
        "near": ROME,
    }
    return Question(
        Circumstances(**(values | given)), wanted or [line(1)], candidates or [place(1)]
    )


def rule(kind: EffectKind, value: int | None = None, name: str = "R", **given: Any) -> Rule:
    """A rule with that effect."""
    return Rule(name, Effect(kind, value), **given)


TAGS = ("a", "b", "c")
_texts = st.lists(st.sampled_from(["A", "B", "C"]), min_size=1, max_size=3, unique=True)
_tagged = st.builds(
    Tagged,
    st.sampled_from(Match),
    st.lists(st.sampled_from(TAGS), min_size=1, max_size=2, unique=True).map(
        lambda tags: tuple(sorted(tags))
    ),
)


def _sorted(values: list[Any]) -> tuple[Any, ...]:
    return tuple(sorted(values))


def _ordered(limits: tuple[Any, Any]) -> bool:
    low, high = limits
    return (low is not None or high is not None) and (low is None or high is None or low <= high)


_limits = st.tuples(st.none() | st.integers(0, 6), st.none() | st.integers(0, 6)).filter(_ordered)
_days = st.dates(date(2026, 9, 28), date(2026, 10, 4))
_kinds = st.lists(st.sampled_from(["STORE", "DC"]), min_size=1, max_size=2, unique=True)
_countries = st.lists(st.sampled_from(["IT", "ES"]), min_size=1, max_size=2, unique=True)
_part = st.none() | st.sampled_from([Decimal("0.25"), Decimal("0.50"), Decimal("0.75")])


def _measured(measure: Measure, limits: tuple[int | None, int | None]) -> Measured:
    return Measured(measure, *limits)


def _among(fact: Fact, values: st.SearchStrategy[list[str]]) -> st.SearchStrategy[Among]:
    return st.builds(Among, st.just(fact), values.map(_sorted), st.booleans())


_asked = st.one_of(
    _among(Fact.CHANNEL, _texts),
    _among(Fact.SKU, _texts),
    _among(Fact.COUNTRY, _countries),
    _among(Fact.ORDER_TYPE, st.sampled_from([["WEB"], ["POS"], ["POS", "WEB"]])),
    _among(Fact.DELIVERY_MODE, st.sampled_from([["SHIP"], ["PICKUP"]])),
    _tagged,
    st.builds(_measured, st.sampled_from(Measure), _limits),
    st.lists(st.integers(1, 7), min_size=1, max_size=4, unique=True).map(
        lambda days: OnWeekdays(_sorted(days))
    ),
    st.tuples(st.none() | _days, st.none() | _days)
    .filter(_ordered)
    .map(lambda days: OnDates(*days)),
)
_location_asked = st.one_of(
    st.builds(LocationAmong, st.just(LocationFact.CODE), _texts.map(_sorted), st.booleans()),
    st.builds(LocationAmong, st.just(LocationFact.KIND), _kinds.map(_sorted), st.booleans()),
    st.builds(LocationAmong, st.just(LocationFact.COUNTRY), _countries.map(_sorted), st.booleans()),
    st.builds(AtDestination, st.sampled_from(Destination)),
    _tagged,
    st.tuples(_part, _part)
    .filter(lambda limits: _ordered(limits) and limits[0] != limits[1])
    .map(lambda limits: Trusted(*limits)),
    st.tuples(st.none() | st.integers(0, 1500), st.none() | st.integers(0, 1500))
    .filter(_ordered)
    .map(lambda limits: Distant(*limits)),
    st.builds(IsHome, st.booleans()),
)


def _trees(leaf: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda parts: All(tuple(parts))),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: Either(tuple(parts))),
            inner.map(Not),
        ),
        max_leaves=6,
    )


conditions: st.SearchStrategy[Condition] = _trees(_asked)
location_conditions: st.SearchStrategy[LocationCondition] = _trees(_location_asked)
lines: st.SearchStrategy[list[Wanted]] = st.lists(
    st.tuples(
        st.sampled_from(["A", "B", "C"]),
        st.integers(1, 4),
        st.integers(0, 6),
        st.frozensets(st.sampled_from(TAGS)),
    ),
    min_size=1,
    max_size=4,
).map(
    lambda given: [
        line(number, sku, units, weight_g=weight, tags=tags)
        for number, (sku, units, weight, tags) in enumerate(given, start=1)
    ]
)
places: st.SearchStrategy[list[Candidate]] = st.lists(
    st.tuples(
        st.sampled_from(["A", "B", "C"]),
        st.sampled_from([ROME, MILAN, MADRID]),
        st.sampled_from(["STORE", "DC"]),
        st.sampled_from(["IT", "ES"]),
        st.frozensets(st.sampled_from(TAGS)),
        st.sampled_from([Decimal(0), Decimal("0.25"), Decimal("0.5"), Decimal(1)]),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
).map(
    lambda given: [
        place(number, code, where, kind=kind, country=country, tags=tags, trust=trust, is_home=home)
        for number, (code, where, kind, country, tags, trust, home) in enumerate(given, start=1)
    ]
)


def _asked_at(
    wanted: list[Wanted],
    candidates: list[Candidate],
    channel: str,
    near: Place | None,
    mode: str,
    days: int,
) -> Question:
    at = datetime(2026, 9, 28, 12, tzinfo=UTC) + timedelta(days=days, hours=11 * (days % 2))
    given = {"channel": ChannelCode(channel), "near": near, "delivery_mode": mode, "at": at}
    return question(wanted, candidates, **given)


questions: st.SearchStrategy[Question] = st.builds(
    _asked_at,
    lines,
    places,
    st.sampled_from(["A", "B"]),
    st.sampled_from([None, ROME]),
    st.sampled_from(["SHIP", "PICKUP"]),
    st.integers(0, 6),
)
