"""Order, its parts, and the work that it causes."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from strawberry import relay

from domain.common.ids import OrderId, OrderLineId
from domain.identity.model import HEAD_OFFICE, STAFF, Role
from domain.orders import model as domain
from domain.orders.history import history_of, orders_in_scope, work_in_scope
from domain.orders.notices import notices_of
from domain.orders.promises import promised_at, promised_dates
from schema.access import Allow, access
from schema.context import Info
from schema.customers.policy import KNOWING
from schema.disputes import Dispute, load_disputes
from schema.ids import global_id
from schema.invoices import Invoice, load_invoices
from schema.money import Money
from schema.orders.enums import (
    DeliveryMode,
    FulfillmentOrderStatus,
    FulfillmentStatus,
    Hold,
    OrderStatus,
    PaymentStatus,
    ReturnStatus,
    UnfilledPolicy,
)
from schema.orders.lines import FulfillmentOrderLine, OrderLine
from schema.orders.notices import OrderNotice
from schema.orders.parts import OrderAddress, OrderHistoryEntry, OrderPickup, Payment
from schema.promotions.parts import ConversionRate, DiscountLine, TaxLine
from schema.shipments.types import Shipment, load_shipments

if TYPE_CHECKING:
    from schema.customers.types import Customer
    from schema.notifications.types import Notification
    from schema.returns.types import Return


@access()
@strawberry.type(description="The work of one location for one order.")
class FulfillmentOrder(relay.Node):
    """Twin of domain FulfillmentOrder."""

    id: relay.NodeID[str]
    order_id: relay.GlobalID = strawberry.field(description="The order.")
    order_number: str = strawberry.field(description="The order's number, for people.")
    location_id: relay.GlobalID = strawberry.field(description="The location that works.")
    delivery_mode: DeliveryMode = strawberry.field(description="How the goods leave.")
    status: FulfillmentOrderStatus = strawberry.field(description="Where the work stands.")
    due_at: datetime | None = strawberry.field(
        description="The cut-off that the work should meet (UTC); null before release."
    )
    accept_by: datetime | None = strawberry.field(
        description="When the request counts as rejected unless it is accepted (UTC)."
    )
    accepted_at: datetime | None = strawberry.field(description="When it was accepted (UTC).")
    rejected_at: datetime | None = strawberry.field(
        description="When the last of its units was rejected or not found (UTC)."
    )
    rejection_reason: str | None = strawberry.field(
        description="Why, a FulfillmentFailureReason; null unless it was."
    )
    cancel_requested: bool = strawberry.field(
        description="Whether someone asked to cancel it; it does not ship before it is answered."
    )
    cancel_answer_by: datetime | None = strawberry.field(
        description="When no answer counts as a refusal (UTC)."
    )
    wave_id: relay.GlobalID | None = strawberry.field(
        description="The wave that it is, or was, picked in; null for none."
    )
    updated_at: datetime = strawberry.field(description="Last change (UTC).")
    version: int = strawberry.field(description="Raised by one with every change.")
    lines: list[FulfillmentOrderLine] = strawberry.field(description="Units to work on.")

    @classmethod
    async def resolve_nodes(
        cls, *, info: Info, node_ids: Iterable[str], required: bool = False
    ) -> list[Any]:
        """The fulfillment orders in the caller's scope; null for all others."""
        del required
        wanted = list(node_ids)
        actor = info.context.actor
        if actor is None:
            return [None] * len(wanted)
        found = await info.context.read(lambda c: work_in_scope(c, actor, wanted))
        return [cls.of(*found[key]) if key in found else None for key in wanted]

    @staticmethod
    def of(order: domain.Order, work: domain.FulfillmentOrder) -> "FulfillmentOrder":
        """The twin."""
        skus = {line.id: line.sku for line in order.lines}
        return FulfillmentOrder(
            id=str(work.id),
            order_id=global_id("Order", order.id),
            order_number=order.number,
            location_id=global_id("Location", work.location_id),
            delivery_mode=work.delivery_mode,
            status=order.work_status(work),
            due_at=work.due_at,
            accept_by=work.accept_by,
            accepted_at=work.accepted_at,
            rejected_at=work.rejected_at,
            rejection_reason=work.rejection_reason,
            cancel_requested=work.cancel_requested,
            cancel_answer_by=work.cancel_answer_by,
            wave_id=global_id("Wave", work.wave_id) if work.wave_id else None,
            updated_at=work.updated_at,
            version=work.version,
            lines=[
                FulfillmentOrderLine(
                    order_line_id=strawberry.ID(str(group.line_id)),
                    sku=skus[group.line_id],
                    quantity=group.quantity,
                    state=group.state,
                    location_id=global_id("Location", work.location_id),
                )
                for group in order.groups_of(work.id)
            ],
        )


