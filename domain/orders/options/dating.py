"""When goods can be with a customer: opening hours, cut-offs and days on the way. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.locations.model import MIDNIGHT, Location, next_cut_off
from domain.orders.options.model import Window

PREPARATION = timedelta(hours=2)
"""What a location needs to pick and pack an order, from the moment when it is open."""
TRANSIT_DAYS = (2, 4)
"""Days on the way, at least and at most, when the tariff says nothing."""


def open_from(location: Location, at: datetime) -> datetime:
    """The first moment from `at` on (UTC) when the location is open: `at` itself if it is open
    then. Without opening hours it always is.
    """
    if not location.opening_hours:
        return at.astimezone(UTC)
    zone = ZoneInfo(location.time_zone)
    today = at.astimezone(zone).date()
    moments: list[datetime] = []
    for day in (today + timedelta(days=offset) for offset in range(9)):
        for period in location.opening_hours:
            if period.weekday != day.isoweekday():
                continue
            last_day = day + timedelta(days=1) if period.closes == MIDNIGHT else day
            closes = datetime.combine(last_day, period.closes, zone).astimezone(UTC)
            if closes > at:
                opens = datetime.combine(day, period.opens, zone).astimezone(UTC)
                moments.append(max(opens, at.astimezone(UTC)))
    return min(moments)


def handed_over(location: Location, now: datetime) -> datetime:
    """When a parcel leaves the location: at its next cut-off; without one, when it is prepared."""
    return next_cut_off(location, now) or open_from(location, now) + PREPARATION


def collected_from(location: Location, now: datetime) -> datetime:
    """From when on goods that lie in the store can be collected there: it prepares them as soon as
    it is open, and hands them out when it is open then.
    """
    return open_from(location, open_from(location, now) + PREPARATION)


def carried(location: Location, now: datetime, days: tuple[int, int]) -> Window:
    """When a parcel from the location arrives that is so many days on the way, at least and at
    most: at the hour of its hand-over by the location's clock.
    """
    zone = ZoneInfo(location.time_zone)
    left = handed_over(location, now).astimezone(zone)
    earliest, latest = ((left + timedelta(days=each)).astimezone(UTC) for each in days)
    return Window(earliest, latest)


def in_store(store: Location, window: Window) -> Window:
    """When goods that arrive at the store in the window can be collected there."""
    return Window(open_from(store, window.earliest), open_from(store, window.latest))


def all_of(windows: Iterable[Window]) -> Window | None:
    """When the last one of several parcels is there; None without any."""
    known = list(windows)
    if not known:
        return None
    return Window(max(each.earliest for each in known), max(each.latest for each in known))
