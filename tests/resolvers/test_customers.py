"""Changing customers through GraphQL: what each mutation answers, refuses, and never tells."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
import strawberry
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from resolvers.catalog import CatalogMutation
from resolvers.customers import CustomersMutation, CustomersQuery
from resolvers.locations import LocationsMutation
from tests.support.actors import ADMIN, AGENT, MANAGER, OPERATIONS, TILL, channel, customer
from tests.support.catalogue import add_channel
from tests.support.customers import (
    CREATE_CUSTOMER,
    PERSONAL,
    UPDATE_CUSTOMER,
    a_customer,
    add_customer,
    check_nothing_personal,
    itself,
)
from tests.support.graphql import Api
from tests.support.mutations import api_of, events

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


async def test_create_customer_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    answer = await CREATE_CUSTOMER.check_contract(
        api, engine, AGENT, a_customer(), other={"lastName": "Rossi"}, allowed=KEEPERS
    )
    created = answer["customer"]
    assert {name: created[name] for name in created if name != "id"} == {
        "email": "ada@example.com",
        "phone": "+390612345678",
        "firstName": "Ada",
        "lastName": "Verdi",
        "language": "it",
        "firstChannel": "WEB",
        "version": 1,
        "preferredLocationId": None,
        "addresses": [],
        "consents": [],
    }
    event = (await events(engine))[-1]
    key = relay.GlobalID.from_id(created["id"]).node_id
    assert (event["type"], event["version"]) == ("CustomerCreated", 1)
    assert event["topics"] == [f"customer:{key}"]
    assert event["payload"] == {"customer_id": key, "version": 1, "part": "profile"}
    await check_nothing_personal(engine)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "ada at example"}, "email"),
        ({"phone": "ring me"}, "phone"),
        ({"country": None}, "phone"),
        ({"country": "Italy"}, "country"),
        ({"firstName": "x" * 101}, "firstName"),
        ({"lastName": "4111-1111-1111-1111"}, "lastName"),
        ({"language": "italiano"}, "language"),
        ({"references": [{"source": "", "reference": "1"}]}, "source"),
        ({"references": [{"source": "ebay", "reference": ""}]}, "reference"),
        (
            {"references": [{"source": "ebay", "reference": str(i)} for i in range(21)]},
            "references",
        ),
        ({"preferredLocationId": str(relay.GlobalID("Product", "1"))}, "preferredLocationId"),
        ({"email": None, "phone": None, "firstName": "", "lastName": " "}, "email"),
    ],
)
async def test_create_customer_refuses_bad_input(
    api: Api, engine: AsyncEngine, changes: dict[str, Any], field: str
) -> None:
    error = await CREATE_CUSTOMER.refused(api, engine, AGENT, a_customer(**changes))
    assert (error["code"], error["field"]) == ("VALIDATION_FAILED", field)
    for value in changes.values():
        if isinstance(value, str) and value.strip() and field in ("email", "phone", "lastName"):
            assert value not in error["message"]


async def test_create_customer_needs_a_channel_and_a_store_that_exist(
    api: Api, engine: AsyncEngine
) -> None:
    error = await CREATE_CUSTOMER.refused(api, engine, AGENT, a_customer(channel="NONE"))
    assert (error["code"], error["kind"]) == ("NOT_FOUND", "channel")
    nowhere = str(relay.GlobalID("Location", str(UUID(int=1))))
    error = await CREATE_CUSTOMER.refused(
        api, engine, AGENT, a_customer(preferredLocationId=nowhere)
    )
    assert (error["code"], error["kind"]) == ("NOT_FOUND", "location")


async def test_an_email_phone_or_reference_belongs_to_one_customer(
    api: Api, engine: AsyncEngine
) -> None:
    names = [{"source": "WEB", "reference": "u-1"}]
    first = await add_customer(api, references=names)
    attempts = {
        "email": a_customer("x", phone=None),
        "phone": a_customer("x", email="eva@example.com", phone="+39 06 12345678"),
        "references": a_customer("x", email=None, phone=None, references=names),
    }
    for field, given in attempts.items():
        for actor, told in ((AGENT, first["id"]), (TILL, first["id"]), (WEB_SHOP, None)):
            error = await CREATE_CUSTOMER.refused(api, engine, actor, given)
            assert (error["code"], error["field"]) == ("CUSTOMER_EXISTS", field)
            assert error["customerId"] == told
            assert not [word for word in PERSONAL if word in error["message"]]


async def test_an_integration_speaks_for_its_own_channels(api: Api, engine: AsyncEngine) -> None:
    error = await CREATE_CUSTOMER.refused(api, engine, WEB_SHOP, a_customer(channel="EBAY"))
    assert error["code"] == "FORBIDDEN"
    foreign = [{"source": "EBAY", "reference": "u-1"}]
    error = await CREATE_CUSTOMER.refused(api, engine, WEB_SHOP, a_customer(references=foreign))
    assert error["code"] == "FORBIDDEN"
    own = [{"source": "WEB", "reference": "u-1"}]
    await CREATE_CUSTOMER.succeed(api, WEB_SHOP, a_customer(references=own))


async def test_one_email_at_once_makes_one_customer(api: Api, engine: AsyncEngine) -> None:
    answers = await asyncio.gather(
        *[CREATE_CUSTOMER.do(api, AGENT, a_customer(f"key-{i}", phone=None)) for i in range(8)]
    )
    names = sorted(answer["__typename"] for answer in answers)
    assert names == ["CreateCustomerPayload"] + ["CustomerExistsError"] * 7


async def test_two_customers_cannot_get_one_email_at_once(api: Api, engine: AsyncEngine) -> None:
    people = [await add_customer(api, f"c{i}", email=None, phone=None) for i in range(6)]
    answers = await asyncio.gather(
        *[
            UPDATE_CUSTOMER.do(
                api,
                AGENT,
                {"idempotencyKey": f"u{i}", "id": each["id"], "email": "eva@example.com"},
            )
            for i, each in enumerate(people)
        ]
    )
    names = sorted(answer["__typename"] for answer in answers)
    assert names == ["CustomerExistsError"] * 5 + ["UpdateCustomerPayload"]
    assert {answer.get("field") for answer in answers} == {"email", None}


async def test_update_customer_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    created = await add_customer(api)
    given = {
        "idempotencyKey": "u",
        "id": created["id"],
        "expectedVersion": 1,
        "email": "eva@example.com",
        "phone": None,
        "firstName": "Eva",
        "language": "es",
        "addReferences": [{"source": "erp", "reference": "4711"}],
    }
    answer = await UPDATE_CUSTOMER.check_contract(
        api, engine, AGENT, given, other={"firstName": "Anna"}, allowed=WRITERS
    )
    assert answer["customer"] == {
        **created,
        "email": "eva@example.com",
        "phone": None,
        "firstName": "Eva",
        "language": "es",
        "version": 2,
    }
    event = (await events(engine))[-1]
    assert (event["type"], event["version"], event["payload"]["part"]) == (
        "CustomerChanged",
        2,
        "profile",
    )
    await check_nothing_personal(engine)
    same = {**given, "idempotencyKey": "again", "expectedVersion": 2}
    assert (await UPDATE_CUSTOMER.succeed(api, AGENT, same))["customer"]["version"] == 2


async def test_update_customer_refuses(api: Api, engine: AsyncEngine) -> None:
    created = await add_customer(api)
    other = await add_customer(
        api,
        "o",
        email="eva@example.com",
        phone="+34600123456",
        references=[{"source": "erp", "reference": "1"}],
    )
    given = {"idempotencyKey": "u", "id": created["id"]}

    async def refused(**changes: Any) -> Any:
        return await UPDATE_CUSTOMER.refused(api, engine, AGENT, {**given, **changes})

    stale = await refused(expectedVersion=3, firstName="X")
    assert (stale["expected"], stale["actual"]) == (3, 1)
    assert (await refused(id=str(relay.GlobalID("Customer", str(UUID(int=1)))), language="es"))[
        "kind"
    ] == "customer"
    for changes, field in (
        ({"email": "EVA@example.com"}, "email"),
        ({"phone": "+34 600 123 456"}, "phone"),
        ({"addReferences": [{"source": "erp", "reference": "1"}]}, "references"),
    ):
        error = await refused(**changes)
        assert (error["code"], error["field"]) == ("CUSTOMER_EXISTS", field)
        assert error["customerId"] == other["id"]
    assert (await refused(email=""))["field"] == "email"
    assert (await refused(phone="06 1234"))["field"] == "phone"
    nowhere = str(relay.GlobalID("Location", str(UUID(int=1))))
    assert (await refused(preferredLocationId=nowhere))["kind"] == "location"


async def test_a_customer_changes_only_itself_and_not_its_contact_data(
    api: Api, engine: AsyncEngine
) -> None:
    created, other = await add_customer(api), await add_customer(api, "o", email=None, phone=None)
    me = itself(created)
    given = {"idempotencyKey": "u", "id": created["id"]}

    changed = await UPDATE_CUSTOMER.succeed(api, me, {**given, "language": "en"})
    assert changed["customer"]["version"] == 2
    for changes in (
        {"email": "eva@example.com"},
        {"phone": None},
        {"addReferences": [{"source": "WEB", "reference": "1"}]},
    ):
        error = await UPDATE_CUSTOMER.refused(
            api, engine, me, {**given, "idempotencyKey": "x", **changes}
        )
        assert error["code"] == "FORBIDDEN"
    stranger = {**given, "idempotencyKey": "y", "id": other["id"], "language": "en"}
    for actor in (me, customer(None)):
        lost = await UPDATE_CUSTOMER.refused(api, engine, actor, stranger)
        assert (lost["code"], lost["kind"]) == ("NOT_FOUND", "customer")


async def test_an_integration_changes_only_customers_of_its_channels(
    api: Api, engine: AsyncEngine
) -> None:
    created = await add_customer(api)
    given = {"idempotencyKey": "u", "id": created["id"], "language": "en"}
    lost = await UPDATE_CUSTOMER.refused(api, engine, channel("EBAY"), given)
    assert (lost["code"], lost["kind"]) == ("NOT_FOUND", "customer")
    assert (await UPDATE_CUSTOMER.succeed(api, WEB_SHOP, given))["customer"]["language"] == "en"


async def test_the_preferred_store_can_be_set_and_cleared(api: Api) -> None:
    create = """mutation($input: CreateLocationInput!) { createLocation(input: $input) {
      ... on CreateLocationPayload { location { id } } } }"""
    store = await api.do(
        ADMIN,
        create,
        input={
            "idempotencyKey": "l",
            "code": "ROMA",
            "name": "Roma",
            "kind": "STORE",
            "address": {"city": "Roma", "country": "IT"},
            "position": {"latitude": 41.9, "longitude": 12.5},
            "timeZone": "Europe/Rome",
            "canShip": True,
            "canPickup": True,
            "canReceiveReturns": True,
        },
    )
    store_id = store["location"]["id"]
    created = await add_customer(api, preferredLocationId=store_id)
    assert created["preferredLocationId"] == store_id
    document = "query($id: ID!) { customer(id: $id) { preferredLocation { code } } }"
    found = await api.do(AGENT, document, id=created["id"])
    assert found == {"preferredLocation": {"code": "ROMA"}}
    given = {"idempotencyKey": "u", "id": created["id"], "preferredLocationId": None}
    assert (await UPDATE_CUSTOMER.succeed(api, AGENT, given))["customer"][
        "preferredLocationId"
    ] is None
    found = await api.do(AGENT, document, id=created["id"])
    assert found == {"preferredLocation": None}