@access()
@strawberry.type(description="An order over its whole life.")
class Order(relay.Node):
    """Twin of domain Order."""

    id: relay.NodeID[str]
    number: str = strawberry.field(description="Number for people, such as U-7K3F-92QX.")
    channel: str = strawberry.field(description="Code of the channel it came from.")
    external_reference: str | None = strawberry.field(description="The channel's own number.")
    source_code: str | None = strawberry.field(description="Campaign that it is counted to.")
    customer_id: relay.GlobalID = strawberry.field(description="The customer.")
    status: OrderStatus = strawberry.field(description="The order's life.")
    holds: list[Hold] = strawberry.field(description="Reasons why nobody may work on it.")
    hold_until: datetime | None = strawberry.field(
        description="When the hold SCHEDULED ends by itself (UTC)."
    )
    fulfillment_status: FulfillmentStatus = strawberry.field(description="Where the goods are.")
    payment_status: PaymentStatus = strawberry.field(description="Where the money is.")
    delivery_mode: DeliveryMode = strawberry.field(description="How the goods get there.")
    delivery_location_id: relay.GlobalID | None = strawberry.field(
        description="The store where they are collected or taken away."
    )
    unfilled_policy: UnfilledPolicy = strawberry.field(description="What happens without stock.")
    language: str = strawberry.field(description="Language of messages to the customer.")
    items_total: Money = strawberry.field(description="Sum of the lines.")
    shipping: Money = strawberry.field(description="Shipping fee, before promotions.")
    discount: Money = strawberry.field(description="What promotions took off lines and shipping.")
    tax: Money = strawberry.field(description="Tax in or on items and shipping.")
    tax_included: bool = strawberry.field(description="Whether prices hold the tax already.")
    total: Money = strawberry.field(
        description="What all units that were ever ordered cost; called off ones count too."
    )
    twin: strawberry.Private[domain.Order]
    placed_at: datetime = strawberry.field(description="When it was placed (UTC).")
    pay_until: datetime | None = strawberry.field(description="End of the payment window (UTC).")
    confirmed_at: datetime | None = strawberry.field(description="When it was confirmed (UTC).")
    deliver_by: datetime | None = strawberry.field(
        description="When the customer wants the goods (UTC); null for as soon as may be."
    )
    promised_at: datetime | None = strawberry.field(
        description="When all units that wait should be in stock (UTC); null if none wait, or not "
        "all of them are on order."
    )
    closed_at: datetime | None = strawberry.field(description="When its life ended (UTC).")
    updated_at: datetime = strawberry.field(description="Last change (UTC).")
    version: int = strawberry.field(description="Raised by one with every change.")
    lines: list[OrderLine] = strawberry.field(description="What was ordered.")
    payments: list[Payment] = strawberry.field(description="How it is paid.")
    address: OrderAddress | None = strawberry.field(description="Where it is shipped to.")
    fulfillment_orders: list[FulfillmentOrder] = strawberry.field(
        description="The work of each location."
    )
    pickup: OrderPickup | None = strawberry.field(
        description="How it is collected; null until it is ready, or a proxy is named."
    )
    pickup_secret: strawberry.Private[str | None]
    tracking_token: str = strawberry.field(
        description="With this token and the number a guest may follow the order. Keep it secret."
    )

    @strawberry.field(
        description="What to show in the store to collect the goods; null before they are ready. "
        "For the customer only.",
        extensions=[Allow(Role.CUSTOMER, anonymous=True)],
    )
    def pickup_code(self) -> str | None:
        """The code, for the customer or a guest who holds number and token."""
        return self.pickup_secret

    @strawberry.field(
        description="What the customer pays: what all units cost that are neither called off nor "
        "returned, and what is kept of the value of returned ones."
    )
    def present_total(self) -> Money:
        """The amount, only computed when asked for."""
        return Money.of(self.twin.payable_minor, self.twin.currency)

    @strawberry.field(description="Whether units come back, or came.")
    def return_status(self) -> ReturnStatus:
        """The return axis, only derived when asked for."""
        return self.twin.return_status

    @strawberry.field(description="Its returns, oldest first.")
    async def returns(
        self, info: Info
    ) -> list[Annotated["Return", strawberry.lazy("schema.returns.types")]]:
        """The order's returns, loaded for all orders of the operation at once."""
        # The types of returns know orders; known here only when asked.
        from schema.returns.types import load_returns

        return await load_returns(info.context, OrderId(UUID(self.id)))

    @strawberry.field(
        description="Invoices and credit notes of it, oldest first. They are issued within seconds "
        "after goods left, or came back.",
        extensions=[Allow(*STAFF, Role.CUSTOMER)],
    )
    async def invoices(self, info: Info) -> list[Invoice]:
        """The order's documents, loaded for all orders of the operation at once."""
        return await load_invoices(info, OrderId(UUID(self.id)))

    @strawberry.field(
        description="Payments of it that the customer's bank takes back, oldest first.",
        extensions=[Allow(*HEAD_OFFICE)],
    )
    async def disputes(self, info: Info) -> list[Dispute]:
        """The order's disputes, loaded for all orders of the operation at once."""
        return await load_disputes(info.context, self.id)

    @strawberry.field(description="What each promotion took off which line.")
    def discounts(self) -> list[DiscountLine]:
        """The discounts, only made when asked for."""
        return DiscountLine.all(self.twin)

    @strawberry.field(
        description="The tax by rate, the highest first, of all units that were ever ordered."
    )
    def tax_lines(self) -> list[TaxLine]:
        """The tax lines, only computed when asked for."""
        return [TaxLine.of(line, self.twin.currency) for line in self.twin.tax_lines]

    @strawberry.field(description="The rate by which prices were converted; null if none was.")
    def exchange_rate(self) -> ConversionRate | None:
        """The rate that was used."""
        pricing = self.twin.pricing
        used = pricing.exchange_rate if pricing else None
        return ConversionRate.of(used) if used else None

    @strawberry.field(description="Its shipments, oldest first.")
    async def shipments(self, info: Info) -> list[Shipment]:
        """The order's shipments, loaded for all orders of the operation at once."""
        return await load_shipments(info.context, OrderId(UUID(self.id)))

    @strawberry.field(
        description="The customer, if visible to the caller.",
        extensions=[Allow(*KNOWING)],
    )
    async def customer(
        self, info: Info
    ) -> Annotated["Customer", strawberry.lazy("schema.customers.types")] | None:
        """The customer, loaded for all orders of the operation at once."""
        # The customers' types know orders; known here only when asked.
        from schema.customers.types import load_customer

        return await load_customer(info, UUID(self.customer_id.node_id))

    @strawberry.field(
        description="All changes, oldest first.", extensions=[Allow(*STAFF, Role.CUSTOMER)]
    )
    async def history(self, info: Info) -> list[OrderHistoryEntry]:
        """The order's history, loaded for all orders of the operation at once."""
        actor = info.context.caller

        async def load(keys: list[str]) -> list[Any]:
            found = await info.context.read(lambda c: history_of(c, keys))
            return [found.get(OrderId(UUID(key)), []) for key in keys]

        entries = await info.context.loader("order_history_by_order", load).load(self.id)
        names = actor.role is not Role.CUSTOMER
        return [OrderHistoryEntry.of(entry, names=names) for entry in entries]

    @strawberry.field(
        description="What the customer was told, oldest first.",
        extensions=[Allow(*STAFF, Role.CUSTOMER)],
    )
    async def notices(self, info: Info) -> list[OrderNotice]:
        """The order's notices, loaded for all orders of the operation at once."""

        async def load(keys: list[str]) -> list[Any]:
            found = await info.context.read(lambda c: notices_of(c, keys))
            return [found.get(OrderId(UUID(key)), []) for key in keys]

        told = await info.context.loader("notices_by_order", load).load(self.id)
        return [OrderNotice.of(each) for each in told]

    @strawberry.field(
        description="What customer and partners were told, on each channel, oldest first.",
        extensions=[Allow(*STAFF)],
    )
    async def notifications(
        self, info: Info
    ) -> list[Annotated["Notification", strawberry.lazy("schema.notifications.types")]]:
        """The order's notifications, loaded for all orders of the operation at once."""
        # Known here only when asked, as the customers' types are.
        from schema.notifications.types import load_notifications

        return await load_notifications(info, OrderId(UUID(self.id)))

    @classmethod
    async def resolve_nodes(
        cls, *, info: Info, node_ids: Iterable[str], required: bool = False
    ) -> list[Any]:
        """The orders in the caller's scope; null for all others."""
        del required
        wanted = list(node_ids)
        actor = info.context.actor
        if actor is None:
            return [None] * len(wanted)
        found = await info.context.read(lambda c: orders_in_scope(c, actor, wanted))
        return [cls.of(found[key]) if key in found else None for key in wanted]

    @staticmethod
    def of(order: domain.Order) -> "Order":
        """The twin."""
        place, pickup, dates = order.delivery_location_id, order.pickup, promised_dates(order)
        groups: dict[OrderLineId, list[domain.Group]] = {}
        for group in order.groups:
            groups.setdefault(group.line_id, []).append(group)
        return Order(
            id=str(order.id),
            number=order.number,
            channel=order.channel,
            external_reference=order.external_reference,
            source_code=order.source_code,
            customer_id=global_id("Customer", order.customer_id),
            status=order.status,
            holds=sorted(order.holds),
            fulfillment_status=order.fulfillment_status,
            payment_status=order.payment_status,
            delivery_mode=order.delivery_mode,
            delivery_location_id=global_id("Location", place) if place else None,
            unfilled_policy=order.unfilled_policy,
            deliver_by=order.deliver_by,
            language=order.language,
            items_total=Money.of(order.items_minor, order.currency),
            shipping=Money.of(order.shipping_minor, order.currency),
            discount=Money.of(order.discount_minor, order.currency),
            tax=Money.of(order.tax_minor, order.currency),
            tax_included=order.tax_included,
            total=Money.of(order.total_minor, order.currency),
            twin=order,
            placed_at=order.placed_at,
            pay_until=order.pay_until,
            confirmed_at=order.confirmed_at,
            promised_at=promised_at(order),
            closed_at=order.closed_at,
            updated_at=order.updated_at,
            version=order.version,
            lines=[
                OrderLine.of(line, order, groups.get(line.id, ()), dates) for line in order.lines
            ],
            payments=[Payment.of(payment) for payment in order.payments],
            address=OrderAddress.of(order.address) if order.address else None,
            hold_until=order.hold_until,
            pickup=OrderPickup.of(pickup) if pickup else None,
            pickup_secret=pickup.code if pickup and pickup.ready_at else None,
            fulfillment_orders=[
                FulfillmentOrder.of(order, work) for work in order.fulfillment_orders
            ],
            tracking_token=order.tracking_token,
        )
