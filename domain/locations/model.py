"""Locations: what they are, when they are open, and their next hand-over to the carrier."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from math import isfinite
from typing import NewType
from zoneinfo import ZoneInfo, available_timezones

from domain.common.card_numbers import check_no_card_number
from domain.common.errors import ValidationFailed
from domain.common.ids import ChannelCode, LocationId
from domain.common.texts import checked_code, checked_country, checked_tags, needed_line, one_line

LocationCode = NewType("LocationCode", str)
MIDNIGHT = time(0)
MAX_INTEGER = 2**31 - 1
_MAX_PERIODS_A_WEEK = 42
_ZONE = re.compile(r"[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+)*")


class LocationKind(StrEnum):
    """What a location is to the retailer."""

    STORE = "STORE"
    DC = "DC"
    DARK_STORE = "DARK_STORE"
    SUPPLIER = "SUPPLIER"
    MARKETPLACE = "MARKETPLACE"
    RESELLER = "RESELLER"


@dataclass(frozen=True, slots=True, order=True)
class OpeningHours:
    """One period of a weekday (1 Monday to 7 Sunday, ISO 8601) in local time; closing at 00:00
    means at the end of that day.
    """

    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Coordinates:
    """A point on earth (WGS 84), degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Location:
    """A place that holds stock, serves orders, or both.

    Without `opening_hours` it works every day. `cut_off` is the local time of a working day's last
    hand-over to the carrier. `daily_capacity` is in fulfillment orders, None for no limit. Sourcing
    prefers a lower `priority`; `trust` in its stock figures is 0 to 1.
    """

    id: LocationId
    code: LocationCode
    name: str
    kind: LocationKind
    street: str
    city: str
    region: str
    postal_code: str
    country: str
    latitude: float
    longitude: float
    time_zone: str
    opening_hours: tuple[OpeningHours, ...]
    cut_off: time | None
    daily_capacity: int | None
    priority: int
    trust: Decimal
    can_ship: bool
    can_pickup: bool
    can_receive_returns: bool
    active: bool
    version: int
    channels: tuple[ChannelCode, ...] = ()
    """Codes of the channels that may draw on it, sorted."""
    tags: tuple[str, ...] = ()
    """Words that rules can refer to, sorted."""


def checked(location: Location) -> Location:
    """`location` with its texts, hours and numbers in normal form.

    Raises:
        ValidationFailed: a value is malformed or out of range.
    """
    checked_code("code", location.code)
    _check_numbers(location)
    return replace(
        location,
        name=_line("name", needed_line("name", location.name, 200)),
        street=_line("address.street", location.street),
        city=_line("address.city", needed_line("address.city", location.city, 200)),
        region=_line("address.region", location.region),
        postal_code=_line("address.postalCode", location.postal_code),
        country=checked_country("address.country", location.country),
        time_zone=checked_time_zone(location.time_zone),
        opening_hours=checked_hours(location.opening_hours),
        cut_off=None if location.cut_off is None else _to_the_minute("cutOff", location.cut_off),
        trust=location.trust.quantize(Decimal("0.01")),
        tags=checked_tags("tags", location.tags),
    )


def _line(field: str, text: str) -> str:
    line = one_line(field, text, 200)
    check_no_card_number(field, line)
    return line


def _check_numbers(location: Location) -> None:
    check_coordinates("position", location.latitude, location.longitude)
    capacity = location.daily_capacity
    if capacity is not None and not 0 <= capacity <= MAX_INTEGER:
        raise ValidationFailed("dailyCapacity", "must not be negative")
    if not 0 <= location.priority <= MAX_INTEGER:
        raise ValidationFailed("priority", "must not be negative")
    if not (location.trust.is_finite() and 0 <= location.trust <= 1):
        raise ValidationFailed("trust", "must be 0 to 1")


