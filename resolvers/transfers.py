"""Transfers: creating, shipping, receiving, cancelling, and reading them."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.paging import PageRequest
from domain.common.transaction import Tx
from domain.identity.model import Role
from domain.transfers import service
from domain.transfers.repository import transfer_by_id, transfers_at
from domain.transfers.service import TransferChange
from resolvers.answering import answer
from resolvers.filling import fill
from resolvers.fulfillment import Where, place_of
from schema.access import Allow
from schema.context import Context, Info
from schema.ids import id_of
from schema.inputs import INPUT
from schema.refusals import checked
from schema.transfers import (
    ChangeTransferInput,
    CreateTransferInput,
    ReceiveTransferInput,
    Transfer,
    TransferPayload,
    TransferResult,
)

MOVERS = (Role.STORE_MANAGER, Role.WAREHOUSE, Role.OPERATIONS, Role.ADMIN)


@strawberry.type
class TransfersQuery:
    """Root fields that read transfers."""

    @strawberry.field(
        description="The newest transfers from or to a location.", extensions=[Allow(*MOVERS)]
    )
    async def transfers(
        self,
        info: Info,
        location_id: Where,
        first: Annotated[int, strawberry.argument(description="At most, 1 to 100.")] = 100,
    ) -> list[Transfer]:
        """The transfers, newest first."""
        place, actor = place_of(info.context, location_id), info.context.caller
        limit = checked(lambda: PageRequest.of(first, None)).first
        found = await info.context.read(lambda c: transfers_at(c, actor, place, limit))
        return [Transfer.of(each) for each in found]

    @strawberry.field(
        description="A transfer; null when unknown or not visible.", extensions=[Allow(*MOVERS)]
    )
    async def transfer(
        self, info: Info, id: Annotated[relay.GlobalID, strawberry.argument(description="Its id.")]
    ) -> Transfer | None:
        """The transfer or null."""
        wanted, actor = checked(lambda: id_of(id, "Transfer")), info.context.caller
        found = await info.context.read(lambda c: transfer_by_id(c, actor, wanted))
        return Transfer.of(found) if found else None


@strawberry.type
class TransfersMutation:
    """Root fields that move goods between locations."""

    @strawberry.mutation(
        description="Create a transfer: its units are allocated at the source.",
        extensions=[Allow(*MOVERS)],
    )
    async def create_transfer(
        self, info: Info, input: Annotated[CreateTransferInput, INPUT]
    ) -> TransferResult:
        """The transfer, or why not."""
        actor = info.context.caller
        return await _change(
            info.context, lambda tx: service.create_transfer(tx, actor, input.to_domain())
        )

    @strawberry.mutation(
        description="A transfer leaves its source: it is on the way, in no location's stock, and "
        "is promised to orders that wait for it.",
        extensions=[Allow(*MOVERS)],
    )
    async def ship_transfer(
        self, info: Info, input: Annotated[ChangeTransferInput, INPUT]
    ) -> TransferResult:
        """The transfer, or why not."""
        actor = info.context.caller
        done = await _change(
            info.context, lambda tx: service.ship_transfer(tx, actor, input.to_domain())
        )
        if isinstance(done, TransferPayload):
            await fill(info.context)
        return done

    @strawberry.mutation(
        description="A transfer arrived: what was counted is in the destination's stock, and goes "
        "to orders that wait for it; the difference is its variance.",
        extensions=[Allow(*MOVERS)],
    )
    async def receive_transfer(
        self, info: Info, input: Annotated[ReceiveTransferInput, INPUT]
    ) -> TransferResult:
        """The transfer, or why not."""
        actor = info.context.caller
        done = await _change(
            info.context, lambda tx: service.receive_transfer(tx, actor, input.to_domain())
        )
        if isinstance(done, TransferPayload):
            await fill(info.context)
        return done

    @strawberry.mutation(
        description="Cancel a transfer that has not left: its units are free again.",
        extensions=[Allow(*MOVERS)],
    )
    async def cancel_transfer(
        self, info: Info, input: Annotated[ChangeTransferInput, INPUT]
    ) -> TransferResult:
        """The transfer, or why not."""
        actor = info.context.caller
        return await _change(
            info.context, lambda tx: service.cancel_transfer(tx, actor, input.to_domain())
        )


async def _change(
    context: Context, work: Callable[[Tx], Awaitable[TransferChange]]
) -> TransferResult:
    async def run() -> TransferPayload:
        changed = await context.run(work)
        actor = context.caller
        found = await context.read_primary(lambda c: transfer_by_id(c, actor, changed.transfer_id))
        assert found is not None  # whoever changed it may see it
        return TransferPayload(transfer=Transfer.of(found))

    return await answer(run())
