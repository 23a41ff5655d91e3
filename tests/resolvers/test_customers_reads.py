"""Reading customers through GraphQL: who sees whom, and which parts of them."""

from typing import Any
from uuid import UUID

import pytest
import strawberry
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from domain.common.database import Database
from domain.common.ids import ChannelCode
from domain.customers.resolve import GivenCustomer, resolve_customer
from domain.identity.model import HEAD_OFFICE, Actor
from resolvers.catalog import CatalogMutation
from resolvers.customers import CustomersMutation, CustomersQuery
from resolvers.node import NodeQuery
from tests.support.actors import (
    ADMIN,
    AGENT,
    EVERYBODY,
    FINANCE,
    MANAGER,
    PICKER,
    TILL,
    channel,
    customer,
)
from tests.support.catalogue import add_channel
from tests.support.graphql import Api
from tests.support.mutations import Mutation, api_of
from tests.support.statements import counted_statements

CREATE = Mutation("createCustomer", "customer { id }")
NOTE = Mutation("addCustomerNote", "noteId")
CONSENT = Mutation("recordConsent", "customer { id }")
ADDRESS = Mutation("addCustomerAddress", "customer { id }")
BY_ID = "query($id: ID!) { customer(id: $id) { lastName } }"
BY_EMAIL = "query($email: String!) { customer(email: $email) { lastName } }"
BY_PHONE = """query($phone: String!, $country: String) {
  customer(phone: $phone, country: $country) { lastName } }"""
NODE = "query($id: ID!) { node(id: $id) { ... on Customer { lastName } } }"
LIST = """query($search: String, $first: Int! = 20, $after: String) {
  customers(search: $search, first: $first, after: $after) { totalCount
  pageInfo { hasNextPage endCursor } edges { node { lastName } } } }"""


@strawberry.type
class Query(CustomersQuery, NodeQuery):
    pass


@strawberry.type
class Mutations(CustomersMutation, CatalogMutation):
    pass


@pytest.fixture
async def api(engine: AsyncEngine, clean_database: str) -> Api:
    api = api_of(engine, Query, Mutations)
    await add_channel(api)
    await add_channel(api, "EBAY")
    return api


async def add(api: Api, name: str, **given: Any) -> str:
    """The id of a new customer."""
    wanted = {"idempotencyKey": name, "channel": "WEB", "lastName": name, **given}
    return (await CREATE.succeed(api, AGENT, wanted))["customer"]["id"]


def itself(global_id: str) -> Actor:
    return customer(relay.GlobalID.from_id(global_id).node_id)


async def seen(api: Api, actor: Actor | None, global_id: str, email: str, phone: str) -> list[bool]:
    """Whether the actor finds the customer by id, e-mail, phone and as a node."""
    ways = (
        (BY_ID, {"id": global_id}),
        (BY_EMAIL, {"email": email}),
        (BY_PHONE, {"phone": phone}),
        (NODE, {"id": global_id}),
    )
    found: list[bool] = []
    for document, variables in ways:
        data, errors = await api.ask(actor, document, variables)
        assert not errors or set(errors) <= {"FORBIDDEN", "UNAUTHENTICATED"}
        found.append(bool(data and next(iter(data.values()))))
    return found


async def test_everybody_sees_customers_in_scope_only(api: Api) -> None:
    ada = await add(api, "Ada", email="ada@example.com", phone="+390612345678")
    eva = await add(api, "Eva", email="eva@example.com", phone="+34600123456", channel="EBAY")
    keys_of_ada = (ada, "Ada@example.com", "+39 06 1234 5678")
    keys_of_eva = (eva, "eva@example.com", "0034600123456")
    sees: dict[Actor | None, tuple[bool, bool]] = {
        ADMIN: (True, True),
        AGENT: (True, True),
        FINANCE: (True, True),
        TILL: (True, True),
        MANAGER: (True, True),
        PICKER: (False, False),
        channel("WEB"): (True, False),
        channel("EBAY", "WEB"): (True, True),
        channel(): (False, False),
        itself(ada): (True, False),
        itself(eva): (False, True),
        customer(None): (False, False),
        customer(UUID(int=5)): (False, False),
        None: (False, False),
    }
    for actor, (first, second) in sees.items():
        assert await seen(api, actor, *keys_of_ada) == [first] * 4, actor
        assert await seen(api, actor, *keys_of_eva[:2], "+34600123456") == [second] * 4, actor


