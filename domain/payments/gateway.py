"""The port to a payment service provider (PSP)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """What the PSP said."""

    APPROVED = "APPROVED"
    DECLINED = "DECLINED"
    UNKNOWN = "UNKNOWN"


class Operation(StrEnum):
    """What a PSP is asked to do with money."""

    AUTHORISE = "AUTHORISE"
    CAPTURE = "CAPTURE"
    REFUND = "REFUND"
    VOID = "VOID"


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

    async def look_up(
        self, operation: Operation, psp_key: str, reference: str | None
    ) -> GatewayAnswer | None:
        """What came of an earlier call that was not answered; nothing is charged, made or changed.

        `reference` is that of the authorisation; for AUTHORISE itself it may be None. None: the PSP
        says that it never carried out such a call, so it may be made with the same key again.
        UNKNOWN: the PSP does not answer, or has not decided yet.
        """
        ...
