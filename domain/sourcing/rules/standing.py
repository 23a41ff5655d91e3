"""How the versions of a scope stand at a moment. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.sourcing.rules.errors import IllegalRuleSetStep
from domain.sourcing.rules.model import RuleSetStatus, RuleSetVersion, status_at


@dataclass(frozen=True, slots=True)
class Standing:
    """Versions of one rule set, the newest first, and those of `others` for the same scope."""

    at: datetime
    all_own: Sequence[RuleSetVersion]
    others: Sequence[RuleSetVersion]

    @property
    def own(self) -> list[RuleSetVersion]:
        """The set's versions that have a period, by its beginning."""
        return sorted(
            (each for each in self.all_own if each.valid_from is not None),
            key=_start,
        )

    @property
    def present(self) -> RuleSetVersion | None:
        """The set's version that counts."""
        return next(iter(self._own_that_are(RuleSetStatus.ACTIVE)), None)

    @property
    def scheduled(self) -> list[RuleSetVersion]:
        """The set's versions that will count."""
        return self._own_that_are(RuleSetStatus.SCHEDULED)

    @property
    def next_start(self) -> datetime | None:
        """When the next version of the scope begins, of any set."""
        starts = [each.valid_from for each in (*self.own, *self.others) if each.valid_from]
        return min((start for start in starts if start > self.at), default=None)

    def draft_to(self, action: str) -> RuleSetVersion:
        """The set's draft.

        Raises:
            IllegalRuleSetStep: there is none.
        """
        drafts = self._own_that_are(RuleSetStatus.DRAFT)
        if not drafts:
            raise IllegalRuleSetStep(action, "that has no draft")
        return drafts[0]

    def before_the_present(self) -> RuleSetVersion:
        """The set's version that counted last before the present one began to.

        Raises:
            IllegalRuleSetStep: none counts now, or none did before.
        """
        present = self.present
        if present is None:
            raise IllegalRuleSetStep("roll back", "of which nothing counts now")
        before = [each for each in self.own if _start(each) < _start(present)]
        if not before:
            raise IllegalRuleSetStep("roll back", "that had no other rules before")
        return before[-1]

    def taken_by_others(self, starts: datetime, ends: datetime | None) -> RuleSetVersion | None:
        """A version of another set that counts at `starts`, or begins before `ends`."""
        for each in self.others:
            over = each.valid_until is not None and each.valid_until <= starts
            begun = _start(each) <= starts
            if not over and (begun or ends is None or _start(each) < ends):
                return each
        return None

    def of_id(self, version_id: UUID) -> RuleSetVersion:
        """The set's version of that id."""
        return next(each for each in self.all_own if each.id == version_id)

    def _own_that_are(self, status: RuleSetStatus) -> list[RuleSetVersion]:
        return [
            each
            for each in self.all_own
            if status_at(self.at, each.valid_from, each.valid_until, each.retired_at) is status
        ]


def _start(version: RuleSetVersion) -> datetime:
    assert version.valid_from is not None  # only versions with a period are asked
    return version.valid_from
