"""Addresses, consents and notes through GraphQL: what is answered, refused, and never told."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
import strawberry
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from domain.customers.tables import customer_consent, customer_note
from resolvers.catalog import CatalogMutation
from resolvers.customers import CustomersMutation, CustomersQuery
from resolvers.locations import LocationsMutation
from tests.support.actors import ADMIN, AGENT, MANAGER, OPERATIONS, TILL, channel, customer
from tests.support.catalogue import add_channel
from tests.support.customers import (
    CUSTOMER,
    UPDATE_CUSTOMER,
    add_customer,
    check_nothing_personal,
    itself,
)
from tests.support.graphql import Api
from tests.support.mutations import Mutation, api_of, events

ADD_ADDRESS = Mutation("addCustomerAddress", f"customer {{ {CUSTOMER} }} addressId")
REMOVE_ADDRESS = Mutation("removeCustomerAddress", f"customer {{ {CUSTOMER} }}")
CONSENT = Mutation("recordConsent", f"customer {{ {CUSTOMER} }}")
NOTE = Mutation("addCustomerNote", "customer { id version } noteId")

WEB_SHOP = channel("WEB")
CLERKS = (AGENT, OPERATIONS, ADMIN, TILL, MANAGER)
KEEPERS = (*CLERKS, WEB_SHOP)
ANYBODY = customer(UUID(int=9))
WRITERS = (*KEEPERS, ANYBODY)


@strawberry.type
class Mutations(CustomersMutation, CatalogMutation, LocationsMutation):
    pass


@pytest.fixture
async def api(engine: AsyncEngine, clean_database: str) -> Api:
    api = api_of(engine, CustomersQuery, Mutations)
    await add_channel(api)
    await add_channel(api, "EBAY")
    return api


def an_address(key: str, created: Any, **changes: Any) -> dict[str, Any]:
    """Input of addCustomerAddress."""
    given = {
        "idempotencyKey": key,
        "customerId": created["id"],
        "recipient": "Ada Verdi",
        "street": "Via Roma 1",
        "city": "Roma",
        "postalCode": "00100",
        "country": "IT",
    }
    return {**given, **changes}


async def test_add_customer_address_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    created = await add_customer(api)
    given = an_address("a", created, expectedVersion=1)
    answer = await ADD_ADDRESS.check_contract(
        api, engine, AGENT, given, other={"city": "Milano"}, allowed=WRITERS
    )
    assert answer["customer"]["addresses"] == [
        {
            "id": answer["addressId"],
            "label": "",
            "recipient": "Ada Verdi",
            "street": "Via Roma 1",
            "city": "Roma",
            "region": "",
            "postalCode": "00100",
            "country": "IT",
            "isDefault": True,
        }
    ]
    assert answer["customer"]["version"] == 2
    assert (await events(engine))[-1]["payload"]["part"] == "address"
    await check_nothing_personal(engine)


async def test_the_default_address_moves(api: Api, engine: AsyncEngine) -> None:
    created = await add_customer(api)
    me = itself(created)
    first = await ADD_ADDRESS.succeed(api, me, an_address("1", created, label="home"))
    await ADD_ADDRESS.succeed(api, me, an_address("2", created, label="work"))
    third = await ADD_ADDRESS.succeed(
        api, me, an_address("3", created, label="lake", isDefault=True)
    )
    assert [(a["label"], a["isDefault"]) for a in third["customer"]["addresses"]] == [
        ("home", False),
        ("work", False),
        ("lake", True),
    ]
    given = {
        "idempotencyKey": "r",
        "customerId": created["id"],
        "addressId": third["addressId"],
        "expectedVersion": 4,
    }
    answer = await REMOVE_ADDRESS.check_contract(
        api, engine, me, given, other={"addressId": first["addressId"]}, allowed=WRITERS
    )
    assert [(a["label"], a["isDefault"]) for a in answer["customer"]["addresses"]] == [
        ("home", False),
        ("work", True),
    ]
    assert answer["customer"]["version"] == 5


async def test_addresses_are_refused(api: Api, engine: AsyncEngine) -> None:
    created, other = await add_customer(api), await add_customer(api, "o", email=None, phone=None)
    kept = await ADD_ADDRESS.succeed(api, AGENT, an_address("k", created))
    for changes, field in (
        ({"street": ""}, "street"),
        ({"country": "Italia"}, "country"),
        ({"recipient": "4111111111111111"}, "recipient"),
        ({"customerId": str(relay.GlobalID("Order", "1"))}, "customerId"),
    ):
        error = await ADD_ADDRESS.refused(api, engine, AGENT, an_address("x", created, **changes))
        assert error["field"] == field
    stale = await ADD_ADDRESS.refused(
        api, engine, AGENT, an_address("x", created, expectedVersion=1)
    )
    assert (stale["expected"], stale["actual"]) == (1, 2)
    lost = await ADD_ADDRESS.refused(api, engine, itself(other), an_address("x", created))
    assert (lost["code"], lost["kind"]) == ("NOT_FOUND", "customer")

    given = {
        "idempotencyKey": "r",
        "customerId": created["id"],
        "addressId": kept["addressId"],
    }
    for changes, code in (
        ({"addressId": "x"}, "VALIDATION_FAILED"),
        ({"addressId": str(UUID(int=1))}, "NOT_FOUND"),
        ({"customerId": other["id"]}, "NOT_FOUND"),
        ({"expectedVersion": 1}, "VERSION_CONFLICT"),
    ):
        error = await REMOVE_ADDRESS.refused(api, engine, AGENT, {**given, **changes})
        assert error["code"] == code
    lost = await REMOVE_ADDRESS.refused(api, engine, itself(other), given)
    assert lost["code"] == "NOT_FOUND"


async def test_record_consent_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    created = await add_customer(api)
    me = itself(created)
    given = {
        "idempotencyKey": "g",
        "customerId": created["id"],
        "purpose": "EMAIL_MARKETING",
        "granted": True,
        "source": "checkout",
        "expectedVersion": 1,
    }
    answer = await CONSENT.check_contract(
        api, engine, me, given, other={"granted": False}, allowed=WRITERS
    )
    assert answer["customer"]["consents"] == [{"purpose": "EMAIL_MARKETING", "granted": True}]
    again = {**given, "idempotencyKey": "g2", "expectedVersion": 2}
    await CONSENT.succeed(api, me, again)
    taken = {**given, "idempotencyKey": "g3", "expectedVersion": 3, "granted": False}
    await CONSENT.succeed(api, AGENT, taken)
    loyalty = {
        **given,
        "idempotencyKey": "g4",
        "expectedVersion": 4,
        "purpose": "LOYALTY",
    }
    answer = await CONSENT.succeed(api, TILL, loyalty)
    assert answer["customer"]["consents"] == [
        {"purpose": "EMAIL_MARKETING", "granted": False},
        {"purpose": "LOYALTY", "granted": True},
    ]
    assert answer["customer"]["version"] == 5
    async with engine.connect() as connection:
        rows = await connection.execute(
            sa.select(
                customer_consent.c.purpose,
                customer_consent.c.granted,
                customer_consent.c.source,
                customer_consent.c.recorded_by,
            ).order_by(customer_consent.c.recorded_at)
        )
        assert [tuple(row) for row in rows] == [
            ("EMAIL_MARKETING", True, "checkout", me.key),
            ("EMAIL_MARKETING", True, "checkout", me.key),
            ("EMAIL_MARKETING", False, "checkout", AGENT.key),
            ("LOYALTY", True, "checkout", TILL.key),
        ]
    assert [event["payload"]["part"] for event in (await events(engine))[-4:]] == ["consent"] * 4


async def test_record_consent_refuses(api: Api, engine: AsyncEngine) -> None:
    created, other = await add_customer(api), await add_customer(api, "o", email=None, phone=None)
    given = {
        "idempotencyKey": "g",
        "customerId": created["id"],
        "purpose": "LOYALTY",
        "granted": True,
        "source": "form",
    }
    for changes, code in (
        ({"source": " "}, "VALIDATION_FAILED"),
        ({"source": "4111 1111 1111 1111"}, "VALIDATION_FAILED"),
        ({"expectedVersion": 2}, "VERSION_CONFLICT"),
    ):
        error = await CONSENT.refused(api, engine, AGENT, {**given, **changes})
        assert error["code"] == code
    lost = await CONSENT.refused(api, engine, itself(other), given)
    assert lost["code"] == "NOT_FOUND"


async def test_add_customer_note_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    created = await add_customer(api)
    given = {
        "idempotencyKey": "n",
        "customerId": created["id"],
        "text": "Is nervous.\nBe kind.",
        "expectedVersion": 1,
    }
    answer = await NOTE.check_contract(
        api, engine, TILL, given, other={"text": "Other"}, allowed=CLERKS
    )
    assert answer["customer"]["version"] == 2
    async with engine.connect() as connection:
        row = (await connection.execute(sa.select(customer_note))).one()
    assert (str(row.id), row.text, row.author) == (
        answer["noteId"],
        "Is nervous.\nBe kind.",
        TILL.key,
    )
    assert (await events(engine))[-1]["payload"]["part"] == "note"
    await check_nothing_personal(engine)


async def test_add_customer_note_refuses(api: Api, engine: AsyncEngine) -> None:
    created = await add_customer(api)
    given = {"idempotencyKey": "n", "customerId": created["id"], "text": "Note"}
    for changes, code in (
        ({"text": ""}, "VALIDATION_FAILED"),
        ({"text": "card 4111 1111 1111 1111"}, "VALIDATION_FAILED"),
        ({"text": "x" * 4001}, "VALIDATION_FAILED"),
        ({"expectedVersion": 2}, "VERSION_CONFLICT"),
        ({"customerId": str(relay.GlobalID("Customer", str(UUID(int=1))))}, "NOT_FOUND"),
    ):
        error = await NOTE.refused(api, engine, AGENT, {**given, **changes})
        assert error["code"] == code
        assert "1111 1111" not in error["message"]


async def test_writers_at_once_make_contiguous_versions(api: Api, engine: AsyncEngine) -> None:
    created = await add_customer(api)
    inputs = [
        {"idempotencyKey": f"n{i}", "customerId": created["id"], "text": f"Note {i}"}
        for i in range(8)
    ]
    await asyncio.gather(*[NOTE.succeed(api, AGENT, given) for given in inputs])
    versions = [
        event["version"] for event in await events(engine) if event["aggregate"] == "customer"
    ]
    assert versions == list(range(1, 10))
    stale = {"idempotencyKey": "s", "id": created["id"], "firstName": "X"}
    answers = await asyncio.gather(
        *[
            UPDATE_CUSTOMER.do(
                api,
                AGENT,
                {**stale, "idempotencyKey": f"s{i}", "firstName": f"X{i}", "expectedVersion": 9},
            )
            for i in range(5)
        ]
    )
    kinds = sorted(answer["__typename"] for answer in answers)
    assert kinds == ["UpdateCustomerPayload"] + ["VersionConflictError"] * 4
