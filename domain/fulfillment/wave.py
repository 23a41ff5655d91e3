"""Waves as values: several works of a location, picked in one walk. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.common.ids import LocationId, WaveId
from domain.fulfillment.errors import IllegalWaveStep
from domain.fulfillment.model import PickListId


class WaveStatus(StrEnum):
    """OPEN: put together. PICKING: somebody walks. DONE and CANCELLED are final."""

    OPEN = "OPEN"
    PICKING = "PICKING"
    DONE = "DONE"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Wave:
    """Works of one location that are picked together; the works know their wave. `version` counts
    the wave's own changes.
    """

    id: WaveId
    number: str
    location_id: LocationId
    status: WaveStatus
    pick_list_id: PickListId | None
    created_by: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    version: int


def started(wave: Wave, pick_list_id: PickListId, now: datetime) -> Wave:
    """The open `wave` in picking, with its pick list."""
    return replace(wave, status=WaveStatus.PICKING, pick_list_id=pick_list_id, started_at=now)


def require_open(wave: Wave, action: str) -> None:
    """Nothing, when nobody walks for the wave yet and it has not ended.

    Raises:
        IllegalWaveStep: otherwise.
    """
    _require(wave, action, WaveStatus.OPEN)


def require_going(wave: Wave, action: str) -> None:
    """Nothing, when the wave has not ended.

    Raises:
        IllegalWaveStep: otherwise.
    """
    _require(wave, action, WaveStatus.OPEN, WaveStatus.PICKING)


def cancelled(wave: Wave, now: datetime) -> Wave:
    """`wave`, given up.

    Raises:
        IllegalWaveStep: it has ended.
    """
    require_going(wave, "CANCEL")
    return replace(wave, status=WaveStatus.CANCELLED, ended_at=now)


def over_if_done(wave: Wave, *, works: int, waiting: int, now: datetime) -> Wave:
    """`wave`, DONE when none of its works waits to be picked, CANCELLED when it has none at all."""
    if waiting or wave.ended_at is not None:
        return wave
    status = WaveStatus.DONE if works else WaveStatus.CANCELLED
    return replace(wave, status=status, ended_at=now)


def _require(wave: Wave, action: str, *statuses: WaveStatus) -> None:
    if wave.status not in statuses:
        raise IllegalWaveStep(action, wave.status.value)
