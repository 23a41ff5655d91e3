"""Document limits: what is refused, and that finding out is cheap, counted in steps."""

import contextlib
from dataclasses import replace

import pytest
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    OperationDefinitionNode,
    get_introspection_query,
    parse,
)

from app.documents import NORMAL, Counting, Limits, TooComplex, check

WIDE = Limits(*(10**9,) * 10)
"""No limit at all."""


def reason(query: str, limits: Limits | None = None) -> str | None:
    """Why the document is refused; None when it is not."""
    try:
        check(parse(query), limits)
    except TooComplex as error:
        return str(error)
    return None


def numbered(count: int, text: str) -> str:
    """`text` so many times, `#` being the number."""
    return " ".join(text.replace("#", str(number)) for number in range(count))


def bomb(levels: int) -> str:
    """Each fragment spreads the next one twice: 2 to the power of `levels` fields."""
    fragments = numbered(levels, "fragment F# on Query { ...G# ...G# }")
    for level in range(levels):
        fragments = fragments.replace(f"G{level} ", f"F{level + 1} ")
    return f"{{ ...F0 }} {fragments} fragment F{levels} on Query {{ thing {{ name }} }}"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ a } query B { b }", "1 operations"),
        ("{ a } " + numbered(21, "fragment F# on Q { a }"), "20 fragments"),
        ("{ " + "a { " * 12 + "b" + " }" * 13, "12 levels of fields"),
        ("{ " + numbered(10, "a#: x { " + numbered(30, "f#") + " } ") + " }", "300 fields"),
        ("{ " + numbered(11, "f#") + " }", "10 root fields"),
        ("{ ...A } fragment A on Query { " + numbered(11, "f#") + " }", "10 root fields"),
        ("{ x { " + numbered(31, "a#: b") + " } }", "30 aliases"),
        ("{ x " + "@skip(if: false) " * 21 + "}", "20 directives"),
        ("query " + "@a " * 21 + "{ x }", "20 directives"),
        ("query(" + numbered(21, "$v#: Int @a") + ") { x }", "20 directives"),
        ("{ x { " + "y " * 6 + "} }", "5 fields of one name in one place"),
        ("{ x { y } x { y } x { y y y y } }", "5 fields of one name in one place"),
        ("{ x { " + "... { y } " * 6 + "} }", "5 fields of one name in one place"),
        ("{ x { " + "...F " * 6 + "} } fragment F on X { y }", "5 fields of one name in one place"),
        ("{ x { " + numbered(21, "... on T# { y }") + " } }", "20 fields of one name"),
        (bomb(18), "5 fields of one name in one place"),
        ("{ a } fragment Unused on Query { " + "x " * 6 + "}", "5 fields of one name in one place"),
    ],
)
def test_each_limit_holds(query: str, expected: str) -> None:
    assert reason(query) == f"the document has more than {expected}"


@pytest.mark.parametrize(
    "query",
    [
        "{ " + "a { " * 11 + "b" + " }" * 12,
        "{ x { " + numbered(290, "f#") + " } }",
        "{ " + numbered(10, "f#") + " }",
        "{ x { ...F } } fragment F on X { " + numbered(40, "f#") + " }",
        "{ x { " + numbered(30, "a#: b") + " } }",
        "{ x { " + "y " * 5 + "} }",
        "{ x { " + numbered(8, "... on T# { code message }") + " } }",
        "{ x { ...A } } fragment A on X { ...B } fragment B on X { y }",
    ],
)
def test_what_is_within_the_limits_passes(query: str) -> None:
    assert reason(query) is None


@pytest.mark.parametrize(
    "query",
    [
        "{ ...Nope }",
        "{ ...A } fragment A on Query { ...A }",
        "{ ...A } fragment A on Query { x ...B } fragment B on Query { ...A }",
        "{ __typename ...A ...A } fragment A on Query { ...A ...A ...A }",
    ],
)
def test_unknown_and_cyclic_fragments_are_left_to_validation(query: str) -> None:
    assert reason(query) is None


def test_the_measure_is_that_of_the_operation_with_its_fragments() -> None:
    measure = check(parse("{ a: x { ...F } y @skip(if: true) } fragment F on X { b c { d } }"))
    assert (measure.fields, measure.root_fields, measure.aliases) == (5, 2, 1)
    assert (measure.directives, measure.depth, measure.introspects) == (1, 3, False)


def test_introspection_has_wider_limits_of_its_own() -> None:
    query = get_introspection_query(
        input_value_deprecation=True, schema_description=True, directive_is_repeatable=True
    )
    measure = check(parse(query))
    assert measure.introspects
    assert measure.depth > NORMAL.depth
    # Together with anything else it has the normal ones.
    mixed = query.replace("__schema {", "thing { name } __schema {", 1)
    assert reason(mixed) == "the document has more than 12 levels of fields"


def test_a_document_without_operations_is_left_to_others() -> None:
    assert reason("fragment F on X { y }") is None


def steps(document: DocumentNode, limits: Limits) -> int:
    """How many selections are looked at until the end, or the first limit."""
    nodes = document.definitions
    fragments = {
        each.name.value: each for each in nodes if isinstance(each, FragmentDefinitionNode)
    }
    counting = Counting(limits, fragments)
    with contextlib.suppress(TooComplex):
        for node in nodes:
            if isinstance(node, FragmentDefinitionNode):
                counting.fragment(node)
            elif isinstance(node, OperationDefinitionNode):
                counting.operation(node)
    return counting.steps


@pytest.mark.parametrize("levels", [10, 15, 19])
def test_the_work_on_a_fragment_bomb_does_not_grow_with_it(levels: int) -> None:
    document = parse(bomb(levels))
    assert steps(document, NORMAL) <= NORMAL.selections
    # Nothing but the bound on the work stands between the server and 2 to the power of `levels`.
    bounded = replace(WIDE, selections=NORMAL.selections)
    assert steps(document, bounded) <= NORMAL.selections + 1


@pytest.mark.parametrize(
    "query",
    [
        "{ " + "thing { name } " * 240 + "}",
        "{ " + "... { thing { name } } " * 120 + "}",
        "{ " + numbered(160, "a#: thing { name }") + " }",
        "{ ...A } fragment A on Q { "
        + numbered(290, "f#")
        + " } "
        + numbered(15, "fragment G# on Q { ...A }"),
    ],
)
def test_no_document_of_a_thousand_tokens_costs_more_than_the_bound(query: str) -> None:
    document = parse(query, max_tokens=1_000)
    assert steps(document, NORMAL) <= NORMAL.selections + 1
    assert reason(query) is not None
