"""News of the fulfillment area, beyond those of the work itself."""

from domain.events.model import Aggregate, Event, Topic
from domain.fulfillment.model import FulfillmentException, PickList
from domain.fulfillment.wave import Wave

PICK_LIST_CREATED = "PickListCreated"
WAVE_CHANGED = "WaveChanged"
EXCEPTION_CHANGED = "FulfillmentExceptionChanged"


def pick_list_created(printed: PickList) -> Event:
    """The event of a new pick list."""
    return Event(
        type=PICK_LIST_CREATED,
        aggregate=Aggregate.PICK_LIST,
        aggregate_id=printed.id,
        version=1,
        topics=(Topic.pick_lists(printed.location_id),),
        payload={
            "pick_list_id": str(printed.id),
            "number": printed.number,
            "location_id": str(printed.location_id),
            "wave_number": printed.wave_number,
            "units": printed.quantity,
            "orders": len(printed.order_numbers),
        },
    )


def wave_changed(wave: Wave) -> Event:
    """The event of a wave's change to its present version."""
    return Event(
        type=WAVE_CHANGED,
        aggregate=Aggregate.WAVE,
        aggregate_id=wave.id,
        version=wave.version,
        topics=(Topic.pick_lists(wave.location_id),),
        payload={
            "wave_id": str(wave.id),
            "number": wave.number,
            "version": wave.version,
            "location_id": str(wave.location_id),
            "status": wave.status.value,
            "pick_list_id": str(wave.pick_list_id) if wave.pick_list_id else None,
        },
    )


def exception_changed(found: FulfillmentException) -> Event:
    """The event of an exception that was kept, or resolved."""
    return Event(
        type=EXCEPTION_CHANGED,
        aggregate=Aggregate.FULFILLMENT_EXCEPTION,
        aggregate_id=found.id,
        version=found.version,
        topics=(Topic.exceptions(found.location_id),),
        payload={
            "exception_id": str(found.id),
            "version": found.version,
            "fulfillment_order_id": str(found.fulfillment_order_id),
            "location_id": str(found.location_id),
            "operation": found.operation,
            "resolved": found.resolved_at is not None,
        },
    )
