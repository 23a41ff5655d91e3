"""The parts that a message is made of.

Words may hold these names in braces: `shop`, `number`, `total`, `refunded`, `tracking` (carrier and
numbers), `date`, `code`, `place` (name and address of the store).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.notifications.model import NotificationKind


@dataclass(frozen=True, slots=True)
class Wording:
    """The words for one kind: subject and paragraphs of a mail, and a text message."""

    subject: str
    paragraphs: tuple[str, ...]
    sms: str


@dataclass(frozen=True, slots=True)
class Language:
    """A language: words that every message needs, and those for each kind."""

    code: str
    hello: str
    hello_stranger: str
    follow_order: str
    follow_parcel: str
    shipping: str
    discount: str
    tax: str
    total: str
    closing: str
    unknown_date: str
    show_code: str
    """What to show in a store that takes goods back."""
    kinds: Mapping[NotificationKind, Wording]
