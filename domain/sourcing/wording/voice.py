"""What can be said of a decision. A language says each of it in whole sentences of its own. Pure.

The arguments are facts: amounts in minor units, distances in km, names of locations as they are.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from domain.common.ids import Sku
from domain.common.money import Money
from domain.sourcing.decision import CostKind, CostTerm, EliminationReason

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_BEFORE_NAMES = ("any of", "all of", "none of", "not in", "in", "other than")
_OPENINGS = (*_BEFORE_NAMES, "not", "trust", "at least", "at most", "below")
"""With which the rules begin what they say of a comparison (`domain.sourcing.rules`)."""
_WHOLE_KM = 100
"""From here on the tenths of a distance say nothing."""


@dataclass(frozen=True, slots=True)
class Goods:
    """Units of a SKU."""

    sku: Sku
    quantity: int


@dataclass(frozen=True, slots=True)
class Price:
    """A cost and its terms, without those that come to nothing."""

    amount_minor: int
    terms: Sequence[CostTerm]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How another plan differs from the chosen one. `main` is the term that differs most in the
    direction of `delta_minor`, None if none does; `parcels` and `chosen_parcels` are counts;
    `distance_km` is that of its only parcel.
    """

    places: Sequence[str]
    delta_minor: int
    main: CostKind | None
    parcels: int
    chosen_parcels: int
    distance_km: float | None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Locations that were not considered, all for the same reason; see `Elimination`."""

    places: Sequence[str]
    reason: EliminationReason
    rule: str | None
    value: str | None
    threshold: str | None


class Voice(ABC):
    """The sentences of one language about amounts in one currency."""

    decimal_mark: ClassVar[str]
    group_mark: ClassVar[str]
    grouped_from: ClassVar[int] = 1000
    """Whole numbers below this one are written without marks between their digits."""
    terms: ClassVar[Mapping[CostKind, str]]
    dearer: ClassVar[Mapping[CostKind, str]]
    """Why another plan costs more, as what follows "because"."""
    cheaper: ClassVar[Mapping[CostKind, str]]
    """Why another plan costs less, as what follows "because"."""
    phrases: ClassVar[Mapping[str, str]] = {}
    """The words of the rules about what was compared, where they are not those of the language."""
    limits: ClassVar[Mapping[str, str]]
    """The sentence that tells that a limit binds, by the name of the limit."""

    def __init__(self, currency: str) -> None:
        self._currency = currency

    @abstractmethod
    def listed(self, parts: Sequence[str]) -> str:
        """The parts in a row, the last one after "and"."""

    @abstractmethod
    def units(self, quantity: int) -> str:
        """So many units of something without a name."""

    @abstractmethod
    def overridden(self, by: str, reason: str) -> str:
        """That somebody chose the locations, and why."""

    @abstractmethod
    def override_costs(self, delta_minor: int) -> str:
        """What the choice of somebody costs more (below 0: less) than the best plan."""

    @abstractmethod
    def again(self) -> str:
        """That the units were waiting."""

    @abstractmethod
    def serves(
        self, place: str, goods: Sequence[Goods], distance_km: float | None, price: Price
    ) -> str:
        """That a location serves goods, from how far, and for how much."""

    @abstractmethod
    def late(self, place: str, days: int) -> str:
        """That goods from a location come so many days after the wanted date."""

    @abstractmethod
    def waits(self, place: str, day: date) -> str:
        """That what a location serves is expected there on a day."""

    @abstractmethod
    def leaves_complete(self) -> str:
        """That nothing of the order leaves before the rest can."""

    @abstractmethod
    def nobody_serves(self) -> str:
        """That the plan is empty."""

    @abstractmethod
    def whole_plan(self, parcels: int, price: Price) -> str:
        """What the plan costs in all."""

    @abstractmethod
    def unfilled(self, goods: Sequence[Goods]) -> str:
        """That nobody serves these goods for now."""

    @abstractmethod
    def compared(self, other: Comparison) -> str:
        """What another plan would cost, and the main reason for the difference."""

    @abstractmethod
    def parcels_instead(self, parcels: int, chosen: int) -> str:
        """That another plan takes so many parcels instead of `chosen`; what follows "because"."""

    @abstractmethod
    def left_out(self, given: LeftOut) -> str:
        """That locations were not considered, and why."""

    @abstractmethod
    def parcels_ruled(self, rule: str) -> str:
        """That a plan with more parcels would cost less, and which rule limits them."""

    @abstractmethod
    def other_limit(self, name: str) -> str:
        """That a limit binds of which only the name is known."""

    @abstractmethod
    def proved(self, bound_minor: int | None, nodes: int) -> str:
        """That the best plan is known: this one, or one of that cost."""

    @abstractmethod
    def out_of_time(self, gap_minor: int, nodes: int) -> str:
        """That the search was ended, and how far from the best the plan is at most."""

    @abstractmethod
    def ruled(self, name: str, number: int) -> str:
        """Which rules decided."""

    @abstractmethod
    def by_costs_alone(self) -> str:
        """That no rules decided."""

    def limit(self, name: str) -> str:
        """That the limit of that name binds."""
        return self.limits.get(name) or self.other_limit(name)

    def because(self, other: Comparison) -> str | None:
        """The main reason for the difference: what follows "because"; None when none is known."""
        if other.main is None:
            return None
        is_dearer = other.delta_minor > 0
        more_parcels = other.parcels - other.chosen_parcels
        if other.main is CostKind.PARCEL and more_parcels and (more_parcels > 0) == is_dearer:
            return self.parcels_instead(other.parcels, other.chosen_parcels)
        reason = (self.dearer if is_dearer else self.cheaper)[other.main]
        if other.main is CostKind.DISTANCE and other.distance_km is not None:
            return f"{reason} ({self.km(other.distance_km)})"
        return reason

    def against(self, value: str | None, threshold: str | None) -> tuple[str, str] | None:
        """Value and threshold in figures, when both are known."""
        if value is None or threshold is None:
            return None
        return self.figure(value), self.figure(threshold)

    def money(self, amount_minor: int) -> str:
        """An amount such as 1,234.50 EUR."""
        amount = Money(amount_minor, self._currency).amount
        return f"{self._written(amount)} {self._currency}"

    def number(self, value: int) -> str:
        """A whole number such as 1,234."""
        return self._written(Decimal(value))

    def km(self, distance: float) -> str:
        """A distance such as 12.4 km."""
        digits = 0 if distance >= _WHOLE_KM else 1
        return f"{self._written(round(Decimal(distance), digits))} km"

    def figure(self, text: str) -> str:
        """What was compared: its numbers and the words around them as the language has them, names
        and tags as they are.
        """
        if text in self.phrases:
            return self.phrases[text]
        opening = next((each for each in _OPENINGS if text.startswith(f"{each} ")), None)
        if opening is None:
            return self._numbers(text)
        rest = text.removeprefix(f"{opening} ")
        said = rest if opening in _BEFORE_NAMES else self.figure(rest)
        return f"{self.phrases.get(opening, opening)} {said}"

    def _numbers(self, text: str) -> str:
        """A number, with its unit, and a second one after "and"."""
        first, joint, second = text.partition(" and ")
        number = first.removesuffix(" km")
        if not _NUMBER.fullmatch(number):
            return text
        said = number.replace(".", self.decimal_mark) + first.removeprefix(number)
        return f"{said} {self.phrases.get('and', 'and')} {self.figure(second)}" if joint else said

    def goods(self, goods: Sequence[Goods]) -> str:
        """Goods such as 2 × HAT and 1 × SCARF."""
        return self.listed(
            [
                f"{self.number(each.quantity)} × {each.sku}"
                if each.sku
                else self.units(each.quantity)
                for each in goods
            ]
        )

    def priced(self, price: Price) -> str:
        """An amount and its terms, such as 7.00 EUR: parcel 5.00 EUR, distance 2.00 EUR."""
        amount = self.money(price.amount_minor)
        terms = [f"{self.terms[each.kind]} {self.money(each.amount_minor)}" for each in price.terms]
        return f"{amount}: {', '.join(terms)}" if terms else amount

    def _written(self, value: Decimal) -> str:
        grouped = f"{value:,f}" if abs(value) >= self.grouped_from else f"{value:f}"
        marks = {",": self.group_mark, ".": self.decimal_mark}
        return "".join(marks.get(character, character) for character in grouped)
