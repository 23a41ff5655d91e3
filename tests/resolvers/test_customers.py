"""Changing customers through GraphQL: what each mutation answers, refuses, and never tells."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
import strawberry
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from domain.customers.tables import customer_consent, customer_note
from domain.identity.model import Actor
from resolvers.catalog import CatalogMutation
from resolvers.customers import CustomersMutation, CustomersQuery
from resolvers.locations import LocationsMutation
from tests.support.actors import ADMIN, AGENT, MANAGER, OPERATIONS, TILL, channel, customer
from tests.support.catalogue import add_channel
from tests.support.graphql import Api
from tests.support.mutations import Mutation, api_of, events

ADDRESS = "id label recipient street city region postalCode country isDefault"
CUSTOMER = f"""id email phone firstName lastName language firstChannel version
  preferredLocationId addresses {{ {ADDRESS} }} consents {{ purpose granted }}"""
CREATE = Mutation(
    "createCustomer",
    f"customer {{ {CUSTOMER} }}",
    "... on CustomerExistsError { field customerId }",
)
UPDATE = Mutation(
    "updateCustomer",
    f"customer {{ {CUSTOMER} }}",
    "... on CustomerExistsError { field customerId }",
)
ADD_ADDRESS = Mutation("addCustomerAddress", f"customer {{ {CUSTOMER} }} addressId")
REMOVE_ADDRESS = Mutation("removeCustomerAddress", f"customer {{ {CUSTOMER} }}")
CONSENT = Mutation("recordConsent", f"customer {{ {CUSTOMER} }}")
NOTE = Mutation("addCustomerNote", "customer { id version } noteId")

WEB_SHOP = channel("WEB")
CLERKS = (AGENT, OPERATIONS, ADMIN, TILL, MANAGER)
KEEPERS = (*CLERKS, WEB_SHOP)
ANYBODY = customer(UUID(int=9))
WRITERS = (*KEEPERS, ANYBODY)
PERSONAL = ("ada@example.com", "eva@example.com", "+390612345678", "Verdi", "Via Roma", "nervous")


@strawberry.type
class Mutations(CustomersMutation, CatalogMutation, LocationsMutation):
    pass


@pytest.fixture
async def api(engine: AsyncEngine, clean_database: str) -> Api:
    api = api_of(engine, CustomersQuery, Mutations)
    await add_channel(api)
    await add_channel(api, "EBAY")
    return api


def ada(key: str = "c", **changes: Any) -> dict[str, Any]:
    """Input of createCustomer."""
    given: dict[str, Any] = {
        "idempotencyKey": key,
        "channel": "WEB",
        "email": "Ada@Example.com",
        "phone": "06 1234 5678",
        "country": "IT",
        "firstName": "Ada",
        "lastName": "Verdi",
        "language": "it",
    }
    return {**given, **changes}


async def add(api: Api, key: str = "c", **changes: Any) -> Any:
    """The new customer."""
    return (await CREATE.succeed(api, AGENT, ada(key, **changes)))["customer"]


def itself(created: Any) -> Actor:
    """The customer who is logged in."""
    return customer(relay.GlobalID.from_id(created["id"]).node_id)


async def check_nothing_personal(engine: AsyncEngine) -> None:
    """Nothing personal is in any event."""
    text = str(await events(engine))
    assert not [word for word in PERSONAL if word in text]


async def test_create_customer_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    answer = await CREATE.check_contract(
        api, engine, AGENT, ada(), other={"lastName": "Rossi"}, allowed=KEEPERS
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
    error = await CREATE.refused(api, engine, AGENT, ada(**changes))
    assert (error["code"], error["field"]) == ("VALIDATION_FAILED", field)
    for value in changes.values():
        if isinstance(value, str) and value.strip() and field in ("email", "phone", "lastName"):
            assert value not in error["message"]


async def test_create_customer_needs_a_channel_and_a_store_that_exist(
    api: Api, engine: AsyncEngine
) -> None:
    error = await CREATE.refused(api, engine, AGENT, ada(channel="NONE"))
    assert (error["code"], error["kind"]) == ("NOT_FOUND", "channel")
    nowhere = str(relay.GlobalID("Location", str(UUID(int=1))))
    error = await CREATE.refused(api, engine, AGENT, ada(preferredLocationId=nowhere))
    assert (error["code"], error["kind"]) == ("NOT_FOUND", "location")


async def test_an_email_phone_or_reference_belongs_to_one_customer(
    api: Api, engine: AsyncEngine
) -> None:
    names = [{"source": "WEB", "reference": "u-1"}]
    first = await add(api, references=names)
    attempts = {
        "email": ada("x", phone=None),
        "phone": ada("x", email="eva@example.com", phone="+39 06 12345678"),
        "references": ada("x", email=None, phone=None, references=names),
    }
    for field, given in attempts.items():
        for actor, told in ((AGENT, first["id"]), (TILL, first["id"]), (WEB_SHOP, None)):
            error = await CREATE.refused(api, engine, actor, given)
            assert (error["code"], error["field"]) == ("CUSTOMER_EXISTS", field)
            assert error["customerId"] == told
            assert not [word for word in PERSONAL if word in error["message"]]


async def test_an_integration_speaks_for_its_own_channels(api: Api, engine: AsyncEngine) -> None:
    error = await CREATE.refused(api, engine, WEB_SHOP, ada(channel="EBAY"))
    assert error["code"] == "FORBIDDEN"
    foreign = [{"source": "EBAY", "reference": "u-1"}]
    error = await CREATE.refused(api, engine, WEB_SHOP, ada(references=foreign))
    assert error["code"] == "FORBIDDEN"
    own = [{"source": "WEB", "reference": "u-1"}]
    await CREATE.succeed(api, WEB_SHOP, ada(references=own))


async def test_one_email_at_once_makes_one_customer(api: Api, engine: AsyncEngine) -> None:
    answers = await asyncio.gather(
        *[CREATE.do(api, AGENT, ada(f"key-{i}", phone=None)) for i in range(8)]
    )
    names = sorted(answer["__typename"] for answer in answers)
    assert names == ["CreateCustomerPayload"] + ["CustomerExistsError"] * 7


async def test_update_customer_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    created = await add(api)
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
    answer = await UPDATE.check_contract(
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
    assert (await UPDATE.succeed(api, AGENT, same))["customer"]["version"] == 2


async def test_update_customer_refuses(api: Api, engine: AsyncEngine) -> None:
    created = await add(api)
    other = await add(
        api,
        "o",
        email="eva@example.com",
        phone="+34600123456",
        references=[{"source": "erp", "reference": "1"}],
    )
    given = {"idempotencyKey": "u", "id": created["id"]}

    async def refused(**changes: Any) -> Any:
        return await UPDATE.refused(api, engine, AGENT, {**given, **changes})

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
    created, other = await add(api), await add(api, "o", email=None, phone=None)
    me = itself(created)
    given = {"idempotencyKey": "u", "id": created["id"]}

    changed = await UPDATE.succeed(api, me, {**given, "language": "en"})
    assert changed["customer"]["version"] == 2
    for changes in (
        {"email": "eva@example.com"},
        {"phone": None},
        {"addReferences": [{"source": "WEB", "reference": "1"}]},
    ):
        error = await UPDATE.refused(api, engine, me, {**given, "idempotencyKey": "x", **changes})
        assert error["code"] == "FORBIDDEN"
    stranger = {**given, "idempotencyKey": "y", "id": other["id"], "language": "en"}
    for actor in (me, customer(None)):
        lost = await UPDATE.refused(api, engine, actor, stranger)
        assert (lost["code"], lost["kind"]) == ("NOT_FOUND", "customer")


async def test_an_integration_changes_only_customers_of_its_channels(
    api: Api, engine: AsyncEngine
) -> None:
    created = await add(api)
    given = {"idempotencyKey": "u", "id": created["id"], "language": "en"}
    lost = await UPDATE.refused(api, engine, channel("EBAY"), given)
    assert (lost["code"], lost["kind"]) == ("NOT_FOUND", "customer")
    assert (await UPDATE.succeed(api, WEB_SHOP, given))["customer"]["language"] == "en"


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
    created = await add(api, preferredLocationId=store_id)
    assert created["preferredLocationId"] == store_id
    document = "query($id: ID!) { customer(id: $id) { preferredLocation { code } } }"
    found = await api.do(AGENT, document, id=created["id"])
    assert found == {"preferredLocation": {"code": "ROMA"}}
    given = {"idempotencyKey": "u", "id": created["id"], "preferredLocationId": None}
    assert (await UPDATE.succeed(api, AGENT, given))["customer"]["preferredLocationId"] is None
    found = await api.do(AGENT, document, id=created["id"])
    assert found == {"preferredLocation": None}


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
    created = await add(api)
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
    created = await add(api)
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
    created, other = await add(api), await add(api, "o", email=None, phone=None)
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
    created = await add(api)
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
    created, other = await add(api), await add(api, "o", email=None, phone=None)
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
    created = await add(api)
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
    created = await add(api)
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
    created = await add(api)
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
            UPDATE.do(
                api,
                AGENT,
                {**stale, "idempotencyKey": f"s{i}", "firstName": f"X{i}", "expectedVersion": 9},
            )
            for i in range(5)
        ]
    )
    kinds = sorted(answer["__typename"] for answer in answers)
    assert kinds == ["UpdateCustomerPayload"] + ["VersionConflictError"] * 4
