"""What is known of documents: good ones are learnt once, bad ones say why, memory is bounded."""

from typing import Any, cast

from graphql import GraphQLSyntaxError, build_schema

from app.known_documents import DocumentCache, Documents, Known

SCHEMA = build_schema("type Query { a: Int things(first: Int = 20): [Query] }")


def test_a_good_document_is_learnt_once() -> None:
    documents = Documents(SCHEMA)
    assert documents.get("{ a }") is None
    known = documents.known("{ a }")
    assert isinstance(known, Known)
    assert documents.known("{ a }") is known
    assert documents.get("{ a }") is known


def test_its_price_depends_on_variables() -> None:
    known = Documents(SCHEMA).known("query($n: Int) { things(first: $n) { a } }")
    assert isinstance(known, Known)
    assert not known.introspects
    assert known.shape.cost({"n": 7}) == 8


def test_a_bad_document_says_why_and_is_not_kept() -> None:
    documents = Documents(SCHEMA)
    syntax, unknown, large = "{ a", "{ b }", "{ " + "a " * 400 + "}"
    (error,) = errors(documents, syntax)
    assert isinstance(error, GraphQLSyntaxError)
    (error,) = errors(documents, unknown)
    assert "Cannot query field 'b'" in error.message
    (error,) = errors(documents, large)
    assert error.extensions == {"code": "DOCUMENT_TOO_COMPLEX"}
    assert [documents.get(each) for each in (syntax, unknown, large)] == [None] * 3


def test_the_cache_is_bounded() -> None:
    cache = DocumentCache()
    known = cast(Known, object())
    for number in range(501):
        cache.put(f"{{ a{number} }}", known)
        cache.get("{ a0 }")
    assert cache.get("{ a0 }") is known
    assert cache.get("{ a1 }") is None
    cache.put("x" * 20_001, known)
    assert cache.get("x" * 20_001) is None


def errors(documents: Documents, text: str) -> list[Any]:
    found = documents.known(text)
    assert isinstance(found, list)
    return found