async def test_an_integration_sees_whom_its_channel_met_later(
    api: Api, engine: AsyncEngine
) -> None:
    ada = await add(api, "Ada", email="ada@example.com")
    assert await api.do(channel("EBAY"), BY_ID, id=ada) is None
    database = Database(engine, engine, lambda: None)
    await database.run(
        lambda tx: resolve_customer(
            tx, GivenCustomer(email="ada@example.com"), ChannelCode("EBAY")
        ),
        actor_key="CHANNEL:ebay",
    )
    assert await api.do(channel("EBAY"), BY_ID, id=ada) == {"lastName": "Ada"}


async def test_customer_takes_exactly_one_key_of_the_right_form(api: Api) -> None:
    ada = await add(api, "Ada", email="ada@example.com", phone="+390612345678")
    assert await api.do(AGENT, BY_PHONE, phone="06 12345678", country="IT") == {"lastName": "Ada"}
    for document in (
        "{ customer { id } }",
        f'{{ customer(id: "{ada}", email: "ada@example.com") {{ id }} }}',
        '{ customer(email: "ada") { id } }',
        '{ customer(phone: "06 12345678") { id } }',
        f'{{ customer(id: "{relay.GlobalID("Order", "1")}") {{ id }} }}',
    ):
        _, errors = await api.ask(AGENT, document)
        assert errors == ["VALIDATION_FAILED"], document
    for key in (UUID(int=1), "x"):
        assert await api.do(AGENT, NODE, id=str(relay.GlobalID("Customer", str(key)))) is None


async def test_me_is_the_customer_who_is_logged_in(api: Api) -> None:
    ada = await add(api, "Ada")
    document = "{ me { id lastName } }"
    assert await api.do(itself(ada), document) == {"id": ada, "lastName": "Ada"}
    assert await api.do(customer(None), document) is None
    assert await api.do(customer(UUID(int=5)), document) is None
    for actor in EVERYBODY:
        _, errors = await api.ask(actor, document)
        assert errors == ["UNAUTHENTICATED" if actor is None else "FORBIDDEN"]


async def test_head_office_searches_customers(api: Api) -> None:
    await add(api, "Verdi", firstName="Ada", email="ada@example.com", phone="+390612345678")
    await add(
        api,
        "Rossi",
        firstName="Eva_M",
        email="eva@example.com",
        references=[{"source": "ebay", "reference": "u-77"}],
    )

    async def found(search: str | None) -> list[str]:
        page = await api.do(FINANCE, LIST, search=search)
        return [edge["node"]["lastName"] for edge in page["edges"]]

    assert await found(None) == ["Rossi", "Verdi"]
    assert await found(" ada   verdi ") == ["Verdi"]
    assert await found("EVA@EXAMPLE") == ["Rossi"]
    assert await found("example.com") == ["Rossi", "Verdi"]
    assert await found("0612 34") == ["Verdi"]
    assert await found("061") == []
    assert await found("u-77") == ["Rossi"]
    assert await found("a_m") == ["Rossi"]
    assert await found("%") == []
    for actor in (*EVERYBODY, customer(UUID(int=5))):
        if actor is not None and actor.role in HEAD_OFFICE:
            continue
        _, errors = await api.ask(actor, LIST)
        assert errors == ["UNAUTHENTICATED" if actor is None else "FORBIDDEN"]
    for arguments in ("first: 0", "first: 101", 'after: "x"'):
        _, errors = await api.ask(AGENT, f"{{ customers({arguments}) {{ totalCount }} }}")
        assert errors == ["VALIDATION_FAILED"]


