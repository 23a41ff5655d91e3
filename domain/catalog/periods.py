"""Periods of validity: how a new one fits among those that exist. Pure rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.common.errors import ValidationFailed


@dataclass(frozen=True, slots=True)
class Period:
    """From `starts` until just before `ends`; None is without a limit on that side."""

    id: UUID
    starts: datetime | None
    ends: datetime | None

    def overlaps(self, starts: datetime, ends: datetime | None) -> bool:
        """Whether a moment lies in both this and the other period."""
        begins_before = ends is None or self.starts is None or self.starts < ends
        return begins_before and (self.ends is None or starts < self.ends)


@dataclass(frozen=True, slots=True)
class Fitting:
    """What must happen to an existing period for a new one to fit.

    `cut` ends where the new one starts; `resumes` says that a copy of it goes on where the new one
    ends. `replaced` takes the new value instead of a new period being added.
    """

    cut: UUID | None = None
    resumes: bool = False
    replaced: UUID | None = None


class Overlapping(Exception):
    """A new period does not fit, because of `period`. Each caller has its own error for it."""

    def __init__(self, period: Period) -> None:
        super().__init__("periods overlap")
        self.period = period


def check_order(starts: datetime, ends: datetime | None) -> None:
    """Nothing, when the period has a length.

    Raises:
        ValidationFailed: it ends before or when it starts.
    """
    if ends is not None and ends <= starts:
        raise ValidationFailed("validTo", "must be later than validFrom")


def fit(
    existing: Sequence[Period], starts: datetime, ends: datetime | None, *, now: datetime
) -> Fitting:
    """How the period from `starts` to `ends` fits among `existing`, which do not overlap.

    An open period that began earlier is cut, and goes on afterwards when the new one has an end. A
    period of the same limits that has not begun yet is replaced. Nothing else may overlap.

    Raises:
        Overlapping: the first period that is in the way.
    """
    in_the_way = [each for each in existing if each.overlaps(starts, ends)]
    if not in_the_way:
        return Fitting()
    first = in_the_way[0]
    if len(in_the_way) == 1:
        if first.ends is None and (first.starts is None or first.starts < starts):
            return Fitting(cut=first.id, resumes=ends is not None)
        if (first.starts, first.ends) == (starts, ends) and starts > now:
            return Fitting(replaced=first.id)
    raise Overlapping(first)
