import asyncio
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.database import Database
from domain.common.errors import NotFound, ValidationFailed
from domain.common.ids import ChannelCode, CustomerId
from domain.common.transaction import Tx
from domain.customers.model import GivenCustomer
from domain.customers.resolve import ResolvedCustomer, resolve_customer
from domain.customers.tables import customer, customer_channel, customer_reference
from tests.support.mutations import events, everything
from tests.support.statements import counted_statements

WEB, EBAY = ChannelCode("WEB"), ChannelCode("EBAY")
ADA = GivenCustomer(
    email="Ada@Example.com",
    phone="06 1234 5678",
    first_name="Ada",
    last_name="Verdi",
    language="it",
    country="IT",
)


@pytest.fixture
def database(engine: AsyncEngine, clean_database: str) -> Database:
    return Database(engine, engine, lambda: None)


async def resolve(
    database: Database, given: GivenCustomer, channel: ChannelCode = WEB
) -> ResolvedCustomer:
    return await database.run(
        lambda tx: resolve_customer(tx, given, channel), actor_key="CHANNEL:web"
    )


async def rows(engine: AsyncEngine, table: sa.Table) -> list[dict[str, Any]]:
    async with engine.connect() as connection:
        found = await connection.execute(sa.select(table).order_by(*table.primary_key.columns))
        return [dict(row) for row in found.mappings()]


async def test_a_new_customer_is_stored_in_normal_form(
    database: Database, engine: AsyncEngine
) -> None:
    found = await resolve(database, ADA)
    assert (found.language, found.created) == ("it", True)
    (stored,) = await rows(engine, customer)
    created_at = stored.pop("created_at")
    assert created_at is not None
    assert stored == {
        "id": found.id,
        "email": "ada@example.com",
        "phone": "+390612345678",
        "first_name": "Ada",
        "last_name": "Verdi",
        "language": "it",
        "preferred_location_id": None,
        "first_channel": "WEB",
        "version": 1,
        "segments": [],
    }
    assert await rows(engine, customer_channel) == [{"customer_id": found.id, "channel": "WEB"}]
    (event,) = await events(engine)
    assert (event["type"], event["version"], event["topics"]) == (
        "CustomerCreated",
        1,
        [f"customer:{found.id}"],
    )
    assert event["payload"] == {"customer_id": str(found.id), "version": 1, "part": "profile"}


async def test_a_customer_is_known_by_id_reference_email_and_phone(
    database: Database, engine: AsyncEngine
) -> None:
    named = GivenCustomer(email=ADA.email, phone="+390612345678", source="ebay", reference="u-1")
    ada = await resolve(database, named)
    known = ResolvedCustomer(ada.id, "en", created=False)
    for given in (
        GivenCustomer(id=ada.id),
        GivenCustomer(source="ebay", reference="u-1"),
        GivenCustomer(email=" ADA@example.com"),
        GivenCustomer(phone="(06) 12345678", country="IT"),
        GivenCustomer(email="other@example.com", phone="+390612345678"),
    ):
        assert await resolve(database, given) == known
    assert len(await rows(engine, customer)) == 1
    assert len(await events(engine)) == 1


async def test_a_reference_is_stronger_than_an_email_and_an_email_than_a_phone(
    database: Database, engine: AsyncEngine
) -> None:
    one = await resolve(database, GivenCustomer(source="ebay", reference="u-1"))
    two = await resolve(database, GivenCustomer(email="two@example.com"))
    three = await resolve(database, GivenCustomer(phone="+393331234567"))
    before = await everything(engine)

    all_three = GivenCustomer(
        source="ebay", reference="u-1", email="two@example.com", phone="+393331234567"
    )
    assert (await resolve(database, all_three)).id == one.id
    both = GivenCustomer(email="two@example.com", phone="+393331234567")
    assert (await resolve(database, both)).id == two.id
    assert (await resolve(database, GivenCustomer(phone="+393331234567"))).id == three.id
    assert await everything(engine) == before


async def test_what_is_known_of_a_customer_is_not_overwritten(
    database: Database, engine: AsyncEngine
) -> None:
    await resolve(database, ADA)
    before = await rows(engine, customer)
    await resolve(
        database,
        GivenCustomer(email=ADA.email, phone="+34600123456", first_name="Eva", language="es"),
    )
    assert await rows(engine, customer) == before


