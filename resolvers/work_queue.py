"""The work queue of a location."""

from typing import Annotated

import strawberry

from domain.common.paging import PageRequest
from domain.orders.queue import count_work, work_queue, work_queue_page
from resolvers.fulfillment import Where, place_of
from resolvers.orders import WORKERS
from schema.access import Allow
from schema.connections import Connection, connection_of
from schema.context import Info
from schema.inputs import After, First
from schema.orders.types import FulfillmentOrder
from schema.refusals import checked
from schema.work_queue import WorkQueueFilterInput, filter_of

Filter = Annotated[
    WorkQueueFilterInput | None, strawberry.argument(name="filter", description="Which of it.")
]


@strawberry.type
class WorkQueueQuery:
    """Root fields that read the work of a location."""

    @strawberry.field(
        description="Open fulfillment orders of a location, the most urgent first: by cut-off, "
        "then by age. `workQueuePage` has the rest of a long queue.",
        extensions=[Allow(*WORKERS)],
    )
    async def work_queue(
        self,
        info: Info,
        location_id: Where,
        first: Annotated[int, strawberry.argument(description="At most, 1 to 100.")] = 100,
        wanted: Filter = None,
    ) -> list[FulfillmentOrder]:
        """The location's open work."""
        place = place_of(info.context, location_id)
        limit = checked(lambda: PageRequest.of(first, None)).first
        chosen = checked(lambda: filter_of(wanted))
        found = await info.context.read(lambda c: work_queue(c, place, limit, chosen))
        return [FulfillmentOrder.of(order, work) for order, work in found]

    @strawberry.field(
        description="As `workQueue`, page by page.",
        extensions=[Allow(*WORKERS)],
    )
    async def work_queue_page(
        self,
        info: Info,
        location_id: Where,
        wanted: Filter = None,
        first: First = 20,
        after: After = None,
    ) -> Connection[FulfillmentOrder]:
        """A page of the location's open work."""
        place = place_of(info.context, location_id)
        request = checked(lambda: PageRequest.of(first, after))
        chosen = checked(lambda: filter_of(wanted))
        page = await info.context.read(lambda c: work_queue_page(c, place, chosen, request))
        return connection_of(
            page,
            lambda entry: FulfillmentOrder.of(*entry),
            lambda: info.context.read(lambda c: count_work(c, place, chosen)),
        )
