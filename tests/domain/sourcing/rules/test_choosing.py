"""Which version counts for an order, and what a local time means."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.sourcing.rules.choosing import instant_of, the_one_for
from domain.sourcing.rules.model import (
    STANDARD_COSTS,
    RuleSetId,
    RuleSetStatus,
    RuleSetVersion,
    RuleSetVersionId,
    Scope,
    status_at,
)
from tests.domain.sourcing.rules.making import THURSDAY, question

WEB = question().circumstances


def version(number: int, **scope: Any) -> RuleSetVersion:
    """A version in force for the scope."""
    return RuleSetVersion(
        id=RuleSetVersionId(UUID(int=number)),
        rule_set_id=RuleSetId(UUID(int=number)),
        name=f"Set {number}",
        scope=Scope(**scope),
        number=1,
        rules=(),
        costs=STANDARD_COSTS,
        status=RuleSetStatus.ACTIVE,
        valid_from=THURSDAY,
        valid_until=None,
        author="",
        note="",
        created_at=THURSDAY,
    )


def test_only_a_scope_that_covers_the_order_counts() -> None:
    others = [
        version(1, channel="POS"),
        version(2, country="ES"),
        version(3, order_type="POS"),
        version(4, delivery_mode="PICKUP"),
        version(5, channel="WEB-IT", country="ES"),
    ]
    assert the_one_for(others, WEB) is None
    assert the_one_for([], WEB) is None
    anything = version(6)
    assert the_one_for([*others, anything], WEB) is anything


def test_the_most_precise_scope_wins() -> None:
    ranked = [
        version(1, channel="WEB-IT", country="IT"),
        version(2, channel="WEB-IT", order_type="WEB", delivery_mode="SHIP"),
        version(3, channel="WEB-IT"),
        version(4, country="IT", order_type="WEB", delivery_mode="SHIP"),
        version(5, country="IT"),
        version(6, order_type="WEB", delivery_mode="SHIP"),
        version(7, order_type="WEB"),
        version(8, delivery_mode="SHIP"),
        version(9),
    ]
    for position, best in enumerate(ranked):
        assert the_one_for(reversed(ranked[position:]), WEB) is best


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2026-10-01T00:00", "2026-09-30T22:00+00:00"),
        ("2026-03-29T01:59", "2026-03-29T00:59+00:00"),
        ("2026-03-29T02:30", "2026-03-29T01:30+00:00"),
        ("2026-03-29T03:00", "2026-03-29T01:00+00:00"),
        ("2026-10-25T02:30", "2026-10-25T00:30+00:00"),
        ("2026-10-25T03:00", "2026-10-25T02:00+00:00"),
        ("2026-10-25T02:30+01:00", "2026-10-25T01:30+00:00"),
        ("2026-10-01T00:00Z", "2026-10-01T00:00+00:00"),
    ],
)
def test_local_times_are_those_of_the_zone(local: str, utc: str) -> None:
    given = datetime.fromisoformat(local)
    assert instant_of(given, "Europe/Rome") == datetime.fromisoformat(utc)
    assert instant_of(given.replace(fold=1), "Europe/Rome") == datetime.fromisoformat(utc)
    assert instant_of(given, "Europe/Rome").tzinfo is UTC


def test_the_status_follows_from_the_period() -> None:
    hour = timedelta(hours=1)
    starts, ends = THURSDAY, THURSDAY + hour
    assert status_at(starts, None, None, None) is RuleSetStatus.DRAFT
    assert status_at(starts, None, None, starts) is RuleSetStatus.RETIRED
    assert status_at(starts - hour, starts, ends, None) is RuleSetStatus.SCHEDULED
    assert status_at(starts, starts, ends, None) is RuleSetStatus.ACTIVE
    assert status_at(ends - timedelta.resolution, starts, ends, None) is RuleSetStatus.ACTIVE
    assert status_at(ends, starts, ends, None) is RuleSetStatus.RETIRED
    assert status_at(ends + 9 * hour, starts, None, None) is RuleSetStatus.ACTIVE