async def test_a_new_reference_is_added_to_who_has_the_email(
    database: Database, engine: AsyncEngine
) -> None:
    ada = await resolve(database, ADA)
    given = GivenCustomer(email=ADA.email, source="ebay", reference="u-1")
    assert (await resolve(database, given, EBAY)).id == ada.id
    assert (await resolve(database, given, EBAY)).id == ada.id
    assert await rows(engine, customer_reference) == [
        {"source": "ebay", "reference": "u-1", "customer_id": ada.id}
    ]
    assert [row["channel"] for row in await rows(engine, customer_channel)] == ["EBAY", "WEB"]
    published = [(e["type"], e["version"], e["payload"]["part"]) for e in await events(engine)]
    assert published == [("CustomerCreated", 1, "profile"), ("CustomerChanged", 2, "reference")]


async def test_an_anonymous_sale_has_a_nameless_customer(
    database: Database, engine: AsyncEngine
) -> None:
    first, second = [await resolve(database, GivenCustomer()) for _ in range(2)]
    assert first.created
    assert first.id != second.id
    assert [row["email"] for row in await rows(engine, customer)] == [None, None]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (GivenCustomer(email="ada"), "email"),
        (GivenCustomer(phone="06 1234 5678"), "phone"),
        (GivenCustomer(source="ebay"), "reference"),
        (GivenCustomer(reference="u-1"), "reference"),
        (GivenCustomer(email="a@example.com", first_name="4111111111111111"), "firstName"),
        (GivenCustomer(email="a@example.com", language="italian"), "language"),
    ],
)
async def test_malformed_values_are_refused(
    database: Database, engine: AsyncEngine, given: GivenCustomer, field: str
) -> None:
    before = await everything(engine)
    with pytest.raises(ValidationFailed) as caught:
        await resolve(database, given)
    assert caught.value.field == field
    assert await everything(engine) == before


async def test_an_unknown_id_is_refused(database: Database) -> None:
    with pytest.raises(NotFound) as caught:
        await resolve(database, GivenCustomer(id=CustomerId(UUID(int=1)), email="a@example.com"))
    assert caught.value.kind == "customer"


@pytest.mark.parametrize(
    ("given", "most"),
    [
        (ADA, 2),
        (GivenCustomer(email="known@example.com"), 1),
        (GivenCustomer(source="ebay", reference="known"), 1),
        (GivenCustomer(email="known@example.com", source="ebay", reference="new"), 2),
        (GivenCustomer(), 1),
    ],
)
async def test_it_takes_at_most_two_statements(
    database: Database, engine: AsyncEngine, given: GivenCustomer, most: int
) -> None:
    known = GivenCustomer(email="known@example.com", source="ebay", reference="known")
    customer_id = (await resolve(database, known)).id

    async def counted(wanted: GivenCustomer) -> int:
        async def work(tx: Tx) -> list[str]:
            await tx.now()
            with counted_statements(engine) as statements:
                await resolve_customer(tx, wanted, WEB)
            return statements

        return len(await database.run(work, actor_key="TEST"))

    assert await counted(given) == most
    assert await counted(GivenCustomer(id=customer_id)) == 1


@pytest.mark.parametrize(
    "given",
    [
        ADA,
        GivenCustomer(phone="+390612345678"),
        GivenCustomer(source="ebay", reference="u-1"),
        GivenCustomer(email=ADA.email, source="ebay", reference="u-1"),
    ],
)
async def test_many_at_once_make_one_customer(
    database: Database, engine: AsyncEngine, given: GivenCustomer
) -> None:
    found = await asyncio.gather(*[resolve(database, given) for _ in range(8)])
    assert len({each.id for each in found}) == 1
    assert [each.created for each in found].count(True) == 1
    assert len(await rows(engine, customer)) == 1
    assert len(await rows(engine, customer_channel)) == 1
    assert [(e["type"], e["version"]) for e in await events(engine)] == [("CustomerCreated", 1)]


async def test_one_reference_with_two_emails_at_once_is_one_customer(
    database: Database, engine: AsyncEngine
) -> None:
    given = [
        GivenCustomer(email=f"mail{i}@example.com", source="ebay", reference="u-1")
        for i in range(6)
    ]
    found = await asyncio.gather(*[resolve(database, each) for each in given])
    assert len({each.id for each in found}) == 1
    assert len(await rows(engine, customer)) == 1
    assert len(await events(engine)) == 1


async def test_references_added_at_once_keep_versions_contiguous(
    database: Database, engine: AsyncEngine
) -> None:
    await resolve(database, ADA)
    given = [
        GivenCustomer(email=ADA.email, source="ebay", reference=f"u-{i % 4}") for i in range(8)
    ]
    await asyncio.gather(*[resolve(database, each) for each in given])
    assert len(await rows(engine, customer_reference)) == 4
    assert [event["version"] for event in await events(engine)] == [1, 2, 3, 4, 5]
    assert (await rows(engine, customer))[0]["version"] == 5
