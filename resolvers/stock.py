"""Stock: what can be promised, levels and movements, and the ways in which people change them."""

from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.ids import ChannelCode, LocationId, Sku
from domain.common.transaction import Tx
from domain.identity.model import STAFF, Role
from domain.stock import books
from domain.stock.adjust import adjust_stock
from domain.stock.availability import Question, availability
from domain.stock.hold import release_reservation, reserve_stock
from domain.stock.receive import receive_stock
from domain.stock.safety import set_safety_stock
from resolvers.answering import answer
from resolvers.filling import fill
from schema.access import Allow
from schema.connections import Connection, connection_of
from schema.context import Info
from schema.ids import global_id, id_of
from schema.inputs import INPUT, After, First
from schema.refusals import asked, checked
from schema.stock import NearestInput, StockAvailability, StockLevel, StockMovement
from schema.stock_changes import (
    RESERVATION,
    AdjustStockInput,
    AdjustStockPayload,
    AdjustStockResult,
    ReceiveStockInput,
    ReceiveStockPayload,
    ReceiveStockResult,
    ReleaseReservationInput,
    ReleaseReservationPayload,
    ReleaseReservationResult,
    ReserveStockInput,
    ReserveStockPayload,
    ReserveStockResult,
    SetSafetyStockInput,
    SetSafetyStockPayload,
    SetSafetyStockResult,
    StockReservation,
)

KEEPERS = (Role.WAREHOUSE, Role.STORE_MANAGER, Role.POS, Role.OPERATIONS, Role.ADMIN)
"""Who changes levels; the domain narrows a POS to receipts and adjustments of its own shelf."""
PLANNERS = (Role.WAREHOUSE, Role.STORE_MANAGER, Role.OPERATIONS, Role.ADMIN)
SELLERS = (*KEEPERS, Role.CALL_CENTER, Role.CHANNEL)
"""Who may keep units for a cart."""
READERS = (*STAFF, Role.CHANNEL)

SkuArgument = Annotated[str, strawberry.argument(name="sku", description="SKU of the variant.")]
LocationArgument = Annotated[
    relay.GlobalID, strawberry.argument(name="locationId", description="Id of the location.")
]


@strawberry.type
class StockQuery:
    """Root fields that read stock."""

    @strawberry.field(
        description="What a channel's locations can promise now, one entry per SKU or kit in the "
        "order asked: available to promise at all locations of the channel, or only at those "
        "named, or only at the nearest. Expired reservations count as free.",
        extensions=[Allow(anonymous=True)],
    )
    async def availability(
        self,
        info: Info,
        skus: Annotated[
            list[str], strawberry.argument(description="SKUs of variants and kits, 1 to 100.")
        ],
        channel: Annotated[
            str, strawberry.argument(description="Code of the channel that wants to sell.")
        ],
        location_ids: Annotated[
            list[relay.GlobalID] | None,
            strawberry.argument(description="Only these locations, 1 to 200."),
        ] = None,
        near: Annotated[
            NearestInput | None,
            strawberry.argument(description="Only the nearest. Not together with locationIds."),
        ] = None,
    ) -> list[StockAvailability]:
        """One entry per distinct SKU."""
        actor = info.context.actor
        question = Question(
            skus=tuple(Sku(sku) for sku in skus),
            channel=ChannelCode(channel),
            location_ids=None if location_ids is None else checked(lambda: _all(location_ids)),
            near=near.to_domain() if near else None,
        )
        found = await asked(info.context.read(lambda c: availability(c, question, seen_by=actor)))
        return [StockAvailability.of(each) for each in found]

    @strawberry.field(
        description="Stock of a SKU at a location. Null when there is none or it is not visible.",
        extensions=[Allow(*READERS)],
    )
    async def stock_level(
        self, info: Info, sku: SkuArgument, location_id: LocationArgument
    ) -> StockLevel | None:
        """The level or null."""
        actor, place = info.context.actor, checked(lambda: _location(location_id))
        found = await info.context.read(lambda c: books.level_at(c, Sku(sku), place, seen_by=actor))
        return StockLevel.of_level(found) if found else None

    @strawberry.field(
        description="Stock at a location, sorted by SKU. Empty when it is not visible.",
        extensions=[Allow(*READERS)],
    )
    async def stock_levels(
        self,
        info: Info,
        location_id: LocationArgument,
        skus: Annotated[
            list[str] | None, strawberry.argument(description="Only these SKUs, at most 1,000.")
        ] = None,
        first: First = 20,
        after: After = None,
    ) -> Connection[StockLevel]:
        """A page of levels."""
        context, actor = info.context, info.context.actor
        place = checked(lambda: _location(location_id))
        wanted = None if skus is None else [Sku(sku) for sku in skus]

        async def count() -> int:
            return await context.read(
                lambda c: books.count_of_levels(c, place, wanted, seen_by=actor)
            )

        page = await asked(
            context.read(
                lambda c: books.page_of_levels(
                    c, place, wanted, first=first, after=after, seen_by=actor
                )
            )
        )
        return connection_of(page, StockLevel.of_level, count)

    @strawberry.field(
        description="Movements of a SKU at a location, newest first. Empty when not visible.",
        extensions=[Allow(*READERS)],
    )
    async def stock_movements(
        self,
        info: Info,
        sku: SkuArgument,
        location_id: LocationArgument,
        first: First = 20,
        after: After = None,
    ) -> Connection[StockMovement]:
        """A page of movements."""
        context, actor = info.context, info.context.actor
        place = checked(lambda: _location(location_id))

        async def count() -> int:
            return await context.read(
                lambda c: books.count_of_movements(c, Sku(sku), place, seen_by=actor)
            )

        page = await asked(
            context.read(
                lambda c: books.page_of_movements(
                    c, Sku(sku), place, first=first, after=after, seen_by=actor
                )
            )
        )
        return connection_of(page, StockMovement.of, count)


