"""Stripe's objects as its webhooks tell of them, as far as they are used here. Pure."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field

from app.stripe.amounts import from_stripe
from app.stripe.marks import ALIVE, KEY, MARK
from domain.payments.gateway import Outcome
from domain.payments.news import (
    AuthorisationNews,
    DisputeNews,
    DisputeState,
    News,
    PayoutNews,
    PayoutState,
    RefundNews,
    RefundState,
)

_REFUNDS = {
    "succeeded": RefundState.DONE,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}
_DISPUTES = {
    "needs_response": DisputeState.NEEDS_RESPONSE,
    "warning_needs_response": DisputeState.NEEDS_RESPONSE,
    "under_review": DisputeState.UNDER_REVIEW,
    "warning_under_review": DisputeState.UNDER_REVIEW,
    "won": DisputeState.WON,
    "warning_closed": DisputeState.WON,
    "prevented": DisputeState.WON,
    "lost": DisputeState.LOST,
}
_PAYOUTS = {
    "paid": PayoutState.PAID,
    "failed": PayoutState.FAILED,
    "canceled": PayoutState.CANCELLED,
}


class _Money(BaseModel):
    id: str = Field(min_length=1, max_length=255)
    amount: int
    currency: str = Field(pattern="^[a-z]{3}$")

    def minor(self, amount: int) -> int:
        """An amount of theirs in minor units."""
        return from_stripe(amount, self.code)

    @property
    def code(self) -> str:
        """The currency as ISO 4217 writes it."""
        return self.currency.upper()


class _Reason(BaseModel):
    code: str | None = None
    decline_code: str | None = None


class PaymentIntentObject(_Money):
    """A PaymentIntent."""

    status: str
    amount_received: int = 0
    amount_capturable: int = 0
    metadata: dict[str, str] = {}
    last_payment_error: _Reason | None = None

    def news(self) -> AuthorisationNews | None:
        """What it says; None for one that is not ours."""
        psp_key = self.metadata.get(KEY)
        if psp_key is None:
            return None
        error = self.last_payment_error or _Reason()
        taken = self.minor(self.amount_received)
        return AuthorisationNews(
            reference=self.id,
            psp_key=psp_key,
            outcome=self._outcome(),
            reason=error.decline_code or error.code,
            currency=self.code,
            captured_minor=taken,
            captures=tuple(key for name, key in self.metadata.items() if name.startswith(MARK)),
            released=self.status in ("succeeded", "canceled"),
        )

    def _outcome(self) -> Outcome:
        if self.status in ALIVE:
            return Outcome.APPROVED
        # A PaymentIntent that was only just created also requires a payment method.
        failed = self.status == "requires_payment_method" and self.last_payment_error is not None
        return Outcome.DECLINED if failed or self.status == "canceled" else Outcome.UNKNOWN


class RefundObject(_Money):
    """A refund."""

    payment_intent: str | None = None
    status: str | None = None
    metadata: dict[str, str] | None = None
    failure_reason: str | None = None

    def news(self) -> RefundNews | None:
        """What it says; None for one of no PaymentIntent."""
        if self.payment_intent is None:
            return None
        return RefundNews(
            id=self.id,
            reference=self.payment_intent,
            psp_key=(self.metadata or {}).get(KEY),
            state=_REFUNDS.get(self.status or "", RefundState.PENDING),
            reason=self.failure_reason,
            currency=self.code,
            amount_minor=self.minor(self.amount),
        )


class _Evidence(BaseModel):
    due_by: int | None = None


class DisputeObject(_Money):
    """A dispute."""

    payment_intent: str | None = None
    status: str
    reason: str = Field(max_length=100)
    evidence_details: _Evidence = _Evidence()

    def news(self) -> DisputeNews | None:
        """What it says; None for one of no PaymentIntent."""
        if self.payment_intent is None:
            return None
        due = self.evidence_details.due_by
        return DisputeNews(
            id=self.id,
            reference=self.payment_intent,
            state=_DISPUTES.get(self.status, DisputeState.UNDER_REVIEW),
            reason=self.reason,
            currency=self.code,
            amount_minor=self.minor(self.amount),
            evidence_due_at=None if due is None else moment(due),
        )


class PayoutObject(_Money):
    """A payout."""

    status: str
    arrival_date: int

    def news(self) -> PayoutNews:
        """What it says."""
        return PayoutNews(
            id=self.id,
            state=_PAYOUTS.get(self.status, PayoutState.PENDING),
            currency=self.code,
            amount_minor=self.minor(self.amount),
            arrives_on=moment(self.arrival_date).date(),
        )


class _Data(BaseModel):
    object: dict[str, Any]


class EventObject(BaseModel):
    """A message of a webhook."""

    id: str = Field(min_length=1, max_length=128)
    type: str = Field(max_length=128)
    created: int = Field(ge=0, lt=10**11)
    data: _Data

    def news(self) -> News | None:
        """What it says; None when there is nothing in it for us.

        Raises:
            ValidationError: it is about something of ours and not as Stripe describes it.
            NotRepresentable: an amount is no whole number of minor units.
        """
        read = _READERS.get(self.data.object.get("object", ""))
        return None if read is None else read(self.data.object)

    @property
    def subject(self) -> str:
        """The PaymentIntent that it is about, else the object itself."""
        given = self.data.object
        return str(given.get("payment_intent") or given.get("id") or "")[:255]


_READERS: Mapping[str, Callable[[dict[str, Any]], News | None]] = {
    "payment_intent": lambda given: PaymentIntentObject.model_validate(given).news(),
    "refund": lambda given: RefundObject.model_validate(given).news(),
    "dispute": lambda given: DisputeObject.model_validate(given).news(),
    "payout": lambda given: PayoutObject.model_validate(given).news(),
}


def moment(seconds: int) -> datetime:
    """A time of Stripe's."""
    return datetime.fromtimestamp(seconds, UTC)
