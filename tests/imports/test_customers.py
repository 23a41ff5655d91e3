"""Customers out of files: who is known, who is new, and that nobody's data leak."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.imports.model import ImportKind
from tests.support.imports import (
    assert_sound,
    clear_stages,
    counts,
    imported,
    reasons,
    refusals,
)
from tests.support.mutations import everything
from tests.support.stock import World, build, events

CUSTOMERS = ImportKind.CUSTOMERS
NO_PHONE = "is not a phone number; outside its country it needs the country code, such as +39"
HEADER = "source,reference,channel,email,phone,phone_country,first_name,last_name,language\n"
FILE = (
    f"{HEADER}"
    "crm,1,WEB,Ada@Example.com,06 1234 5678,IT,Ada,Verdi,it\n"
    "crm,2,WEB,,,,Bo,,\n"
    "shop,77,WEB,ada@example.com,,,,,\n"
).encode()


@pytest.fixture
async def world(clean_database: str, engine: AsyncEngine) -> AsyncEngine:
    del clean_database
    await clear_stages(engine)
    await build(engine, World())
    return engine


async def people(engine: AsyncEngine) -> list[tuple[Any, ...]]:
    query = """SELECT first_name, email, phone, language, version,
      (SELECT array_agg(source || ' ' || reference ORDER BY source, reference)
       FROM customer_reference
       WHERE customer_id = customer.id) FROM customer ORDER BY first_name"""
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(sa.text(query))]


async def test_customers_are_known_by_reference_then_by_address(world: AsyncEngine) -> None:
    job = await imported(world, CUSTOMERS, FILE)
    again = await imported(world, CUSTOMERS, FILE)

    assert counts(job) == ("SUCCEEDED", 3, 3, 0, 0)
    assert counts(again) == ("SUCCEEDED", 3, 0, 3, 0)
    assert await people(world) == [
        ("Ada", "ada@example.com", "+390612345678", "it", 1, ["crm 1", "shop 77"]),
        ("Bo", None, None, "en", 1, ["crm 2"]),
    ]
    file = f"{HEADER}crm,2,WEB,bo@example.com,,,Bob,,\nerp,9,WEB,ada@example.com,,,,,\n".encode()
    changed = await imported(world, CUSTOMERS, file)
    assert counts(changed) == ("SUCCEEDED", 2, 2, 0, 0)
    assert [row[:2] + row[4:] for row in await people(world)] == [
        ("Ada", "ada@example.com", 2, ["crm 1", "erp 9", "shop 77"]),
        ("Bob", "bo@example.com", 2, ["crm 2"]),
    ]
    told = [e for e in await events(world) if e["aggregate"] == "customer"]
    assert sorted((e["type"], e["version"], e["payload"]["part"]) for e in told) == [
        ("CustomerChanged", 2, "profile"),
        ("CustomerChanged", 2, "reference"),
        ("CustomerCreated", 1, "profile"),
        ("CustomerCreated", 1, "profile"),
    ]
    await assert_sound(world)


async def test_what_rows_say_is_in_the_quarantine_alone(
    world: AsyncEngine, capfd: pytest.CaptureFixture[str]
) -> None:
    await imported(world, CUSTOMERS, FILE)
    before = await people(world)
    file = (
        f"{HEADER}"
        "crm,2,WEB,ada@example.com,,,Secret,,\n"
        "crm,3,WEB,secret-at-example,,,,,\n"
        "crm,4,WEB,,12secret,,,,\n"
        "crm,5,WEB,,+390612345678,,,,\n"
        "crm,6,NOWHERE,,,,Secret,,\n"
        "crm,7,WEB,,,,4111 1111 1111 1111,,\n"
        "crm,,WEB,,,,Secret,,\n"
    ).encode()

    job = await imported(world, CUSTOMERS, file)

    assert counts(job) == ("SUCCEEDED", 7, 0, 0, 7)
    assert await reasons(world, job) == [
        (2, "email: belongs to another customer"),
        (3, "email: is not an e-mail address"),
        (4, f"phone: {NO_PHONE}"),
        (5, "phone: belongs to another customer"),
        (6, "channel: is not known"),
        (7, "first_name: must not contain a payment card number"),
        (8, "reference: must not be empty"),
    ]
    assert (await refusals(world, job))[0].row["first_name"] == "Secret"
    assert await people(world) == before
    said = str(await events(world)).lower()
    output = "".join(capfd.readouterr()).lower()
    for secret in ("secret", "ada", "verdi", "06 1234"):
        assert secret not in said
        assert secret not in output


async def test_an_address_that_was_just_given_up_makes_nobody_its_owner(world: AsyncEngine) -> None:
    await imported(world, CUSTOMERS, FILE)
    file = (
        f"{HEADER}crm,1,WEB,ada@work.example,,,,,\ncrm,9,WEB,ada@example.com,,,Eve,,\n"
    ).encode()

    job = await imported(world, CUSTOMERS, file)

    assert counts(job) == ("SUCCEEDED", 2, 1, 0, 1)
    assert await reasons(world, job) == [(3, "email: belongs to another customer")]
    assert [row[:2] for row in await people(world)] == [("Ada", "ada@work.example"), ("Bo", None)]
    again = await imported(world, CUSTOMERS, file)
    assert counts(again) == ("SUCCEEDED", 2, 1, 1, 0)
    assert [row[0] for row in await people(world)] == ["Ada", "Bo", "Eve"]


async def test_the_quarantine_and_nothing_else_is_new(world: AsyncEngine) -> None:
    before = await everything(world)
    await imported(world, CUSTOMERS, f"{HEADER}crm,1,WEB,x,,,,,\n".encode())
    after = await everything(world)
    assert {name for name in after if after[name] != before[name]} == {
        "import_job",
        "import_chunk",
        "import_refusal",
        "outbox",
    }
