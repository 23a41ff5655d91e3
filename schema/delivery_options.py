"""How a cart can be delivered, as clients see it."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.ids import ChannelCode, LocationId, Sku
from domain.orders import commands
from domain.orders.model import Address
from domain.orders.options import model as domain
from schema.access import access
from schema.ids import global_id, id_of
from schema.locations.types import Location
from schema.money import Money
from schema.orders.enums import DeliveryMode

CART = strawberry.argument(name="input", description="The cart, and where it goes.")


@access()
@strawberry.type(description="Units of a SKU.")
class DeliveryOptionUnits:
    """Units in a parcel."""

    sku: str = strawberry.field(description="SKU of the variant.")
    quantity: int = strawberry.field(description="Units.")


@access()
@strawberry.type(description="What one location sends, or hands out itself.")
class DeliveryOptionParcel:
    """Twin of domain Parcel."""

    location_id: relay.GlobalID = strawberry.field(description="The location.")
    units: list[DeliveryOptionUnits] = strawberry.field(description="What is in it, by SKU.")

    @staticmethod
    def of(parcel: domain.Parcel) -> "DeliveryOptionParcel":
        """The twin."""
        return DeliveryOptionParcel(
            location_id=global_id("Location", parcel.location_id),
            units=[
                DeliveryOptionUnits(sku=sku, quantity=units) for sku, units in parcel.units.items()
            ],
        )


@access()
@strawberry.type(description="Units that nobody can serve now.")
class DeliveryOptionUnfilled:
    """Twin of domain Unfilled."""

    sku: str = strawberry.field(description="SKU of the variant.")
    quantity: int = strawberry.field(description="Units.")
    expected_at: datetime | None = strawberry.field(
        description="When stock for all of them has come in (UTC); null when that much is not on "
        "its way."
    )

    @staticmethod
    def of(unfilled: domain.Unfilled) -> "DeliveryOptionUnfilled":
        """The twin."""
        return DeliveryOptionUnfilled(
            sku=unfilled.sku, quantity=unfilled.quantity, expected_at=unfilled.expected_at
        )


@access()
@strawberry.type(
    description="One way to deliver a cart, by the same choice of locations as placing. Nothing is "
    "reserved: placing decides again."
)
class DeliveryOption:
    """Twin of domain Option."""

    mode: DeliveryMode = strawberry.field(description="How the goods reach the customer.")
    location: Location | None = strawberry.field(
        description="The store where they are collected, with its distance if the address is "
        "known; null when they are carried to the customer."
    )
    carrier: str | None = strawberry.field(
        description="Code of the carrier; null for stores, and when no carrier has rates here."
    )
    service: str | None = strawberry.field(description="The carrier's product, with the carrier.")
    price: Money | None = strawberry.field(
        description="What the service asks for all parcels; null when that is not known in the "
        "currency of the cart."
    )
    earliest: datetime | None = strawberry.field(
        description="When the units of all parcels are there at the earliest (UTC): with the "
        "customer, or ready in the store. A parcel leaves at its location's next cut-off and takes "
        "the days that the tariff says, else 2 to 4; a location without a cut-off and a store take "
        "2 hours to prepare goods, from when they are open. Null without parcels."
    )
    latest: datetime | None = strawberry.field(description="The same at the latest.")
    parcels: list[DeliveryOptionParcel] = strawberry.field(
        description="From which location which units come; one entry per location."
    )
    unfilled: list[DeliveryOptionUnfilled] = strawberry.field(
        description="Units that nobody can serve now, by SKU."
    )
    is_complete: bool = strawberry.field(description="Whether all units can be served now.")

    @staticmethod
    def of(option: domain.Option) -> "DeliveryOption":
        """The twin."""
        store, price, window = option.store, option.price, option.window
        return DeliveryOption(
            mode=option.mode,
            location=Location.of(store, option.distance_km) if store else None,
            carrier=option.carrier,
            service=option.service,
            price=Money.of(price.amount_minor, price.currency) if price else None,
            earliest=window.earliest if window else None,
            latest=window.latest if window else None,
            parcels=[DeliveryOptionParcel.of(each) for each in option.parcels],
            unfilled=[DeliveryOptionUnfilled.of(each) for each in option.unfilled],
            is_complete=option.is_complete,
        )


@strawberry.input(description="A wanted quantity of a variant.")
class DeliveryOptionsLineInput:
    """Twin of OrderedLine, without a price."""

    sku: str = strawberry.field(description="SKU of the variant.")
    quantity: int = strawberry.field(description="Units, 1 to 100,000.")


@strawberry.input(description="An address, as far as it decides from where goods are sent.")
class DeliveryOptionsAddressInput:
    """Where to."""

    country: str = strawberry.field(description="ISO 3166-1 alpha-2 code, such as IT.")
    postal_code: str = strawberry.field(description="Postal code, 1 to 20 letters and digits.")
    latitude: float | None = strawberry.field(
        default=None,
        description="Degrees, with longitude; without them the postal code says what is near.",
    )
    longitude: float | None = strawberry.field(default=None, description="Degrees.")

    def to_domain(self) -> Address:
        """The address, not yet checked."""
        return Address(
            recipient="",
            street="",
            city="",
            postal_code=self.postal_code,
            country=self.country,
            latitude=self.latitude,
            longitude=self.longitude,
        )


@strawberry.input(description="A cart, and what is known of where it goes.")
class DeliveryOptionsInput:
    """Twin of AskOptions."""

    channel: str = strawberry.field(description="Code of the channel.")
    lines: list[DeliveryOptionsLineInput] = strawberry.field(description="1 to 100 lines.")
    address: DeliveryOptionsAddressInput | None = strawberry.field(
        default=None, description="Where to carry the goods; without it nothing is carried."
    )
    location_id: relay.GlobalID | None = strawberry.field(
        default=None,
        description="The store where they would be collected; without it, up to five stores that "
        "have everything are offered, the nearest to the address first.",
    )
    currency: str | None = strawberry.field(
        default=None, description="ISO 4217 code; the channel's currency if absent."
    )

    def to_domain(self) -> domain.AskOptions:
        """The question.

        Raises:
            ValidationFailed: the id is not one of a location.
        """
        store = id_of(self.location_id, "Location", "locationId") if self.location_id else None
        return domain.AskOptions(
            channel=ChannelCode(self.channel),
            lines=tuple(commands.OrderedLine(Sku(ln.sku), ln.quantity) for ln in self.lines),
            address=self.address.to_domain() if self.address else None,
            store_id=LocationId(store) if store else None,
            currency=self.currency,
        )


Cart = Annotated[DeliveryOptionsInput, CART]
