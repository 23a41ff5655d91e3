"""What rules ask of an order, a line and a location: trees of typed predicates. Pure values."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar, Union

P = TypeVar("P")

MAX_DEPTH = 8
"""Levels of a condition; a predicate alone has one."""
MAX_NODES = 100
"""Predicates, all, any and not of one condition."""


class Fact(StrEnum):
    """What a line of an order is, in one word; the order's facts are those of all its lines."""

    CHANNEL = "channel"
    COUNTRY = "country"
    ORDER_TYPE = "orderType"
    DELIVERY_MODE = "deliveryMode"
    SKU = "sku"


class LocationFact(StrEnum):
    """What a location is, in one word."""

    CODE = "code"
    KIND = "kind"
    COUNTRY = "country"


class Measure(StrEnum):
    """What can be counted or weighed."""

    WEIGHT_G = "weightG"
    """Of one unit of the line."""
    QUANTITY = "quantity"
    """Units of the line."""
    ORDER_UNITS = "orderUnits"
    """Units of all lines."""


class Match(StrEnum):
    """How tags are compared with a list."""

    HAS_ANY = "hasAny"
    HAS_ALL = "hasAll"
    HAS_NONE = "hasNone"


class Destination(StrEnum):
    """Where a location is, seen from where the goods go."""

    SAME_COUNTRY = "SAME_COUNTRY"
    OTHER_COUNTRY = "OTHER_COUNTRY"


@dataclass(frozen=True, slots=True)
class Among:
    """The fact is one of the values; none of them when `negated`."""

    fact: Fact
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class LocationAmong:
    """As `Among`, of a location."""

    fact: LocationFact
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Tagged:
    """The tags of the line's SKU, or of the location, compare like this with a list."""

    match: Match
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """The measure is within these limits, both included; None is without one."""

    measure: Measure
    at_least: int | None = None
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class OnWeekdays:
    """The decision falls on one of these days (1 Monday to 7 Sunday) of the merchant's calendar."""

    days: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OnDates:
    """The decision falls between these days of the merchant's calendar, both included."""

    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class AtDestination:
    """The location lies in the country where the goods go, or in another one."""

    where: Destination


@dataclass(frozen=True, slots=True)
class Trusted:
    """Trust in the location's stock figures: `at_least` this and `below` that; None, no limit."""

    at_least: Decimal | None = None
    below: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Distant:
    """The location's distance from the destination in km, both limits included. Never true when
    nobody knows where on earth the destination is.
    """

    at_least: int | None = None
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class IsHome:
    """The location is the store where the goods are collected, or is not."""

    yes: bool


@dataclass(frozen=True, slots=True)
class All(Generic[P]):
    """Every part is true; without parts it always is."""

    parts: tuple["P | All[P] | Either[P] | Not[P]", ...] = ()


@dataclass(frozen=True, slots=True)
class Either(Generic[P]):
    """One part at least is true."""

    parts: tuple["P | All[P] | Either[P] | Not[P]", ...]


@dataclass(frozen=True, slots=True)
class Not(Generic[P]):
    """The part is not true."""

    part: "P | All[P] | Either[P] | Not[P]"


Asked: TypeAlias = Among | Tagged | Measured | OnWeekdays | OnDates
LocationAsked: TypeAlias = LocationAmong | AtDestination | Tagged | Trusted | Distant | IsHome
Tree: TypeAlias = Union[P, All[P], Either[P], Not[P]]  # noqa: UP007 -- generic in P
Condition: TypeAlias = Tree[Asked]
LocationCondition: TypeAlias = Tree[LocationAsked]

ALWAYS: Condition = All()
EVERYWHERE: LocationCondition = All()
