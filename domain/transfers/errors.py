"""Refusals of the transfers area."""

from domain.common.errors import DomainError


class IllegalTransferStep(DomainError):
    """The step does not fit the transfer's present state; nothing was changed."""

    code = "ILLEGAL_TRANSFER_STEP"

    def __init__(self, action: str, state: str) -> None:
        super().__init__(f"cannot {action} a transfer that is {state}")
        self.action = action
        self.state = state
