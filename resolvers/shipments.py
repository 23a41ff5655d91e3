"""Shipments: shipping, tracking, delivering, and reading them."""

from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.database import DbConnection
from domain.common.ids import OrderId, ShipmentId
from domain.fulfillment.exceptions import Report, keeping
from domain.identity.model import Role
from domain.orders.repository import orders_by_id
from domain.shipments.deliver import deliver_shipment
from domain.shipments.errors import ParcelsDoNotMatch
from domain.shipments.failing import receive_returned_parcel, resolve_failure
from domain.shipments.model import Shipment as DomainShipment
from domain.shipments.model import TrackingEvent as DomainEvent
from domain.shipments.repository import events_by_id, shipments_by_id, shipments_in_scope
from domain.shipments.ship import SHIPPERS, ship_fulfillment_order
from domain.shipments.track import REPORTERS, record_tracking_event
from resolvers.answering import answer
from resolvers.orders import KEEPERS, let_go_after
from schema.access import Allow
from schema.context import Context, Info
from schema.ids import id_of
from schema.inputs import INPUT
from schema.orders.payloads import ChangeOrderPayload, ChangeOrderResult
from schema.orders.types import Order
from schema.refusals import checked
from schema.shipments.inputs import (
    DeliverShipmentInput,
    ReceiveReturnedParcelInput,
    RecordTrackingEventInput,
    ResolveFailedDeliveryInput,
    ShipFulfillmentOrderInput,
)
from schema.shipments.payloads import (
    DeliverShipmentPayload,
    DeliverShipmentResult,
    ReceiveReturnedParcelPayload,
    ReceiveReturnedParcelResult,
    RecordTrackingEventPayload,
    RecordTrackingEventResult,
    ShipFulfillmentOrderPayload,
    ShipFulfillmentOrderResult,
)
from schema.shipments.types import Shipment, TrackingEvent


@strawberry.type
class ShipmentsQuery:
    """Root fields that read shipments."""

    @strawberry.field(
        description="A shipment of an order in the caller's scope; null when unknown or not "
        "visible.",
        extensions=[Allow()],
    )
    async def shipment(
        self,
        info: Info,
        id: Annotated[relay.GlobalID, strawberry.argument(description="Its id.")],
    ) -> Shipment | None:
        """The shipment or null."""
        wanted = checked(lambda: ShipmentId(id_of(id, "Shipment")))
        actor = info.context.caller
        found = await info.context.read(lambda c: shipments_in_scope(c, actor, [wanted]))
        return Shipment.of(found[wanted]) if wanted in found else None


@strawberry.type
class ShipmentsMutation:
    """Root fields that change shipments."""

    @strawberry.mutation(
        description="Ship a packed fulfillment order: what its goods cost is captured, then they "
        "leave in these parcels. If the money cannot be taken, everything stays as it is.",
        extensions=[Allow(*sorted(SHIPPERS))],
    )
    async def ship_fulfillment_order(
        self, info: Info, input: Annotated[ShipFulfillmentOrderInput, INPUT]
    ) -> ShipFulfillmentOrderResult:
        """The shipment, or why not."""
        context = info.context

        async def ship() -> ShipFulfillmentOrderPayload:
            services, command = context.services, input.to_domain()
            report = Report(
                "shipFulfillmentOrder", command.fulfillment_order_id, command.idempotency_key
            )
            done = await keeping(
                services.database,
                context.caller,
                report,
                ParcelsDoNotMatch,
                lambda: ship_fulfillment_order(
                    services.database,
                    services.gateway,
                    context.caller,
                    command,
                    context.correlation_id,
                ),
            )
            shipment, order = await _loaded(context, done.shipment_id, done.order_id)
            return ShipFulfillmentOrderPayload(shipment=shipment, order=order)

        return await answer(ship())

    @strawberry.mutation(
        description="Record what a carrier reports of a parcel. Late and repeated reports change "
        "nothing.",
        extensions=[Allow(*sorted(REPORTERS))],
    )
    async def record_tracking_event(
        self, info: Info, input: Annotated[RecordTrackingEventInput, INPUT]
    ) -> RecordTrackingEventResult:
        """The report, or why not."""
        context, actor = info.context, info.context.caller

        async def track() -> RecordTrackingEventPayload:
            command = input.to_domain()
            done = await context.run(lambda tx: record_tracking_event(tx, actor, command))

            async def find(connection: DbConnection) -> tuple[DomainEvent, DomainShipment]:
                events = await events_by_id(connection, [done.event_id])
                shipments = await shipments_by_id(connection, [done.shipment_id])
                return events[done.event_id], shipments[done.shipment_id]

            event, shipment = await context.read_primary(find)
            return RecordTrackingEventPayload(
                event=TrackingEvent.of(event), shipment=Shipment.of(shipment)
            )

        return await answer(track())

    @strawberry.mutation(
        description="All parcels of a shipment are with the customer: for deliveries that no "
        "carrier reports, such as by own vans.",
        extensions=[Allow(*sorted(SHIPPERS))],
    )
    async def deliver_shipment(
        self, info: Info, input: Annotated[DeliverShipmentInput, INPUT]
    ) -> DeliverShipmentResult:
        """The delivered shipment, or why not."""
        context, actor = info.context, info.context.caller

        async def deliver() -> DeliverShipmentPayload:
            command = input.to_domain()
            done = await context.run(lambda tx: deliver_shipment(tx, actor, command))
            shipment, order = await _loaded(context, done.shipment_id, done.order_id)
            return DeliverShipmentPayload(shipment=shipment, order=order)

        return await answer(deliver())

    @strawberry.mutation(
        description="A parcel that could not be delivered is back at the location that sent it: "
        "its units go where the dispositions say. Then resolveFailedDelivery.",
        extensions=[Allow(*sorted(SHIPPERS))],
    )
    async def receive_returned_parcel(
        self, info: Info, input: Annotated[ReceiveReturnedParcelInput, INPUT]
    ) -> ReceiveReturnedParcelResult:
        """The shipment, or why not."""
        context, actor = info.context, info.context.caller

        async def receive() -> ReceiveReturnedParcelPayload:
            command = input.to_domain()
            done = await context.run(lambda tx: receive_returned_parcel(tx, actor, command))
            shipment, order = await _loaded(context, done.shipment_id, done.order_id)
            return ReceiveReturnedParcelPayload(shipment=shipment, order=order)

        return await answer(receive())

    @strawberry.mutation(
        description="Ship again what was lost, damaged, refused or sent back, without another "
        "charge; or give it up and give the money back.",
        extensions=[Allow(Role.CUSTOMER, Role.CHANNEL, *KEEPERS)],
    )
    async def resolve_failed_delivery(
        self, info: Info, input: Annotated[ResolveFailedDeliveryInput, INPUT]
    ) -> ChangeOrderResult:
        """The order, or why not."""
        context, terms = info.context, info.context.services.terms

        async def resolve() -> ChangeOrderPayload:
            command = input.to_domain()
            return await let_go_after(
                context,
                command.order_id,
                lambda tx: resolve_failure(tx, context.caller, command, terms),
            )

        return await answer(resolve())


async def _loaded(
    context: Context, shipment_id: ShipmentId, order_id: OrderId
) -> tuple[Shipment, Order]:
    async def find(connection: DbConnection) -> tuple[Shipment, Order]:
        shipments = await shipments_by_id(connection, [shipment_id])
        orders = await orders_by_id(connection, [order_id])
        return Shipment.of(shipments[shipment_id]), Order.of(orders[order_id])

    return await context.read_primary(find)
