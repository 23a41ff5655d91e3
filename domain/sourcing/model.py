"""What sourcing is asked and what it answers. Pure values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from math import asin, cos, radians, sin, sqrt
from typing import TYPE_CHECKING, Protocol

from domain.common.ids import ChannelCode, LocationId, OrderLineId, Sku

if TYPE_CHECKING:
    from domain.sourcing.decision import Trace

EARTH_RADIUS_KM = 6371.0088


class SourcingReason(StrEnum):
    """Why a plan looks as it does, in a word; `Trace` says it in full."""

    SINGLE_LOCATION = "SINGLE_LOCATION"
    SPLIT = "SPLIT"
    PARTIAL = "PARTIAL"
    REQUIRED_LOCATION = "REQUIRED_LOCATION"
    NOTHING_AVAILABLE = "NOTHING_AVAILABLE"


class Trigger(StrEnum):
    """What made sourcing decide."""

    NEW = "NEW"
    """An order is placed."""
    RETRY = "RETRY"
    """Units that wait: rejected, short picked, lost, backordered, or added by an edit."""
    OVERRIDE = "OVERRIDE"
    """An operator chose the locations."""


@dataclass(frozen=True, slots=True)
class Place:
    """A point on earth, degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A location that may serve, and its available to promise per SKU.

    `kind` is that of a location (STORE, DC, ...). `daily_capacity` and `used_today` are fulfillment
    orders of its day; no capacity, no limit. `trust` in its stock figures is 0 to 1. `is_home`: the
    goods are collected there, so nothing has to be sent. `arrives_at` is when goods from there are
    with the customer at the earliest, by its opening hours, its cut-off and the way; it is known
    only where a date is wanted. With `expected_at` the units are not there yet: the location has
    them from then on, and units of the order that are planned from there wait.
    """

    location_id: LocationId
    code: str
    place: Place
    priority: int
    available: Mapping[Sku, int]
    kind: str = ""
    country: str = ""
    tags: frozenset[str] = frozenset()
    trust: Decimal = Decimal(1)
    daily_capacity: int | None = None
    used_today: int = 0
    is_home: bool = False
    arrives_at: datetime | None = None
    expected_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Units of one order line; `components` are the SKUs one unit takes (itself, unless a kit).

    `sku`, `tags`, `category` and `weight_g` are those of the variant that is sold.
    """

    line_id: OrderLineId
    quantity: int
    components: Mapping[Sku, int]
    sku: Sku
    tags: frozenset[str] = frozenset()
    weight_g: int = 0


@dataclass(frozen=True, slots=True)
class Carriage:
    """What a carrier's service asks for goods to one destination, in minor units: `light_minor` for
    a parcel of the lowest step of weight, `whole_minor` for one with all of them, `weight_g`.
    """

    carrier: str
    service: str
    currency: str
    light_minor: int
    whole_minor: int
    weight_g: int


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What rules may ask of an order besides its lines.

    `order_type` is the kind of its channel (WEB, POS, CALL_CENTER, MARKETPLACE, SOCIAL), `country`
    where the goods go, `at` the moment of the decision. `deliver_by` is when the customer wants
    them, None for as soon as may be. With `ship_complete` nothing leaves before all of it can.
    `carriage` is known where the rules go by carriers' rates; the `postal_code` is only there to
    find it, and is never kept.
    """

    channel: ChannelCode
    order_type: str
    country: str
    delivery_mode: str
    at: datetime
    near: Place | None = None
    ship_complete: bool = False
    deliver_by: datetime | None = None
    carriage: Carriage | None = None
    postal_code: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Question:
    """All that a decision depends on, but for the rules. `failed` are locations that could not
    serve these units before; they are not among the candidates.
    """

    circumstances: Circumstances
    wanted: Sequence[Wanted]
    candidates: Sequence[Candidate]
    failed: Sequence[LocationId] = ()
    trigger: Trigger = Trigger.NEW


@dataclass(frozen=True, slots=True)
class Assignment:
    """Units of a line that a location will serve."""

    line_id: OrderLineId
    location_id: LocationId
    quantity: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Who serves what; `unfilled` are units per line that nobody can serve now. `question` and
    `trace` tell how it came about; an imported plan has none.
    """

    assignments: Sequence[Assignment]
    unfilled: Mapping[OrderLineId, int]
    reason: SourcingReason
    question: "Question | None" = field(default=None, compare=False)
    trace: "Trace | None" = field(default=None, compare=False)


class SourcingPolicy(Protocol):
    """Chooses locations. Pure: equal questions get equal answers."""

    def plan(self, question: Question) -> Plan:
        """A plan for all that is wanted, with what cannot be served listed as unfilled."""
        ...

    def forced(self, question: Question, location_id: LocationId) -> Plan:
        """The plan in which one candidate serves all it can, whatever rules and capacities say."""
        ...


def distance_km(a: Place, b: Place) -> float:
    """Great-circle distance in km (haversine formula, mean earth radius 6371.0088 km)."""
    lat_a, lat_b = radians(a.latitude), radians(b.latitude)
    half_lat = sin((lat_b - lat_a) / 2)
    half_lon = sin(radians(b.longitude - a.longitude) / 2)
    chord = half_lat**2 + cos(lat_a) * cos(lat_b) * half_lon**2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, chord)))
