"""What is written on a label, in order; how it looks is a matter of the format. Pure."""

from dataclasses import dataclass

from domain.carriers.model import Place
from domain.shipments.labelling.model import Direction, Label

MAX_LINE = 44
"""Characters that fit on a line of an address."""


@dataclass(frozen=True, slots=True)
class LabelContent:
    """The texts of a label. `sender` and `recipient` are lines, none of them empty."""

    carrier: str
    service: str
    sender: tuple[str, ...]
    recipient: tuple[str, ...]
    weight: str
    mark: str
    """RETURN on a label for the way back, else empty."""
    tracking_number: str


def content_of(label: Label) -> LabelContent:
    """The texts of a label that has a tracking number."""
    assert label.tracking_number is not None  # it is bought
    return LabelContent(
        carrier=label.carrier,
        service=label.service,
        sender=address_lines(label.sender),
        recipient=address_lines(label.recipient),
        weight=f"{label.weight_g / 1000:.3f} kg",
        mark="RETURN" if label.direction is Direction.RETURN else "",
        tracking_number=label.tracking_number,
    )


def address_lines(place: Place) -> tuple[str, ...]:
    """The lines of an address, as international mail has them: the country last, in capitals."""
    town = " ".join(part for part in (place.postal_code, place.city, place.region) if part)
    point = f"Pickup point {place.pickup_point_id}" if place.pickup_point_id else ""
    name = place.pickup_point_name or ""
    phone = f"Tel. {place.phone}" if place.phone else ""
    lines = (place.name, point, name, *wrapped(place.street), town, place.country.upper(), phone)
    return tuple(shortened(line) for line in lines if line)


def wrapped(text: str) -> tuple[str, ...]:
    """A text on one line, or on two if it is too long, parted between words."""
    if len(text) <= MAX_LINE:
        return (text,)
    head = text[: MAX_LINE + 1].rpartition(" ")[0] or text[:MAX_LINE]
    return head, text[len(head) :].strip()


def shortened(line: str) -> str:
    """A line that fits, with an ellipsis if something was left out."""
    return line if len(line) <= MAX_LINE else line[: MAX_LINE - 1] + "…"
