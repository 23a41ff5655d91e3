"""News of the fulfillment area, beyond those of the work itself."""

from domain.events.model import Aggregate, Event, Topic
from domain.fulfillment.model import PickList

PICK_LIST_CREATED = "PickListCreated"


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
