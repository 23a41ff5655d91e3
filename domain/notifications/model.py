"""What customers and partners are told, on which channel, and how far telling it has come. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NewType
from uuid import UUID

from domain.common.ids import ChannelCode, CustomerId, OrderId

NotificationId = NewType("NotificationId", UUID)
EndpointId = NewType("EndpointId", UUID)


class NotificationKind(StrEnum):
    """What is told."""

    ORDER_PLACED = "ORDER_PLACED"
    ORDER_CONFIRMED = "ORDER_CONFIRMED"
    PAYMENT_DECLINED = "PAYMENT_DECLINED"
    ORDER_EXPIRED = "ORDER_EXPIRED"
    ORDER_CANCELLED = "ORDER_CANCELLED"
    UNITS_CANCELLED = "UNITS_CANCELLED"
    CANCEL_REFUSED = "CANCEL_REFUSED"
    ORDER_EDITED = "ORDER_EDITED"
    PROMISE_MADE = "PROMISE_MADE"
    PROMISE_CHANGED = "PROMISE_CHANGED"
    SHIPPED = "SHIPPED"
    DELIVERY_DELAYED = "DELIVERY_DELAYED"
    DELIVERED = "DELIVERED"
    DELIVERY_FAILED = "DELIVERY_FAILED"
    PARCEL_RETURNED = "PARCEL_RETURNED"
    READY_FOR_PICKUP = "READY_FOR_PICKUP"
    PICKUP_CHOICE_NEEDED = "PICKUP_CHOICE_NEEDED"
    PICKUP_EXPIRED = "PICKUP_EXPIRED"
    COLLECTED = "COLLECTED"
    REFUNDED = "REFUNDED"
    REFUND_OWED = "REFUND_OWED"
    RETURN_REQUESTED = "RETURN_REQUESTED"
    RETURN_AUTHORISED = "RETURN_AUTHORISED"
    RETURN_REJECTED = "RETURN_REJECTED"
    RETURN_RECEIVED = "RETURN_RECEIVED"
    RETURN_REFUNDED = "RETURN_REFUNDED"


K = NotificationKind
PARTNERS_ONLY = frozenset({K.ORDER_PLACED})
"""Customers are not told: an order that is placed is confirmed, declined or over soon after."""

MAY_BE_MUTED = frozenset(
    {
        K.PROMISE_MADE,
        K.SHIPPED,
        K.DELIVERY_DELAYED,
        K.DELIVERED,
        K.COLLECTED,
        K.RETURN_REQUESTED,
        K.RETURN_RECEIVED,
    }
)
"""What a customer may decline to be told. The rest concerns the contract or the customer's money,
or asks for something, and is always told.
"""


class NotificationChannel(StrEnum):
    """The way on which something is told."""

    EMAIL = "EMAIL"
    SMS = "SMS"
    WEBHOOK = "WEBHOOK"


TO_CUSTOMERS = (NotificationChannel.EMAIL, NotificationChannel.SMS)


class NotificationState(StrEnum):
    """How far telling it has come."""

    WAITING = "WAITING"
    SENT = "SENT"
    SKIPPED = "SKIPPED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Told:
    """One thing to tell. `occasion` names it within its order and kind: it is told once.
    `facts` are JSON values without personal data; `at` is the time of the transaction.
    """

    order_id: OrderId
    kind: NotificationKind
    occasion: str
    facts: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing told to somebody on one channel. `endpoint_id` is set for the channel WEBHOOK.

    `next_try_at`: when a WAITING one is tried; `reason`: why it was skipped, failed, or is tried
    again; `masked`: where it went, unrecognisable.
    """

    id: NotificationId
    order_id: OrderId
    kind: NotificationKind
    occasion: str
    channel: NotificationChannel
    endpoint_id: EndpointId | None
    facts: Mapping[str, Any]
    state: NotificationState
    attempts: int
    tries_left: int
    created_at: datetime
    next_try_at: datetime | None
    sent_at: datetime | None
    masked: str | None
    reason: str | None
    reference: str | None
    resends: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to send a notification, or that somebody asked to send it again."""

    number: int
    at: datetime
    outcome: str
    reason: str | None
    actor: str | None


@dataclass(frozen=True, slots=True)
class Preferences:
    """How a customer wants to be told: the channels, and the kinds they do not want to hear of."""

    customer_id: CustomerId
    channels: tuple[NotificationChannel, ...] = (NotificationChannel.EMAIL,)
    muted: tuple[NotificationKind, ...] = ()
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """What deciding on channels needs to know of an order and its customer. `loaded_at` is set for
    an order that was loaded from another system with its past, in one transaction.
    """

    order_id: OrderId
    sales_channel: ChannelCode
    loaded_at: datetime | None
    has_email: bool
    has_phone: bool
    preferences: Preferences


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a partner wants to be told. Empty `kinds` or `channels` mean all of them; `channels`
    are sales channels. For a day after a rotation messages are signed with the former secret too.
    """

    id: EndpointId
    url: str
    description: str
    kinds: tuple[NotificationKind, ...]
    channels: tuple[ChannelCode, ...]
    enabled: bool
    disabled_reason: str | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    version: int
    secret: str = field(repr=False, default="")
    former_secret: str | None = field(repr=False, default=None)
    former_until: datetime | None = None

    def wants(self, kind: NotificationKind, channel: ChannelCode) -> bool:
        """Whether it is told of such things of orders of that sales channel."""
        return (
            self.enabled
            and (not self.kinds or kind in self.kinds)
            and (not self.channels or channel in self.channels)
        )

    def secrets_at(self, now: datetime) -> tuple[str, ...]:
        """The secrets to sign with, the present one first."""
        if self.former_secret is None or self.former_until is None or self.former_until <= now:
            return (self.secret,)
        return (self.secret, self.former_secret)


