"""News of the customers area. Payloads name the part that changed and hold no personal data."""

from enum import StrEnum

from domain.common.ids import CustomerId
from domain.events.model import Aggregate, Event, Topic

CUSTOMER_CREATED = "CustomerCreated"
CUSTOMER_CHANGED = "CustomerChanged"


class Part(StrEnum):
    """What about a customer changed."""

    PROFILE = "profile"
    ADDRESS = "address"
    CONSENT = "consent"
    NOTE = "note"
    REFERENCE = "reference"
    SEGMENTS = "segments"


def _event(kind: str, customer_id: CustomerId, version: int, part: Part) -> Event:
    return Event(
        type=kind,
        aggregate=Aggregate.CUSTOMER,
        aggregate_id=customer_id,
        version=version,
        topics=(Topic.customer(customer_id),),
        payload={"customer_id": str(customer_id), "version": version, "part": part.value},
    )


def customer_created(customer_id: CustomerId) -> Event:
    """The event of a customer's first version."""
    return _event(CUSTOMER_CREATED, customer_id, 1, Part.PROFILE)


def customer_changed(customer_id: CustomerId, version: int, part: Part) -> Event:
    """The event of a customer's change to `version`."""
    return _event(CUSTOMER_CHANGED, customer_id, version, part)
