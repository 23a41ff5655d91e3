"""Deny by default: every way into the schema has a policy, and none leads around another."""

from collections.abc import AsyncGenerator
from typing import cast

import strawberry
from strawberry import relay
from strawberry.types.field import StrawberryField

from app.schema import bare_schema
from domain.identity.model import Role
from schema.access import Allow, access
from schema.connections import Connection
from tests.support.policies import leaks, root_fields_without_policy, types_without_policy


def test_every_root_field_has_a_policy() -> None:
    assert root_fields_without_policy(bare_schema()) == []


def test_every_object_type_has_a_policy() -> None:
    assert types_without_policy(bare_schema()) == []


def test_nobody_reaches_a_type_that_is_not_for_its_role() -> None:
    assert leaks(bare_schema()) == []


@access()
@strawberry.type
class Open:
    name: str = ""


@access(Role.ADMIN)
@strawberry.type
class Secret:
    name: str = ""


@strawberry.type
class Undeclared:
    name: str = ""


@access()
@strawberry.type
class Way:
    @strawberry.field
    def secret(self) -> Secret:
        return Secret()

    @strawberry.field(extensions=[Allow(Role.ADMIN)])
    def guarded(self) -> Secret:
        return Secret()


@access(Role.ADMIN)
@strawberry.type
class SecretNode(relay.Node):
    id: relay.NodeID[str]


def schema_of(*fields: StrawberryField) -> strawberry.Schema:
    """A schema whose Query has these fields."""
    names = {f"field_{number}": field for number, field in enumerate(fields)}
    return strawberry.Schema(strawberry.type(type("Query", (), names)))


def root(kind: object, *policies: Allow) -> StrawberryField:
    """A root field of this type under these policies."""

    def resolve() -> object:
        return None

    resolve.__annotations__["return"] = kind
    made: object = strawberry.field(resolver=resolve, extensions=list(policies))
    return cast(StrawberryField, made)


def test_a_root_field_without_a_policy_is_found() -> None:
    schema = schema_of(root(Open, Allow(anonymous=True)), root(Open))
    assert root_fields_without_policy(schema) == ["Query.field1"]


def test_mutations_and_subscriptions_are_looked_at_too() -> None:
    @strawberry.type
    class Query:
        open: Open = strawberry.field(extensions=[Allow()])

    @strawberry.type
    class Mutation:
        @strawberry.mutation
        def change(self) -> str:
            return ""

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def watch(self) -> AsyncGenerator[str]:
            yield ""

    schema = strawberry.Schema(Query, Mutation, Subscription)
    assert root_fields_without_policy(schema) == ["Mutation.change", "Subscription.watch"]


def test_a_type_without_a_policy_is_found() -> None:
    schema = schema_of(root(Undeclared, Allow()), root(Open, Allow()))
    assert types_without_policy(schema) == ["Undeclared"]


def test_a_generic_type_has_the_policy_of_its_origin() -> None:
    assert types_without_policy(schema_of(root(Connection[Open], Allow()))) == []


def test_a_laxer_root_field_is_a_leak() -> None:
    assert leaks(schema_of(root(Secret, Allow(Role.ADMIN)))) == []
    assert leaks(schema_of(root(Secret, Allow(Role.ADMIN, Role.POS)))) == ["Secret: POS"]
    assert leaks(schema_of(root(Secret, Allow(Role.ADMIN, anonymous=True)))) == [
        "Secret: ANONYMOUS"
    ]


def test_a_leak_through_other_types_is_found() -> None:
    assert leaks(schema_of(root(Way, Allow(Role.ADMIN)))) == []
    assert leaks(schema_of(root(Way, Allow(Role.POS, Role.ADMIN)))) == ["Secret: POS"]
    assert leaks(schema_of(root(Connection[Secret], Allow(Role.POS)))) == ["Secret: POS"]
    assert leaks(schema_of(root(Open | Secret, Allow(Role.POS)))) == ["Secret: POS"]


def test_a_leak_through_an_interface_is_found() -> None:
    schema = schema_of(root(relay.Node, Allow(Role.POS)), root(SecretNode, Allow(Role.ADMIN)))
    assert leaks(schema) == ["SecretNode: POS"]
