"""News of the locations area."""

from typing import Any

from domain.events.model import Aggregate, Event
from domain.locations.model import Location, OpeningHours

LOCATION_CREATED = "LocationCreated"
LOCATION_CHANGED = "LocationChanged"


def hours_record(hours: OpeningHours) -> dict[str, Any]:
    """One period of opening hours as JSON values."""
    return {
        "weekday": hours.weekday,
        "opens": hours.opens.isoformat("minutes"),
        "closes": hours.closes.isoformat("minutes"),
    }


def payload_of(location: Location) -> dict[str, Any]:
    """The public state of a location, as JSON values."""
    return {
        "location_id": str(location.id),
        "version": location.version,
        "code": location.code,
        "name": location.name,
        "kind": location.kind.value,
        "city": location.city,
        "country": location.country,
        "latitude": location.latitude,
        "longitude": location.longitude,
        "time_zone": location.time_zone,
        "opening_hours": [hours_record(hours) for hours in location.opening_hours],
        "cut_off": location.cut_off.isoformat("minutes") if location.cut_off else None,
        "daily_capacity": location.daily_capacity,
        "priority": location.priority,
        "can_ship": location.can_ship,
        "can_pickup": location.can_pickup,
        "can_receive_returns": location.can_receive_returns,
        "active": location.active,
        "channels": list(location.channels),
        "tags": list(location.tags),
    }


def _event(kind: str, location: Location) -> Event:
    return Event(
        type=kind,
        aggregate=Aggregate.LOCATION,
        aggregate_id=location.id,
        version=location.version,
        topics=(),
        payload=payload_of(location),
    )


def location_created(location: Location) -> Event:
    """The event of a location's first version."""
    return _event(LOCATION_CREATED, location)


def location_changed(location: Location) -> Event:
    """The event of a location's change to its present version."""
    return _event(LOCATION_CHANGED, location)
