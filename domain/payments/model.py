"""Payments of an order: tenders, states and what may happen to them (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.common.ids import CustomerId, OrderId, PaymentId
from domain.payments.gateway import GatewayAnswer, Outcome


class Tender(StrEnum):
    """How the customer pays."""

    CARD = "CARD"
    """Through the PSP: authorised when the order is placed, captured when goods leave."""
    CASH = "CASH"
    TERMINAL = "TERMINAL"
    """Paid on a card terminal in the store, which has its own way to the bank."""
    EXTERNAL = "EXTERNAL"
    """Paid at a marketplace or another system, which owes it to the retailer."""
    GIFT_CARD = "GIFT_CARD"
    STORE_CREDIT = "STORE_CREDIT"
    CHEQUE = "CHEQUE"
    """Counts once the bank has cleared it."""
    BANK_TRANSFER = "BANK_TRANSFER"
    """Counts once the money is on the account."""
    ON_ACCOUNT = "ON_ACCOUNT"
    """Invoiced: the customer owes it, up to a credit limit."""
    EXCHANGE_CREDIT = "EXCHANGE_CREDIT"
    """The value of goods that came back, put aside on the order that they were of."""


PAID_AT_ONCE = frozenset({Tender.CASH, Tender.TERMINAL, Tender.EXTERNAL})
"""The money is there already when the order is placed."""
IN_HOUSE = frozenset(
    {Tender.GIFT_CARD, Tender.STORE_CREDIT, Tender.ON_ACCOUNT, Tender.EXCHANGE_CREDIT}
)
"""Put aside, taken and given back on accounts of our own, in the order's transactions."""
RECEIVED_LATER = frozenset({Tender.CHEQUE, Tender.BANK_TRANSFER})
"""The order waits until finance has seen the money."""
PLAIN = PAID_AT_ONCE | {Tender.CARD}
"""Nothing has to be looked up to take them."""
_TAKING_ORDER = (
    Tender.EXCHANGE_CREDIT,
    Tender.GIFT_CARD,
    Tender.STORE_CREDIT,
    *sorted(PAID_AT_ONCE),
    *sorted(RECEIVED_LATER),
    Tender.CARD,
    Tender.ON_ACCOUNT,
)
_TAKING_RANK = {tender: rank for rank, tender in enumerate(_TAKING_ORDER)}
OVER_CREDIT_LIMIT = "CREDIT_LIMIT"
"""`decline_reason` of an ON_ACCOUNT payment that is taken although it is beyond the limit: the
order is on hold until finance agrees.
"""


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
    instrument: str | None = None
    """What it is paid with: id of a gift card, store credit or credit account; number of a
    cheque.
    """

    @property
    def asks_psp(self) -> bool:
        """Whether the PSP has to be asked to authorise it."""
        return self.tender is Tender.CARD and self.state in OPEN_STATES

    @property
    def waits_for_receipt(self) -> bool:
        """Whether finance has to see the money before it counts."""
        return self.tender in RECEIVED_LATER and self.state is PaymentState.PENDING

    @property
    def refundable_minor(self) -> int:
        """What was captured and is neither refunded nor owed."""
        return self.captured_minor - self.refunded_minor - self.refund_due_minor

    @property
    def capturable_minor(self) -> int:
        """What can still be captured."""
        live = self.state in (PaymentState.AUTHORISED, PaymentState.CAPTURED)
        return self.authorised_minor - self.captured_minor if live else 0


def first_state(tender: Tender) -> PaymentState:
    """Where a payment with this tender begins."""
    if tender in PAID_AT_ONCE:
        return PaymentState.CAPTURED
    return PaymentState.AUTHORISED if tender in IN_HOUSE else PaymentState.PENDING


def intent(
    payment_id: PaymentId,
    order_id: OrderId,
    tender: Tender,
    token: str | None,
    amount_minor: int,
    currency: str,
    now: datetime,
    instrument: str | None = None,
) -> Payment:
    """A new payment, in the state in which its tender begins; who has nothing to pay has paid. What
    is put aside in house must be taken from there in the same transaction.
    """
    state = first_state(tender) if amount_minor else PaymentState.CAPTURED
    return Payment(
        id=payment_id,
        order_id=order_id,
        tender=tender,
        state=state,
        token=token,
        psp_key=f"auth-{payment_id}",
        psp_reference=None,
        decline_reason=None,
        currency=currency,
        amount_minor=amount_minor,
        authorised_minor=0 if state is PaymentState.PENDING else amount_minor,
        captured_minor=amount_minor if state is PaymentState.CAPTURED else 0,
        refunded_minor=0,
        created_at=now,
        updated_at=now,
        instrument=instrument,
    )


def in_taking_order(payments: Iterable[Payment]) -> list[Payment]:
    """The payments in the order in which they are captured: what the customer holds with us first,
    what is invoiced last; the older first. They are refunded the other way round.
    """
    return sorted(payments, key=lambda paid: (_TAKING_RANK[paid.tender], paid.created_at, paid.id))


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


def received(payment: Payment, now: datetime) -> Payment:
    """`payment`, CAPTURED since its money was seen on the account."""
    return replace(
        payment,
        state=PaymentState.CAPTURED,
        authorised_minor=payment.amount_minor,
        captured_minor=payment.amount_minor,
        updated_at=now,
    )


def bounced(payment: Payment, reason: str, now: datetime) -> Payment:
    """`payment`, DECLINED since its money did not come."""
    return replace(payment, state=PaymentState.DECLINED, decline_reason=reason, updated_at=now)


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


def lowered(payment: Payment, by_minor: int, now: datetime) -> Payment:
    """`payment` with so much less put aside; over when nothing is left to capture."""
    if by_minor == payment.capturable_minor:
        return voided(payment, now)
    return replace(payment, authorised_minor=payment.authorised_minor - by_minor, updated_at=now)


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


class CreditEntryKind(StrEnum):
    """Why what a customer owes changed."""

    USE = "USE"
    RELEASE = "RELEASE"
    """What an order had put aside and did not take."""
    REFUND = "REFUND"
    PAYMENT = "PAYMENT"
    """The customer paid invoices."""


@dataclass(frozen=True, slots=True)
class CreditAccount:
    """What a customer may owe, and owes, in minor units of `currency`; `used_minor` < 0: the
    customer has paid more than is due.
    """

    id: UUID
    customer_id: CustomerId
    currency: str
    limit_minor: int
    used_minor: int
    version: int

    @property
    def available_minor(self) -> int:
        """What the customer may still buy on account."""
        return max(0, self.limit_minor - self.used_minor)
