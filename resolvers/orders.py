"""Orders: placing, paying, holding, working, collecting, and reading them."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.errors import Forbidden
from domain.common.ids import ChannelCode, CustomerId, LocationId, OrderId
from domain.common.paging import PageRequest
from domain.common.transaction import Tx
from domain.fulfillment.picking import confirm_pick
from domain.identity.model import AT_LOCATION, HEAD_OFFICE, Actor, Role
from domain.orders import work
from domain.orders.checkout import Till, pay_order, settled_order
from domain.orders.collect import collect_paid
from domain.orders.commands import ChangeWork
from domain.orders.history import OrderFilter, order_seen_by
from domain.orders.release_money import settle_leftovers
from domain.orders.repository import orders_by_id
from domain.orders.results import Changed, Settled, WorkChanged
from resolvers.answering import answer
from schema.access import Allow
from schema.connections import Connection
from schema.context import Context, Info
from schema.ids import id_of
from schema.inputs import INPUT, After, First
from schema.orders.connections import orders_connection
from schema.orders.enums import OrderStatus
from schema.orders.inputs import (
    ChangeOrderInput,
    FulfillmentOrderInput,
    PayOrderInput,
    PlaceOrderInput,
)
from schema.orders.payloads import (
    ChangeOrderPayload,
    ChangeOrderResult,
    CollectOrderResult,
    FulfillmentOrderPayload,
    FulfillmentOrderResult,
    PayOrderPayload,
    PayOrderResult,
    PlaceOrderPayload,
    PlaceOrderResult,
)
from schema.orders.types import FulfillmentOrder, Order
from schema.refusals import checked

SELLERS = (
    Role.CUSTOMER, Role.POS, Role.STORE_MANAGER, Role.CALL_CENTER, Role.CHANNEL, Role.OPERATIONS,
    Role.ADMIN,
)  # fmt: skip
KEEPERS = (Role.CALL_CENTER, Role.OPERATIONS, Role.FINANCE, Role.ADMIN)
WORKERS = (Role.POS, Role.STORE_MANAGER, Role.WAREHOUSE, Role.OPERATIONS, Role.ADMIN)
TILLS = (Role.POS, Role.STORE_MANAGER, Role.OPERATIONS, Role.ADMIN)
RELEASERS = (Role.STORE_MANAGER, Role.WAREHOUSE, Role.CALL_CENTER, Role.OPERATIONS, Role.ADMIN)


@strawberry.type
class OrdersQuery:
    """Root fields that read orders."""

    @strawberry.field(
        description="An order: by id or number in the caller's scope, or by number and tracking "
        "token for anybody who holds both. Null when unknown or not visible.",
        extensions=[Allow(anonymous=True)],
    )
    async def order(
        self,
        info: Info,
        id: Annotated[relay.GlobalID | None, strawberry.argument(description="Its id.")] = None,
        number: Annotated[str | None, strawberry.argument(description="Its number.")] = None,
        token: Annotated[
            str | None, strawberry.argument(description="Its tracking token, with the number.")
        ] = None,
    ) -> Order | None:
        """The order or null."""
        wanted = checked(lambda: id_of(id, "Order") if id else None)
        actor = info.context.actor

        order = await info.context.read(
            lambda c: order_seen_by(c, actor, order_id=wanted, number=number, token=token)
        )
        return Order.of(order) if order else None

    @strawberry.field(
        description="Orders in the caller's scope, newest first.", extensions=[Allow()]
    )
    async def orders(
        self,
        info: Info,
        customer_id: Annotated[
            relay.GlobalID | None, strawberry.argument(description="Only this customer's.")
        ] = None,
        channel: Annotated[
            str | None, strawberry.argument(description="Only from this channel.")
        ] = None,
        status: Annotated[
            OrderStatus | None, strawberry.argument(description="Only with this status.")
        ] = None,
        first: First = 20,
        after: After = None,
    ) -> Connection[Order]:
        """A page of orders."""
        customer = checked(
            lambda: id_of(customer_id, "Customer", "customerId") if customer_id else None
        )
        wanted = OrderFilter(
            customer_id=CustomerId(customer) if customer else None,
            channel=ChannelCode(channel) if channel else None,
            status=status,
        )
        request = checked(lambda: PageRequest.of(first, after))
        return await orders_connection(info.context, wanted, request)


@strawberry.type
class OrdersMutation:
    """Root fields that change orders."""

    @strawberry.mutation(
        description="Place an order: checks, prices, sources, reserves, authorises the payment and "
        "confirms. The same key and input give the same order.",
        extensions=[Allow(*SELLERS)],
    )
    async def place_order(
        self, info: Info, input: Annotated[PlaceOrderInput, INPUT]
    ) -> PlaceOrderResult:
        """The confirmed order, or why not."""

        async def work() -> PlaceOrderPayload:
            settled = await settled_order(till(info.context), input.to_domain())
            return PlaceOrderPayload(order=await present(info.context, settled))

        return await answer(work())

    @strawberry.mutation(
        description="Pay an order whose payment was refused or never answered.",
        extensions=[Allow(*SELLERS)],
    )
    async def pay_order(self, info: Info, input: Annotated[PayOrderInput, INPUT]) -> PayOrderResult:
        """The confirmed order, or why not."""

        async def work() -> PayOrderPayload:
            placed = await pay_order(till(info.context), input.to_domain())
            return PayOrderPayload(order=await present(info.context, Settled(placed)))

        return await answer(work())

    @strawberry.mutation(
        description="Release a confirmed order's allocated units to the locations' work queues.",
        extensions=[Allow(*RELEASERS)],
    )
    async def release_order(
        self, info: Info, input: Annotated[ChangeOrderInput, INPUT]
    ) -> ChangeOrderResult:
        """The released order, or why not."""
        actor, terms = info.context.caller, info.context.services.terms
        return await change(
            info.context,
            lambda tx: work.release_order(tx, actor, input.to_domain(), terms.accept_within),
        )

    @strawberry.mutation(
        description="Hand waiting goods to a customer whom staff know, or whose document they "
        "saw; what they cost is captured. `collectPickup` checks the pickup code.",
        extensions=[Allow(*TILLS)],
    )
    async def collect_order(
        self, info: Info, input: Annotated[ChangeOrderInput, INPUT]
    ) -> CollectOrderResult:
        """The collected order, or why not."""
        context = info.context

        async def collect() -> ChangeOrderPayload:
            command = input.to_domain()
            services = context.services
            await collect_paid(
                services.database,
                services.gateway,
                context.caller,
                command,
                context.correlation_id,
            )
            return ChangeOrderPayload(order=await loaded(context, command.order_id))

        return await answer(collect())

    @strawberry.mutation(description="Begin to pick.", extensions=[Allow(*WORKERS)])
    async def start_picking(
        self, info: Info, input: Annotated[FulfillmentOrderInput, INPUT]
    ) -> FulfillmentOrderResult:
        """The fulfillment order in picking, or why not."""
        return await advance(info.context, input, work.start_picking)

    @strawberry.mutation(
        description="All units of the fulfillment order are picked.", extensions=[Allow(*WORKERS)]
    )
    async def confirm_pick(
        self, info: Info, input: Annotated[FulfillmentOrderInput, INPUT]
    ) -> FulfillmentOrderResult:
        """The picked fulfillment order, or why not."""
        return await advance(info.context, input, confirm_pick)

    @strawberry.mutation(
        description="All units of the fulfillment order are packed.", extensions=[Allow(*WORKERS)]
    )
    async def pack_fulfillment_order(
        self, info: Info, input: Annotated[FulfillmentOrderInput, INPUT]
    ) -> FulfillmentOrderResult:
        """The packed fulfillment order, or why not."""
        return await advance(info.context, input, work.pack)


async def let_go_after(
    context: Context, order_id: OrderId, work: Callable[[Tx], Awaitable[object]]
) -> ChangeOrderPayload:
    """The order after `work`, which may call units off, and after money that is not due any more
    was let go.
    """
    await context.run(work)
    await let_go(context, order_id)
    return ChangeOrderPayload(order=await loaded(context, order_id))


async def let_go(context: Context, order_id: OrderId) -> None:
    """Money of the order that is not due any more is voided, refunded or owed."""
    services = context.services
    await settle_leftovers(services.database, services.gateway, order_id, context.caller.key)


def till(context: Context) -> Till:
    """What placing and paying need, in the caller's name."""
    return Till(
        database=context.services.database,
        gateway=context.services.gateway,
        terms=context.services.terms,
        actor=context.caller,
        correlation_id=context.correlation_id,
        engine=context.services.engine,
    )


