"""Refusals of the use case itself; what it does is in tests/integrations."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.database import Database
from domain.common.errors import Forbidden, NotFound, ValidationFailed
from domain.common.ids import ChannelCode, CustomerId, Sku, new_id
from domain.common.money import Money
from domain.customers.bulk import add_customers
from domain.customers.model import Customer, GivenCustomer, Reference
from domain.identity.model import Actor, Role
from domain.integrations.loading import MAX_ORDERS, load_orders
from domain.integrations.model import HistoricOrder, HistoricState
from domain.locations.model import LocationCode
from domain.orders.commands import GivenPayment, OrderedLine
from domain.payments.model import Tender
from domain.stock.errors import InsufficientStock
from tests.support import shop
from tests.support.mutations import everything

WHEN = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.fixture
async def database(engine: AsyncEngine, clean_database: str) -> Database:
    opened = await shop.open_shop(engine, {"HAT": {"ROME": 2}})
    ada = Customer(
        id=CustomerId(new_id()),
        email=None,
        phone=None,
        first_name="",
        last_name="",
        language="en",
        preferred_location_id=None,
        first_channel=shop.WEB,
        created_at=WHEN,
        version=1,
        references=(Reference("feed", "ada"),),
    )
    await opened.database.run(lambda tx: add_customers(tx, [ada]), actor_key="TEST")
    return opened.database


def told(
    reference: str = "o1", *, units: int = 1, seller: str = "ROME", customer: str = "ada"
) -> HistoricOrder:
    command = shop.order(
        reference,
        customer=GivenCustomer(source="feed", reference=customer),
        lines=None,
        payment=GivenPayment(Tender.EXTERNAL),
        external_reference=reference,
    )
    line = OrderedLine(Sku("HAT"), units, Money(1500, "EUR"))
    command = replace(command, lines=(line,))
    return HistoricOrder(command, (LocationCode(seller),), HistoricState.SHIPPED, WHEN, WHEN, WHEN)


async def load(database: Database, *orders: HistoricOrder, actor: Actor = shop.WEB_SHOP) -> int:
    return await database.run(
        lambda tx: load_orders(tx, actor, orders, carrier="DHL", reference="feed 1"),
        actor_key=actor.key,
    )


async def test_prices_are_as_told_and_taxes_of_the_country(database: Database) -> None:
    assert await load(database) == 0
    assert await load(database, told("o1"), told("o2")) == 2
    assert await load(database, told("o1"), told("o2")) == 0


@pytest.mark.parametrize(
    ("orders", "refusal"),
    [
        ([told(customer="nobody")], NotFound),
        ([told(seller="MOON")], NotFound),
        ([told("o1"), told("o2", units=2)], InsufficientStock),
        ([told(f"o{n}") for n in range(MAX_ORDERS + 1)], ValidationFailed),
        ([told(units=0)], ValidationFailed),
    ],
)
async def test_one_bad_order_refuses_them_all(
    database: Database, orders: list[HistoricOrder], refusal: type[Exception]
) -> None:
    before = await everything(database.writes)

    with pytest.raises(refusal):
        await load(database, *orders)

    assert await everything(database.writes) == before


async def test_only_who_sells_on_the_channel_may_load(database: Database) -> None:
    stranger = Actor("x", Role.CHANNEL, channel_codes=frozenset({ChannelCode("POS")}))
    with pytest.raises(Forbidden):
        await load(database, told(), actor=stranger)
