"""What is plain and what is not, and that what is kept stays small."""

from typing import Any, cast

import strawberry
from graphql import parse

from app.executor import LeanExecutor
from app.projection.plans import Plans
from app.schema import Schema, bare_schema
from schema.access import Allow
from schema.context import Context
from tests.support.random_sources import Later

CALLS: list[str] = []


class Counting(Allow):
    """Notes every call."""

    def check(self, info: Any) -> None:
        CALLS.append(info.field_name)
        super().check(info)


@strawberry.type
class Leaf:
    name: str

    @strawberry.field
    def twice(self, times: int = 2) -> str:
        return self.name * times

    @strawberry.field(extensions=[Counting(anonymous=True)])
    def guarded(self) -> str:
        return self.name


@strawberry.type
class Query:
    @strawberry.field
    def leaves(self) -> list[Leaf]:
        return [Leaf(name=name) for name in "abc"]

    @strawberry.field
    def odd(self) -> list[Leaf | None]:
        return cast(Any, [Later(Leaf(name="a")), None, Leaf(name="b")])


def schema() -> Schema:
    return Schema(Query, execution_context_class=LeanExecutor, config=bare_schema().config)


async def run(given: Schema, text: str, **variables: Any) -> Any:
    context = Context(cast(Any, None), None, "test")
    result = await given.execute(text, variables, context_value=context)
    assert result.errors is None
    return result.data


def selections(given: Schema) -> list[Any]:
    known = cast(Any, given.plans)._known.values()
    plans = [plan for each in known for plan in each.plans.values()]
    return [each for plan in plans for each in plan._selections.values()]


async def test_attributes_methods_and_names_are_plain() -> None:
    made = schema()
    found = await run(made, "{ leaves { __typename b: name twice(times: 3) } }")
    assert found["leaves"][2] == {"__typename": "Leaf", "b": "c", "twice": "ccc"}
    (leaf,) = selections(made)
    assert leaf.project is not None


async def test_a_guarded_field_is_asked_each_time_and_the_others_are_plain() -> None:
    CALLS.clear()
    made = schema()
    found = await run(made, "{ leaves { name guarded twice } }")
    assert list(found["leaves"][0].items()) == [("name", "a"), ("guarded", "a"), ("twice", "aa")]
    (leaf,) = selections(made)
    assert (leaf.project, leaf.fill is None, list(leaf.rest)) == (None, False, ["guarded"])
    assert CALLS == ["guarded"] * 3


async def test_a_variable_argument_is_not_plain() -> None:
    made = schema()
    text = "query($n: Int!) { leaves { name twice(times: $n) } }"
    assert (await run(made, text, n=1))["leaves"][1]["twice"] == "b"
    assert (await run(made, text, n=3))["leaves"][1]["twice"] == "bbb"
    assert [list(each.rest) for each in selections(made)] == [["twice"]] * 2


async def test_awaitables_and_nulls_in_a_list_are_left_to_the_reference() -> None:
    made = schema()
    for _ in range(3):
        found = await run(made, "{ odd { __typename } }")
        assert found == {"odd": [{"__typename": "Leaf"}, None, {"__typename": "Leaf"}]}


async def test_plans_are_bounded_and_keep_no_other_variables() -> None:
    made = schema()
    graphql = made._schema  # pyright: ignore[reportPrivateUsage]
    plans = Plans()
    for number in range(510):
        head, fields = "query($s: String, $b: Boolean! = true)", "name @skip(if: $b) twice"
        document = parse(f"{head} {{ a{number}: leaves {{ {fields} }} }}")
        given = {"s": "secret"}
        built: Any = LeanExecutor.build(graphql, document, raw_variable_values=given)
        plan: Any = plans.plan(graphql, built.operation, built.fragments, built.variable_values)
        assert plan._variables.coerced == {"b": True}
        assert "s" not in plan._variables.sources
    assert len(cast(Any, plans)._known) == 500
