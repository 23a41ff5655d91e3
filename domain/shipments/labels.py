"""What is written on parcels, checked and in one form: carriers, tracking numbers. Pure."""

import re
from collections.abc import Sequence
from dataclasses import replace

from domain.common.errors import ValidationFailed
from domain.common.texts import checked_code, needed_line, one_line
from domain.shipments.commands import GivenParcel, RecordTrackingEvent, ShipFulfillmentOrder
from domain.shipments.errors import DuplicateTrackingNumber

MAX_PARCELS = 100
MAX_LINES = 200
MAX_WEIGHT_G = 1_000_000
_NUMBER = re.compile(r"[A-Z0-9][A-Z0-9./_-]{0,63}")


def carrier_code(text: str) -> str:
    """A carrier's code in capitals, such as DHL.

    Raises:
        ValidationFailed: it is not a code (see `checked_code`).
    """
    return checked_code("carrier", text.strip().upper())


def tracking_number(field: str, text: str) -> str:
    """A tracking number in capitals and without blanks, as carriers compare them.

    Raises:
        ValidationFailed: it is not 1 to 64 letters, digits and `. / _ -`, a letter or digit first.
    """
    number = "".join(text.split()).upper()
    if not _NUMBER.fullmatch(number):
        raise ValidationFailed(field, "must be 1 to 64 letters, digits, '.', '/', '_' or '-'")
    return number


def checked_shipping(command: ShipFulfillmentOrder) -> ShipFulfillmentOrder:
    """The command with its carrier and tracking numbers in normal form.

    Raises:
        ValidationFailed: something is out of range. DuplicateTrackingNumber: one is given twice.
    """
    if not 1 <= len(command.parcels) <= MAX_PARCELS:
        raise ValidationFailed("parcels", f"must be 1 to {MAX_PARCELS}")
    parcels = tuple(_checked_parcel(f"parcels.{n}", each) for n, each in enumerate(command.parcels))
    carrier = carrier_code(command.carrier)
    _check_distinct(carrier, [parcel.tracking_number for parcel in parcels])
    service = one_line("service", command.service, 64)
    return replace(command, carrier=carrier, service=service, parcels=parcels)


def _checked_parcel(field: str, parcel: GivenParcel) -> GivenParcel:
    if parcel.weight_g is not None and not 1 <= parcel.weight_g <= MAX_WEIGHT_G:
        raise ValidationFailed(f"{field}.weightG", f"must be 1 to {MAX_WEIGHT_G}")
    if len(parcel.lines) > MAX_LINES:
        raise ValidationFailed(f"{field}.lines", f"must be at most {MAX_LINES}")
    if len({line.line_id for line in parcel.lines}) < len(parcel.lines):
        raise ValidationFailed(f"{field}.lines", "must name an order line once")
    for position, line in enumerate(parcel.lines):
        if line.quantity < 1:
            raise ValidationFailed(f"{field}.lines.{position}.quantity", "must be at least 1")
    number = tracking_number(f"{field}.trackingNumber", parcel.tracking_number)
    return replace(parcel, tracking_number=number)


def _check_distinct(carrier: str, numbers: Sequence[str]) -> None:
    seen: set[str] = set()
    for number in numbers:
        if number in seen:
            raise DuplicateTrackingNumber(carrier, number)
        seen.add(number)


def checked_report(command: RecordTrackingEvent) -> RecordTrackingEvent:
    """The command with its carrier, tracking number and texts in normal form.

    Raises:
        ValidationFailed: something is malformed.
    """
    if command.occurred_at.tzinfo is None:
        raise ValidationFailed("occurredAt", "must have a time zone")
    if command.expected_at is not None and command.expected_at.tzinfo is None:
        raise ValidationFailed("expectedAt", "must have a time zone")
    return replace(
        command,
        carrier=carrier_code(command.carrier),
        tracking_number=tracking_number("trackingNumber", command.tracking_number),
        external_id=needed_line("externalId", command.external_id, 128),
        place=one_line("place", command.place, 200),
    )