async def test_pages_of_customers_follow_each_other(api: Api) -> None:
    names = [f"Name{i}" for i in range(5)]
    for name in names:
        await add(api, name)
    cursor, found = None, list[str]()
    for more in (True, True, False):
        page = await api.do(ADMIN, LIST, first=2, after=cursor, search="name")
        found += [edge["node"]["lastName"] for edge in page["edges"]]
        assert page["totalCount"] == 5
        assert page["pageInfo"]["hasNextPage"] is more
        cursor = page["pageInfo"]["endCursor"]
    assert found == names[::-1]


async def known_well(api: Api) -> str:
    """The id of a customer with a note, consents, an address and two references."""
    names = [{"source": "WEB", "reference": "w-1"}, {"source": "EBAY", "reference": "e-1"}]
    ada = await add(api, "Ada", references=names)
    given = {"idempotencyKey": "x", "customerId": ada}
    for number in range(2):
        await NOTE.succeed(
            api, TILL, {**given, "idempotencyKey": f"n{number}", "text": f"Note {number}"}
        )
    consent = {**given, "purpose": "LOYALTY", "granted": True, "source": "form"}
    await CONSENT.succeed(api, AGENT, {**consent, "idempotencyKey": "c"})
    address = {"recipient": "Ada", "street": "Via Roma 1", "city": "Roma", "country": "IT"}
    await ADDRESS.succeed(api, AGENT, {**given, **address, "idempotencyKey": "a"})
    return ada


async def test_notes_and_consent_history_are_for_head_office(api: Api) -> None:
    ada = await known_well(api)
    document = """query($id: ID!) { customer(id: $id) { lastName
      notes { text author createdAt } consentHistory { purpose granted source recordedBy }
      consents { purpose granted } } }"""
    told = {"lastName": "Ada", "consents": [{"purpose": "LOYALTY", "granted": True}]}
    for actor in (AGENT, ADMIN, FINANCE):
        found = await api.do(actor, document, id=ada)
        assert [(note["text"], note["author"]) for note in found["notes"]] == [
            ("Note 1", TILL.key),
            ("Note 0", TILL.key),
        ]
        assert found["consentHistory"] == [
            {"purpose": "LOYALTY", "granted": True, "source": "form", "recordedBy": AGENT.key}
        ]
    for actor in (TILL, MANAGER, channel("WEB"), itself(ada)):
        data, errors = await api.ask(actor, document, {"id": ada})
        assert errors == ["FORBIDDEN"] * 2
        assert data["customer"] == {**told, "notes": None, "consentHistory": None}


async def test_references_are_told_to_staff_and_to_their_channel(api: Api) -> None:
    ada = await known_well(api)
    document = "query($id: ID!) { customer(id: $id) { references { source reference } } }"
    ebay, web = ({"source": code, "reference": f"{code[0].lower()}-1"} for code in ("EBAY", "WEB"))
    assert await api.do(TILL, document, id=ada) == {"references": [ebay, web]}
    assert await api.do(channel("WEB"), document, id=ada) == {"references": [web]}
    data, errors = await api.ask(itself(ada), document, {"id": ada})
    assert (data["customer"], errors) == ({"references": None}, ["FORBIDDEN"])


async def test_a_page_of_customers_with_all_parts_takes_few_statements(
    api: Api, engine: AsyncEngine
) -> None:
    await known_well(api)
    for number in range(5):
        await add(api, f"Name{number}")
    document = """{ customers { edges { node { lastName addresses { city } consents { purpose }
      references { source } consentHistory { source } notes { text } } } } }"""
    with counted_statements(engine) as statements:
        page = await api.do(AGENT, document)
    assert len(statements) == 2
    assert len(page["edges"]) == 6
    assert page["edges"][-1]["node"] == {
        "lastName": "Ada",
        "addresses": [{"city": "Roma"}],
        "consents": [{"purpose": "LOYALTY"}],
        "references": [{"source": "EBAY"}, {"source": "WEB"}],
        "consentHistory": [{"source": "form"}],
        "notes": [{"text": "Note 1"}, {"text": "Note 0"}],
    }
    with counted_statements(engine) as statements:
        await api.do(TILL, '{ customer(phone: "+390612345678") { lastName addresses { city } } }')
    assert len(statements) == 1
