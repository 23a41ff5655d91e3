"""Deadlines by store hours, and pickup codes. Pure."""

import hmac
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.common.numbers import ALPHABET
from domain.locations.model import MIDNIGHT, Location, OpeningHours, works_on

DAYS_TO_COLLECT = 7
MAX_EXTENSION_DAYS = 14
MAX_DAYS_WAITING = 45
MAX_WRONG_CODES = 5
_MAX_CLOSED_DAYS = 31


def pickup_code() -> str:
    """A code such as 7K3F92: 30 random bits, readable aloud; wrong tries are counted."""
    return "".join(secrets.choice(ALPHABET) for _ in range(6))


def is_code(known: str, given: str) -> bool:
    """Whether `given` is the code, however it was typed; takes the same time for any mistake."""
    typed = "".join(given.split()).replace("-", "").upper()
    return hmac.compare_digest(known.encode(), typed.encode())


def collect_until(location: Location, start: datetime, days: int) -> datetime:
    """When the store closes `days` days after `start`, in UTC; on the next day that it is open, if
    it is closed then. A store without opening hours closes at midnight.
    """
    return closing_time(location.time_zone, location.opening_hours, start, days)


def closing_time(
    time_zone: str, hours: Sequence[OpeningHours], start: datetime, days: int
) -> datetime:
    """See `collect_until`; `hours` are local times of `time_zone`."""
    zone = ZoneInfo(time_zone)
    day = start.astimezone(zone).date() + timedelta(days=days)
    for _ in range(_MAX_CLOSED_DAYS):
        if works_on(hours, day.isoweekday()):
            break
        day += timedelta(days=1)
    closing = [period.closes for period in hours if period.weekday == day.isoweekday()]
    last = MIDNIGHT if not closing or MIDNIGHT in closing else max(closing)
    if last == MIDNIGHT:
        day, last = day + timedelta(days=1), time(0)
    return datetime.combine(day, last, zone).astimezone(UTC)
