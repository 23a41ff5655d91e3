"""What telling somebody needs of the outside world."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from domain.common.ids import ChannelCode, OrderId
from domain.notifications.model import Endpoint, NotificationId, NotificationKind


class Outcome(StrEnum):
    """What came of a try. GONE: the receiver wants no more messages at all."""

    SENT = "SENT"
    TRY_AGAIN = "TRY_AGAIN"
    REFUSED = "REFUSED"
    GONE = "GONE"


@dataclass(frozen=True, slots=True)
class Sending:
    """The answer to a try. `reference` is the receiver's name of what was sent; `wait` is how long
    it asked to be left alone; `reason` holds no personal data.
    """

    outcome: Outcome
    reason: str | None = None
    reference: str | None = None
    wait: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail. The same `key` means the same mail, sent again."""

    key: NotificationId
    to: str = field(repr=False)
    language: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sms:
    """A text message to a number (E.164). The same `key` means the same message, sent again."""

    key: NotificationId
    to: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Hook:
    """What a partner is told. `key` is the same for every try; `at` is when it happened."""

    key: NotificationId
    kind: NotificationKind
    at: datetime
    order_id: OrderId
    order_number: str
    channel: ChannelCode
    facts: Mapping[str, Any]


class Mailer(Protocol):
    """Sends e-mails."""

    async def send_mail(self, mail: Mail) -> Sending:
        """What came of it; never raises for what the server does or does not do."""
        ...


class Texter(Protocol):
    """Sends text messages."""

    async def send_sms(self, sms: Sms) -> Sending:
        """What came of it; never raises for what the provider does or does not do."""
        ...


class Hooker(Protocol):
    """Tells partners' servers."""

    async def call(self, endpoint: Endpoint, hook: Hook, now: datetime) -> Sending:
        """What came of it; never raises for what the server does or does not do."""
        ...


@dataclass(frozen=True, slots=True)
class Senders:
    """The ways out that are set up; None for one that is not."""

    mailer: Mailer | None = None
    texter: Texter | None = None
    hooker: Hooker | None = None