def customer_channels(recipient: Recipient, kind: NotificationKind) -> list[NotificationChannel]:
    """The channels on which the customer is told: those that they prefer and can be reached on,
    else any on which they can be, else e-mail, where it is seen that there was no address.
    None if they need not be told, or do not want to.
    """
    if kind in PARTNERS_ONLY or kind in recipient.preferences.muted:
        return []
    reachable = {
        NotificationChannel.EMAIL: recipient.has_email,
        NotificationChannel.SMS: recipient.has_phone,
    }
    wanted = [each for each in recipient.preferences.channels if reachable[each]]
    others = [each for each in TO_CUSTOMERS if reachable[each]]
    return wanted or others[:1] or [NotificationChannel.EMAIL]


_TO_PEOPLE = (60, 300, 1_800, 7_200, 21_600, 43_200)
_TO_PARTNERS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
LONGEST_WAIT = timedelta(days=1)
JITTER = 0.2


def tries_of(channel: NotificationChannel) -> int:
    """How often a notification is tried before it has FAILED."""
    return 1 + len(_waits(channel))


def wait_before(
    channel: NotificationChannel, failed: int, chance: float, asked: timedelta | None = None
) -> timedelta:
    """How long to wait after `failed` tries (1 or more) before the next one.

    `chance` (0 to 1) spreads it by a fifth either way; `asked` is what the receiver asked for, at
    most a day of it counts, and it is never shortened.
    """
    waits = _waits(channel)
    seconds = waits[min(failed, len(waits)) - 1] * (1 + JITTER * (2 * chance - 1))
    return max(timedelta(seconds=seconds), min(asked or timedelta(0), LONGEST_WAIT))


def _waits(channel: NotificationChannel) -> tuple[int, ...]:
    return _TO_PARTNERS if channel is NotificationChannel.WEBHOOK else _TO_PEOPLE


def masked_email(address: str) -> str:
    """The address with nothing but first letters and its top-level domain: `a***@e***.com`."""
    local, _, domain = address.partition("@")
    name, _, top = domain.rpartition(".")
    return f"{local[:1]}***@{name[:1]}***.{top}"


def masked_phone(number: str) -> str:
    """The number with nothing but its last two digits."""
    return "***" + number[-2:]


def chosen_channels(
    channels: Collection[NotificationChannel],
) -> tuple[NotificationChannel, ...]:
    """The channels, each once, in the order of `TO_CUSTOMERS`; those for partners are left out."""
    return tuple(each for each in TO_CUSTOMERS if each in channels)
