"""What sourcing is asked and what it answers. Pure values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import asin, cos, radians, sin, sqrt
from typing import Protocol

from domain.common.ids import LocationId, OrderLineId, Sku

EARTH_RADIUS_KM = 6371.0088


class SourcingReason(StrEnum):
    """Why a plan looks as it does."""

    SINGLE_NEAREST = "SINGLE_NEAREST"
    FEWEST_SPLIT = "FEWEST_SPLIT"
    PARTIAL = "PARTIAL"
    REQUIRED_LOCATION = "REQUIRED_LOCATION"
    NOTHING_AVAILABLE = "NOTHING_AVAILABLE"


@dataclass(frozen=True, slots=True)
class Place:
    """A point on earth, degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A location that may serve, and its available to promise per SKU."""

    location_id: LocationId
    code: str
    place: Place
    priority: int
    available: Mapping[Sku, int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Units of one order line; `components` are the SKUs one unit takes (itself, unless a kit)."""

    line_id: OrderLineId
    quantity: int
    components: Mapping[Sku, int]


@dataclass(frozen=True, slots=True)
class Assignment:
    """Units of a line that a location will serve."""

    line_id: OrderLineId
    location_id: LocationId
    quantity: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Who serves what; `unfilled` are units per line that nobody can serve now."""

    assignments: Sequence[Assignment]
    unfilled: Mapping[OrderLineId, int]
    reason: SourcingReason


class SourcingPolicy(Protocol):
    """Chooses locations. Pure: equal questions get equal answers."""

    def plan(
        self, wanted: Sequence[Wanted], candidates: Sequence[Candidate], near: Place | None
    ) -> Plan:
        """A plan for all of `wanted`, with what cannot be served listed as unfilled."""
        ...


def distance_km(a: Place, b: Place) -> float:
    """Great-circle distance in km (haversine formula, mean earth radius 6371.0088 km)."""
    lat_a, lat_b = radians(a.latitude), radians(b.latitude)
    half_lat = sin((lat_b - lat_a) / 2)
    half_lon = sin(radians(b.longitude - a.longitude) / 2)
    chord = half_lat**2 + cos(lat_a) * cos(lat_b) * half_lon**2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, chord)))
