from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.database import Database
from domain.common.errors import ValidationFailed
from domain.common.ids import ChannelCode, CustomerId, new_id
from domain.customers.bulk import MAX_CUSTOMERS, add_customers, customer_ids
from domain.customers.model import (
    Address,
    AddressId,
    ConsentId,
    ConsentPurpose,
    ConsentRecord,
    Customer,
    GivenCustomer,
    Reference,
)
from domain.customers.resolve import resolve_customer
from domain.customers.tables import customer_address, customer_channel, customer_consent
from tests.support.mutations import events

WEB = ChannelCode("web")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def database(engine: AsyncEngine, clean_database: str) -> Database:
    return Database(engine, engine, lambda: None)


def person(
    reference: str | None = None, *, email: str | None = None, phone: str | None = None
) -> Customer:
    return Customer(
        id=CustomerId(new_id()),
        email=email,
        phone=phone,
        first_name="Ada",
        last_name="Verdi",
        language="it",
        preferred_location_id=None,
        first_channel=WEB,
        created_at=NOW,
        version=1,
        references=(Reference("shop", reference),) if reference else (),
    )


async def add(database: Database, *customers: Customer) -> int:
    return await database.run(lambda tx: add_customers(tx, customers), actor_key="TEST")


async def test_customers_come_with_all_that_is_known_of_them(
    database: Database, engine: AsyncEngine
) -> None:
    home = Address(
        AddressId(new_id()), "home", "Ada Verdi", "Via Roma 1", "Roma", "RM", "00100", "IT",
        is_default=True, created_at=NOW,
    )  # fmt: skip
    yes = ConsentRecord(
        ConsentId(new_id()), ConsentPurpose.LOYALTY, granted=True, source="web", recorded_at=NOW,
        recorded_by="TEST",
    )  # fmt: skip
    ada = replace(
        person("C-1", email="Ada@Example.com", phone="+39 06 1234567"),
        addresses=(home,),
        consents=(yes,),
    )

    assert await add(database, ada, person("C-2")) == 2

    async with engine.connect() as connection:
        ids = await customer_ids(connection, "shop", ["C-1", "C-2", "C-3"])
        met = (await connection.scalars(sa.select(customer_channel.c.channel))).all()
        addresses = await connection.scalar(sa.select(customer_address.c.customer_id))
        consents = await connection.scalar(sa.select(customer_consent.c.customer_id))
    assert set(ids) == {"C-1", "C-2"}
    assert ids["C-1"] == ada.id == addresses == consents
    assert list(met) == ["web", "web"]
    published = [(each["type"], each["version"]) for each in await events(engine)]
    assert published == [("CustomerCreated", 1)] * 2
    for given in (GivenCustomer(email="ada@example.com"), GivenCustomer(phone="+39061234567")):
        found = await database.run(
            lambda tx, who=given: resolve_customer(tx, who, WEB), actor_key="TEST"
        )
        assert (found.id, found.created) == (ada.id, False)


async def test_who_is_known_stays_as_they_are(database: Database, engine: AsyncEngine) -> None:
    await add(database, person("C-1", email="ada@example.com", phone="+39061234567"))

    same = (person("C-1"), person("C-2", email="ADA@example.com"), person(phone="+39 061234567"))
    assert await add(database, *same) == 0
    assert await add(database, *same, person("C-3")) == 1

    assert len(await events(engine)) == 2


async def test_one_malformed_customer_refuses_them_all(
    database: Database, engine: AsyncEngine
) -> None:
    with pytest.raises(ValidationFailed):
        await add(database, person("C-1"), person("C-2", email="nobody"))
    with pytest.raises(ValidationFailed):
        await add(database, *[person()] * (MAX_CUSTOMERS + 1))
    assert await events(engine) == []