async def present(context: Context, settled: Settled) -> Order:
    """The placed order: as it was stored just now, or read."""
    if settled.order is not None:
        return Order.of(settled.order)
    return await loaded(context, settled.placed.order_id)


async def loaded(context: Context, order_id: OrderId) -> Order:
    """The order as it is now."""
    found = await context.read_primary(lambda c: orders_by_id(c, [order_id]))
    return Order.of(found[order_id])


async def change(context: Context, work: Callable[[Tx], Awaitable[Changed]]) -> ChangeOrderResult:
    """The order after `work`, or why not."""

    async def run() -> ChangeOrderPayload:
        changed = await context.run(work)
        return ChangeOrderPayload(order=await loaded(context, changed.order_id))

    return await answer(run())


async def advance(
    context: Context,
    input: FulfillmentOrderInput,
    step: Callable[[Tx, Actor, ChangeWork], Awaitable[WorkChanged]],
) -> FulfillmentOrderResult:
    """The fulfillment order after a step of its work, or why not."""

    async def run() -> FulfillmentOrderPayload:
        command = input.to_domain()
        changed = await context.run(lambda tx: step(tx, context.caller, command))
        return await changed_work(context, changed)

    return await answer(run())


async def changed_work(context: Context, changed: WorkChanged) -> FulfillmentOrderPayload:
    """The changed fulfillment order and its order as they are now."""
    found = await context.read_primary(lambda c: orders_by_id(c, [changed.order_id]))
    order = found[changed.order_id]
    done = work.find_work(order, changed.fulfillment_order_id)
    return FulfillmentOrderPayload(
        fulfillment_order=FulfillmentOrder.of(order, done), order=Order.of(order)
    )


def require_works_at(actor: Actor, place: LocationId) -> None:
    """Nothing, when the actor may look at the work of that location.

    Raises:
        Forbidden: otherwise.
    """
    if actor.role in AT_LOCATION | HEAD_OFFICE and actor.works_at(place):
        return
    raise Forbidden("not your location")
