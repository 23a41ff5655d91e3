"""The limits in the schema: attack documents, introspection, page sizes, and the cache."""

from typing import Any, cast

import pytest
from graphql import ASTValidationRule, get_introspection_query
from graphql.validation import ASTValidationContext
from strawberry.extensions import AddValidationRules, SchemaExtension

from app.limits import DocumentLimits, Policy
from app.schema import Schema, build_schema
from app.settings import load_settings
from domain.common.ids import DeviceId, new_id
from domain.identity.model import Actor, Role
from schema.context import Context
from tests.app.test_documents import bomb, numbered
from tests.support.toy_schema import TOYS, ToyQuery

PRODUCTION = {"environment": "production", "jwks_url": "https://id.example/keys"}
INTROSPECTION = get_introspection_query()


def schema_for(**settings: Any) -> Schema:
    return build_schema(load_settings(**settings), **TOYS)


async def codes(
    schema: Schema, query: str, actor: Actor | None = None, **variables: Any
) -> list[str]:
    """The codes of the errors of an operation."""
    context = Context(cast(Any, None), actor, "test")
    result = await schema.execute(query, variables, context_value=context)
    return [str((error.extensions or {})["code"]) for error in result.errors or []]


@pytest.mark.parametrize(
    "query",
    [
        bomb(18),
        "{ " + "thing { name } " * 240 + "}",
        "{ " + "... { thing { name } } " * 120 + "}",
        "{ " + numbered(100, "a#: thing { name }") + " }",
        "{ thing { " + "same { " * 12 + "name" + " }" * 14,
        "{ thing " + "@include(if: true) " * 21 + "{ name } }",
        "{ thing { name } } query B { thing { name } }",
        "{ things(first: 100) { things(first: 100) { name } } }",
    ],
)
async def test_attack_documents_are_refused_with_one_code(query: str) -> None:
    assert await codes(schema_for(), query) == ["DOCUMENT_TOO_COMPLEX"]


async def test_limits_come_before_validation() -> None:
    seen: list[str] = []

    class Watch(SchemaExtension):
        def on_validate(self) -> Any:
            seen.append(str(self.execution_context.pre_execution_errors))
            yield

    settings = load_settings()
    given = build_schema(settings, **TOYS)
    watched = Schema(**cast(Any, TOYS), extensions=[*given.extensions, Watch])
    await codes(watched, "{ " + "unknown " * 100 + "}")
    assert "fields of one name" in seen[0]


@pytest.mark.parametrize(
    "query",
    [
        "{ " + "a " * 1_000 + "}",
        "{ " + "a { " * 400 + "b" + " }" * 401,
        "{ thing(x: " + "[" * 450 + "]" * 450 + ") { name } }",
        "{ " + "... { " * 330 + "thing { name }" + " }" * 331,
    ],
)
async def test_documents_too_long_or_too_deep_for_the_parser_are_refused(query: str) -> None:
    assert await codes(schema_for(), query) == ["GRAPHQL_PARSE_FAILED"]


@pytest.mark.parametrize(
    "query", ["{ ...Nope }", "{ ...A } fragment A on ToyQuery { ...A }", "{ thing { nope } }"]
)
async def test_invalid_documents_are_refused_by_validation(query: str) -> None:
    assert set(await codes(schema_for(), query)) == {"GRAPHQL_VALIDATION_FAILED"}


async def test_page_sizes_in_variables_count() -> None:
    query = "query($n: Int!) { things(first: $n) { things(first: $n) { name } } }"
    schema = schema_for()
    assert await codes(schema, query, n=10) == []
    assert await codes(schema, query, n=100) == ["DOCUMENT_TOO_COMPLEX"]
    assert await codes(schema, query, n=10) == []


def actor(role: Role, *, device: bool = False) -> Actor:
    return Actor("somebody", role, device_id=DeviceId(new_id()) if device else None)


@pytest.mark.parametrize("caller", [None, actor(Role.CUSTOMER), actor(Role.ADMIN)])
async def test_in_development_everybody_may_introspect(caller: Actor | None) -> None:
    assert await codes(schema_for(), INTROSPECTION, caller) == []


@pytest.mark.parametrize(
    ("caller", "is_allowed"),
    [
        (None, False),
        (actor(Role.CUSTOMER), False),
        (actor(Role.POS), False),
        (actor(Role.WAREHOUSE, device=True), False),
        (actor(Role.WAREHOUSE), True),
        (actor(Role.ADMIN), True),
        (actor(Role.CHANNEL), True),
    ],
)
async def test_in_production_staff_and_integrations_may_introspect(
    caller: Actor | None, *, is_allowed: bool
) -> None:
    schema = schema_for(**PRODUCTION)
    # Allowed callers first: what is remembered of a document must not let others in.
    await codes(schema, INTROSPECTION, actor(Role.ADMIN))
    for query in (INTROSPECTION, '{ thing { name } __type(name: "Thing") { name } }'):
        expected = [] if is_allowed else ["INTROSPECTION_DISABLED"]
        assert await codes(schema, query, caller) == expected
    assert await codes(schema, "{ __typename }", caller) == []


async def test_in_production_fields_are_not_suggested() -> None:
    async def message(schema: Schema) -> str:
        context = Context(cast(Any, None), None, "test")
        result = await schema.execute("{ thig { name } }", context_value=context)
        return (result.errors or [])[0].message

    assert "Did you mean" in await message(schema_for())
    assert "Did you mean" not in await message(schema_for(**PRODUCTION))


async def test_a_known_document_is_parsed_and_validated_once() -> None:
    validated: list[str] = []
    documents: list[object] = []

    class Rule(ASTValidationRule):
        def __init__(self, context: ASTValidationContext) -> None:
            super().__init__(context)
            validated.append("")

    class Watch(AddValidationRules):
        def on_execute(self) -> Any:
            documents.append(self.execution_context.graphql_document)
            yield

    ours = build_schema(load_settings(), **TOYS).extensions
    schema = Schema(**cast(Any, TOYS), extensions=[lambda: Watch([Rule]), *ours])
    for _ in range(3):
        assert await codes(schema, "{ thing { name } }") == []
    assert len(validated) == 1
    assert len({id(each) for each in documents}) == 1
    for _ in range(2):
        assert await codes(schema, "{ thing { nope } }") == ["GRAPHQL_VALIDATION_FAILED"]
    assert len(validated) == 3


def test_every_operation_gets_an_extension_of_its_own() -> None:
    make = DocumentLimits.factory(Policy(open_introspection=True))
    assert make() is not make()


async def test_a_mutation_runs_once_over_http() -> None:
    ToyQuery.calls.clear()
    assert await codes(schema_for(), "mutation { change }") == []
    assert ToyQuery.calls == ["change"]
