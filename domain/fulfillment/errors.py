"""Refusals of the fulfillment area."""

from domain.common.errors import DomainError


class NothingToPick(DomainError):
    """No work fits the wish: there is nothing to walk for."""

    code = "NOTHING_TO_PICK"

    def __init__(self) -> None:
        super().__init__("there is nothing to pick")


class IllegalWaveStep(DomainError):
    """The step does not fit the wave's present status; nothing was changed."""

    code = "ILLEGAL_WAVE_STEP"

    def __init__(self, action: str, status: str) -> None:
        super().__init__(f"cannot {action} a wave that is {status}")
        self.action = action
        self.status = status


class ExceptionResolved(DomainError):
    """Somebody resolved the exception before."""

    code = "EXCEPTION_RESOLVED"

    def __init__(self) -> None:
        super().__init__("the exception is resolved already")
