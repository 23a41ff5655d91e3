"""What is asked about a cart, and the ways to deliver it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from domain.common.errors import Forbidden, ValidationFailed
from domain.common.ids import ChannelCode, LocationId, Sku
from domain.common.money import Money, check_currency
from domain.common.postal import postal_key
from domain.common.texts import checked_country
from domain.identity.model import Actor
from domain.locations.model import Location, check_coordinates
from domain.orders.commands import OrderedLine
from domain.orders.model import Address
from domain.orders.placing_rules import MAX_QUANTITY
from domain.orders.states import DeliveryMode

MAX_LINES = 100
MAX_POSTAL_CODE = 20


@dataclass(frozen=True, slots=True)
class AskOptions:
    """A cart on a channel, and what is known of where it goes. Of `address` the country, the postal
    code and the coordinates count.
    """

    channel: ChannelCode
    lines: tuple[OrderedLine, ...]
    address: Address | None = None
    store_id: LocationId | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Parcel:
    """Units by SKU that one location sends, or hands out itself."""

    location_id: LocationId
    units: Mapping[Sku, int]


@dataclass(frozen=True, slots=True)
class Unfilled:
    """Units that nobody can serve now; `expected_at` is when stock for all of them has come in,
    None when that much is not on its way.
    """

    sku: Sku
    quantity: int
    expected_at: datetime | None


@dataclass(frozen=True, slots=True)
class Window:
    """When all goods are with the customer, or wait for him in the store."""

    earliest: datetime
    latest: datetime


@dataclass(frozen=True, slots=True)
class Option:
    """One way to deliver a cart. `store` is where it is collected; `carrier` and `service` bring
    it, for `price` if that is known in the cart's currency. `window` is about the units of the
    parcels, None without any.
    """

    mode: DeliveryMode
    parcels: tuple[Parcel, ...]
    unfilled: tuple[Unfilled, ...]
    window: Window | None
    store: Location | None = None
    distance_km: float | None = None
    carrier: str | None = None
    service: str | None = None
    price: Money | None = None

    @property
    def is_complete(self) -> bool:
        """Whether all units can be served now."""
        return not self.unfilled


def checked(ask: AskOptions, actor: Actor) -> AskOptions:
    """`ask` as the actor may ask it, its address in normal form.

    Raises:
        ValidationFailed: too many lines, or something is malformed. Forbidden: the actor does not
            sell on the channel.
    """
    if not actor.sells_on(ask.channel):
        raise Forbidden(f"not allowed to sell on channel {ask.channel}")
    if not 1 <= len(ask.lines) <= MAX_LINES:
        raise ValidationFailed("lines", f"must be 1 to {MAX_LINES}")
    for position, line in enumerate(ask.lines):
        if not 1 <= line.quantity <= MAX_QUANTITY:
            raise ValidationFailed(f"lines.{position}.quantity", f"must be 1 to {MAX_QUANTITY}")
    if ask.currency is not None:
        check_currency(ask.currency)
    return ask if ask.address is None else replace(ask, address=_checked_address(ask.address))


def _checked_address(address: Address) -> Address:
    code = postal_key(address.postal_code)
    if not 1 <= len(code) <= MAX_POSTAL_CODE:
        raise ValidationFailed(
            "address.postalCode", f"must have 1 to {MAX_POSTAL_CODE} letters and digits"
        )
    if (address.latitude is None) != (address.longitude is None):
        raise ValidationFailed("address.latitude", "comes with a longitude, or not at all")
    if address.latitude is not None and address.longitude is not None:
        check_coordinates("address", address.latitude, address.longitude)
    return replace(address, country=checked_country("address.country", address.country))
