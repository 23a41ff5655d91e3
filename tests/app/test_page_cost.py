"""The cost of an operation: its fields times the page sizes above them."""

from typing import Any

import pytest
from graphql import build_schema, parse

from app.page_cost import shape_of

SCHEMA = build_schema("""
interface Named { name: String, things(first: Int! = 20): [Thing] }
type Thing implements Named { name: String, things(first: Int! = 20): [Thing], self: Thing }
union Any = Thing
type Query { thing: Thing, things(first: Int! = 20): [Thing], any: Any, named: Named }
type Mutation { change: Thing }
""")


def cost(query: str, **variables: Any) -> int:
    return shape_of(SCHEMA, parse(query)).cost(variables)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ thing { name } }", 2),
        ("{ things(first: 3) { name } }", 1 + 3),
        ("{ things { name } }", 1 + 20),
        ("{ thing { self { things(first: 2) { name self { name } } } } }", 3 + 2 * 3),
        ("{ things(first: 10) { things(first: 10) { things(first: 10) { name } } } }", 1111),
        ("{ things(first: 3) { ...F ... { self { name } } } } fragment F on Thing { name }", 10),
        ("{ any { ... on Thing { things(first: 5) { name } } } }", 1 + 1 + 5),
        ("{ named { things(first: 5) { name } } }", 1 + 1 + 5),
        ("{ thing { ... on Named { things(first: 4) { name } } } }", 1 + 1 + 4),
        ("{ things(first: -5) { name } }", 2),
        ("{ __schema { types { name } } }", 3),
        ("mutation { change { things(first: 9) { name } } }", 1 + 1 + 9),
    ],
)
def test_fields_count_as_often_as_their_page_is_long(query: str, expected: int) -> None:
    assert cost(query) == expected


def test_variables_count_with_the_value_they_have() -> None:
    query = "query($n: Int!) { things(first: $n) { name } }"
    assert cost(query, n=7) == 8
    assert cost(query, n="7") == 2
    assert cost(query, n=None) == 2
    assert cost(query) == 21


def test_variables_have_defaults() -> None:
    query = "query($n: Int! = 9) { things(first: $n) { name } }"
    assert (cost(query), cost(query, n=2)) == (10, 3)


def test_a_schema_without_mutations_costs_nothing() -> None:
    schema = build_schema("type Query { a: Int }")
    assert shape_of(schema, parse("mutation { a }")).cost({}) == 0
