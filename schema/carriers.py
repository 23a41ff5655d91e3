"""Carriers: their rates, and what they ask for some parcels."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import relay

from domain.carriers import errors, repository
from domain.carriers import model as domain
from domain.carriers.rating import ANYWHERE, MAX_WEIGHT_G, RateRow
from domain.carriers.set_rates import SetCarrierRates
from domain.common.errors import ValidationFailed
from domain.common.ids import LocationId, OrderId
from domain.common.texts import checked_country
from domain.identity.model import STAFF, Role
from schema.access import access
from schema.errors import CommonError, Error, twin_of
from schema.ids import id_of
from schema.inputs import KEY, VERSION
from schema.money import Money, MoneyInput

MAX_PARCELS = 100


@access(*STAFF)
@strawberry.type(
    description="A step of a carrier's prices: parcels up to a weight into a zone. The most "
    "precise zone that an address is in counts, and in it the lowest step that bears the weight."
)
class CarrierRate:
    """Twin of RateRow."""

    service: str = strawberry.field(description="The carrier's product.")
    country: str | None = strawberry.field(
        description="ISO 3166-1 alpha-2; null for every country without a zone of its own."
    )
    postal_prefix: str = strawberry.field(
        description="How postal codes of the zone begin; empty for the whole country."
    )
    max_weight_g: int = strawberry.field(description="Heaviest parcel, grams.")
    price: Money = strawberry.field(description="Price of one parcel.")
    transit_days: int | None = strawberry.field(description="Days on the way, if agreed.")

    @staticmethod
    def of(row: RateRow) -> "CarrierRate":
        """The twin."""
        return CarrierRate(
            service=row.service,
            country=row.country or None,
            postal_prefix=row.postal_prefix,
            max_weight_g=row.max_weight_g,
            price=Money.of(row.price_minor, row.currency),
            transit_days=row.transit_days,
        )


@access(*STAFF)
@strawberry.type(description="All rates of a carrier that has no API of its own.")
class CarrierTariff:
    """Twin of domain Tariff."""

    carrier: str = strawberry.field(description="Code of the carrier.")
    updated_at: datetime = strawberry.field(description="When its rates were set last (UTC).")
    version: int = strawberry.field(description="Raised by one with every change.")
    rates: list[CarrierRate] = strawberry.field(description="Sorted by service, zone and weight.")

    @staticmethod
    def of(tariff: repository.Tariff) -> "CarrierTariff":
        """The twin."""
        return CarrierTariff(
            carrier=tariff.carrier,
            updated_at=tariff.updated_at,
            version=tariff.version,
            rates=[CarrierRate.of(row) for row in tariff.rates],
        )


@access(*STAFF, Role.CHANNEL)
@strawberry.type(description="What a service of a carrier asks for some parcels together.")
class ShippingRate:
    """Twin of domain Rate."""

    carrier: str = strawberry.field(description="Code of the carrier.")
    service: str = strawberry.field(description="The carrier's product.")
    price: Money = strawberry.field(description="Price of all the parcels.")
    transit_days: int | None = strawberry.field(description="Days on the way, if known.")

    @staticmethod
    def of(rate: domain.Rate) -> "ShippingRate":
        """The twin."""
        return ShippingRate(
            carrier=rate.carrier,
            service=rate.service,
            price=Money.of(rate.price_minor, rate.currency),
            transit_days=rate.transit_days,
        )


@strawberry.input(description="A step of a carrier's prices.")
class CarrierRateInput:
    """Input twin of RateRow."""

    service: str = strawberry.field(description="The carrier's product, 1 to 64 characters.")
    max_weight_g: int = strawberry.field(description="Heaviest parcel, 1 to 1,000,000 grams.")
    price: MoneyInput = strawberry.field(description="Price of one parcel, 0 or more.")
    country: str | None = strawberry.field(
        default=None,
        description="ISO 3166-1 alpha-2; left out for every country without a zone of its own.",
    )
    postal_prefix: str = strawberry.field(
        default="", description="How postal codes of the zone begin, at most 10 characters."
    )
    transit_days: int | None = strawberry.field(
        default=None, description="Days on the way, 0 to 365."
    )

    def to_domain(self) -> RateRow:
        """The step as given.

        Raises:
            ValidationFailed: the price is malformed.
        """
        price = self.price.to_domain()
        return RateRow(
            service=self.service,
            country=ANYWHERE if self.country is None else self.country or "?",
            postal_prefix=self.postal_prefix,
            max_weight_g=self.max_weight_g,
            price_minor=price.amount_minor,
            currency=price.currency,
            transit_days=self.transit_days,
        )


@strawberry.input(description="All rates of a carrier from now on, in place of those before.")
class SetCarrierRatesInput:
    """Twin of SetCarrierRates."""

    idempotency_key: str = strawberry.field(description=KEY)
    carrier: str = strawberry.field(
        description="Code of the carrier, such as GLS; small letters become capitals."
    )
    rates: list[CarrierRateInput] = strawberry.field(
        description="At most 1,000, in one currency; none takes the carrier out of use."
    )
    expected_version: int | None = strawberry.field(
        default=None, description=VERSION + " 0 for a carrier without rates."
    )

    def to_domain(self) -> SetCarrierRates:
        """The command.

        Raises:
            ValidationFailed: a price is malformed.
        """
        return SetCarrierRates(
            idempotency_key=self.idempotency_key,
            carrier=self.carrier,
            rates=tuple(each.to_domain() for each in self.rates),
            expected_version=self.expected_version,
        )


@strawberry.input(description="An address, as far as prices depend on it.")
class RateAddressInput:
    """Where to."""

    country: str = strawberry.field(description="ISO 3166-1 alpha-2.")
    postal_code: str = strawberry.field(default="", description="Postal code.")
    city: str = strawberry.field(default="", description="City.")
    street: str = strawberry.field(default="", description="Street and number.")
    region: str = strawberry.field(default="", description="State or province.")

    def to_domain(self) -> domain.Place:
        """The place.

        Raises:
            ValidationFailed: there is no such country.
        """
        return domain.Place(
            name="",
            street=self.street,
            city=self.city,
            postal_code=self.postal_code,
            country=checked_country("address.country", self.country),
            region=self.region,
        )


@strawberry.input(description="Parcels that shall go somewhere: to an order's address or another.")
class ShippingRatesInput:
    """What to ask carriers for."""

    from_location_id: relay.GlobalID = strawberry.field(description="The location that sends.")
    weights_g: list[int] = strawberry.field(
        description="Weight of each parcel, grams: 1 to 100 parcels of 1 to 1,000,000."
    )
    order_id: relay.GlobalID | None = strawberry.field(
        default=None, description="The order whose address it is; or give `address`."
    )
    address: RateAddressInput | None = strawberry.field(
        default=None, description="The address; or give `orderId`."
    )

    def checked(self) -> "WantedRates":
        """The question.

        Raises:
            ValidationFailed: something is malformed, or there is not exactly one address.
        """
        if (self.order_id is None) == (self.address is None):
            raise ValidationFailed("orderId", "give this or address, and not both")
        if not 1 <= len(self.weights_g) <= MAX_PARCELS:
            raise ValidationFailed("weightsG", f"must be 1 to {MAX_PARCELS} parcels")
        if not all(1 <= weight <= MAX_WEIGHT_G for weight in self.weights_g):
            raise ValidationFailed("weightsG", f"must be 1 to {MAX_WEIGHT_G} grams each")
        order = id_of(self.order_id, "Order", "orderId") if self.order_id else None
        return WantedRates(
            LocationId(id_of(self.from_location_id, "Location", "fromLocationId")),
            tuple(self.weights_g),
            OrderId(order) if order else None,
            self.address.to_domain() if self.address else None,
        )


@dataclass(frozen=True, slots=True)
class WantedRates:
    """The question of shippingRates, checked: to an order's address, or to a place."""

    location_id: LocationId
    weights_g: tuple[int, ...]
    order_id: OrderId | None
    place: domain.Place | None


@twin_of(errors.CarrierRefused)
@access()
@strawberry.type(description="The carrier does not do what it was asked for.")
class CarrierRefusedError(Error):
    """Twin of CarrierRefused."""

    carrier: str = strawberry.field(description="Code of the carrier.")
    reason: str = strawberry.field(description="Why, in the carrier's words.")

    @staticmethod
    def of(error: errors.CarrierRefused) -> "CarrierRefusedError":
        """The twin."""
        return CarrierRefusedError(
            code=error.code, message=error.message, carrier=error.carrier, reason=error.reason
        )


@access(*STAFF)
@strawberry.type(description="The rates as they are now.")
class SetCarrierRatesPayload:
    """Answer of setCarrierRates."""

    tariff: CarrierTariff = strawberry.field(description="All rates of the carrier.")


SetCarrierRatesResult = Annotated[
    SetCarrierRatesPayload | CommonError,
    strawberry.union("SetCarrierRatesResult", description="What setCarrierRates answers."),
]
