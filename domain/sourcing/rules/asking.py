"""Which lines of a question, and which of its candidates, a condition is true of. Pure.

Sets of lines and of candidates are whole numbers with a bit for each, so that all, any and not are
one operation, and each fact of a line or a candidate is looked at once, whatever the rules.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from domain.sourcing.model import Question, distance_km
from domain.sourcing.rules.conditions import (
    All,
    Among,
    Asked,
    AtDestination,
    Destination,
    Distant,
    Either,
    Fact,
    IsHome,
    LocationAmong,
    LocationAsked,
    LocationFact,
    Match,
    Measure,
    Measured,
    Not,
    OnDates,
    OnWeekdays,
    Tagged,
    Tree,
    Trusted,
)

P = TypeVar("P")
Bits = int


def matched(tree: Tree[P], asked: Callable[[P], Bits], everything: Bits) -> Bits:
    """Those among `everything` of which the condition is true; `asked` answers for a predicate."""
    if isinstance(tree, All):
        found = everything
        for part in tree.parts:
            found &= matched(part, asked, everything)
        return found
    if isinstance(tree, Either):
        found = 0
        for part in tree.parts:
            found |= matched(part, asked, everything)
        return found
    if isinstance(tree, Not):
        return everything & ~matched(tree.part, asked, everything)
    return asked(cast("P", tree))


class _Tags:
    """Which members have a tag, for members in a row."""

    def __init__(self, tags: Iterable[Iterable[str]], everything: Bits) -> None:
        self._all = everything
        self._having: dict[str, Bits] = {}
        for number, each in enumerate(tags):
            for tag in each:
                self._having[tag] = self._having.get(tag, 0) | 1 << number

    def asked(self, asked: Tagged) -> Bits:
        """Those whose tags compare as asked."""
        having = [self._having.get(tag, 0) for tag in asked.tags]
        if asked.match is Match.HAS_ALL:
            found = self._all
            for each in having:
                found &= each
            return found
        found = union(having)
        return found if asked.match is Match.HAS_ANY else self._all & ~found


class _Scale:
    """Members in the order of a number, so that those within limits are found by halving."""

    def __init__(self, values: Sequence[Any]) -> None:
        order = sorted(range(len(values)), key=values.__getitem__)
        self._values = [values[number] for number in order]
        self._up_to = [0]
        for number in order:
            self._up_to.append(self._up_to[-1] | 1 << number)

    def below(self, limit: Any) -> Bits:
        """Those with less."""
        return self._up_to[bisect_left(self._values, limit)]

    def at_most(self, limit: Any) -> Bits:
        """Those with as much or less."""
        return self._up_to[bisect_right(self._values, limit)]

    def within(self, least: Any | None, most: Any | None) -> Bits:
        """Those with no less and no more."""
        found = self._up_to[-1] if most is None else self.at_most(most)
        return found if least is None else found & ~self.below(least)


class Lines:
    """The lines of a question; what is asked of the order is true of all of them or of none."""

    def __init__(self, question: Question, zone: str) -> None:
        self._order = question.circumstances
        self._wanted = question.wanted
        self._zone = zone
        self.all: Bits = (1 << len(question.wanted)) - 1

    def asked(self, asked: Asked) -> Bits:
        """The lines of which the predicate is true."""
        match asked:
            case Among(fact, values, negated):
                found = self._among(fact, values)
                return self.all & ~found if negated else found
            case Tagged():
                return self._tags.asked(asked)
            case Measured(measure, least, most):
                return self._scales[measure].within(least, most)
            case OnWeekdays(days):
                return self._if(self._today.isoweekday() in days)
            case OnDates(first, last):
                return self._if(
                    (first is None or first <= self._today)
                    and (last is None or self._today <= last)
                )

    def _among(self, fact: Fact, values: tuple[str, ...]) -> Bits:
        if fact is Fact.SKU:
            return _bits(line.sku in values for line in self._wanted)
        return self._if(self._facts[fact] in values)

    def _if(self, true: bool) -> Bits:
        return self.all if true else 0

    @cached_property
    def _facts(self) -> Mapping[Fact, str]:
        return {
            Fact.CHANNEL: self._order.channel,
            Fact.COUNTRY: self._order.country,
            Fact.ORDER_TYPE: self._order.order_type,
            Fact.DELIVERY_MODE: self._order.delivery_mode,
        }

    @cached_property
    def _tags(self) -> _Tags:
        return _Tags((line.tags for line in self._wanted), self.all)

    @cached_property
    def _scales(self) -> Mapping[Measure, _Scale]:
        units = [line.quantity for line in self._wanted]
        return {
            Measure.WEIGHT_G: _Scale([line.weight_g for line in self._wanted]),
            Measure.QUANTITY: _Scale(units),
            Measure.ORDER_UNITS: _Scale([sum(units)] * len(units)),
        }

    @cached_property
    def _today(self) -> date:
        return self._order.at.astimezone(ZoneInfo(self._zone)).date()


class Places:
    """The candidates of a question."""

    def __init__(self, question: Question) -> None:
        self._order = question.circumstances
        self._candidates = question.candidates
        self.all: Bits = (1 << len(question.candidates)) - 1
        self._facts: dict[LocationFact, dict[str, Bits]] = {}

    def asked(self, asked: LocationAsked) -> Bits:
        """The candidates of which the predicate is true."""
        match asked:
            case LocationAmong(fact, values, negated):
                having = self._having(fact)
                found = union(having.get(value, 0) for value in values)
                return self.all & ~found if negated else found
            case Tagged():
                return self._tags.asked(asked)
            case AtDestination(where):
                same = self._having(LocationFact.COUNTRY).get(self._order.country, 0)
                return same if where is Destination.SAME_COUNTRY else self.all & ~same
            case Trusted(least, below):
                found = self.all if below is None else self._trust.below(below)
                return found if least is None else found & ~self._trust.below(least)
            case Distant(least, most):
                return self._distances.within(least, most) if self._order.near else 0
            case IsHome(yes):
                return self._homes if yes else self.all & ~self._homes

    def _having(self, fact: LocationFact) -> dict[str, Bits]:
        if fact not in self._facts:
            found: dict[str, Bits] = {}
            for number, each in enumerate(self._candidates):
                value = cast("str", getattr(each, fact))
                found[value] = found.get(value, 0) | 1 << number
            self._facts[fact] = found
        return self._facts[fact]

    @cached_property
    def _tags(self) -> _Tags:
        return _Tags((each.tags for each in self._candidates), self.all)

    @cached_property
    def _homes(self) -> Bits:
        return _bits(each.is_home for each in self._candidates)

    @cached_property
    def _trust(self) -> _Scale:
        return _Scale([each.trust for each in self._candidates])

    @cached_property
    def _distances(self) -> _Scale:
        near = self._order.near
        assert near is not None  # asked for only then
        return _Scale([distance_km(each.place, near) for each in self._candidates])


def _bits(members: Iterable[bool]) -> Bits:
    found = 0
    for number, yes in enumerate(members):
        if yes:
            found |= 1 << number
    return found


def union(sets: Iterable[Bits]) -> Bits:
    """Those that are in any of the sets."""
    found = 0
    for each in sets:
        found |= each
    return found


def numbers(members: Bits) -> list[int]:
    """The numbers of the members, ascending."""
    found: list[int] = []
    while members:
        lowest = members & -members
        found.append(lowest.bit_length() - 1)
        members ^= lowest
    return found
