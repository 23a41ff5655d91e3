"""The demo chain: what is in it, that it is sound, and that seeding again changes nothing."""

from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.demo.assortment import demo_assortment
from app.demo.barcodes import in_store_ean13
from app.demo.people import MAIL_DOMAINS, demo_people
from app.demo.places import demo_locations
from app.demo.seeding import SeedSummary, seed_demo
from app.demo.shelves import SCARCE, demo_stock
from app.demo.wishes import demo_wishes
from domain.catalog.drafts import checked_variants
from domain.catalog.model import normal_barcode
from domain.common.database import Database
from domain.common.ids import new_id
from domain.customers.contact import normal_phone
from domain.locations.model import LocationKind, checked
from domain.orders import audit as orders_audit
from domain.orders.invariants import invariant_violations
from domain.payments.sandbox import SandboxGateway
from tests.support.mutations import everything
from tests.support.probe import opened
from tests.support.servers import ServerUrls, clone_migrated

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NOBODY = UUID(int=0)
ALL = SeedSummary(
    channels=5, tax_rates=6, locations=20, products=120, customers=200, levels=5925, orders=41
)
NOTHING = SeedSummary(
    channels=0, tax_rates=0, locations=0, products=0, customers=0, levels=0, orders=0
)


def silent(step: str, done: int, total: int) -> None:
    del step, done, total


@dataclass
class Demo:
    """A seeded database, and what the seeding said."""

    database: Database
    summary: SeedSummary

    async def seed(self) -> SeedSummary:
        return await seed(self.database)

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        async with self.database.reads.connect() as connection:
            return [tuple(row) for row in await connection.execute(sa.text(query))]


async def seed(database: Database) -> SeedSummary:
    return await seed_demo(database, SandboxGateway(database.writes), silent)


async def violations(database: Database) -> list[Any]:
    """What the audits find wrong."""
    return [
        *await database.read(invariant_violations),
        *await database.snapshot(orders_audit.status_violations),
    ]


@pytest.fixture(scope="module")
async def demo(servers: ServerUrls, worker_number: int) -> AsyncGenerator[Demo]:
    async with opened(await clone_migrated(servers, f"unico_demo_{worker_number}")) as database:
        yield Demo(database, await seed(database))


async def test_the_chain_is_as_large_as_promised(demo: Demo) -> None:
    assert demo.summary == ALL
    kinds = await demo.rows(
        "SELECT kind, count(*), count(DISTINCT country) FROM location GROUP BY kind ORDER BY kind"
    )
    assert kinds == [("DARK_STORE", 1, 1), ("DC", 2, 2), ("STORE", 16, 2), ("SUPPLIER", 1, 1)]
    assert await demo.rows("SELECT count(*) FROM variant") == [(500,)]
    assert await demo.rows("SELECT count(DISTINCT kit_sku) FROM kit_component") == [(10,)]
    assert await demo.rows(
        "SELECT count(*) FROM variant AS v WHERE NOT EXISTS (SELECT FROM kit_component AS k"
        " WHERE k.kit_sku = v.sku) AND (SELECT count(*) FROM stock_level AS s"
        " WHERE s.sku = v.sku AND s.on_hand > 0) < 2"
    ) == [(0,)]


async def test_the_books_are_sound(demo: Demo) -> None:
    assert await violations(demo.database) == []


