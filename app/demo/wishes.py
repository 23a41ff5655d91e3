"""The demo orders: who wants what on which channel, and how far each order has come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from random import Random

from app.demo.people import SOURCE, Person, Town
from app.demo.places import SITES
from app.demo.shelves import Shelf, scarce_skus, skus_at
from domain.common.ids import ChannelCode, Sku
from domain.customers.model import GivenCustomer
from domain.locations.model import LocationCode, LocationKind
from domain.orders.commands import GivenPayment, OrderedLine
from domain.orders.model import Address
from domain.orders.states import DeliveryMode, Hold
from domain.payments.model import Tender
from domain.payments.sandbox import DECLINE

WEB, POS = ChannelCode("web"), ChannelCode("pos")
CALL_CENTER, MARKETPLACE = ChannelCode("call-center"), ChannelCode("marketplace")
SOCIAL = ChannelCode("social")


class Stage(StrEnum):
    """How far a demo order has come."""

    DECLINED = "DECLINED"
    BACKORDERED = "BACKORDERED"
    CONFIRMED = "CONFIRMED"
    HELD = "HELD"
    CANCELLED = "CANCELLED"
    RELEASED = "RELEASED"
    PICKING = "PICKING"
    PICKED = "PICKED"
    PACKED = "PACKED"
    SHIPPED = "SHIPPED"
    IN_TRANSIT = "IN_TRANSIT"
    DELIVERED = "DELIVERED"
    READY = "READY"
    COLLECTED = "COLLECTED"
    SOLD = "SOLD"


@dataclass(frozen=True, slots=True)
class Wish:
    """A demo order; `location` for goods that are fetched, `age` before the time of seeding."""

    number: int
    channel: ChannelCode
    mode: DeliveryMode
    stage: Stage
    customer: GivenCustomer
    lines: tuple[OrderedLine, ...]
    payment: GivenPayment
    address: Address | None
    location: LocationCode | None
    age: timedelta
    hold: Hold | None = None

    @property
    def reference(self) -> str:
        """The order's number on its channel, the same in every seeding."""
        return f"demo-{self.number:04d}"


@dataclass(frozen=True, slots=True)
class _Plan:
    """Orders of one sort: how many, where from, how far, and how old they are in hours."""

    count: int
    channel: ChannelCode
    stage: Stage
    hours: tuple[int, int]
    mode: DeliveryMode = DeliveryMode.SHIP


SHIP, PICKUP = DeliveryMode.SHIP, DeliveryMode.PICKUP
_PLANS = (
    _Plan(4, WEB, Stage.DELIVERED, (150, 240)),
    _Plan(1, MARKETPLACE, Stage.DELIVERED, (150, 200)),
    _Plan(3, WEB, Stage.IN_TRANSIT, (40, 70)),
    _Plan(2, WEB, Stage.SHIPPED, (24, 40)),
    _Plan(1, CALL_CENTER, Stage.SHIPPED, (24, 40)),
    _Plan(3, WEB, Stage.PACKED, (8, 20)),
    _Plan(2, WEB, Stage.PICKED, (6, 12)),
    _Plan(2, SOCIAL, Stage.PICKING, (4, 8)),
    _Plan(3, WEB, Stage.RELEASED, (2, 6)),
    _Plan(1, CALL_CENTER, Stage.RELEASED, (2, 6)),
    _Plan(2, WEB, Stage.CONFIRMED, (0, 2)),
    _Plan(1, MARKETPLACE, Stage.CONFIRMED, (0, 2)),
    _Plan(1, WEB, Stage.DECLINED, (0, 1)),
    _Plan(2, WEB, Stage.HELD, (1, 20)),
    _Plan(2, CALL_CENTER, Stage.CANCELLED, (20, 60)),
    _Plan(1, WEB, Stage.BACKORDERED, (10, 20)),
    _Plan(2, WEB, Stage.RELEASED, (1, 3), PICKUP),
    _Plan(2, WEB, Stage.READY, (20, 30), PICKUP),
    _Plan(2, CALL_CENTER, Stage.COLLECTED, (50, 90), PICKUP),
    _Plan(4, POS, Stage.SOLD, (1, 100), DeliveryMode.TAKE_AWAY),
)
_HOLDS = (Hold.FRAUD, Hold.ADDRESS)
BACKORDERED_UNITS = 5
"""More than the chain has of a scarce SKU."""


def demo_wishes(random: Random, people: Sequence[Person], shelves: Sequence[Shelf]) -> list[Wish]:
    """The orders, oldest first. Equal states of `random` and equal stock give equal wishes."""
    wishes: list[Wish] = []
    for plan in _PLANS:
        for place in range(plan.count):
            wishes.append(_wish(len(wishes) + 1, plan, place, random, people, shelves))
    return sorted(wishes, key=lambda wish: -wish.age)


def _wish(
    number: int,
    plan: _Plan,
    place: int,
    random: Random,
    people: Sequence[Person],
    shelves: Sequence[Shelf],
) -> Wish:
    # Those abroad do not come to the store; the others are served everywhere.
    near = [each for each in people if each.town.country in ("IT", "ES")]
    person = random.choice(people if plan.mode is SHIP else near)
    shop = None if plan.mode is SHIP else _shop(random, person.town)
    hours = random.uniform(*plan.hours)
    return Wish(
        number=number,
        channel=plan.channel,
        mode=plan.mode,
        stage=plan.stage,
        customer=GivenCustomer(source=SOURCE, reference=person.customer.references[0].reference),
        lines=_lines(random, plan, shelves, shop),
        payment=_payment(plan),
        address=_address(person) if plan.mode is SHIP else None,
        location=shop,
        age=timedelta(minutes=round(hours * 60)),
        hold=_HOLDS[place % len(_HOLDS)] if plan.stage is Stage.HELD else None,
    )


def _shop(random: Random, town: Town) -> LocationCode:
    stores = [
        site.code
        for site in SITES
        if site.kind is LocationKind.STORE and site.country == town.country
    ]
    return LocationCode(random.choice(stores))


def _lines(
    random: Random, plan: _Plan, shelves: Sequence[Shelf], shop: LocationCode | None
) -> tuple[OrderedLine, ...]:
    if plan.stage is Stage.BACKORDERED:
        return (OrderedLine(random.choice(scarce_skus(shelves)), BACKORDERED_UNITS),)
    skus = _some(random, shelves, shop, random.choice((1, 1, 2, 2, 3)))
    return tuple(OrderedLine(sku, random.choice((1, 1, 1, 2))) for sku in skus)


def _some(
    random: Random, shelves: Sequence[Shelf], shop: LocationCode | None, count: int
) -> list[Sku]:
    centres = [LocationCode(site.code) for site in SITES if site.kind is LocationKind.DC]
    at_least = 2 if shop else 20
    return random.sample(skus_at(shelves, [shop] if shop else centres, at_least), count)


def _payment(plan: _Plan) -> GivenPayment:
    if plan.stage is Stage.DECLINED:
        return GivenPayment(Tender.CARD, DECLINE)
    if plan.channel == MARKETPLACE:
        return GivenPayment(Tender.EXTERNAL)
    if plan.channel == POS:
        return GivenPayment(Tender.CASH)
    return GivenPayment(Tender.CARD, "tok_approve")


def _address(person: Person) -> Address:
    at = person.customer.addresses[0]
    return Address(
        recipient=at.recipient,
        street=at.street,
        city=at.city,
        region=at.region,
        postal_code=at.postal_code,
        country=at.country,
        phone=person.customer.phone,
        latitude=person.town.latitude,
        longitude=person.town.longitude,
    )
