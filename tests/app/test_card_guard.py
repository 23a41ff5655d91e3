"""No card number gets in by any argument of the schema, and none is left anywhere afterwards."""

import re
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
import sqlalchemy as sa
from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    get_named_type,
    is_enum_type,
    is_leaf_type,
    parse,
)
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from app.card_guard import card_in_document, card_in_variables
from app.schema import bare_schema, build_schema
from domain.all_tables import metadata
from domain.identity.model import Role
from domain.imports.working import work_off
from schema.context import Context, Services
from tests.support.api import Api, serving, settings_for
from tests.support.shop import ADMIN
from tests.support.stage import open_stage, wish

# Test numbers that card schemes publish: no account has them.
PLAIN, SPACED, DASHED = "4111111111111111", "5555 5555 5555 4444", "3782-822463-10005"
FORMS = (PLAIN, f"card {SPACED}!", DASHED)
FOUND = re.compile("4111111111111111|5555 ?5555 ?5555 ?4444|3782-?822463-?10005")
HARMLESS = ("Boolean", "Int", "Float")


@pytest.mark.parametrize(
    ("variables", "path"),
    [
        ({"input": {"lines": [{"sku": "HAT"}, {"note": f"x {PLAIN}"}]}}, "input.lines[1].note"),
        ({"id": int(PLAIN)}, "id"),
        ({"amount": float(PLAIN)}, "amount"),
        ({"input": {PLAIN: 1}}, "input"),
        ({PLAIN: "HAT"}, None),
        ({"input": {"barcode": "4006381333931"}}, None),
        ({"input": {"phone": "+39 333 123 4567", "weight": 4111, "ok": True, "no": None}}, None),
    ],
)
def test_variables_are_looked_through(variables: dict[str, Any], path: str | None) -> None:
    refusal = card_in_variables(variables)
    assert (refusal.extensions or {} if refusal else {}).get("field") == path
    assert refusal is None or not FOUND.search(refusal.message)


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (f'{{ a(b: {{ c: [{{ d: "{SPACED}" }}] }}) }}', "a.b.c.d"),
        (f"{{ a(b: {PLAIN}) }}", "a.b"),
        (f'{{ a(b: """\n  {DASHED}\n""") }}', "a.b"),
        ('{ a(b: "\\u0034111111111111111") }', "a.b"),
        (f'query($v: String = "{PLAIN}") {{ a(b: $v) }}', "v"),
        (f"{{ a{PLAIN}: b }}", "a name"),
        ('{ a(b: "4111111111111112", c: 5) { d } }', None),
    ],
)
def test_documents_are_looked_through(document: str, path: str | None) -> None:
    refusal = card_in_document(parse(document))
    assert (refusal.extensions or {} if refusal else {}).get("field") == path
    assert refusal is None or not FOUND.search(refusal.message)


