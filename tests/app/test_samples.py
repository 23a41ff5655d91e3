"""What the banner offers to paste works as it stands."""

from uuid import UUID

import pytest
from graphql import build_schema, parse, validate

from app.samples import World, actor_for, look_around, sample_mutation, sample_subscription
from app.schema import sdl
from domain.identity.model import Role

WORLD = World(UUID(int=1), "SKU-1", "web", UUID(int=2))


@pytest.mark.parametrize("text", [sample_subscription(WORLD), sample_mutation(WORLD)])
def test_samples_fit_the_schema(text: str) -> None:
    assert validate(build_schema(sdl()), parse(text)) == []


def test_each_mutation_has_a_key_of_its_own() -> None:
    assert sample_mutation(WORLD) != sample_mutation(WORLD)


def test_every_role_gets_the_scope_it_needs() -> None:
    scoped = {role: actor_for(role, WORLD).scope[1:] for role in Role}
    location, customer = str(UUID(int=1)), str(UUID(int=2))
    for role in (Role.POS, Role.STORE_MANAGER, Role.WAREHOUSE):
        assert scoped.pop(role) == (location, "")
    assert scoped.pop(Role.CUSTOMER) == (customer,)
    assert scoped.pop(Role.CHANNEL) == ("web", "")
    assert set(scoped.values()) == {("",)}


async def test_an_empty_database_offers_nothing(clean_database: str) -> None:
    assert await look_around(clean_database) == World(None, None, None, None)
