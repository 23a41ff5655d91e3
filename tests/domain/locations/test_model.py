from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.common.errors import ValidationFailed
from domain.common.ids import LocationId
from domain.locations.model import (
    Location,
    LocationCode,
    LocationKind,
    OpeningHours,
    checked_hours,
    cut_off_after,
    is_open,
    next_cut_off,
    works_on,
)

ROME = Location(
    id=LocationId(UUID(int=1)),
    code=LocationCode("ROMA"),
    name="Roma",
    kind=LocationKind.STORE,
    street="",
    city="Roma",
    region="",
    postal_code="",
    country="IT",
    latitude=41.9,
    longitude=12.5,
    time_zone="Europe/Rome",
    opening_hours=(),
    cut_off=time(16, 30),
    daily_capacity=None,
    priority=100,
    trust=Decimal(1),
    can_ship=True,
    can_pickup=True,
    can_receive_returns=True,
    active=True,
    version=1,
)
ZONES = (
    "Europe/Rome",
    "America/New_York",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Scoresbysund",
    "Pacific/Apia",
    "Africa/Casablanca",
    "UTC",
)


def hours(*weekdays: int) -> tuple[OpeningHours, ...]:
    return tuple(OpeningHours(day, time(9), time(18)) for day in weekdays)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_the_cut_off_of_today_counts_until_its_minute() -> None:
    assert next_cut_off(ROME, utc(2026, 1, 5, 15, 29, 59)) == utc(2026, 1, 5, 15, 30)
    assert next_cut_off(ROME, utc(2026, 1, 5, 15, 30)) == utc(2026, 1, 6, 15, 30)


def test_it_is_local_time_on_both_sides_of_a_clock_change() -> None:
    assert next_cut_off(ROME, utc(2026, 3, 28, 12)) == utc(2026, 3, 28, 15, 30)
    assert next_cut_off(ROME, utc(2026, 3, 28, 16)) == utc(2026, 3, 29, 14, 30)
    assert next_cut_off(ROME, utc(2026, 10, 24, 16)) == utc(2026, 10, 25, 15, 30)


def test_a_skipped_minute_counts_later_and_a_doubled_one_counts_first() -> None:
    at_two = replace(ROME, cut_off=time(2, 30))
    assert next_cut_off(at_two, utc(2026, 3, 28, 22)) == utc(2026, 3, 29, 1, 30)
    assert next_cut_off(at_two, utc(2026, 10, 24, 22)) == utc(2026, 10, 25, 0, 30)
    assert next_cut_off(at_two, utc(2026, 10, 25, 1)) == utc(2026, 10, 26, 1, 30)


def test_only_working_days_have_a_cut_off() -> None:
    weekdays = replace(ROME, opening_hours=hours(1, 2, 3, 4, 5))
    assert next_cut_off(weekdays, utc(2026, 1, 9, 16)) == utc(2026, 1, 12, 15, 30)
    mondays = replace(ROME, opening_hours=hours(1))
    assert next_cut_off(mondays, utc(2026, 1, 5, 15, 30)) == utc(2026, 1, 12, 15, 30)


def test_without_a_cut_off_there_is_none() -> None:
    assert next_cut_off(replace(ROME, cut_off=None), utc(2026, 1, 5)) is None


moments = st.integers(0, 730_000_000).map(lambda s: utc(2011, 12, 20) + timedelta(seconds=s))
minutes = st.times().map(lambda t: t.replace(second=0, microsecond=0))
working_days = st.frozensets(st.integers(1, 7)).map(lambda days: hours(*sorted(days)))


@given(minutes, st.sampled_from(ZONES), working_days, moments)
@example(time(0), "Pacific/Apia", hours(1, 2, 5), utc(2011, 12, 27, 10))  # a day that never was
def test_next_cut_off_is_the_first_one_after_the_moment(
    cut_off: time, zone: str, open_on: tuple[OpeningHours, ...], at: datetime
) -> None:
    found = cut_off_after(cut_off, zone, open_on, at)

    assert at < found <= at + timedelta(days=9)
    # Brute force over every minute until then: no earlier minute of a working day shows it.
    local = found.astimezone(ZoneInfo(zone))
    shown = local.replace(tzinfo=None).time()
    if shown != cut_off or not works_on(open_on, local.isoweekday()):  # the clock skipped it
        assert timedelta(0) < _offset(local) - _offset(local - timedelta(hours=26))
    day = at
    while (day := day + timedelta(hours=1)) < found:
        earlier = day.astimezone(ZoneInfo(zone))
        moment = datetime.combine(earlier.date(), cut_off, ZoneInfo(zone)).astimezone(UTC)
        assert not (at < moment < found and works_on(open_on, earlier.isoweekday()))


def _offset(local: datetime) -> timedelta:
    offset = local.utcoffset()
    assert offset is not None
    return offset


@given(
    minutes,
    st.sampled_from(ZONES),
    working_days,
    moments,
    st.timedeltas(timedelta(0), timedelta(9)),
)
def test_a_later_question_never_gets_an_earlier_answer(
    cut_off: time,
    zone: str,
    open_on: tuple[OpeningHours, ...],
    at: datetime,
    later: timedelta,
) -> None:
    first = cut_off_after(cut_off, zone, open_on, at)
    second = cut_off_after(cut_off, zone, open_on, at + later)
    assert first <= second
    assert (first == second) == (at + later < first)


def test_opening_hours_are_sorted_and_may_touch() -> None:
    morning, evening = (
        OpeningHours(1, time(9), time(13)),
        OpeningHours(1, time(13), time(0)),
    )
    assert checked_hours([evening, morning]) == (morning, evening)


@pytest.mark.parametrize(
    "wrong",
    [
        [OpeningHours(0, time(9), time(10))],
        [OpeningHours(1, time(10), time(9))],
        [OpeningHours(1, time(9), time(12)), OpeningHours(1, time(11), time(13))],
        [OpeningHours(1, time(9), time(0)), OpeningHours(1, time(10), time(11))],
        [OpeningHours(1, time(9, tzinfo=UTC), time(10))],
        [OpeningHours(1, time(9), time(10))] * 43,
    ],
)
def test_contradictory_hours_are_refused(wrong: list[OpeningHours]) -> None:
    with pytest.raises(ValidationFailed):
        checked_hours(wrong)


def test_open_is_told_in_local_time() -> None:
    shop = replace(
        ROME, opening_hours=(OpeningHours(1, time(9), time(13)), OpeningHours(1, time(20), time(0)))
    )
    assert not is_open(shop, utc(2026, 1, 5, 7, 59))
    assert is_open(shop, utc(2026, 1, 5, 8))
    assert not is_open(shop, utc(2026, 1, 5, 12))
    assert is_open(shop, utc(2026, 1, 5, 22, 59))
    assert not is_open(shop, utc(2026, 1, 5, 23))
    assert is_open(ROME, utc(2026, 1, 5, 3))
