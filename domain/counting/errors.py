"""Refusals of the counting area."""

from collections.abc import Collection

from domain.common.errors import DomainError
from domain.common.ids import Sku


class CountClosed(DomainError):
    """The count was posted or cancelled before."""

    code = "COUNT_CLOSED"

    def __init__(self, state: str) -> None:
        super().__init__(f"the count is {state}")
        self.state = state


class CountNeedsApproval(DomainError):
    """Variances are so large that somebody else must approve them. Nothing was posted."""

    code = "COUNT_NEEDS_APPROVAL"

    def __init__(self, skus: Collection[Sku]) -> None:
        super().__init__("must be approved: " + ", ".join(sorted(skus)))
        self.skus = sorted(skus)