async def test_orders_are_in_many_states(demo: Demo) -> None:
    found = await demo.rows(
        "SELECT status, fulfillment_status, payment_status, count(*) FROM sales_order"
        " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )
    assert found == [
        ("CANCELLED", "CANCELLED", "VOIDED", 2),
        ("CLOSED", "DELIVERED", "CAPTURED", 11),
        ("CONFIRMED", "IN_PROGRESS", "AUTHORISED", 13),
        ("CONFIRMED", "READY_FOR_PICKUP", "AUTHORISED", 2),
        ("CONFIRMED", "SHIPPED", "CAPTURED", 6),
        ("CONFIRMED", "UNFULFILLED", "AUTHORISED", 5),
        ("CONFIRMED", "UNFULFILLED", "CAPTURED", 1),
        ("PENDING_PAYMENT", "UNFULFILLED", "DECLINED", 1),
    ]
    states = {state for (state,) in await demo.rows("SELECT DISTINCT state FROM line_group")}
    assert states >= {
        "BACKORDERED", "ALLOCATED", "RELEASED", "PICKING", "PICKED", "PACKED", "SHIPPED",
        "IN_TRANSIT", "DELIVERED", "READY_FOR_PICKUP", "COLLECTED", "CANCELLED",
    }  # fmt: skip


async def test_every_customer_has_a_store_and_can_be_found(demo: Demo) -> None:
    assert await demo.rows(
        "SELECT count(*), count(DISTINCT email), count(DISTINCT phone) FROM customer AS c"
        " JOIN location AS l ON l.id = c.preferred_location_id AND l.kind = 'STORE'"
    ) == [(200, 200, 200)]


async def test_seeding_twice_changes_nothing(demo: Demo) -> None:
    before = await everything(demo.database.writes)

    assert await demo.seed() == NOTHING

    assert await everything(demo.database.writes) == before


@pytest.mark.slow
async def test_an_interrupted_seeding_goes_on_where_it_stopped(clean_database: str) -> None:
    def cut(step: str, done: int, total: int) -> None:
        del total
        if step == "orders" and done == 8:
            raise RuntimeError("power cut")

    async with opened(clean_database) as database:
        with pytest.raises(ExceptionGroup):
            await seed_demo(database, SandboxGateway(database.writes), cut)

        rest = await seed(database)

        assert 20 < rest.orders < 41
        assert replace(rest, orders=0) == NOTHING
        assert await violations(database) == []
        assert await seed(database) == NOTHING


def test_equal_seeds_give_equal_chains() -> None:
    def made() -> list[Any]:
        products = demo_assortment(Random(7))
        shelves = demo_stock(Random(7), products)
        people = demo_people(Random(7), lambda: NOBODY, NOW)
        return [products, shelves, people, demo_wishes(Random(7), people, shelves)]

    assert made() == made()


def test_the_catalogue_is_accepted_as_it_is() -> None:
    products = demo_assortment(Random(7))

    variants = [each for product in products for each in product.variants]
    assert checked_variants(variants, NOW) == variants
    assert all(set(product.names) == {"en", "es", "it"} for product in products)
    assert all(set(each.names or {}) == {"en", "es", "it"} for each in variants)
    tags = Counter(tag for each in variants for tag in each.tags)
    assert min(tags["hot"], tags["end_of_season"]) > 10


def test_barcodes_are_for_use_in_the_store() -> None:
    codes = [in_store_ean13(number) for number in (0, 1, 987_654, 9_999_999_999)]

    assert codes[1] == "2100000000012"
    assert [normal_barcode("barcode", code) for code in codes] == codes
    assert all(len(code) == 13 and code.startswith("2") for code in codes)
    for number in (-1, 10**10):
        with pytest.raises(ValueError, match="ten digits"):
            in_store_ean13(number)


def test_customers_cannot_be_real() -> None:
    people = [person.customer for person in demo_people(Random(7), new_id, NOW)]

    assert {str(each.email).partition("@")[2] for each in people} == set(MAIL_DOMAINS)
    assert all(each.phone and normal_phone(each.phone, None) == each.phone for each in people)


def test_locations_are_accepted_as_they_are() -> None:
    locations = demo_locations(new_id)

    assert [checked(each) for each in locations] == locations
    assert len({each.code for each in locations}) == 20
    stores = [each for each in locations if each.kind is LocationKind.STORE]
    assert {each.time_zone for each in stores} == {"Europe/Rome", "Europe/Madrid"}
    assert all(each.opening_hours and each.cut_off for each in locations)


def test_every_variant_but_kits_is_at_several_locations() -> None:
    products = demo_assortment(Random(7))
    shelves = demo_stock(Random(7), products)

    places = Counter(shelf.sku for shelf in shelves)
    kits = {sku for product in products for sku in product.kits}
    assert set(places) == {each.sku for p in products for each in p.variants} - kits
    assert min(places.values()) >= 2
    assert sum(product.code in SCARCE for product in products) == len(SCARCE)
