"""Click & collect: readiness, hand-over, deadlines, choices, goods sent to the store."""

from typing import Annotated

import strawberry

from domain.fulfillment.exceptions import Report, keeping
from domain.identity.model import Role
from domain.orders.errors import QuantityExceeded
from domain.pickup.choosing import choose_alternative
from domain.pickup.handing_over import collect_pickup
from domain.pickup.transit import dispatch_transfer, receive_for_pickup
from domain.pickup.waiting import extend_pickup, mark_ready, name_proxy
from resolvers.answering import answer
from resolvers.orders import (
    KEEPERS,
    TILLS,
    WORKERS,
    advance,
    change,
    changed_work,
    let_go_after,
    loaded,
)
from schema.access import Allow
from schema.context import Info
from schema.inputs import INPUT
from schema.orders.inputs import FulfillmentOrderInput
from schema.orders.payloads import (
    ChangeOrderPayload,
    ChangeOrderResult,
    FulfillmentOrderPayload,
    FulfillmentOrderResult,
)
from schema.pickup import (
    ChoosePickupAlternativeInput,
    CollectPickupInput,
    CollectPickupResult,
    ExtendPickupInput,
    NamePickupProxyInput,
    ReceivePickupTransferInput,
    ReceivePickupTransferResult,
)

CUSTOMERS = (Role.CUSTOMER, Role.CHANNEL, *KEEPERS)
HOSTS = (*CUSTOMERS, Role.STORE_MANAGER)


@strawberry.type
class PickupMutation:
    """Root fields of click & collect."""

    @strawberry.mutation(
        description="The packed goods wait for the customer in the store: the customer gets a code "
        "and is told the deadline, by the store's hours.",
        extensions=[Allow(*WORKERS)],
    )
    async def mark_ready_for_pickup(
        self, info: Info, input: Annotated[FulfillmentOrderInput, INPUT]
    ) -> FulfillmentOrderResult:
        """The fulfillment order, ready, or why not."""
        return await advance(info.context, input, mark_ready)

    @strawberry.mutation(
        description="Hand waiting goods to somebody who shows the pickup code, or a document; what "
        "they cost is captured.",
        extensions=[Allow(*TILLS)],
    )
    async def collect_pickup(
        self, info: Info, input: Annotated[CollectPickupInput, INPUT]
    ) -> CollectPickupResult:
        """The collected order, or why not."""
        context = info.context

        async def run() -> ChangeOrderPayload:
            command, services = input.to_domain(), context.services
            await collect_pickup(
                services.database,
                services.gateway,
                context.caller,
                command,
                context.correlation_id,
            )
            return ChangeOrderPayload(order=await loaded(context, command.order_id))

        return await answer(run())

    @strawberry.mutation(
        description="Name somebody else who may collect, or take that back.",
        extensions=[Allow(*CUSTOMERS)],
    )
    async def name_pickup_proxy(
        self, info: Info, input: Annotated[NamePickupProxyInput, INPUT]
    ) -> ChangeOrderResult:
        """The changed order, or why not."""
        actor = info.context.caller
        return await change(info.context, lambda tx: name_proxy(tx, actor, input.to_domain()))

    @strawberry.mutation(
        description="Give the customer more time to collect.", extensions=[Allow(*HOSTS)]
    )
    async def extend_pickup(
        self, info: Info, input: Annotated[ExtendPickupInput, INPUT]
    ) -> ChangeOrderResult:
        """The changed order, or why not."""
        actor = info.context.caller
        return await change(info.context, lambda tx: extend_pickup(tx, actor, input.to_domain()))

    @strawberry.mutation(
        description="Choose what becomes of units that the pickup store cannot serve.",
        extensions=[Allow(*CUSTOMERS)],
    )
    async def choose_pickup_alternative(
        self, info: Info, input: Annotated[ChoosePickupAlternativeInput, INPUT]
    ) -> ChangeOrderResult:
        """The changed order, or why not."""
        context, terms = info.context, info.context.services.terms

        async def run() -> ChangeOrderPayload:
            command = input.to_domain()
            return await let_go_after(
                context,
                command.order_id,
                lambda tx: choose_alternative(tx, context.caller, command, terms),
            )

        return await answer(run())

    @strawberry.mutation(
        description="Packed goods leave for the store where they are collected.",
        extensions=[Allow(*WORKERS)],
    )
    async def dispatch_pickup_transfer(
        self, info: Info, input: Annotated[FulfillmentOrderInput, INPUT]
    ) -> FulfillmentOrderResult:
        """The fulfillment order on its way, or why not."""
        return await advance(info.context, input, dispatch_transfer)

    @strawberry.mutation(
        description="Goods arrived in the store where they are collected: they wait for the "
        "customer; what is missing is sourced again.",
        extensions=[Allow(*WORKERS)],
    )
    async def receive_pickup_transfer(
        self, info: Info, input: Annotated[ReceivePickupTransferInput, INPUT]
    ) -> ReceivePickupTransferResult:
        """The sender's fulfillment order, or why not."""
        context, terms = info.context, info.context.services.terms

        async def run() -> FulfillmentOrderPayload:
            command = input.to_domain()
            report = Report(
                "receivePickupTransfer", command.fulfillment_order_id, command.idempotency_key
            )
            changed = await keeping(
                context.services.database,
                context.caller,
                report,
                QuantityExceeded,
                lambda: context.run(
                    lambda tx: receive_for_pickup(tx, context.caller, command, terms)
                ),
            )
            return await changed_work(context, changed)

        return await answer(run())
