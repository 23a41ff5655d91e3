"""Returns: asking for them, receiving and inspecting goods, the rules, and reading them."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.errors import NotFound
from domain.common.ids import ChannelCode, LocationId, ReturnId
from domain.common.paging import PageRequest
from domain.common.transaction import Tx
from domain.identity.model import STAFF, Role
from domain.returns import deciding
from domain.returns.exchanging import exchange_return
from domain.returns.inspecting import inspect_return
from domain.returns.no_receipt import return_without_receipt
from domain.returns.opening import request_return
from domain.returns.policies import (
    MANAGERS,
    SETTERS,
    policy_of,
    rules_of,
    set_disposition_rules,
    set_return_policy,
)
from domain.returns.receiving import RECEIVERS, receive_bag, receive_return
from domain.returns.repository import (
    ReturnFilter,
    count_returns,
    return_seen_by,
    returns_by_id,
    returns_page,
)
from domain.returns.results import ReturnChange
from domain.returns.undelivered import receive_undelivered
from resolvers.answering import answer
from resolvers.filling import fill
from resolvers.orders import let_go, loaded, till
from schema.access import Allow
from schema.connections import Connection, connection_of
from schema.context import Context, Info
from schema.ids import global_id, id_of
from schema.inputs import INPUT, After, First
from schema.money import Money
from schema.refusals import checked
from schema.returns.enums import ReturnState
from schema.returns.inputs import (
    ChangeReturnInput,
    ExchangeReturnInput,
    InspectReturnInput,
    ReceiveReturnBagInput,
    ReceiveReturnInput,
    ReceiveUndeliveredParcelInput,
    RequestReturnInput,
    ReturnWithoutReceiptInput,
    SendReturnInput,
)
from schema.returns.payloads import (
    DispositionRulesPayload,
    DispositionRulesResult,
    ExchangeReturnPayload,
    ExchangeReturnResult,
    ReturnBagPayload,
    ReturnBagResult,
    ReturnPayload,
    ReturnPolicyPayload,
    ReturnPolicyResult,
    ReturnResult,
    ReturnWithoutReceiptPayload,
    ReturnWithoutReceiptResult,
)
from schema.returns.policy_inputs import SetDispositionRulesInput, SetReturnPolicyInput
from schema.returns.types import DispositionRules, Return, ReturnPolicy

READERS = (Role.CUSTOMER, Role.CHANNEL, *sorted(STAFF))
ASKERS = (Role.CUSTOMER, Role.CHANNEL, *sorted(STAFF))
EXCHANGERS = (
    Role.CUSTOMER, Role.POS, Role.STORE_MANAGER, Role.CALL_CENTER, Role.OPERATIONS, Role.ADMIN,
)  # fmt: skip


@strawberry.type
class ReturnsQuery:
    """Root fields that read returns."""

    @strawberry.field(
        name="return",
        description="A return: by id in the caller's scope; or by number, which staff of any "
        "location may read on what the customer brings. Null when unknown or not visible.",
        extensions=[Allow(*READERS)],
    )
    async def return_(
        self,
        info: Info,
        id: Annotated[relay.GlobalID | None, strawberry.argument(description="Its id.")] = None,
        number: Annotated[str | None, strawberry.argument(description="Its number.")] = None,
    ) -> Return | None:
        """The return or null."""
        wanted = checked(lambda: id_of(id, "Return") if id else None)
        actor = info.context.caller
        found = await info.context.read(
            lambda c: return_seen_by(c, actor, return_id=wanted, number=number)
        )
        return Return.of(found) if found else None

    @strawberry.field(
        description="Returns in the caller's scope, newest first: the work of a location, when it "
        "is named with RECEIVED.",
        extensions=[Allow(*READERS)],
    )
    async def returns(
        self,
        info: Info,
        location_id: Annotated[
            relay.GlobalID | None,
            strawberry.argument(description="Only those that were received there."),
        ] = None,
        state: Annotated[
            ReturnState | None, strawberry.argument(description="Only in this state.")
        ] = None,
        first: First = 20,
        after: After = None,
    ) -> Connection[Return]:
        """A page of returns."""
        context, actor = info.context, info.context.caller
        place = checked(
            lambda: id_of(location_id, "Location", "locationId") if location_id else None
        )
        wanted = ReturnFilter(LocationId(place) if place else None, state)
        request = checked(lambda: PageRequest.of(first, after))
        page = await context.read(lambda c: returns_page(c, actor, wanted, request))
        return connection_of(
            page,
            Return.of,
            lambda: context.read(lambda c: count_returns(c, actor, wanted)),
        )

    @strawberry.field(
        description="What a channel allows of returns: its own policy, or that of all others.",
        extensions=[Allow(*sorted(STAFF))],
    )
    async def return_policy(
        self,
        info: Info,
        channel: Annotated[str, strawberry.argument(description="Code of the channel.")],
    ) -> ReturnPolicy:
        """The policy."""
        return ReturnPolicy.of(
            await info.context.read(lambda c: policy_of(c, ChannelCode(channel)))
        )

    @strawberry.field(
        description="What a location does with returned goods.",
        extensions=[Allow(*sorted(STAFF))],
    )
    async def disposition_rules(
        self,
        info: Info,
        location_id: Annotated[relay.GlobalID, strawberry.argument(description="The location.")],
    ) -> DispositionRules:
        """The rules; the usual ones of an unknown location."""
        place = checked(lambda: LocationId(id_of(location_id, "Location", "locationId")))
        return DispositionRules.of(await info.context.read(lambda c: rules_of(c, place)))


@strawberry.type
class ReturnsMutation:
    """Root fields that change returns."""

    @strawberry.mutation(
        description="Ask to give units back that the customer has. Allowed at once where the "
        "policy says so, and for staff; a deadline begins.",
        extensions=[Allow(*ASKERS, anonymous=True)],
    )
    async def request_return(
        self, info: Info, input: Annotated[RequestReturnInput, INPUT]
    ) -> ReturnResult:
        """The return, or why not."""
        actor = info.context.actor
        return await _change(info.context, lambda tx: request_return(tx, actor, input.to_domain()))

    @strawberry.mutation(
        description="Allow a return that was asked for.", extensions=[Allow(*sorted(STAFF))]
    )
    async def authorise_return(
        self, info: Info, input: Annotated[ChangeReturnInput, INPUT]
    ) -> ReturnResult:
        """The return, or why not."""
        actor = info.context.caller
        return await _change(
            info.context, lambda tx: deciding.authorise_return(tx, actor, input.to_domain())
        )

    @strawberry.mutation(
        description="Do not allow a return: the customer keeps what did not arrive.",
        extensions=[Allow(*sorted(STAFF))],
    )
    async def reject_return(
        self, info: Info, input: Annotated[ChangeReturnInput, INPUT]
    ) -> ReturnResult:
        """The return, or why not."""
        actor = info.context.caller
        return await _change(
            info.context, lambda tx: deciding.reject_return(tx, actor, input.to_domain())
        )

    @strawberry.mutation(
        description="Call a return off: the customer keeps what did not arrive.",
        extensions=[Allow(*ASKERS, anonymous=True)],
    )
    async def cancel_return(
        self, info: Info, input: Annotated[ChangeReturnInput, INPUT]
    ) -> ReturnResult:
        """The return, or why not."""
        actor = info.context.actor
        return await _change(
            info.context, lambda tx: deciding.cancel_return(tx, actor, input.to_domain())
        )

    @strawberry.mutation(
        description="The goods of an authorised return are on their way.",
        extensions=[Allow(*ASKERS, anonymous=True)],
    )
    async def send_return(
        self, info: Info, input: Annotated[SendReturnInput, INPUT]
    ) -> ReturnResult:
        """The return, or why not."""
        actor = info.context.actor
        return await _change(
            info.context, lambda tx: deciding.send_return(tx, actor, input.to_domain())
        )

    @strawberry.mutation(
        description="Goods of a return arrived at a location, whichever sent them: they are in its "
        "stock, for inspection.",
        extensions=[Allow(*sorted(RECEIVERS))],
    )
    async def receive_return(
        self, info: Info, input: Annotated[ReceiveReturnInput, INPUT]
    ) -> ReturnResult:
        """The return, or why not."""
        actor = info.context.caller
        return await _change(info.context, lambda tx: receive_return(tx, actor, input.to_domain()))

    @strawberry.mutation(
        description="Somebody brings goods of one or more orders: a return for each, authorised "
        "and received at once.",
        extensions=[Allow(*sorted(RECEIVERS))],
    )
    async def receive_return_bag(
        self, info: Info, input: Annotated[ReceiveReturnBagInput, INPUT]
    ) -> ReturnBagResult:
        """The returns, or why not."""
        context, actor = info.context, info.context.caller

        async def run() -> ReturnBagPayload:
            command = input.to_domain()
            done = await context.run(lambda tx: receive_bag(tx, actor, command))
            ids = [each.return_id for each in done.returns]
            found = await context.read_primary(lambda c: returns_by_id(c, ids))
            return ReturnBagPayload(returns=[Return.of(found[each]) for each in ids])

        return await answer(run())

    @strawberry.mutation(
        description="A parcel that could not be delivered came back, to whichever location: a "
        "return of its units, which wait there for an inspection. The customer is told.",
        extensions=[Allow(*sorted(RECEIVERS))],
    )
    async def receive_undelivered_parcel(
        self, info: Info, input: Annotated[ReceiveUndeliveredParcelInput, INPUT]
    ) -> ReturnResult:
        """The return, or why not."""
        actor = info.context.caller
        return await _change(
            info.context, lambda tx: receive_undelivered(tx, actor, input.to_domain())
        )

    @strawberry.mutation(
        description="Somebody looked at received units: they go where the rules of the location "
        "say, and what they are worth by policy is given back to the original tender.",
        extensions=[Allow(*sorted(RECEIVERS))],
    )
    async def inspect_return(
        self, info: Info, input: Annotated[InspectReturnInput, INPUT]
    ) -> ReturnResult:
        """The return, or why not."""
        context, actor = info.context, info.context.caller

        async def run() -> ReturnPayload:
            command = input.to_domain()
            done = await context.run(lambda tx: inspect_return(tx, actor, command))
            await let_go(context, done.order_id)
            await fill(context)
            return await _loaded(context, done.return_id)

        return await answer(run())

    @strawberry.mutation(
        description="Other goods instead of received ones: a new order, which their value pays as "
        "far as it goes, is confirmed before they are let go. If it is not, the return is as it "
        "was. What they are worth beyond the new order is given back by their inspection.",
        extensions=[Allow(*EXCHANGERS)],
    )
    async def exchange_return(
        self, info: Info, input: Annotated[ExchangeReturnInput, INPUT]
    ) -> ExchangeReturnResult:
        """The return and the new order, or why not."""
        context = info.context

        async def run() -> ExchangeReturnPayload:
            done = await exchange_return(till(context), input.to_domain())
            payload = await _loaded(context, done.return_id)
            order = await loaded(context, done.order_id)
            return ExchangeReturnPayload(return_=payload.return_, order=order)

        return await answer(run())

    @strawberry.mutation(
        description="Goods without a receipt: store credit at the lowest recent price, within the "
        "policy's limits. A manager's call is the approval. Refused with the numbers of orders "
        "that they can be of, if the customer or the card has some.",
        extensions=[Allow(*sorted(MANAGERS))],
    )
    async def return_without_receipt(
        self, info: Info, input: Annotated[ReturnWithoutReceiptInput, INPUT]
    ) -> ReturnWithoutReceiptResult:
        """The credit, or why not."""
        context, actor = info.context, info.context.caller

        async def run() -> ReturnWithoutReceiptPayload:
            command = input.to_domain()
            done = await context.run(lambda tx: return_without_receipt(tx, actor, command))
            await fill(context)
            return ReturnWithoutReceiptPayload(
                number=done.number,
                customer_id=global_id("Customer", done.customer_id),
                credited=Money.of(done.amount_minor, done.currency),
            )

        return await answer(run())

    @strawberry.mutation(
        description="Set what a channel allows of returns, as a whole.",
        extensions=[Allow(*sorted(SETTERS))],
    )
    async def set_return_policy(
        self, info: Info, input: Annotated[SetReturnPolicyInput, INPUT]
    ) -> ReturnPolicyResult:
        """The policy, or why not."""
        context, actor = info.context, info.context.caller

        async def run() -> ReturnPolicyPayload:
            command = input.to_domain()
            done = await context.run(lambda tx: set_return_policy(tx, actor, command))
            return ReturnPolicyPayload(policy=ReturnPolicy.of(done))

        return await answer(run())

    @strawberry.mutation(
        description="Set what a location does with returned goods, as a whole.",
        extensions=[Allow(*sorted(MANAGERS))],
    )
    async def set_disposition_rules(
        self, info: Info, input: Annotated[SetDispositionRulesInput, INPUT]
    ) -> DispositionRulesResult:
        """The rules, or why not."""
        context, actor = info.context, info.context.caller

        async def run() -> DispositionRulesPayload:
            command = input.to_domain()
            done = await context.run(lambda tx: set_disposition_rules(tx, actor, command))
            return DispositionRulesPayload(rules=DispositionRules.of(done))

        return await answer(run())


async def _change(context: Context, work: Callable[[Tx], Awaitable[ReturnChange]]) -> ReturnResult:
    async def run() -> ReturnPayload:
        done = await context.run(work)
        return await _loaded(context, done.return_id)

    return await answer(run())


async def _loaded(context: Context, return_id: ReturnId) -> ReturnPayload:
    found = await context.read_primary(lambda c: returns_by_id(c, [return_id]))
    if return_id not in found:
        raise NotFound("return", str(return_id))
    return ReturnPayload(return_=Return.of(found[return_id]))
