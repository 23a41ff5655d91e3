"""Carriers: their rates, and what they ask for some parcels."""

from typing import Annotated

import strawberry

from domain.carriers.model import Place
from domain.carriers.repository import tariff_of
from domain.carriers.set_rates import SETTERS, set_carrier_rates
from domain.carriers.table_rate import shipping_rates
from domain.common.database import DbConnection
from domain.common.errors import NotFound, ValidationFailed
from domain.identity.model import STAFF, Role
from domain.locations.repository import all_locations_by_id
from domain.orders.repository import orders_by_id
from domain.orders.visibility import require_visible
from domain.shipments.labelling.model import place_of_address, place_of_location
from domain.shipments.labels import carrier_code
from resolvers.answering import answer
from schema.access import Allow
from schema.carriers import (
    CarrierTariff,
    SetCarrierRatesInput,
    SetCarrierRatesPayload,
    SetCarrierRatesResult,
    ShippingRate,
    ShippingRatesInput,
    WantedRates,
)
from schema.context import Context, Info
from schema.inputs import INPUT
from schema.refusals import asked, checked


@strawberry.type
class CarriersQuery:
    """Root fields that read what carriers ask."""

    @strawberry.field(
        description="What carriers ask to bring parcels from a location to an address, the "
        "cheapest first. Carriers that do not carry them, or do not answer, are left out.",
        extensions=[Allow(*STAFF, Role.CHANNEL)],
    )
    async def shipping_rates(
        self,
        info: Info,
        input: Annotated[
            ShippingRatesInput, strawberry.argument(name="input", description="Which parcels.")
        ],
    ) -> list[ShippingRate]:
        """The rates."""
        context = info.context
        wanted = checked(input.checked)
        sender, recipient = await asked(_ends(context, wanted))
        found = await shipping_rates(
            context.services.database,
            context.services.carriers,
            sender,
            recipient,
            wanted.weights_g,
        )
        return [ShippingRate.of(rate) for rate in found]

    @strawberry.field(
        description="All rates of a carrier without an API of its own; null if it never had any.",
        extensions=[Allow(*STAFF)],
    )
    async def carrier_tariff(
        self,
        info: Info,
        carrier: Annotated[str, strawberry.argument(description="Code of the carrier.")],
    ) -> CarrierTariff | None:
        """The carrier's rates or null."""
        code = checked(lambda: carrier_code(carrier))
        found = await info.context.read(lambda c: tariff_of(c, code))
        return CarrierTariff.of(found) if found is not None else None


@strawberry.type
class CarriersMutation:
    """Root fields that change what carriers ask."""

    @strawberry.mutation(
        description="Replace all rates of a carrier without an API of its own: prices by zone, "
        "weight and service.",
        extensions=[Allow(*sorted(SETTERS))],
    )
    async def set_carrier_rates(
        self, info: Info, input: Annotated[SetCarrierRatesInput, INPUT]
    ) -> SetCarrierRatesResult:
        """The rates, or why not."""
        context = info.context

        async def change() -> SetCarrierRatesPayload:
            command = input.to_domain()
            done = await context.run(lambda tx: set_carrier_rates(tx, context.caller, command))
            found = await context.read_primary(lambda c: tariff_of(c, done.carrier))
            assert found is not None  # just set
            return SetCarrierRatesPayload(tariff=CarrierTariff.of(found))

        return await answer(change())


async def _ends(context: Context, wanted: WantedRates) -> tuple[Place, Place]:
    """Where the parcels come from and go to.

    Raises:
        NotFound: no such location, or no such order in the caller's scope.
        ValidationFailed: the order is not carried anywhere.
    """

    async def find(connection: DbConnection) -> tuple[Place, Place]:
        locations = await all_locations_by_id(connection, [wanted.location_id])
        if wanted.location_id not in locations:
            raise NotFound("location", str(wanted.location_id))
        sender = place_of_location(locations[wanted.location_id])
        if wanted.order_id is None:
            assert wanted.place is not None  # one of both is given
            return sender, wanted.place
        orders = await orders_by_id(connection, [wanted.order_id])
        if wanted.order_id not in orders:
            raise NotFound("order", str(wanted.order_id))
        order = require_visible(context.caller, orders[wanted.order_id])
        if order.address is None:
            raise ValidationFailed("orderId", "is an order without an address")
        return sender, place_of_address(order.address)

    return await context.read(find)
