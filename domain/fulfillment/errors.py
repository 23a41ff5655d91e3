"""Refusals of the fulfillment area."""

from domain.common.errors import DomainError


class NothingToPick(DomainError):
    """No work fits the wish: there is nothing to walk for."""

    code = "NOTHING_TO_PICK"

    def __init__(self) -> None:
        super().__init__("there is nothing to pick")