@strawberry.type
class StockMutation:
    """Root fields that change stock."""

    @strawberry.mutation(
        description="Goods came in from outside: on hand rises. POS, STORE_MANAGER and WAREHOUSE "
        "at their own locations only.",
        extensions=[Allow(*KEEPERS)],
    )
    async def receive_stock(
        self, info: Info, given: Annotated[ReceiveStockInput, INPUT]
    ) -> ReceiveStockResult:
        """The levels, or why not."""

        async def work(tx: Tx) -> ReceiveStockPayload:
            done = await receive_stock(tx, info.context.caller, given.to_domain())
            return ReceiveStockPayload(levels=[StockLevel.of_level(each) for each in done.levels])

        done = await answer(info.context.run(work))
        if isinstance(done, ReceiveStockPayload):
            await fill(info.context)
        return done

    @strawberry.mutation(
        description="Correct the books of one level: a difference, a count, or units that go from "
        "one bucket to another. POS, STORE_MANAGER and WAREHOUSE at their own locations only.",
        extensions=[Allow(*KEEPERS)],
    )
    async def adjust_stock(
        self, info: Info, given: Annotated[AdjustStockInput, INPUT]
    ) -> AdjustStockResult:
        """The level, or why not."""

        async def work(tx: Tx) -> AdjustStockPayload:
            done = await adjust_stock(tx, info.context.caller, given.to_domain())
            return AdjustStockPayload(level=StockLevel.of_level(done.levels[0]))

        done = await answer(info.context.run(work))
        if isinstance(done, AdjustStockPayload):
            await fill(info.context)
        return done

    @strawberry.mutation(
        description="Say how many units of a level are never promised. STORE_MANAGER and WAREHOUSE "
        "at their own locations only.",
        extensions=[Allow(*PLANNERS)],
    )
    async def set_safety_stock(
        self, info: Info, given: Annotated[SetSafetyStockInput, INPUT]
    ) -> SetSafetyStockResult:
        """The level, or why not."""

        async def work(tx: Tx) -> SetSafetyStockPayload:
            done = await set_safety_stock(tx, info.context.caller, given.to_domain())
            return SetSafetyStockPayload(level=StockLevel.of_level(done.levels[0]))

        return await answer(info.context.run(work))

    @strawberry.mutation(
        description="Keep units for a cart for a while, at any location (CHANNEL: at those that "
        "serve its channels): all lines or none.",
        extensions=[Allow(*SELLERS)],
    )
    async def reserve_stock(
        self, info: Info, given: Annotated[ReserveStockInput, INPUT]
    ) -> ReserveStockResult:
        """The reservation, or why not."""

        async def work(tx: Tx) -> ReserveStockPayload:
            kept = await reserve_stock(tx, info.context.caller, given.to_domain())
            return ReserveStockPayload(reservation=StockReservation.of(kept))

        return await answer(info.context.run(work))

    @strawberry.mutation(
        description="Give back what the caller kept with reserveStock.",
        extensions=[Allow(*SELLERS)],
    )
    async def release_reservation(
        self, info: Info, given: Annotated[ReleaseReservationInput, INPUT]
    ) -> ReleaseReservationResult:
        """What was given back, or why not."""

        async def work(tx: Tx) -> ReleaseReservationPayload:
            done = await release_reservation(tx, info.context.caller, given.to_domain())
            return ReleaseReservationPayload(
                reservation_id=global_id(RESERVATION, done.id), released=bool(done.levels)
            )

        return await answer(info.context.run(work))


def _location(given: relay.GlobalID) -> LocationId:
    return LocationId(id_of(given, "Location", "locationId"))


def _all(given: list[relay.GlobalID]) -> tuple[LocationId, ...]:
    return tuple(LocationId(id_of(each, "Location", "locationIds")) for each in given)