def leaves(kind: Any, path: str, seen: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Each place below a type that takes a text, and a value with a hole there (see `full`)."""
    bare = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(bare, GraphQLList):
        for place, value in leaves(bare.of_type, f"{path}[0]", seen):
            yield place, [value]
    elif isinstance(bare, GraphQLInputObjectType):
        if bare.name in seen:
            return
        for name, field in bare.fields.items():
            for place, value in leaves(field.type, f"{path}.{name}", (*seen, bare.name)):
                yield place, {name: value}
    elif isinstance(bare, GraphQLScalarType) and bare.name not in HARMLESS:
        yield path, HOLE


HOLE = object()


def full(value: Any, text: str) -> Any:
    """The value with a text in its hole."""
    if value is HOLE:
        return text
    if isinstance(value, list):
        return [full(each, text) for each in cast("list[Any]", value)]
    return {name: full(each, text) for name, each in value.items()}


def call_of(operation: str, name: str, field: GraphQLField) -> str:
    """A document that calls the field with all of its arguments as variables."""
    declared = ", ".join(f"${each}: {given.type}" for each, given in field.args.items())
    passed = ", ".join(f"{each}: ${each}" for each in field.args)
    named = get_named_type(field.type)
    selection = "" if is_leaf_type(named) or is_enum_type(named) else " { __typename }"
    return f"{operation}({declared}) {{ {name}({passed}){selection} }}"


def every_text_input() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Of each argument of each root field: a document, the place of a text, and variables with a
    card number there.
    """
    core = bare_schema()._schema  # pyright: ignore[reportPrivateUsage]
    roots = {"query": core.query_type, "mutation": core.mutation_type}
    roots["subscription"] = core.subscription_type
    number = 0
    for operation, root in roots.items():
        for name, field in cast(GraphQLObjectType, root).fields.items():
            for argument, given in field.args.items():
                for place, value in leaves(given.type, argument):
                    number += 1
                    variables = {argument: full(value, FORMS[number % len(FORMS)])}
                    yield call_of(operation, name, field), place, variables


async def test_every_text_input_of_the_schema_refuses_card_numbers(
    clean_database: str, engine: AsyncEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    services: Services = stage.services
    schema = build_schema(settings_for(clean_database, "redis://localhost", Path(".")))
    count = 0
    for document, place, variables in every_text_input():
        context = Context(services, ADMIN, correlation_id="test")
        if document.startswith("subscription"):
            result: Any = schema.policy.refusal(
                cast(Any, schema.documents.known(document)), context, cast(Any, None), variables
            )
            errors = [result]
        else:
            result = await schema.execute(document, variables, context_value=context)
            errors = result.errors or []
        assert [error.extensions for error in errors] == [
            {"code": "VALIDATION_FAILED", "field": place}
        ], (document, place)
        assert not any(FOUND.search(str(error)) for error in errors)
        count += 1
    assert count > 300
    assert await found_in(engine) == []
    assert not FOUND.search("".join(capsys.readouterr()))


async def found_in(engine: AsyncEngine) -> list[str]:
    """The tables in which a card number stands, in whatever column."""
    found: list[str] = []
    async with engine.connect() as connection:
        for table in metadata.sorted_tables:
            query = sa.text(f"SELECT count(*) FROM {table.name} AS t WHERE t::text ~ :pattern")
            if await connection.scalar(query, {"pattern": FOUND.pattern}):
                found.append(table.name)
    return found


@pytest.fixture
async def api(clean_database: str, clean_redis: str, tmp_path: Path) -> AsyncGenerator[Api]:
    settings = settings_for(clean_database, clean_redis, tmp_path, housekeeping=False)
    async with serving(settings) as opened:
        yield opened


async def test_nothing_is_left_of_a_card_number_that_was_sent(
    api: Api, engine: AsyncEngine, redis_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await open_stage(engine, {"HAT": {"ROME": 5}})
    admin = api.token(Role.ADMIN)
    place = """mutation($input: PlaceOrderInput!) { placeOrder(input: $input) {
      __typename ... on PlaceOrderPayload { order { number } } } }"""
    good = await api.post(place, {"input": wish()}, token=admin)
    assert good.data["placeOrder"]["order"]
    for changes in ({"token": PLAIN}, {"externalReference": DASHED}, {"sourceCode": SPACED}):
        bad = await api.post(place, {"input": wish(**changes)}, token=admin)
        assert bad.codes == ["VALIDATION_FAILED"]
        assert not FOUND.search(orjson.dumps(bad.body).decode())
    for document in (
        f'{{ order(id: "{PLAIN}") {{ number }} }}',
        f"{{ order(id: {PLAIN} {{",
        f"query a{PLAIN} {{ order(id: 1) {{ number }} }}",
    ):
        bad = await api.post(document, token=admin)
        assert not FOUND.search(orjson.dumps(bad.body).decode()), document
    named = orjson.dumps({"query": "query a { __typename }", "operationName": PLAIN})
    kind = {"content-type": "application/json"}
    answer = await api.client.post("/graphql", content=named, headers=kind)
    assert not FOUND.search(answer.text), answer.text
    headers = {"authorization": f"Bearer {admin}", "content-type": "text/csv"}
    csv = f"source,reference,channel,first_name\nCRM,1,WEB,{PLAIN}\nCRM,{DASHED},WEB,Ada\n".encode()
    for path in ("/imports/customers", f"/imports/stock?name={PLAIN}", f"/{PLAIN}"):
        marked = headers | {"x-correlation-id": PLAIN}
        answer = await api.client.post(path, content=csv, headers=marked)
        assert answer.headers["x-correlation-id"] != PLAIN
    assert await work_off(api.resources.services.database) == 1
    assert await found_in(engine) == []
    assert not FOUND.search("".join(capsys.readouterr()))
    redis = Redis.from_url(redis_url)
    async for key in redis.scan_iter():
        dumped = await redis.dump(key)
        assert not FOUND.search(f"{key!r} {dumped!r}")
    await redis.aclose()
