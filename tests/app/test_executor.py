"""The executor gives what Strawberry's own gives, and keeps nothing of past events."""

import gc
from collections.abc import AsyncGenerator
from typing import Any, cast

import pytest
import strawberry
from graphql.execution.collect_fields import FieldDetails

from app.executor import LeanExecutor
from app.schema import Schema
from schema.context import Context, Info
from tests.support.toy_schema import TOYS

QUERIES = [
    "{ thing { name same { name } things(first: 3) { name } } }",
    "query($id: ID!) { echo(id: $id) a: thing { ...F } } fragment F on Thing { name }",
    "{ thing @skip(if: true) { name } domainRefusal refusal }",
    "{ things { nope } }",
    "mutation { a: change b: change }",
    "query($id: ID!) { echo(id: $id) subject defect }",
]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("variables", [{"id": "VGhpbmc6MQ=="}, {"id": 5}, {}])
async def test_it_answers_as_strawberrys_own(query: str, variables: dict[str, Any]) -> None:
    given = cast(Any, TOYS)
    answers: list[tuple[object, list[Any]]] = []
    for schema in (Schema(**given), Schema(**given, execution_context_class=LeanExecutor)):
        context = Context(cast(Any, None), None, "test")
        result = await schema.execute(query, variables, context_value=context)
        errors = [error.formatted for error in result.errors or []]
        answers.append((result.data, errors))
    assert answers[0] == answers[1]


@strawberry.type
class Level:
    name: str = "a"


@strawberry.type
class Change:
    @strawberry.field
    def levels(self) -> list[Level]:
        return [Level(), Level()]


@strawberry.type
class Changes:
    @strawberry.subscription
    async def changed(self) -> AsyncGenerator[Change]:
        for _ in range(300):
            yield Change()


def remembered() -> int:
    """How many selections graphql-core holds in memory."""
    gc.collect()
    return sum(isinstance(each, FieldDetails) for each in gc.get_objects())


async def test_a_long_subscription_remembers_nothing_of_its_events() -> None:
    query = cast(Any, TOYS)["query"]
    schema = Schema(query, subscription=Changes, execution_context_class=LeanExecutor)
    results = cast(Any, await schema.subscribe("subscription { changed { levels { name } } }"))
    held: list[int] = []
    async for number, result in enumerated(results):
        assert result.data == {"changed": {"levels": [{"name": "a"}, {"name": "a"}]}}
        if number in (10, 290):
            held.append(remembered())
    assert held[1] - held[0] < 50


async def enumerated(results: Any) -> AsyncGenerator[tuple[int, Any]]:
    number = 0
    async for result in results:
        yield number, result
        number += 1


@strawberry.type
class Loading:
    @strawberry.field
    async def value(self, info: Info) -> int:
        return await info.context.loader("value", next_values).load("key")


LOADED: list[int] = []


async def next_values(keys: list[Any]) -> list[int]:
    """A greater number at each call, as if somebody had changed it meanwhile."""
    LOADED.append(len(LOADED))
    return [LOADED[-1] for _ in keys]


@strawberry.type
class Reloads:
    @strawberry.subscription
    async def reloaded(self, info: Info) -> AsyncGenerator[Loading]:
        await info.context.loader("value", next_values).load("key")
        for _ in range(3):
            yield Loading()


async def test_no_event_sees_what_was_loaded_for_another() -> None:
    query = cast(Any, TOYS)["query"]
    schema = Schema(query, subscription=Reloads, execution_context_class=LeanExecutor)
    context = Context(cast(Any, None), None, "test")
    LOADED.clear()
    text = "subscription { reloaded { a: value b: value } }"
    results = cast(Any, await schema.subscribe(text, context_value=context))
    found = [result.data["reloaded"] async for result in results]
    assert found == [{"a": n, "b": n} for n in (1, 2, 3)]
