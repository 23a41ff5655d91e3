"""Refusals of carriers."""

from domain.common.errors import DomainError


class CarrierRefused(DomainError):
    """The carrier does not do what it was asked for; `reason` is in its own words."""

    code = "CARRIER_REFUSED"

    def __init__(self, carrier: str, reason: str) -> None:
        super().__init__(f"{carrier} refused: {reason}")
        self.carrier = carrier
        self.reason = reason
