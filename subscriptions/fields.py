"""The subscription fields: who may watch what. All of them start and resume alike (`feed`)."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any, TypeVar, cast

import strawberry
from strawberry import relay

from domain.common.errors import ValidationFailed
from domain.common.ids import CustomerId, LocationId, OrderId, Sku
from domain.customers.repository import customers_by_id
from domain.events.model import Cursor
from domain.identity.model import AT_LOCATION, HEAD_OFFICE, STAFF, Role
from domain.imports.model import MAY_IMPORT, ImportJobId
from domain.imports.repository import job_by_id
from domain.orders.visibility import visible_order
from domain.stock.projection import watchable_locations
from domain.trials.model import MAY_SIMULATE, SimulationId
from domain.trials.repository import simulation_by_id
from schema.access import Allow
from schema.context import Context, Info
from schema.ids import id_of
from schema.imports import ImportJobChange
from schema.live import (
    CustomerActivity,
    OrderChange,
    ReturnsChange,
    StockChange,
    WorkQueueChange,
)
from schema.refusals import checked, refused
from schema.sourcing_trials import SourcingSimulationChange
from subscriptions.feed import Feed
from subscriptions.feeds import (
    customer_feed,
    order_feed,
    queue_feed,
    returns_feed,
    stock_feed,
)
from subscriptions.following import LiveStream
from subscriptions.imports import import_feed
from subscriptions.sourcing_trials import simulation_feed

P = TypeVar("P")

MOST_LOCATIONS = 50
MOST_SKUS = 1_000
QUEUE_READERS = (*AT_LOCATION, Role.OPERATIONS, Role.ADMIN)

After = Annotated[
    str | None,
    strawberry.argument(
        description="Cursor of the last payload that was seen: everything since then follows, "
        "without a gap and without a repetition. Without it: a snapshot, then every change."
    ),
]


@strawberry.type(description="What can be watched. The first payloads are a snapshot.")
class Subscription:
    """All root fields that go on."""

    @strawberry.subscription(
        description="Stock of locations, live. A client that reads slowly gets the newest level, "
        "and not each step to it. Staff of locations watch their own, channels those that serve "
        "them.",
        extensions=[Allow(*STAFF, Role.CHANNEL)],
    )
    async def stock_changed(
        self,
        info: Info,
        location_ids: Annotated[
            list[relay.GlobalID], strawberry.argument(description="Ids of 1 to 50 locations.")
        ],
        skus: Annotated[
            list[str] | None, strawberry.argument(description="Only these SKUs, 1 to 1,000.")
        ] = None,
        after: After = None,
    ) -> AsyncGenerator[StockChange, None]:
        """Levels, then their changes."""
        places = checked(lambda: _locations(location_ids))
        wanted = None if skus is None else checked(lambda: _skus(skus))
        await _require_locations(info.context, places)
        return _started(info.context, stock_feed(places, wanted), after)

    @strawberry.subscription(
        description="One order, its shipments and its returns, live. Each change is sent; a client "
        "that reads too slowly is ended with RESYNC_REQUIRED and resumes. By id or number for who "
        "may see the order; by number and tracking token for everybody.",
        extensions=[Allow(anonymous=True)],
    )
    async def order_changed(
        self,
        info: Info,
        order_id: Annotated[
            relay.GlobalID | None, strawberry.argument(description="Id of the order.")
        ] = None,
        number: Annotated[
            str | None, strawberry.argument(description="Number of the order, instead of its id.")
        ] = None,
        token: Annotated[
            str | None, strawberry.argument(description="Tracking token that goes with the number.")
        ] = None,
        after: After = None,
    ) -> AsyncGenerator[OrderChange, None]:
        """The order, then its changes."""
        found = await _visible_order(info.context, order_id, number, token)
        return _started(info.context, order_feed(found), after)

    @strawberry.subscription(
        description="The fulfillment work of one location, live. Each change is sent; a client "
        "that reads too slowly is ended with RESYNC_REQUIRED and resumes. Staff of locations watch "
        "their own.",
        extensions=[Allow(*QUEUE_READERS)],
    )
    async def work_queue_changed(
        self,
        info: Info,
        location_id: Annotated[
            relay.GlobalID, strawberry.argument(description="Id of the location.")
        ],
        after: After = None,
    ) -> AsyncGenerator[WorkQueueChange, None]:
        """Open work, then its changes."""
        place = checked(lambda: LocationId(id_of(location_id, "Location", "locationId")))
        await _require_locations(info.context, [place])
        return _started(info.context, queue_feed(place), after)

    @strawberry.subscription(
        description="Returned goods at one location, live. Each change is sent; a client that "
        "reads too slowly is ended with RESYNC_REQUIRED and resumes. Staff of locations watch "
        "their own.",
        extensions=[Allow(*QUEUE_READERS)],
    )
    async def returns_changed(
        self,
        info: Info,
        location_id: Annotated[
            relay.GlobalID, strawberry.argument(description="Id of the location.")
        ],
        after: After = None,
    ) -> AsyncGenerator[ReturnsChange, None]:
        """Returns that are not over, then their changes."""
        place = checked(lambda: LocationId(id_of(location_id, "Location", "locationId")))
        await _require_locations(info.context, [place])
        return _started(info.context, returns_feed(place), after)

    @strawberry.subscription(
        description="One customer, live: orders, shipments and returns with each of their changes, "
        "and that profile, addresses, consents or notes changed. Customers watch themselves, the "
        "head office everybody.",
        extensions=[Allow(*HEAD_OFFICE, Role.CUSTOMER)],
    )
    async def customer_activity(
        self,
        info: Info,
        customer_id: Annotated[
            relay.GlobalID, strawberry.argument(description="Id of the customer.")
        ],
        after: After = None,
    ) -> AsyncGenerator[CustomerActivity, None]:
        """Newest orders, then what happens."""
        wanted = checked(lambda: CustomerId(id_of(customer_id, "Customer", "customerId")))
        actor = info.context.caller
        found = await info.context.shared_read(
            ("customer", actor.scope, wanted),
            lambda c: customers_by_id(c, [wanted], seen_by=actor),
        )
        if wanted not in found:
            raise refused("NOT_FOUND", "no such customer")
        return _started(info.context, customer_feed(wanted), after)

    @strawberry.subscription(
        description="How far one import has come, live. Each change is sent; a client that reads "
        "too slowly is ended with RESYNC_REQUIRED and resumes.",
        extensions=[Allow(*sorted(MAY_IMPORT))],
    )
    async def import_job_changed(
        self,
        info: Info,
        job_id: Annotated[relay.GlobalID, strawberry.argument(description="Id of the import.")],
        after: After = None,
    ) -> AsyncGenerator[ImportJobChange, None]:
        """The import, then its changes."""
        wanted = checked(lambda: ImportJobId(id_of(job_id, "ImportJob", "jobId")))
        if await info.context.read(lambda c: job_by_id(c, wanted)) is None:
            raise refused("NOT_FOUND", "no such import")
        return _started(info.context, import_feed(wanted), after)

    @strawberry.subscription(
        description="How far one simulation of a rule set has come, live, at most twice a second. "
        "Each change is sent; a client that reads too slowly is ended with RESYNC_REQUIRED and "
        "resumes.",
        extensions=[Allow(*sorted(MAY_SIMULATE))],
    )
    async def sourcing_simulation_changed(
        self,
        info: Info,
        simulation_id: Annotated[
            relay.GlobalID,
            strawberry.argument(name="id", description="Id of the simulation."),
        ],
        after: After = None,
    ) -> AsyncGenerator[SourcingSimulationChange, None]:
        """The simulation, then its changes."""
        wanted = checked(lambda: SimulationId(id_of(simulation_id, "SourcingSimulation")))
        if await info.context.read(lambda c: simulation_by_id(c, wanted)) is None:
            raise refused("NOT_FOUND", "no such simulation")
        return _started(info.context, simulation_feed(wanted), after)


def _started(context: Context, feed: Feed[Any, P], after: str | None) -> AsyncGenerator[P]:
    cursor = None if after is None else checked(lambda: Cursor.decode(after))
    stream = LiveStream(feed, context.services.live, context.services.database, cursor)
    return cast("AsyncGenerator[P]", stream)


def _locations(given: list[relay.GlobalID]) -> list[LocationId]:
    if not 1 <= len(given) <= MOST_LOCATIONS:
        raise ValidationFailed("locationIds", f"must be 1 to {MOST_LOCATIONS}")
    return sorted({LocationId(id_of(each, "Location", "locationIds")) for each in given})


def _skus(given: list[str]) -> list[Sku]:
    if not 1 <= len(given) <= MOST_SKUS:
        raise ValidationFailed("skus", f"must be 1 to {MOST_SKUS}")
    return sorted({Sku(sku) for sku in given})


async def _require_locations(context: Context, places: list[LocationId]) -> None:
    actor = context.actor
    visible = await context.shared_read(
        ("locations", None if actor is None else actor.scope, tuple(places)),
        lambda c: watchable_locations(c, actor, places),
    )
    if not visible.issuperset(places):
        raise refused("FORBIDDEN", "a location is not yours to watch")


async def _visible_order(
    context: Context, order_id: relay.GlobalID | None, number: str | None, token: str | None
) -> OrderId:
    key = None if order_id is None else checked(lambda: id_of(order_id, "Order", "orderId"))
    if (key is None) == (number is None) or (number is None and token is not None):
        raise refused("VALIDATION_FAILED", "give orderId, or number, or number and token")
    actor = context.actor
    found = await context.shared_read(
        # The key and not only the scope: a till sees the orders that it placed itself.
        ("order", None if actor is None else (actor.key, *actor.scope), key, number, token),
        lambda c: visible_order(c, actor, order_id=key, number=number, token=token),
    )
    if found is None:
        raise refused("NOT_FOUND", "no such order")
    return found
