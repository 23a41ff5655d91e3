"""The life of a wave."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.common.ids import LocationId, WaveId
from domain.fulfillment.errors import IllegalWaveStep
from domain.fulfillment.model import PickListId
from domain.fulfillment.wave import (
    Wave,
    WaveStatus,
    cancelled,
    over_if_done,
    require_going,
    require_open,
    started,
)

NOW = datetime(2026, 11, 26, tzinfo=UTC)
OPEN = Wave(
    WaveId(UUID(int=1)), "W-1", LocationId(UUID(int=2)), WaveStatus.OPEN, None, "x", NOW, None,
    None, 1,
)  # fmt: skip
PICKING = started(OPEN, PickListId(UUID(int=3)), NOW)


def ended(status: WaveStatus) -> Wave:
    return replace(PICKING, status=status, ended_at=NOW)


def test_a_wave_that_is_started_has_its_list() -> None:
    assert (PICKING.status, PICKING.pick_list_id, PICKING.started_at) == (
        WaveStatus.PICKING, UUID(int=3), NOW,
    )  # fmt: skip
    require_open(OPEN, "START")
    require_going(PICKING, "REMOVE_FROM")
    assert cancelled(PICKING, NOW).status is WaveStatus.CANCELLED


@pytest.mark.parametrize("status", [WaveStatus.DONE, WaveStatus.CANCELLED])
def test_an_ended_wave_stays_as_it_is(status: WaveStatus) -> None:
    for step in (
        lambda: require_open(ended(status), "START"),
        lambda: require_going(ended(status), "REMOVE_FROM"),
        lambda: cancelled(ended(status), NOW),
    ):
        with pytest.raises(IllegalWaveStep, match=status.value):
            step()
    assert over_if_done(ended(status), works=0, waiting=0, now=NOW) == ended(status)


@pytest.mark.parametrize("wave", [OPEN, PICKING])
def test_a_wave_ends_when_nothing_waits(wave: Wave) -> None:
    assert over_if_done(wave, works=2, waiting=1, now=NOW) == wave
    assert over_if_done(wave, works=2, waiting=0, now=NOW).status is WaveStatus.DONE
    assert over_if_done(wave, works=0, waiting=0, now=NOW).status is WaveStatus.CANCELLED
