"""When goods can be with a customer, by opening hours, cut-offs and days on the way."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.common.ids import LocationId
from domain.locations.model import Location, LocationCode, LocationKind, OpeningHours, is_open
from domain.orders.options.dating import (
    PREPARATION,
    all_of,
    carried,
    collected_from,
    handed_over,
    in_store,
    open_from,
)
from domain.orders.options.model import Window

WEEK = tuple(OpeningHours(day, time(9), time(19)) for day in range(1, 7))
"""Monday to Saturday."""
STORE = Location(
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
    opening_hours=WEEK,
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
ALWAYS = replace(STORE, opening_hours=(), cut_off=None)


def utc(day: int, hour: int, minute: int = 0, month: int = 6) -> datetime:
    """A moment of 2026; the 1st of June is a Monday, and Rome is two hours ahead."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        (utc(1, 10), utc(1, 10)),
        (utc(1, 5), utc(1, 7)),
        (utc(1, 17), utc(2, 7)),
        (utc(6, 17), utc(8, 7)),
        (utc(7, 12), utc(8, 7)),
    ],
)
def test_a_store_opens_on_the_next_day_with_hours(at: datetime, opens: datetime) -> None:
    assert open_from(STORE, at) == opens


def test_a_store_that_is_open_past_midnight_is_open_then() -> None:
    late = (OpeningHours(1, time(20), time(0)), OpeningHours(2, time(0), time(2)))
    store = replace(STORE, opening_hours=late)
    assert open_from(store, utc(1, 21, 59)) == utc(1, 21, 59)
    assert open_from(store, utc(1, 22)) == utc(1, 22)
    assert open_from(store, utc(2, 0)) == utc(8, 18)
    assert open_from(ALWAYS, utc(7, 3)) == utc(7, 3)


def hours(days: Iterable[int], opens: int, length: int) -> tuple[OpeningHours, ...]:
    closes = opens + length
    return tuple(OpeningHours(day, time(opens), time(closes % 24)) for day in sorted(days))


@given(
    hours=st.builds(
        hours,
        st.sets(st.integers(1, 7), min_size=1),
        st.integers(4, 20),
        st.integers(1, 4),
    ),
    minutes=st.integers(0, 60 * 24 * 366),
    zone=st.sampled_from(["Europe/Rome", "America/New_York", "Asia/Kathmandu", "UTC"]),
)
def test_from_then_on_it_is_open_and_was_not_before(
    hours: tuple[OpeningHours, ...], minutes: int, zone: str
) -> None:
    store = replace(STORE, opening_hours=hours, time_zone=zone)
    at = utc(1, 0, month=1) + timedelta(minutes=minutes)
    found = open_from(store, at)
    assert found >= at
    assert is_open(store, found)
    if found > at:
        assert not is_open(store, at)
        assert not is_open(store, found - timedelta(minutes=1))


def test_parcels_leave_at_the_next_cut_off_or_when_they_are_prepared() -> None:
    assert handed_over(STORE, utc(1, 10)) == utc(1, 14, 30)
    assert handed_over(STORE, utc(6, 15)) == utc(8, 14, 30)
    assert handed_over(replace(STORE, cut_off=None), utc(7, 15)) == utc(8, 7) + PREPARATION


def test_parcels_arrive_so_many_days_later_by_the_clock_of_the_sender() -> None:
    assert carried(STORE, utc(1, 10), (2, 4)) == Window(utc(3, 14, 30), utc(5, 14, 30))
    before_summer = utc(27, 10, month=3)
    found = carried(STORE, before_summer, (1, 3))
    assert found == Window(utc(28, 15, 30, month=3), utc(30, 14, 30, month=3))


@pytest.mark.parametrize(
    ("at", "ready"),
    [
        (utc(1, 10), utc(1, 12)),
        (utc(1, 5), utc(1, 9)),
        (utc(1, 16, 30), utc(2, 7)),
        (utc(6, 16, 30), utc(8, 7)),
        (utc(7, 12), utc(8, 9)),
    ],
)
def test_goods_in_a_store_are_prepared_and_handed_out_when_it_is_open(
    at: datetime, ready: datetime
) -> None:
    assert collected_from(STORE, at) == ready


def test_goods_that_come_to_a_store_wait_until_it_opens() -> None:
    assert in_store(STORE, Window(utc(6, 20), utc(9, 10))) == Window(utc(8, 7), utc(9, 10))


def test_the_last_parcel_counts() -> None:
    first, second = Window(utc(1, 1), utc(9, 1)), Window(utc(2, 1), utc(3, 1))
    assert all_of([first, second]) == Window(utc(2, 1), utc(9, 1))
    assert all_of([]) is None
