"""Payments of an order: tenders, states and what may happen to them (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.common.ids import OrderId, PaymentId
from domain.payments.gateway import GatewayAnswer, Outcome


class Tender(StrEnum):
    """How the customer pays. CARD goes through the PSP; other tenders are paid from the start."""

    CARD = "CARD"
    CASH = "CASH"
    TERMINAL = "TERMINAL"
    """Paid on a card terminal in the store, which has its own way to the bank."""
    EXTERNAL = "EXTERNAL"
    """Paid at a marketplace or another system, which owes it to the retailer."""


class PaymentState(StrEnum):
    """Where one payment stands. UNKNOWN: the PSP did not answer in time; ask with the same key."""

    PENDING = "PENDING"
    UNKNOWN = "UNKNOWN"
    AUTHORISED = "AUTHORISED"
    DECLINED = "DECLINED"
    CAPTURED = "CAPTURED"
    VOIDED = "VOIDED"


class PaymentStatus(StrEnum):
    """The payment axis of an order, derived from its payments."""

    PENDING = "PENDING"
    UNKNOWN = "UNKNOWN"
    DECLINED = "DECLINED"
    AUTHORISED = "AUTHORISED"
    PARTIALLY_CAPTURED = "PARTIALLY_CAPTURED"
    CAPTURED = "CAPTURED"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"
    VOIDED = "VOIDED"


OPEN_STATES = frozenset({PaymentState.PENDING, PaymentState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Payment:
    """One tender of one order, amounts in minor units of `currency`."""

    id: PaymentId
    order_id: OrderId
    tender: Tender
    state: PaymentState
    token: str | None
    psp_key: str
    psp_reference: str | None
    decline_reason: str | None
    currency: str
    amount_minor: int
    authorised_minor: int
    captured_minor: int
    refunded_minor: int
    created_at: datetime
    updated_at: datetime
    refund_due_minor: int = 0
    """What is owed to the customer because no PSP can give it back; staff pay it."""

    @property
    def refundable_minor(self) -> int:
        """What was captured and is neither refunded nor owed."""
        return self.captured_minor - self.refunded_minor - self.refund_due_minor

    @property
    def capturable_minor(self) -> int:
        """What can still be captured."""
        live = self.state in (PaymentState.AUTHORISED, PaymentState.CAPTURED)
        return self.authorised_minor - self.captured_minor if live else 0


def intent(
    payment_id: PaymentId,
    order_id: OrderId,
    tender: Tender,
    token: str | None,
    amount_minor: int,
    currency: str,
    now: datetime,
) -> Payment:
    """A new payment. CARD waits for the PSP; the money of other tenders is there already."""
    settled = tender is not Tender.CARD
    return Payment(
        id=payment_id,
        order_id=order_id,
        tender=tender,
        state=PaymentState.CAPTURED if settled else PaymentState.PENDING,
        token=token,
        psp_key=f"auth-{payment_id}",
        psp_reference=None,
        decline_reason=None,
        currency=currency,
        amount_minor=amount_minor,
        authorised_minor=amount_minor if settled else 0,
        captured_minor=amount_minor if settled else 0,
        refunded_minor=0,
        created_at=now,
        updated_at=now,
    )


def authorisation_answered(payment: Payment, answer: GatewayAnswer, now: datetime) -> Payment:
    """`payment` after the PSP answered its authorisation; unchanged when it was settled before."""
    if payment.state not in OPEN_STATES:
        return payment
    match answer.outcome:
        case Outcome.APPROVED:
            return replace(
                payment,
                state=PaymentState.AUTHORISED,
                psp_reference=answer.reference,
                authorised_minor=payment.amount_minor,
                updated_at=now,
            )
        case Outcome.DECLINED:
            return replace(
                payment,
                state=PaymentState.DECLINED,
                decline_reason=answer.reason,
                updated_at=now,
            )
        case Outcome.UNKNOWN:
            return replace(payment, state=PaymentState.UNKNOWN, updated_at=now)


def captured(payment: Payment, amount_minor: int, now: datetime) -> Payment:
    """`payment` with `amount_minor` more captured; CAPTURED once nothing is left to capture."""
    total = payment.captured_minor + amount_minor
    done = total >= payment.authorised_minor
    return replace(
        payment,
        captured_minor=total,
        state=PaymentState.CAPTURED if done else PaymentState.AUTHORISED,
        updated_at=now,
    )


def voided(payment: Payment, now: datetime) -> Payment:
    """`payment` let go: VOIDED if nothing was captured, else reduced to what was captured."""
    if payment.captured_minor:
        return replace(
            payment,
            state=PaymentState.CAPTURED,
            authorised_minor=payment.captured_minor,
            updated_at=now,
        )
    return replace(payment, state=PaymentState.VOIDED, updated_at=now)


def status_of(payments: Iterable[Payment]) -> PaymentStatus:
    """The payment axis of an order: its best payment counts, a void only if nothing else is."""
    found = list(payments)
    states = {payment.state for payment in found}
    if any(payment.refunded_minor + payment.refund_due_minor for payment in found):
        kept = any(payment.refundable_minor or payment.capturable_minor for payment in found)
        return PaymentStatus.PARTIALLY_REFUNDED if kept else PaymentStatus.REFUNDED
    if any(payment.captured_minor for payment in found):
        open_part = any(payment.capturable_minor for payment in found)
        return PaymentStatus.PARTIALLY_CAPTURED if open_part else PaymentStatus.CAPTURED
    if any(payment.state is PaymentState.CAPTURED for payment in found):
        return PaymentStatus.CAPTURED
    for state in (
        PaymentState.AUTHORISED,
        PaymentState.UNKNOWN,
        PaymentState.PENDING,
        PaymentState.VOIDED,
        PaymentState.DECLINED,
    ):
        if state in states:
            return PaymentStatus(state.value)
    return PaymentStatus.PENDING
