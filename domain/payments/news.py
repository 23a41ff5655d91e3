"""What a PSP tells by itself, in words of ours. Pure.

News is about an object as it was at one moment, whole: it may come twice, late or in any order, and
is applied by the state of what it is about. It holds no personal data.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.payments.gateway import Outcome


class RefundState(StrEnum):
    """What came of a refund. PENDING: the bank has not carried it out yet; it counts as made."""

    PENDING = "PENDING"
    DONE = "DONE"
    FAILED = "FAILED"


class DisputeState(StrEnum):
    """Where a dispute stands. The first two are open."""

    NEEDS_RESPONSE = "NEEDS_RESPONSE"
    UNDER_REVIEW = "UNDER_REVIEW"
    WON = "WON"
    LOST = "LOST"


CLOSED_DISPUTES = frozenset({DisputeState.WON, DisputeState.LOST})


class PayoutState(StrEnum):
    """Where a transfer to the retailer's bank account stands."""

    PENDING = "PENDING"
    PAID = "PAID"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class AuthorisationNews:
    """An authorisation as it stands. `captures`: keys of the captures of ours that were made;
    `captured_minor`: all of them, and those that somebody else made, in minor units.
    """

    reference: str
    psp_key: str
    outcome: Outcome
    reason: str | None
    currency: str
    captured_minor: int
    captures: tuple[str, ...]
    released: bool
    """Nothing more can be captured of it."""


@dataclass(frozen=True, slots=True)
class RefundNews:
    """A refund of the authorisation `reference`. `psp_key` is None when it was not we who asked."""

    id: str
    reference: str
    psp_key: str | None
    state: RefundState
    reason: str | None
    currency: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class DisputeNews:
    """The customer's bank takes a payment back, unless the retailer proves that it is due."""

    id: str
    reference: str
    state: DisputeState
    reason: str
    currency: str
    amount_minor: int
    evidence_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class PayoutNews:
    """A transfer to the retailer's bank account, after fees."""

    id: str
    state: PayoutState
    currency: str
    amount_minor: int
    arrives_on: date


News = AuthorisationNews | RefundNews | DisputeNews | PayoutNews


@dataclass(frozen=True, slots=True)
class PspMessage:
    """What a PSP sent; `id` is its own and the same when it sends it again. Without `news` there is
    nothing in it for us. `subject`: the reference of the authorisation or payout that it is about.
    """

    provider: str
    id: str
    kind: str
    subject: str
    occurred_at: datetime
    news: News | None
