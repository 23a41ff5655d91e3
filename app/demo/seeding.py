"""Filling a database with the demo chain: in the order in which things need each other."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Protocol, TypeVar

import sqlalchemy as sa

from app.batches import batches
from app.demo.assortment import demo_assortment
from app.demo.people import Person, demo_people
from app.demo.places import demo_locations
from app.demo.shelves import Shelf, demo_stock
from app.demo.wishes import Wish, demo_wishes
from app.demo.working import Shop, fulfil
from domain.catalog.bulk import ProductDraft, add_products
from domain.catalog.channels import CreateChannel, create_channel
from domain.catalog.model import ChannelKind, TaxCategory
from domain.catalog.repository import channel_by_code
from domain.catalog.taxes import SetTaxRate, set_tax_rate, tax_rates_of
from domain.common.database import Database
from domain.common.errors import DomainError
from domain.common.ids import ChannelCode, LocationId, new_id
from domain.common.transaction import Tx
from domain.customers.bulk import add_customers
from domain.customers.model import Customer
from domain.locations.bulk import add_locations, location_ids
from domain.locations.model import Location, LocationCode, LocationKind
from domain.orders.place import Terms
from domain.orders.tables import sales_order
from domain.payments.gateway import PaymentGateway
from domain.sourcing.model import Place as SourcingPlace
from domain.sourcing.model import distance_km
from domain.sourcing.ruled import ByRuleSets
from domain.stock.bulk import Opening, open_stock

T = TypeVar("T")
ACTOR = "SYSTEM:demo"
SEED = 20_260_901
TAXED_SINCE = datetime(2010, 1, 1, tzinfo=UTC)
PRODUCTS_AT_ONCE, LEVELS_AT_ONCE = 40, 1_000
ORDERS_AT_ONCE = 4
PAYMENT_WINDOW = timedelta(minutes=30)

CHANNELS = (
    ("web", ChannelKind.WEB, "Lumera online"),
    ("pos", ChannelKind.POS, "Lumera stores"),
    ("call-center", ChannelKind.CALL_CENTER, "Lumera by phone"),
    ("marketplace", ChannelKind.MARKETPLACE, "Bazar Uno"),
    ("social", ChannelKind.SOCIAL, "Lumera on social media"),
)
TAX_RATES = {"IT": "0.22", "ES": "0.21", "FR": "0.20", "DE": "0.19", "CH": "0.081", "BR": "0"}
"""Standard rates of value added tax. Brazil has none here: see the import of orders."""


class Progress(Protocol):
    """Is told how far a step has come."""

    def __call__(self, step: str, done: int, total: int) -> None:
        """`done` of `total` parts of `step` are finished."""
        ...


@dataclass(frozen=True, slots=True)
class SeedSummary:
    """How many of each kind are new."""

    channels: int
    tax_rates: int
    locations: int
    products: int
    customers: int
    levels: int
    orders: int


async def seed_demo(
    database: Database, gateway: PaymentGateway, progress: Progress, *, seed: int = SEED
) -> SeedSummary:
    """What was added: the demo chain with its stock and some orders under way.

    What is there already, by code or reference, stays as it is: seeding twice changes nothing, and
    seeding again after a crash adds the rest. Equal seeds give equal chains.

    Raises:
        DomainError: a SKU or barcode of the chain belongs to somebody else's product.
    """
    now = await _run(database, Tx.now)
    chain = _chain(seed, now)
    channels, tax_rates = await _channels(database), await _tax_rates(database)
    locations = await _run(database, lambda tx: add_locations(tx, chain.sites))
    codes = [site.code for site in chain.sites]
    ids = await _run(database, lambda tx: location_ids(tx, codes))
    products = await _products(database, chain.products, progress)
    settled = [_settled(person, chain.sites, ids) for person in chain.people]
    customers = await _run(database, lambda tx: add_customers(tx, settled))
    levels = await _stock(database, chain.shelves, ids, progress)
    if levels:
        await _run(database, _analyse)
    shop = Shop(database, gateway, Terms(ByRuleSets(), PAYMENT_WINDOW), ids)
    orders = await _orders(shop, chain.wishes, now, progress)
    return SeedSummary(channels, tax_rates, locations, products, customers, levels, orders)


@dataclass(frozen=True, slots=True)
class _Chain:
    """All that is to be added, as made by the generators."""

    sites: Sequence[Location]
    products: Sequence[ProductDraft]
    shelves: Sequence[Shelf]
    people: Sequence[Person]
    wishes: Sequence[Wish]


def _chain(seed: int, now: datetime) -> _Chain:
    def part(name: str) -> Random:
        """A generator for each part, so that one can change without the others."""
        return Random(f"{seed}-{name}")

    products = demo_assortment(part("products"))
    shelves = demo_stock(part("stock"), products)
    people = demo_people(part("people"), new_id, now)
    wishes = demo_wishes(part("orders"), people, shelves)
    return _Chain(demo_locations(new_id), products, shelves, people, wishes)


async def _run(database: Database, work: Callable[[Tx], Awaitable[T]]) -> T:
    return await database.run(work, actor_key=ACTOR)


async def _channels(database: Database) -> int:
    async def add(tx: Tx) -> int:
        added = 0
        for text, kind, name in CHANNELS:
            code = ChannelCode(text)
            if await channel_by_code(tx.connection, code) is None:
                wanted = CreateChannel(f"demo-channel-{code}", code, kind, name, "EUR")
                await create_channel(tx, wanted)
                added += 1
        return added

    return await _run(database, add)


async def _tax_rates(database: Database) -> int:
    async def add(tx: Tx) -> int:
        added = 0
        for country, rate in TAX_RATES.items():
            if not await tax_rates_of(tx.connection, country):
                await set_tax_rate(tx, standard_rate(f"demo-tax-{country}", country, rate))
                added += 1
        return added

    return await _run(database, add)


def standard_rate(key: str, country: str, rate: str) -> SetTaxRate:
    """The command that gives a country without rates its standard rate, for all orders ever."""
    return SetTaxRate(
        idempotency_key=key,
        country=country,
        tax_category=TaxCategory("standard"),
        rate=Decimal(rate),
        valid_from=TAXED_SINCE,
        expected_version=0,
    )


async def _products(
    database: Database, products: Sequence[ProductDraft], progress: Progress
) -> int:
    added = done = 0
    # Kits come last, when all their components are known.
    for part in batches(products, PRODUCTS_AT_ONCE):
        added += await _run(database, lambda tx, drafts=part: add_products(tx, drafts))
        done += len(part)
        progress("products", done, len(products))
    return added


def _settled(
    person: Person, sites: Sequence[Location], ids: Mapping[LocationCode, LocationId]
) -> Customer:
    """The customer with the nearest store as the preferred one."""
    home = SourcingPlace(person.town.latitude, person.town.longitude)
    stores = [site for site in sites if site.kind is LocationKind.STORE]
    nearest = min(
        stores, key=lambda site: distance_km(home, SourcingPlace(site.latitude, site.longitude))
    )
    return replace(person.customer, preferred_location_id=ids[nearest.code])


async def _stock(
    database: Database,
    shelves: Sequence[Shelf],
    ids: Mapping[LocationCode, LocationId],
    progress: Progress,
) -> int:
    openings = [
        Opening(each.sku, ids[each.location], each.on_hand, each.safety) for each in shelves
    ]
    added = done = 0
    for part in batches(openings, LEVELS_AT_ONCE):
        opened = await _run(database, lambda tx, some=part: open_stock(tx, some, "demo opening"))
        added += len(opened)
        done += len(part)
        progress("stock levels", done, len(openings))
    return added


async def _analyse(tx: Tx) -> None:
    """Statistics for the planner: it would guess wrong until autovacuum came by."""
    await tx.connection.execute(sa.text("ANALYZE"))


async def _orders(shop: Shop, wishes: Sequence[Wish], now: datetime, progress: Progress) -> int:
    before = await _count_orders(shop.database)
    waiting = iter(wishes)
    done = 0

    async def work() -> None:
        nonlocal done
        for wish in waiting:
            # An order that people have taken over since the first seeding is theirs.
            with suppress(DomainError):
                await fulfil(shop, wish, now)
            done += 1
            progress("orders", done, len(wishes))

    async with asyncio.TaskGroup() as group:
        for _ in range(ORDERS_AT_ONCE):
            group.create_task(work())
    return await _count_orders(shop.database) - before


async def _count_orders(database: Database) -> int:
    query = sa.select(sa.func.count()).select_from(sales_order)
    return await database.read_primary(lambda connection: connection.scalar(query)) or 0
