"""Waves: putting together, starting, taking works out, giving up, and reading them."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.paging import PageRequest
from domain.common.transaction import Tx
from domain.fulfillment import waves
from domain.fulfillment.wave import WaveStatus
from domain.fulfillment.wave_store import count_waves, wave_by_id, waves_at
from domain.fulfillment.waves import WaveDone
from resolvers.answering import answer
from resolvers.fulfillment import Where, place_of
from resolvers.orders import WORKERS
from schema.access import Allow
from schema.connections import Connection, connection_of
from schema.context import Context, Info
from schema.ids import id_of
from schema.inputs import INPUT, After, First
from schema.refusals import checked
from schema.waves import (
    CancelWaveInput,
    CreateWaveInput,
    RemoveFromWaveInput,
    StartWaveInput,
    Wave,
    WavePayload,
    WaveResult,
)


@strawberry.type
class WavesQuery:
    """Root fields that read waves."""

    @strawberry.field(
        description="A wave; null when unknown or of another location.",
        extensions=[Allow(*WORKERS)],
    )
    async def wave(
        self, info: Info, id: Annotated[relay.GlobalID, strawberry.argument(description="Its id.")]
    ) -> Wave | None:
        """The wave or null."""
        wanted, actor = checked(lambda: id_of(id, "Wave")), info.context.caller
        found = await info.context.read(lambda c: wave_by_id(c, actor, wanted))
        return Wave.of(found) if found else None

    @strawberry.field(
        description="Waves of a location, newest first.", extensions=[Allow(*WORKERS)]
    )
    async def waves(
        self,
        info: Info,
        location_id: Where,
        statuses: Annotated[
            list[WaveStatus] | None,
            strawberry.argument(description="Only with one of these statuses."),
        ] = None,
        first: First = 20,
        after: After = None,
    ) -> Connection[Wave]:
        """A page of waves."""
        place, actor = place_of(info.context, location_id), info.context.caller
        request = checked(lambda: PageRequest.of(first, after))
        page = await info.context.read(lambda c: waves_at(c, actor, place, statuses, request))
        return connection_of(
            page,
            Wave.of,
            lambda: info.context.read(lambda c: count_waves(c, actor, place, statuses)),
        )


@strawberry.type
class WavesMutation:
    """Root fields that change waves."""

    @strawberry.mutation(
        description="Put accepted works together, to be picked in one walk. A work is in one wave "
        "at most.",
        extensions=[Allow(*WORKERS)],
    )
    async def create_wave(self, info: Info, input: Annotated[CreateWaveInput, INPUT]) -> WaveResult:
        """The open wave, or why not."""
        actor = info.context.caller
        return await _change(
            info.context, lambda tx: waves.create_wave(tx, actor, input.to_domain())
        )

    @strawberry.mutation(
        description="Begin to walk: the wave's works are in picking, and its pick list is printed. "
        "Works of orders that are on hold leave the wave.",
        extensions=[Allow(*WORKERS)],
    )
    async def start_wave(self, info: Info, input: Annotated[StartWaveInput, INPUT]) -> WaveResult:
        """The wave in picking, or why not."""
        actor = info.context.caller
        return await _change(
            info.context, lambda tx: waves.start_wave(tx, actor, input.to_domain())
        )

    @strawberry.mutation(
        description="Take works out of a wave; they go on by themselves. A wave that nothing is "
        "left of ends.",
        extensions=[Allow(*WORKERS)],
    )
    async def remove_from_wave(
        self, info: Info, input: Annotated[RemoveFromWaveInput, INPUT]
    ) -> WaveResult:
        """The wave without them, or why not."""
        actor = info.context.caller
        return await _change(
            info.context, lambda tx: waves.remove_from_wave(tx, actor, input.to_domain())
        )

    @strawberry.mutation(
        description="Give a wave up: works that wait to be picked go on by themselves.",
        extensions=[Allow(*WORKERS)],
    )
    async def cancel_wave(self, info: Info, input: Annotated[CancelWaveInput, INPUT]) -> WaveResult:
        """The cancelled wave, or why not."""
        actor = info.context.caller
        return await _change(
            info.context, lambda tx: waves.cancel_wave(tx, actor, input.to_domain())
        )


async def _change(context: Context, work: Callable[[Tx], Awaitable[WaveDone]]) -> WaveResult:
    async def run() -> WavePayload:
        done = await context.run(work)
        actor = context.caller
        found = await context.read_primary(lambda c: wave_by_id(c, actor, done.wave_id))
        assert found is not None  # whoever changed it may see it
        return WavePayload(wave=Wave.of(found))

    return await answer(run())