def check_coordinates(field: str, latitude: float, longitude: float) -> None:
    """Nothing, when the degrees name a point on earth.

    Raises:
        ValidationFailed: for `field.latitude` or `field.longitude`.
    """
    if not (isfinite(latitude) and -90 <= latitude <= 90):
        raise ValidationFailed(f"{field}.latitude", "must be -90 to 90 degrees")
    if not (isfinite(longitude) and -180 <= longitude <= 180):
        raise ValidationFailed(f"{field}.longitude", "must be -180 to 180 degrees")


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def checked_time_zone(name: str) -> str:
    """`name` itself, a zone of the IANA time zone database such as `Europe/Rome`.

    Raises:
        ValidationFailed: it is not one.
    """
    if not _ZONE.fullmatch(name) or name not in _zones():
        raise ValidationFailed("timeZone", "must be an IANA time zone such as Europe/Rome")
    return name


def checked_hours(hours: Sequence[OpeningHours]) -> tuple[OpeningHours, ...]:
    """`hours` sorted by weekday and time.

    Raises:
        ValidationFailed: a weekday is not 1 to 7, a time has seconds or a zone, a period closes
            before it opens, or two periods overlap.
    """
    if len(hours) > _MAX_PERIODS_A_WEEK:
        raise ValidationFailed("openingHours", f"has more than {_MAX_PERIODS_A_WEEK} periods")
    for period in hours:
        if not 1 <= period.weekday <= 7:
            raise ValidationFailed("openingHours.weekday", "must be 1 (Monday) to 7 (Sunday)")
        _to_the_minute("openingHours.opens", period.opens)
        _to_the_minute("openingHours.closes", period.closes)
        if period.closes <= period.opens and period.closes != MIDNIGHT:
            raise ValidationFailed("openingHours.closes", "must be later than opens")
    ordered = tuple(sorted(hours))
    for earlier, later in pairwise(ordered):
        together = earlier.weekday == later.weekday
        if together and (earlier.closes == MIDNIGHT or later.opens < earlier.closes):
            raise ValidationFailed("openingHours", f"overlap on weekday {later.weekday}")
    return ordered


def _to_the_minute(field: str, local: time) -> time:
    if local.tzinfo is not None or local.second or local.microsecond:
        raise ValidationFailed(field, "must be a local time in hours and minutes")
    return local


def works_on(hours: Sequence[OpeningHours], weekday: int) -> bool:
    """Whether a location with these hours works on `weekday` (1 Monday to 7 Sunday)."""
    return not hours or any(period.weekday == weekday for period in hours)


def is_open(location: Location, at: datetime) -> bool:
    """Whether the location is open at the moment `at`; without opening hours it always is."""
    local = at.astimezone(ZoneInfo(location.time_zone))
    now = local.time()
    return not location.opening_hours or any(
        period.weekday == local.isoweekday()
        and period.opens <= now
        and (now < period.closes or period.closes == MIDNIGHT)
        for period in location.opening_hours
    )


def next_cut_off(location: Location, at: datetime) -> datetime | None:
    """The first hand-over to the carrier that is later than `at`, in UTC; None when there is none.

    See `cut_off_after`.
    """
    if location.cut_off is None:
        return None
    return cut_off_after(location.cut_off, location.time_zone, location.opening_hours, at)


def cut_off_after(
    cut_off: time, time_zone: str, hours: Sequence[OpeningHours], at: datetime
) -> datetime:
    """The first moment later than `at` (UTC) when a working day's local clock shows `cut_off`.

    A local time that the clock skips in spring counts as much later as the clock jumps; of one that
    it shows twice in autumn the first counts (PEP 495, fold=0).
    """
    zone = ZoneInfo(time_zone)
    today = at.astimezone(zone).date()
    # Yesterday too: a clock that jumps at midnight moves yesterday's late cut-off into today.
    days = [today + timedelta(days=offset) for offset in range(-1, 9)]
    moments = [
        datetime.combine(day, cut_off, zone).astimezone(UTC)
        for day in days
        if works_on(hours, day.isoweekday())
    ]
    return min(moment for moment in moments if moment > at)
