"""Refusals of labels."""

from domain.common.errors import DomainError


class IllegalLabelStep(DomainError):
    """The label is not in a state for that, or something else is done with it just now."""

    code = "ILLEGAL_LABEL_STEP"

    def __init__(self, action: str, state: str) -> None:
        super().__init__(f"{action} is not possible: {state}")
        self.action = action
        self.state = state


class LabelNotUsable(DomainError):
    """The tracking number is of a label that must not go on this parcel. Nothing was shipped."""

    code = "LABEL_NOT_USABLE"

    def __init__(self, tracking_number: str, reason: str) -> None:
        super().__init__(f"the label with number {tracking_number} {reason}")
        self.tracking_number = tracking_number
        self.reason = reason
