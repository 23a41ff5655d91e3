"""A shop ready to sell: two stores and a warehouse, priced variants, tax, stock, a sandbox PSP."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.catalog.tables import channel, price, tax_rate, variant_channel
from domain.common.database import Database
from domain.common.ids import ChannelCode, CustomerId, Sku, new_id
from domain.customers.model import GivenCustomer
from domain.identity.model import Actor, Role
from domain.locations.tables import channel_location, location
from domain.orders import audit as order_audit
from domain.orders.checkout import Till
from domain.orders.commands import Delivery, GivenPayment, OrderedLine, PlaceOrder
from domain.orders.invariants import invariant_violations
from domain.orders.model import Address
from domain.orders.place import Terms
from domain.orders.states import DeliveryMode
from domain.payments.model import Tender
from domain.payments.sandbox import SandboxGateway
from domain.sourcing.ruled import ByRuleSets
from tests.support import stock

PRICES = {"HAT": 1990, "SCARF": 3500, "SET": 4900}
ROME, MILAN, MADRID = stock.place("ROME"), stock.place("MILAN"), stock.place("MADRID")
PLACES: Mapping[str, tuple[float, float, str]] = {
    "ROME": (41.9028, 12.4964, "IT"),
    "MILAN": (45.4642, 9.19, "IT"),
    "MADRID": (40.4168, -3.7038, "ES"),
}
WEB = ChannelCode("WEB")

ADMIN = Actor("anna", Role.ADMIN)
AGENT = Actor("carla", Role.CALL_CENTER)
WEB_SHOP = Actor("web-shop", Role.CHANNEL, channel_codes=frozenset({WEB}))
ROME_TILL = Actor("till-1", Role.POS, location_ids=frozenset({ROME}))
MILAN_TILL = Actor("till-2", Role.POS, location_ids=frozenset({MILAN}))
ROME_MANAGER = Actor("rita", Role.STORE_MANAGER, location_ids=frozenset({ROME}))


def customer(customer_id: UUID) -> Actor:
    """A customer who is logged in."""
    return Actor(str(customer_id), Role.CUSTOMER, customer_id=CustomerId(customer_id))


@dataclass
class Shop:
    """The shop's services, and commands in its terms."""

    database: Database
    gateway: SandboxGateway
    terms: Terms = field(
        default_factory=lambda: Terms(ByRuleSets(), payment_window=timedelta(minutes=15))
    )

    def till(self, actor: Actor = WEB_SHOP) -> Till:
        """What placing needs, in the actor's name."""
        return Till(self.database, self.gateway, self.terms, actor)

    async def broken_rules(self) -> list[object]:
        """All that the audits of stock and orders find; empty in a sound shop."""
        return [
            *await self.database.read(invariant_violations),
            *await self.database.snapshot(order_audit.status_violations),
        ]

    async def scalar(self, query: sa.Executable) -> Any:
        """The first value of a query."""
        async with self.database.reads.connect() as connection:
            return await connection.scalar(query)

    async def rows(self, query: sa.Executable) -> list[Any]:
        """All rows of a query."""
        async with self.database.reads.connect() as connection:
            return list((await connection.execute(query)).all())


async def open_shop(engine: AsyncEngine, stock_of: Mapping[str, Mapping[str, int]]) -> Shop:
    """The shop over a clean database; `stock_of` is units by SKU and location code."""
    world = stock.World(
        skus=("HAT", "SCARF"), locations=tuple(PLACES), kits={"SET": {"HAT": 1, "SCARF": 1}}
    )
    await stock.build(engine, world)
    await _place_and_price(engine)
    database = Database(engine, engine, lambda: None)
    for sku, places in stock_of.items():
        for code, units in places.items():
            await stock.stock_up(engine, units, sku, code=code)
    return Shop(database, SandboxGateway(engine))


async def _place_and_price(engine: AsyncEngine) -> None:
    always = sa.text("tstzrange('2020-01-01', null)")
    async with engine.begin() as connection:
        await connection.execute(
            sa.insert(channel).values(code="POS", kind="POS", name="Tills", currency="EUR")
        )
        for code, (latitude, longitude, country) in PLACES.items():
            await connection.execute(
                sa.update(location)
                .where(location.c.id == stock.place(code))
                .values(latitude=latitude, longitude=longitude, country=country)
            )
            await connection.execute(
                sa.insert(channel_location).values(channel="POS", location_id=stock.place(code))
            )
        for country, rate in (("IT", "0.22"), ("ES", "0.21")):
            row = {"id": uuid4(), "country": country, "tax_category": "standard", "rate": rate}
            await connection.execute(sa.insert(tax_rate).values(**row, valid=always))
        for code in ("WEB", "POS"):
            for sku, amount in PRICES.items():
                await connection.execute(
                    sa.insert(variant_channel).values(sku=sku, channel=code, sellable=True)
                )
                await connection.execute(
                    sa.insert(price).values(
                        id=new_id(),
                        sku=sku,
                        channel=code,
                        currency="EUR",
                        amount_minor=amount,
                        valid=always,
                    )
                )


def order(
    key: str | None = None,
    *,
    lines: Mapping[str, int] | None = None,
    token: str = "tok_approve",
    near: str = "ROME",
    **changes: Any,
) -> PlaceOrder:
    """A wish for one HAT shipped to the city of `near`, changed as told."""
    latitude, longitude, country = PLACES[near]
    address = Address(
        recipient="Ada Verdi",
        street="Via Roma 1",
        city=near.title(),
        postal_code="00100",
        country=country,
        latitude=latitude,
        longitude=longitude,
    )
    given: dict[str, Any] = {
        "idempotency_key": key or uuid4().hex,
        "channel": WEB,
        "customer": GivenCustomer(email="ada@example.com", first_name="Ada", last_name="Verdi"),
        "lines": tuple(OrderedLine(Sku(sku), n) for sku, n in (lines or {"HAT": 1}).items()),
        "delivery": Delivery(DeliveryMode.SHIP, address=address),
        "payment": GivenPayment(Tender.CARD, token),
    }
    return PlaceOrder(**{**given, **changes})
