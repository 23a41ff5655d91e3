"""Counting: cycle counts, snapshots, accuracy and distortion."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

import strawberry

from domain.common.paging import PageRequest
from domain.common.transaction import Tx
from domain.counting import cycle
from domain.counting.cycle import CountDone
from domain.counting.repository import count_by_id, counts_at
from domain.counting.snapshot import apply_snapshot
from domain.counting.trust import accuracy_of, alerts
from domain.identity.model import Role
from resolvers.answering import answer
from resolvers.filling import fill
from resolvers.fulfillment import Where, place_of
from schema.access import Allow
from schema.context import Context, Info
from schema.counting import (
    AppliedSnapshotLine,
    ApplyStockSnapshotInput,
    ApplyStockSnapshotPayload,
    ApplyStockSnapshotResult,
    ChangeCountInput,
    DistortionAlert,
    OpenCountInput,
    RecordCountInput,
    StockAccuracy,
    StockCount,
    StockCountPayload,
    StockCountResult,
)
from schema.inputs import INPUT, at_or_now
from schema.refusals import checked

COUNTERS = (Role.POS, Role.STORE_MANAGER, Role.WAREHOUSE, Role.OPERATIONS, Role.ADMIN)
APPROVERS = (Role.STORE_MANAGER, Role.OPERATIONS, Role.ADMIN)
WATCHERS = (Role.STORE_MANAGER, Role.WAREHOUSE, Role.OPERATIONS, Role.FINANCE, Role.ADMIN)


@strawberry.type
class CountingQuery:
    """Root fields that read counts and what they say."""

    @strawberry.field(
        description="The newest cycle counts of a location.", extensions=[Allow(*COUNTERS)]
    )
    async def stock_counts(
        self,
        info: Info,
        location_id: Where,
        first: Annotated[int, strawberry.argument(description="At most, 1 to 100.")] = 20,
    ) -> list[StockCount]:
        """The counts, newest first."""
        place = place_of(info.context, location_id)
        limit = checked(lambda: PageRequest.of(first, None)).first
        found = await info.context.read(lambda c: counts_at(c, place, limit))
        return [StockCount.of(each) for each in found]

    @strawberry.field(
        description="How well a location's books agreed with the counts posted in a period.",
        extensions=[Allow(*WATCHERS)],
    )
    async def stock_accuracy(
        self,
        info: Info,
        location_id: Where,
        start: Annotated[datetime, strawberry.argument(description="From, with offset.")],
        stop: Annotated[
            datetime | None, strawberry.argument(description="To, with offset; now if left out.")
        ] = None,
    ) -> StockAccuracy:
        """The location's accuracy."""
        place = place_of(info.context, location_id)
        since, until = at_or_now(start), at_or_now(stop)
        found = await info.context.read(lambda c: accuracy_of(c, place, since, until))
        return StockAccuracy.of(found)

    @strawberry.field(
        description="The newest alerts about locations whose stock cannot be believed.",
        extensions=[Allow(Role.OPERATIONS, Role.ADMIN)],
    )
    async def distortion_alerts(
        self,
        info: Info,
        first: Annotated[int, strawberry.argument(description="At most, 1 to 100.")] = 100,
    ) -> list[DistortionAlert]:
        """The alerts, newest first."""
        limit = checked(lambda: PageRequest.of(first, None)).first
        found = await info.context.read(lambda c: alerts(c, limit))
        return [DistortionAlert.of(each) for each in found]


@strawberry.type
class CountingMutation:
    """Root fields that count, and correct the books by what was counted."""

    @strawberry.mutation(
        description="Begin to count; business goes on meanwhile.", extensions=[Allow(*COUNTERS)]
    )
    async def open_count(
        self, info: Info, input: Annotated[OpenCountInput, INPUT]
    ) -> StockCountResult:
        """The count, or why not."""
        actor = info.context.caller
        return await _change(
            info.context, lambda tx: cycle.open_count(tx, actor, input.to_domain())
        )

    @strawberry.mutation(
        description="Record what was seen; what the books said at that moment is kept with it.",
        extensions=[Allow(*COUNTERS)],
    )
    async def record_count(
        self, info: Info, input: Annotated[RecordCountInput, INPUT]
    ) -> StockCountResult:
        """The count, or why not."""
        actor = info.context.caller
        return await _change(
            info.context, lambda tx: cycle.record_count(tx, actor, input.to_domain())
        )

    @strawberry.mutation(
        description="Approve large variances: more than 2 units and more than 10 %. Whoever "
        "counted them may not.",
        extensions=[Allow(*APPROVERS)],
    )
    async def approve_count(
        self, info: Info, input: Annotated[ChangeCountInput, INPUT]
    ) -> StockCountResult:
        """The count, or why not."""
        actor = info.context.caller
        return await _change(
            info.context, lambda tx: cycle.approve_count(tx, actor, input.to_domain())
        )

    @strawberry.mutation(
        description="Post a count: each level changes by its variance against the moment when it "
        "was scanned; what moved since is kept. Its count tasks are done.",
        extensions=[Allow(*COUNTERS)],
    )
    async def post_count(
        self, info: Info, input: Annotated[ChangeCountInput, INPUT]
    ) -> StockCountResult:
        """The count, or why not."""
        actor = info.context.caller
        done = await _change(
            info.context, lambda tx: cycle.post_count(tx, actor, input.to_domain())
        )
        if isinstance(done, StockCountPayload):
            await fill(info.context)
        return done

    @strawberry.mutation(description="Throw a count away.", extensions=[Allow(*COUNTERS)])
    async def cancel_count(
        self, info: Info, input: Annotated[ChangeCountInput, INPUT]
    ) -> StockCountResult:
        """The count, or why not."""
        actor = info.context.caller
        return await _change(
            info.context, lambda tx: cycle.cancel_count(tx, actor, input.to_domain())
        )

    @strawberry.mutation(
        description="Apply the absolute stock of a warehouse system as of the moment it was taken: "
        "what moved since is kept on top. Lines that cannot be applied say why.",
        extensions=[Allow(Role.WAREHOUSE, Role.OPERATIONS, Role.ADMIN)],
    )
    async def apply_stock_snapshot(
        self, info: Info, input: Annotated[ApplyStockSnapshotInput, INPUT]
    ) -> ApplyStockSnapshotResult:
        """What came of each line, or why not."""
        context = info.context

        async def run() -> ApplyStockSnapshotPayload:
            command = input.to_domain()
            done = await context.run(lambda tx: apply_snapshot(tx, context.caller, command))
            await fill(context)
            return ApplyStockSnapshotPayload(
                lines=[
                    AppliedSnapshotLine(sku=line.sku, outcome=line.outcome, variance=line.variance)
                    for line in done.lines
                ]
            )

        return await answer(run())


async def _change(context: Context, work: Callable[[Tx], Awaitable[CountDone]]) -> StockCountResult:
    async def run() -> StockCountPayload:
        changed = await context.run(work)
        found = await context.read_primary(lambda c: count_by_id(c, changed.count_id))
        return StockCountPayload(count=StockCount.of(found))

    return await answer(run())
