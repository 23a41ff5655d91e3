"""The port to a payment service provider (PSP)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """What the PSP said."""

    APPROVED = "APPROVED"
    DECLINED = "DECLINED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class GatewayAnswer:
    """The PSP's answer; UNKNOWN when none came in time: ask again with the same key."""

    outcome: Outcome
    reference: str | None = None
    reason: str | None = None


class PaymentGateway(Protocol):
    """A PSP. Every call is idempotent by `psp_key`: the same key never charges twice.

    Calls never raise for time-outs or refusals; they answer. No database row is locked meanwhile.
    """

    async def authorise(
        self, psp_key: str, token: str, amount_minor: int, currency: str
    ) -> GatewayAnswer:
        """Put `amount_minor` of the customer's money aside."""
        ...

    async def capture(self, psp_key: str, reference: str, amount_minor: int) -> GatewayAnswer:
        """Take `amount_minor` (at most what is left) of the authorisation `reference`."""
        ...

    async def refund(self, psp_key: str, reference: str, amount_minor: int) -> GatewayAnswer:
        """Give back `amount_minor` (at most what is captured and not refunded)."""
        ...

    async def void(self, psp_key: str, reference: str) -> GatewayAnswer:
        """Let go of what was authorised and not captured."""
        ...
