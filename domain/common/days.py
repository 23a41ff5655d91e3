"""Days of the calendar as moments."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def start_of_day(day: date, time_zone: str) -> datetime:
    """The moment (UTC) at which the day begins in the time zone."""
    return datetime.combine(day, time.min, ZoneInfo(time_zone)).astimezone(UTC)


def end_of_day(day: date, time_zone: str) -> datetime:
    """The moment (UTC) at which the day is over in the time zone."""
    return start_of_day(day + timedelta(days=1), time_zone)
