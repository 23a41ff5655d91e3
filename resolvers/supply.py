"""Inbound stock: what is expected, what can be promised of it, and what suppliers report."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.ids import ChannelCode, LocationId, Sku
from domain.common.paging import PageRequest
from domain.identity.model import STAFF, Role
from domain.supply.feed import load_supplier_feed
from domain.supply.outlook import outlook
from domain.supply.repository import open_inbound
from resolvers.answering import answer
from resolvers.filling import fill
from resolvers.fulfillment import Where, place_of
from resolvers.purchasing import READERS
from schema.access import Allow
from schema.context import Context, Info
from schema.ids import id_of
from schema.inputs import INPUT, utc_moment
from schema.refusals import asked, checked, refused
from schema.supply import (
    AvailableToPromise,
    InboundStock,
    LoadSupplierFeedInput,
    LoadSupplierFeedPayload,
    LoadSupplierFeedResult,
)


@strawberry.type
class SupplyQuery:
    """Root fields that read inbound stock."""

    @strawberry.field(
        description="What a location still expects, the earliest first.",
        extensions=[Allow(*READERS)],
    )
    async def inbound_stock(
        self,
        info: Info,
        location_id: Where,
        sku: Annotated[str | None, strawberry.argument(description="Only this SKU.")] = None,
        first: Annotated[int, strawberry.argument(description="At most, 1 to 100.")] = 100,
    ) -> list[InboundStock]:
        """The inbound stock, the earliest first."""
        place = place_of(info.context, location_id)
        limit = checked(lambda: PageRequest.of(first, None)).first
        wanted = None if sku is None else Sku(sku)
        found = await info.context.read(lambda c: open_inbound(c, place, wanted, limit))
        return [InboundStock.of(each) for each in found]

    @strawberry.field(
        description="What can be promised of a SKU or kit for a moment, at a location or at all "
        "locations of a channel: what is there, and what comes in until then, less what is "
        "promised by then or must be kept for a later promise.",
        extensions=[Allow(*STAFF, Role.CHANNEL)],
    )
    async def available_to_promise(
        self,
        info: Info,
        sku: Annotated[str, strawberry.argument(description="SKU of a variant or kit.")],
        location_id: Annotated[
            relay.GlobalID | None,
            strawberry.argument(description="The location; either it or a channel."),
        ] = None,
        channel: Annotated[
            str | None, strawberry.argument(description="Code of the channel that wants to sell.")
        ] = None,
        at: Annotated[
            datetime | None, strawberry.argument(description="For when; now unless given.")
        ] = None,
    ) -> AvailableToPromise:
        """The units for that moment, and the curve from now on."""
        place = _place(info.context, location_id)
        code = _channel(info.context, channel)
        moment = checked(lambda: utc_moment("at", at))
        found = await asked(
            info.context.read(
                lambda c: outlook(c, Sku(sku), location_id=place, channel=code, at=moment)
            )
        )
        return AvailableToPromise.of(found)


@strawberry.type
class SupplyMutation:
    """Root fields that change inbound stock."""

    @strawberry.mutation(
        description="Take in what a supplier reports that it will send: all rows or none. It is "
        "promised to orders that wait, and promises move with it.",
        extensions=[Allow(Role.OPERATIONS, Role.ADMIN)],
    )
    async def load_supplier_feed(
        self, info: Info, input: Annotated[LoadSupplierFeedInput, INPUT]
    ) -> LoadSupplierFeedResult:
        """How many rows changed, or why none."""

        async def run() -> LoadSupplierFeedPayload:
            done = await info.context.run(lambda tx: load_supplier_feed(tx, input.to_domain()))
            await fill(info.context)
            return LoadSupplierFeedPayload(rows=done.rows, changed=done.changed)

        return await answer(run())


def _place(context: Context, given: relay.GlobalID | None) -> LocationId | None:
    if given is None:
        return None
    if context.caller.role is Role.CHANNEL:
        raise refused("FORBIDDEN", "name a channel that you sell on")
    return checked(lambda: LocationId(id_of(given, "Location", "locationId")))


def _channel(context: Context, given: str | None) -> ChannelCode | None:
    if given is None:
        return None
    if not context.caller.sells_on(ChannelCode(given)):
        raise refused("FORBIDDEN", "you do not sell on this channel")
    return ChannelCode(given)
