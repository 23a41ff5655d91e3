"""The work of locations: accepting, rejecting, picking short, counting, exceptions."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.ids import LocationId
from domain.common.paging import PageRequest
from domain.common.transaction import Tx
from domain.fulfillment.accept import accept_work, reject_work
from domain.fulfillment.cancelling import accept_cancel, refuse_cancel, request_cancel
from domain.fulfillment.exceptions import Report, exceptions_at, keeping, resolve_exception
from domain.fulfillment.picking import report_pick
from domain.identity.model import Role
from domain.orders.errors import QuantityExceeded
from domain.orders.results import WorkChanged
from domain.stock.suspicion import open_tasks
from resolvers.answering import answer
from resolvers.orders import (
    KEEPERS,
    WORKERS,
    changed_work,
    let_go,
    let_go_after,
    require_works_at,
)
from schema.access import Allow
from schema.context import Context, Info
from schema.fulfillment import (
    AnswerCancelInput,
    CountTask,
    FulfillmentException,
    RejectFulfillmentOrderInput,
    RejectFulfillmentOrderResult,
    ReportPickInput,
    ReportPickResult,
    ResolveFulfillmentExceptionInput,
    ResolveFulfillmentExceptionPayload,
    ResolveFulfillmentExceptionResult,
)
from schema.ids import id_of
from schema.inputs import INPUT
from schema.orders.inputs import ChangeOrderInput, FulfillmentOrderInput
from schema.orders.payloads import (
    ChangeOrderPayload,
    ChangeOrderResult,
    FulfillmentOrderPayload,
    FulfillmentOrderResult,
)
from schema.refusals import checked

Where = Annotated[relay.GlobalID, strawberry.argument(description="The location.")]


@strawberry.type
class FulfillmentQuery:
    """Root fields that read what locations have to look at."""

    @strawberry.field(
        description="What must be counted at a location because its count is in doubt, the oldest "
        "first.",
        extensions=[Allow(*WORKERS)],
    )
    async def count_tasks(self, info: Info, location_id: Where) -> list[CountTask]:
        """The open count tasks."""
        place = place_of(info.context, location_id)
        found = await info.context.read(lambda c: open_tasks(c, place))
        return [CountTask.of(task) for task in found]

    @strawberry.field(
        description="Reports on a location's work that contradict an order, such as more units "
        "than were asked for, and that nobody has resolved; the newest first.",
        extensions=[Allow(*WORKERS)],
    )
    async def fulfillment_exceptions(
        self,
        info: Info,
        location_id: Where,
        first: Annotated[int, strawberry.argument(description="At most, 1 to 100.")] = 100,
        include_resolved: Annotated[
            bool, strawberry.argument(description="Resolved ones too.")
        ] = False,
    ) -> list[FulfillmentException]:
        """The newest exceptions."""
        place = place_of(info.context, location_id)
        limit = checked(lambda: PageRequest.of(first, None)).first
        found = await info.context.read(
            lambda c: exceptions_at(c, place, limit, everything=include_resolved)
        )
        return [FulfillmentException.of(each) for each in found]


@strawberry.type
class FulfillmentMutation:
    """Root fields with which locations answer requests and report picks."""

    @strawberry.mutation(
        description="Accept a request that was released to a location: its accept timer is off. "
        "Beginning to pick accepts too.",
        extensions=[Allow(*WORKERS)],
    )
    async def accept_fulfillment_order(
        self, info: Info, input: Annotated[FulfillmentOrderInput, INPUT]
    ) -> FulfillmentOrderResult:
        """The accepted fulfillment order, or why not."""
        context = info.context
        return await _change(context, lambda tx: accept_work(tx, context.caller, input.to_domain()))

    @strawberry.mutation(
        description="Reject a request, or some of its units: other locations serve them if they "
        "can; the customer of a pickup order is asked.",
        extensions=[Allow(*WORKERS)],
    )
    async def reject_fulfillment_order(
        self, info: Info, input: Annotated[RejectFulfillmentOrderInput, INPUT]
    ) -> RejectFulfillmentOrderResult:
        """The fulfillment order without the rejected units, or why not."""
        context = info.context

        async def run() -> FulfillmentOrderPayload:
            command = input.to_domain()
            report = Report(
                "rejectFulfillmentOrder", command.fulfillment_order_id, command.idempotency_key
            )
            terms = context.services.terms
            return await _kept(
                context, report, lambda tx: reject_work(tx, context.caller, command, terms)
            )

        return await answer(run())

    @strawberry.mutation(
        description="Report what was found of a fulfillment order in picking: those units are "
        "picked; the rest is short, and other locations serve it if they can.",
        extensions=[Allow(*WORKERS)],
    )
    async def report_pick(
        self, info: Info, input: Annotated[ReportPickInput, INPUT]
    ) -> ReportPickResult:
        """The fulfillment order after the pick, or why not."""
        context = info.context

        async def run() -> FulfillmentOrderPayload:
            command = input.to_domain()
            report = Report("reportPick", command.fulfillment_order_id, command.idempotency_key)
            terms = context.services.terms
            return await _kept(
                context, report, lambda tx: report_pick(tx, context.caller, command, terms)
            )

        return await answer(run())

    @strawberry.mutation(
        description="Say what became of a report that contradicts an order: it leaves the "
        "exception queue.",
        extensions=[Allow(*WORKERS)],
    )
    async def resolve_fulfillment_exception(
        self, info: Info, input: Annotated[ResolveFulfillmentExceptionInput, INPUT]
    ) -> ResolveFulfillmentExceptionResult:
        """The resolved exception, or why not."""
        context = info.context

        async def run() -> ResolveFulfillmentExceptionPayload:
            actor, command = context.caller, input.to_domain()
            done = await context.run(lambda tx: resolve_exception(tx, actor, command))
            return ResolveFulfillmentExceptionPayload(exception=FulfillmentException.of(done))

        return await answer(run())

    @strawberry.mutation(
        description="Ask to cancel an order that locations work on: each answers in time, or goes "
        "on. What nobody works on is cancelled at once.",
        extensions=[Allow(Role.CUSTOMER, Role.CHANNEL, *KEEPERS)],
    )
    async def request_cancel(
        self, info: Info, input: Annotated[ChangeOrderInput, INPUT]
    ) -> ChangeOrderResult:
        """The order with its requests, or why not."""
        context, terms = info.context, info.context.services.terms

        async def run() -> ChangeOrderPayload:
            command = input.to_domain()
            return await let_go_after(
                context,
                command.order_id,
                lambda tx: request_cancel(tx, context.caller, command, terms),
            )

        return await answer(run())

    @strawberry.mutation(
        description="The location's work can be cancelled: its units are back on the shelf, money "
        "that is not due any more is let go.",
        extensions=[Allow(*WORKERS)],
    )
    async def accept_cancel_request(
        self, info: Info, input: Annotated[AnswerCancelInput, INPUT]
    ) -> FulfillmentOrderResult:
        """The cancelled fulfillment order, or why not."""
        context = info.context

        async def run() -> FulfillmentOrderPayload:
            command = input.to_domain()
            changed = await context.run(lambda tx: accept_cancel(tx, context.caller, command))
            await let_go(context, changed.order_id)
            return await changed_work(context, changed)

        return await answer(run())

    @strawberry.mutation(
        description="The location's work cannot be cancelled any more: it goes on.",
        extensions=[Allow(*WORKERS)],
    )
    async def refuse_cancel_request(
        self, info: Info, input: Annotated[AnswerCancelInput, INPUT]
    ) -> FulfillmentOrderResult:
        """The fulfillment order, going on, or why not."""
        context = info.context
        return await _change(
            context, lambda tx: refuse_cancel(tx, context.caller, input.to_domain())
        )


def place_of(context: Context, given: relay.GlobalID) -> LocationId:
    """The location, when the caller may see its work.

    Raises:
        GraphQLError: code VALIDATION_FAILED or FORBIDDEN.
    """
    place = checked(lambda: LocationId(id_of(given, "Location", "locationId")))
    checked(lambda: require_works_at(context.caller, place))
    return place


async def _kept(
    context: Context, report: Report, work: Callable[[Tx], Awaitable[WorkChanged]]
) -> FulfillmentOrderPayload:
    changed = await keeping(
        context.services.database,
        context.caller,
        report,
        QuantityExceeded,
        lambda: context.run(work),
    )
    return await changed_work(context, changed)


async def _change(
    context: Context, work: Callable[[Tx], Awaitable[WorkChanged]]
) -> FulfillmentOrderResult:
    async def run() -> FulfillmentOrderPayload:
        return await changed_work(context, await context.run(work))

    return await answer(run())
