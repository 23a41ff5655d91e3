"""Customers made through the API, for tests of customers and what stands on them."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from domain.identity.model import Actor
from tests.support.actors import AGENT, customer
from tests.support.graphql import Api
from tests.support.mutations import Mutation, events

_ADDRESS = "id label recipient street city region postalCode country isDefault"
CUSTOMER = f"""id email phone firstName lastName language firstChannel version
  preferredLocationId addresses {{ {_ADDRESS} }} consents {{ purpose granted }}"""
CREATE_CUSTOMER = Mutation(
    "createCustomer",
    f"customer {{ {CUSTOMER} }}",
    "... on CustomerExistsError { field customerId }",
)
UPDATE_CUSTOMER = Mutation(
    "updateCustomer",
    f"customer {{ {CUSTOMER} }}",
    "... on CustomerExistsError { field customerId }",
)
PERSONAL = ("ada@example.com", "eva@example.com", "+390612345678", "Verdi", "Via Roma", "nervous")


def a_customer(key: str = "c", **changes: Any) -> dict[str, Any]:
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


async def add_customer(api: Api, key: str = "c", **changes: Any) -> Any:
    """The new customer."""
    return (await CREATE_CUSTOMER.succeed(api, AGENT, a_customer(key, **changes)))["customer"]


def itself(created: Any) -> Actor:
    """The customer who is logged in."""
    return customer(relay.GlobalID.from_id(created["id"]).node_id)


async def check_nothing_personal(engine: AsyncEngine) -> None:
    """Nothing personal is in any event."""
    text = str(await events(engine))
    assert not [word for word in PERSONAL if word in text]
