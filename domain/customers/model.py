"""Customers and what is known of them, with the rules of their parts. Pure values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.common.card_numbers import check_no_card_number
from domain.common.errors import ValidationFailed
from domain.common.ids import ChannelCode, CustomerId, LocationId
from domain.common.texts import checked_country, needed_line, one_line, paragraphs

AddressId = NewType("AddressId", UUID)
ConsentId = NewType("ConsentId", UUID)
NoteId = NewType("NoteId", UUID)

MAX_ADDRESSES = 50
MAX_NAME = 100
MAX_LINE = 200
MAX_NOTE = 4_000
MAX_REFERENCE = 128


class ConsentPurpose(StrEnum):
    """What a customer may agree to."""

    EMAIL_MARKETING = "EMAIL_MARKETING"
    SMS_MARKETING = "SMS_MARKETING"
    PROFILING = "PROFILING"
    LOYALTY = "LOYALTY"


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address of a customer; one of a customer's addresses at most `is_default`."""

    id: AddressId
    label: str
    recipient: str
    street: str
    city: str
    region: str
    postal_code: str
    country: str
    is_default: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """One act of giving or taking back consent. Records are never changed."""

    id: ConsentId
    purpose: ConsentPurpose
    granted: bool
    source: str
    recorded_at: datetime
    recorded_by: str


@dataclass(frozen=True, slots=True)
class Note:
    """What a member of staff wrote about a customer."""

    id: NoteId
    text: str
    author: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Reference:
    """The name `reference` that the system or channel `source` has for a customer."""

    source: str
    reference: str


@dataclass(frozen=True, slots=True)
class Customer:
    """One person over all channels. `email` is normalised and `phone` is E.164; each belongs to one
    customer at most. Notes are read apart, since few may see them.
    """

    id: CustomerId
    email: str | None
    phone: str | None
    first_name: str
    last_name: str
    language: str
    preferred_location_id: LocationId | None
    first_channel: ChannelCode
    created_at: datetime
    version: int
    addresses: tuple[Address, ...] = ()
    """Oldest first."""
    consents: tuple[ConsentRecord, ...] = ()
    """All records, oldest first."""
    references: tuple[Reference, ...] = ()
    segments: tuple[str, ...] = ()
    """Sorted."""


def current_consents(records: Iterable[ConsentRecord]) -> list[ConsentRecord]:
    """The latest record of each purpose, in order of purposes: what holds now."""
    latest: dict[ConsentPurpose, ConsentRecord] = {}
    for record in sorted(records, key=lambda each: (each.recorded_at, each.id)):
        latest[record.purpose] = record
    return [latest[purpose] for purpose in sorted(latest)]


def checked_name(field: str, name: str) -> str:
    """A person's name as one line of at most 100 characters; may be empty.

    Raises:
        ValidationFailed: too long, control characters, or something like a card number.
    """
    line = one_line(field, name, MAX_NAME)
    check_no_card_number(field, line)
    return line


def checked_note(text: str) -> str:
    """A note of 1 to 4,000 characters; line breaks stay.

    Raises:
        ValidationFailed: empty, too long, control characters, or something like a card number.
    """
    note = paragraphs("text", text, MAX_NOTE)
    if not note:
        raise ValidationFailed("text", "must not be empty")
    check_no_card_number("text", note)
    return note


def checked_reference(reference: Reference) -> Reference:
    """The reference with clean lines: `source` and `reference` of 1 to 128 characters.

    Raises:
        ValidationFailed: otherwise, or something like a card number.
    """
    name = needed_line("reference", reference.reference, MAX_REFERENCE)
    check_no_card_number("reference", name)
    return Reference(needed_line("source", reference.source, MAX_REFERENCE), name)


def checked_address(address: Address) -> Address:
    """The address with clean lines; label and region may be empty.

    Raises:
        ValidationFailed: a line is missing or too long, the country is not a code of ISO 3166-1, or
            something looks like a card number.
    """
    clean = replace(
        address,
        label=one_line("label", address.label, MAX_NAME),
        recipient=needed_line("recipient", address.recipient, MAX_LINE),
        street=needed_line("street", address.street, MAX_LINE),
        city=needed_line("city", address.city, MAX_LINE),
        region=one_line("region", address.region, MAX_LINE),
        postal_code=one_line("postalCode", address.postal_code, MAX_LINE),
        country=checked_country("country", address.country),
    )
    for field in ("label", "recipient", "street", "city", "region", "postal_code"):
        check_no_card_number(field, getattr(clean, field))
    return clean


def with_address(addresses: Sequence[Address], added: Address) -> tuple[Address, ...]:
    """The addresses with `added` at the end. The first address of all is the default; a later one
    takes that over when it asks for it.

    Raises:
        ValidationFailed: there are 50 already.
    """
    if len(addresses) >= MAX_ADDRESSES:
        raise ValidationFailed("address", f"a customer has at most {MAX_ADDRESSES}")
    if not addresses:
        return (replace(added, is_default=True),)
    if not added.is_default:
        return (*addresses, added)
    return (*(replace(each, is_default=False) for each in addresses), added)


def without_address(addresses: Sequence[Address], removed: AddressId) -> tuple[Address, ...]:
    """The addresses without that one. If it was the default, the newest of the others is it now."""
    rest = tuple(each for each in addresses if each.id != removed)
    if not rest or any(each.is_default for each in rest):
        return rest
    return (*rest[:-1], replace(rest[-1], is_default=True))


@dataclass(frozen=True, slots=True)
class GivenCustomer:
    """What a caller knows of a customer. `source` and `reference` go together: the name that a
    system has for them. `country` reads a phone number in national form.
    """

    id: CustomerId | None = None
    source: str | None = None
    reference: str | None = None
    email: str | None = None
    phone: str | None = None
    first_name: str = ""
    last_name: str = ""
    language: str | None = None
    country: str | None = None
