"""Refusals of the pickup area."""

from domain.common.errors import DomainError


class PickupCodeWrong(DomainError):
    """The code is not the order's. After too many tries only an identity check opens the way."""

    code = "PICKUP_CODE_WRONG"

    def __init__(self, tries_left: int) -> None:
        super().__init__(f"wrong pickup code; {tries_left} tries left")
        self.tries_left = tries_left
