"""Decisions of sourcing: reading them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import relay

from domain.common.database import DbConnection
from domain.locations.repository import all_locations_by_id
from domain.orders.visibility import visible_order
from domain.sourcing.decisions import Decision, decisions_of, newest_decision
from domain.sourcing.wording.sentences import places_in
from schema.access import Allow
from schema.context import Context, Info
from schema.ids import id_of
from schema.refusals import checked
from schema.sourcing_decisions import READERS, SourcingDecision

OfOrder = Annotated[relay.GlobalID, strawberry.argument(description="The order.")]


@strawberry.type
class SourcingDecisionsQuery:
    """Root fields that read decisions of sourcing."""

    @strawberry.field(
        description="The decisions about units of an order, the newest first; none when the order "
        "is unknown or not visible.",
        extensions=[Allow(*READERS)],
    )
    async def sourcing_decisions(self, info: Info, order_id: OfOrder) -> list[SourcingDecision]:
        """The decisions."""
        return await _told(info.context, order_id, _all_of)

    @strawberry.field(
        description="The newest decision about units of an order; null when there is none, or when "
        "the order is unknown or not visible.",
        extensions=[Allow(*READERS)],
    )
    async def sourcing_decision(self, info: Info, order_id: OfOrder) -> SourcingDecision | None:
        """The decision or null."""
        return next(iter(await _told(info.context, order_id, _newest_of)), None)


async def _all_of(connection: DbConnection, order: UUID) -> Sequence[Decision]:
    return [made for each in (await decisions_of(connection, [order])).values() for made in each]


async def _newest_of(connection: DbConnection, order: UUID) -> Sequence[Decision]:
    found = await newest_decision(connection, order)
    return [found] if found is not None else []


async def _told(
    context: Context,
    order_id: relay.GlobalID,
    find: Callable[[DbConnection, UUID], Awaitable[Sequence[Decision]]],
) -> list[SourcingDecision]:
    """What is found of the order, if the caller may see that; three statements at most."""
    actor, wanted = context.caller, checked(lambda: id_of(order_id, "Order", "orderId"))

    async def read(connection: DbConnection) -> list[SourcingDecision]:
        order = await visible_order(connection, actor, order_id=wanted)
        made = await find(connection, order) if order is not None else []
        if not made:
            return []
        places = {place for each in made for place in places_in(each.trace)}
        found = await all_locations_by_id(connection, places)
        names = {place: each.name for place, each in found.items()}
        return [SourcingDecision.of(each, names) for each in made]

    return await context.read(read)
