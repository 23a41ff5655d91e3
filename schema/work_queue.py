"""What to list of a location's work queue."""

from datetime import datetime

import strawberry
from strawberry import relay

from domain.common.ids import WaveId
from domain.orders.queue import WorkFilter
from schema.ids import id_of
from schema.inputs import utc_moment
from schema.orders.enums import DeliveryMode, FulfillmentOrderStatus


@strawberry.input(description="Which open work to list; all that is left out means any.")
class WorkQueueFilterInput:
    """Twin of WorkFilter."""

    statuses: list[FulfillmentOrderStatus] | None = strawberry.field(
        default=None, description="With one of these statuses."
    )
    delivery_mode: DeliveryMode | None = strawberry.field(
        default=None, description="Leaving in this way."
    )
    due_before: datetime | None = strawberry.field(
        default=None, description="With a cut-off before this moment."
    )
    accepted: bool | None = strawberry.field(
        default=None, description="True: accepted by the location; false: not answered yet."
    )
    on_hold: bool | None = strawberry.field(
        default=None, description="True: its order has a hold; false: it has none."
    )
    in_wave: bool | None = strawberry.field(
        default=None, description="True: in a wave; false: in none."
    )
    wave_id: relay.GlobalID | None = strawberry.field(default=None, description="In this wave.")

    def to_domain(self) -> WorkFilter:
        """The filter. Raises ValidationFailed for a bad id or a moment without an offset."""
        return WorkFilter(
            statuses=None if self.statuses is None else tuple(self.statuses),
            delivery_mode=self.delivery_mode,
            due_before=utc_moment("filter.dueBefore", self.due_before),
            accepted=self.accepted,
            on_hold=self.on_hold,
            in_wave=self.in_wave,
            wave_id=WaveId(id_of(self.wave_id, "Wave", "filter.waveId")) if self.wave_id else None,
        )


def filter_of(given: WorkQueueFilterInput | None) -> WorkFilter:
    """The filter that was given, else that of everything."""
    return given.to_domain() if given else WorkFilter()
